"""The HTTPS server of a virtual backup server (proxmox-rest-server/src/rest.rs, formatter.rs)."""

import asyncio
import json
from typing import override
from urllib.parse import unquote
import zlib

from aiohttp import web

from simulator.backup_server.server import BackupServer
from simulator.clock import Clock
from simulator.tls_server import BASE, Faults, TlsServer, Traffic, fault_for

from .routes import Answer, Call, Refused, find, read_parameters

COMPRESS_FROM = 1024
LONGEST_QUERY = 3072


class ApiServer(TlsServer):
    """The address of one backup server."""

    def __init__(self, server: BackupServer, clock: Clock, faults: Faults, traffic: Traffic, port: int = 0) -> None:
        """Serve nothing yet; port 0 is any free one."""
        super().__init__(clock, server.name, server.ip, faults, traffic, port)
        self._backup_server = server

    @override
    async def _answer(self, request: web.Request) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        faults = self._faults
        await asyncio.sleep(fault_for(path, faults.delays) or 0)
        if (error := fault_for(path, faults.errors)) is not None:
            return _refusal(*error)
        if (body := fault_for(path, faults.broken)) is not None:
            return web.Response(text=body, content_type="application/json")
        self._backup_server.world.moment()
        if request.method != "GET" or not path.startswith(f"{BASE}/") or len(query) > LONGEST_QUERY:
            return _refusal(404, f"Path '{path}' not found.")
        try:
            answer = await self._dispatch(request, path.removeprefix(BASE).rstrip("/"))
        except Refused as refused:
            return _refusal(refused.status, str(refused))
        return _success(request, answer)

    async def _dispatch(self, request: web.Request, path: str) -> Answer:
        server = self._backup_server
        found = find(path, server.release)
        who = server.access.authenticate(request.headers.get("Authorization"))
        if who is None and (found is None or not found[0].public):
            await asyncio.sleep(self._faults.login_delay)
            raise Refused(401, "authentication failed")
        if found is None:
            raise Refused(404, f"Path '{BASE}{path}' not found.")
        route, places = found
        call = Call(server=server, who=who or "", parameters={name: unquote(text) for name, text in places.items()})
        if route.check is not None and not call.may(*route.check):
            raise Refused(403, "permission check failed")
        parameters = call.parameters | read_parameters(route, request.query, server.release)  # type: ignore[operator]
        answer = route.handler(Call(server=server, who=who or "", parameters=parameters))
        return answer if isinstance(answer, Answer) else Answer(data=answer)


def _success(request: web.Request, answer: Answer) -> web.Response:
    body = json.dumps({"data": answer.data, **answer.beside}).encode()
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    if len(body) > COMPRESS_FROM and "deflate" in request.headers.get("Accept-Encoding", ""):
        # The only compression there is.
        body = zlib.compress(body, 1)
        headers["Content-Encoding"] = "deflate"
    return web.Response(body=body, headers=headers)


def _refusal(status: int, text: str) -> web.Response:
    """Return an error: bare text, whatever the content type says."""
    return web.Response(body=text.encode(), status=status, headers={"Content-Type": "application/json;charset=UTF-8"})
