"""Records what the integration answers in the demo, for the page of the documentation that needs neither; `scripts/record-live` runs it."""

import asyncio
import json
from pathlib import Path
import sys
import tempfile
import time
from typing import Any, Final

import aiohttp

from custom_components.proxmox_backup_checker.const import DOMAIN
from demo.home_assistant import PASSWORD, USER, HomeAssistant
from demo.processes import Process

from .stage import ROOT

FILE: Final = ROOT / "docs" / "live" / "answers.json"
_LANGUAGES: Final = ("en", "de")
_DAYS: Final = 30
# Of a job that runs every quarter of an hour, the newest say enough.
_MOST_RUNS: Final = 35
_WALLS: Final = ("guest", "job", "pbsjob", "group")
_ASKED: Final = ("causes", "storages", "datastores", "night", "activity", "digest")
_PORT: Final = 8199
_PATHS: Final = (ROOT, ROOT / "log_agent")
_READY_WITHIN: Final = 180.0
_TIMEOUT: Final = 30.0


class Recorder:
    """One connection to Home Assistant."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ask on this socket, on which somebody is logged in."""
        self._socket = socket
        self._number = 0

    async def ask(self, command: str, **message: Any) -> Any:
        """Return the answer to a command, of a subscription the first event."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "type": f"{DOMAIN}/{command}", **message})
        while True:
            answer = await self._socket.receive_json(timeout=_TIMEOUT)
            if answer.get("id") != self._number:
                continue
            if answer["type"] == "event":
                return answer["event"]
            if not answer["success"]:
                return {"refused": answer["error"]}
            if command != "wall/subscribe":
                return answer["result"]

    async def record(self) -> dict[str, Any]:
        """Return everything that the dashboard asks for."""
        info = await self.ask("info")
        answers: dict[str, Any] = {
            "now": int(time.time()),
            "info": info | {"frontend_hash": ""},
            "sizes": {},
            "logs": {},
            "languages": {},
        }
        for language in _LANGUAGES:
            answers["languages"][language] = await self._in(language, answers)
        return answers

    async def _in(self, language: str, answers: dict[str, Any]) -> dict[str, Any]:
        walls = {
            group: await self.ask("wall/subscribe", group=group, days=_DAYS, language=language) for group in _WALLS
        }
        told: dict[str, Any] = {"walls": walls, "runs": {}, "survival": {}}
        for command in _ASKED:
            told[command] = await self.ask(command, language=language)
        told["survival"][""] = await self.ask("survival", language=language)
        for death in told["survival"][""]["deaths"]:
            told["survival"][death["key"]] = await self.ask("survival", died=death["key"], language=language)
        for digest in told["digest"]["digests"]:
            # Addresses of this Home Assistant, which is gone.
            digest |= {"csv": None, "html": None}
        ids = [row["id"] for wall in walls.values() for row in wall["rows"]]
        answers["sizes"] = await self.ask("sizes", ids=ids, days=_DAYS)
        for row_id in ids:
            details = await self.ask("runs", row=row_id, days=_DAYS, language=language)
            if "runs" not in details:
                continue
            details["runs"] = details["runs"][:_MOST_RUNS]
            told["runs"][row_id] = details
            await self._record_logs(row_id, details, answers["logs"])
        return told

    async def _record_logs(self, row_id: str, details: dict[str, Any], logs: dict[str, Any]) -> None:
        """Record the log of the newest run, and of those that did not go well."""
        entry_id, kind, key = row_id.split("/", 2)
        guest = {"vmid": int(key)} if kind == "guest" else {}
        newest = details["runs"][:1]
        for run in [*newest, *(run for run in details["runs"] if run["result"] not in {"ok", "missed"})]:
            name = f"{run['upid']} {key if guest else ''}".strip()
            if run["upid"] and name not in logs:
                logs[name] = await self.ask("log", entry_id=entry_id, upid=run["upid"], **guest)


async def _record_demo(folder: Path) -> dict[str, Any]:
    demo = await Process.start("The demo", ["-m", "demo", "--port", str(_PORT), "--reset"], folder / "log", [*_PATHS])
    try:
        async with asyncio.timeout(_READY_WITHIN):
            while "Ready after" not in demo.output:
                demo.check()
                await asyncio.sleep(1)
        # The first look is over, and all logs are read.
        await asyncio.sleep(25)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            home = HomeAssistant(session, f"http://127.0.0.1:{_PORT}", demo)
            tokens = await home.tokens_of(USER, PASSWORD)
            async with session.ws_connect(f"{home.url}/api/websocket") as socket:
                await socket.receive_json()
                await socket.send_json({"type": "auth", "access_token": tokens["access_token"]})
                await socket.receive_json()
                return await Recorder(socket).record()
    finally:
        await demo.stop()


def main() -> int:
    """Record anew."""
    with tempfile.TemporaryDirectory(prefix="pbc-recording-") as folder:
        answers = asyncio.run(_record_demo(Path(folder)))
    FILE.write_text(json.dumps(answers, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    sys.stdout.write(f"{FILE.relative_to(ROOT)}  {FILE.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
