"""A host that gives the recorded answers of Proxmox's own code, as they are, over real TLS (tests/data/recorded)."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from simulator.certificates import CertificateAuthority

RECORDED = Path(__file__).parent / "data/recorded"

type Entry = dict[str, Any]


def recorded(name: str) -> Any:
    """Return one of the files."""
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


LOGS: dict[str, Entry] = {entry["upid"]: entry for entry in recorded("logs.json")}


GONE = "UPID:pve1:0000AAAA:0000BBBB:6B08D610:vzdump::root@pam:"
"""A task whose log was asked for although there is none."""


def log_of(upid: str) -> Entry | None:
    """Return the answer with a log that was recorded for itself."""
    if upid not in LOGS:
        return None
    rows = [{"n": number, "t": line} for number, line in enumerate(LOGS[upid]["log"], 1)]
    return {"status": 200, "reason": "OK", "body": {"data": rows, "total": len(rows)}}


class RecordedHost:
    """Gives what was recorded with some rights; later entries replace earlier ones of the same request."""

    def __init__(self, rights: str = "audit") -> None:
        """Give the answers that were recorded with `rights`; where none was, that of the auditor was the same."""
        self._entries: dict[tuple[str, frozenset[tuple[str, str]]], Entry] = {}
        self.missing: list[str] = []
        self.host, self.port, self.fingerprint = "127.0.0.1", 0, ""
        for wanted in ("audit", rights):
            self.play(entry for entry in recorded("answers.json") if entry["rights"].split()[0] == wanted)

    def play(self, entries: Iterable[Entry]) -> None:
        """Give these answers from now on."""
        for entry in entries:
            if "body" in entry:
                path, _, query = str(entry["request"]).removeprefix("GET ").partition("?")
                self._entries[unquote(path), frozenset(parse_qsl(query))] = entry

    async def answer(self, request: web.Request) -> web.Response:
        """Give the recorded answer, or 501 where there is none."""
        path = unquote(request.raw_path.partition("?")[0].removeprefix("/api2/json"))
        query = frozenset(request.query.items())
        entry = self._entries.get((path, query))
        if entry is None and path.endswith("/log"):
            upid = path.removesuffix("/log").rpartition("/")[2]
            entry = log_of(upid) or self._entries[path.replace(upid, GONE), query]
        if entry is None and path.endswith("/prunebackups"):
            # That of the storage's own retention, which keeps everything too.
            entry = self._entries.get((path, frozenset()))
        if entry is None:
            self.missing.append(request.raw_path)
            return web.Response(status=501)
        body = json.dumps(entry["body"]) if entry["body"] != "" else None
        kind = entry.get("content-type") or "application/json"
        headers = {"Content-Type": kind} if body else {}
        return web.Response(body=body, status=entry["status"], reason=entry["reason"], headers=headers)


@asynccontextmanager
async def serve(host: RecordedHost, folder: Path) -> AsyncIterator[RecordedHost]:
    """Let a host answer; its certificates lie in `folder`."""
    certificate = CertificateAuthority(folder).issue("pve1", [host.host])
    host.fingerprint = certificate.fingerprint
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", host.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, host.host, 0, ssl_context=certificate.context())
    await site.start()
    host.port = runner.addresses[0][1]
    try:
        yield host
    finally:
        await runner.cleanup()
