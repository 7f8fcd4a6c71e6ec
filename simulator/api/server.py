"""The HTTPS server of a virtual node: what pveproxy does around the API (PVE::APIServer::AnyEvent)."""

import asyncio
import gzip
import json
from typing import override
from urllib.parse import unquote

from aiohttp import web

from simulator.access import PermissionDenied
from simulator.cluster import Cluster
from simulator.nodes import Node
from simulator.tls_server import BASE, Faults, TlsServer, Traffic, fault_for

from .interface import interface_page
from .routes import Answer, ApiError, Call, find, read_parameters

COMPRESS_FROM = 1024
SERVER = "pve-api-daemon/3.0"
NO_PMXCFS = "RPCEnvironment init request failed: Unable to load access control list: Connection refused"


class NodeServer(TlsServer):
    """The address of one node."""

    def __init__(self, cluster: Cluster, node: Node, faults: Faults, traffic: Traffic, port: int = 0) -> None:
        """Serve nothing yet; port 0 is any free one."""
        super().__init__(cluster.clock, node.name, node.ip, faults, traffic, port)
        self._cluster = cluster
        self._node = node

    @override
    async def _answer(self, request: web.Request) -> web.Response:
        path = request.raw_path.partition("?")[0]
        faults = self._faults
        await asyncio.sleep(fault_for(path, faults.delays) or 0)
        if (error := fault_for(path, faults.errors)) is not None:
            return self._error(*error)
        if (body := fault_for(path, faults.broken)) is not None:
            return web.Response(text=body, content_type="application/json")
        if self._node.pmxcfs_down:
            return _empty(500, NO_PMXCFS)
        if request.method == "GET" and path == "/":
            return web.Response(text=interface_page(self._cluster.name, self._node.name), content_type="text/html")
        if request.method != "GET" or request.can_read_body or not path.startswith(f"{BASE}/"):
            return self._error(501, f"Method '{request.method} {path.removeprefix(BASE)}' not implemented")
        who = self._cluster.access.authenticate(request.headers.get("Authorization"))
        if who is None:
            await asyncio.sleep(faults.login_delay)
            reason = "Authentication failed!" if "Authorization" in request.headers else "No ticket"
            return _empty(401, reason)
        self._cluster.settle()
        try:
            return await self._dispatch(request, who, path.removeprefix(BASE))
        except PermissionDenied as denied:
            return self._error(403, str(denied))
        except ApiError as failure:
            return self._error(failure.status, str(failure), dict(failure.errors or {}))

    async def _dispatch(self, request: web.Request, who: str, path: str) -> web.Response:
        found = find(path.rstrip("/"))
        if found is None:
            raise ApiError(501, f"Method 'GET {path}' not implemented")
        route, places = found
        places = {name: unquote(value) for name, value in places.items()}
        call = Call(cluster=self._cluster, contacted=self._node, who=who, parameters=places)
        if route.check is not None:
            call.require(route.check[0].format(**places), *route.check[1])
        answering = self._node
        if (target := places.get("node")) is not None:
            known = {name: node for name, node in self._cluster.nodes.items() if self._node.knows(node)}
            if target not in known and target.lower() in known:
                return _empty(596, "error:0A000086:SSL routines::certificate verify failed")
            if target not in known:
                message = f"hostname lookup '{target}' failed - failed to get address info for: {target}: Name or service not known"
                raise ApiError(500, message)
            answering = known[target]
            if not answering.online:
                await asyncio.sleep(self._faults.unreachable_delay)
                return _empty(595, self._faults.unreachable_reason)
            if answering.pmxcfs_down:
                return _empty(500, NO_PMXCFS)
        if route.protected and answering.pvedaemon_down:
            return _empty(595, "Connection refused")
        parameters = {**places, **read_parameters(route, request.query)}
        answer = route.handler(Call(cluster=self._cluster, contacted=self._node, who=who, parameters=parameters))
        answer = answer if isinstance(answer, Answer) else Answer(data=answer)
        return self._success(request, answer, protected=route.protected)

    def _success(self, request: web.Request, answer: Answer, *, protected: bool) -> web.Response:
        content: dict[str, object] = {"data": answer.data}
        if answer.total is not None:
            content["total"] = answer.total
        text = answer.text if answer.text is not None else json.dumps(content)
        kind = "application/json" if answer.text is None else "text/plain"
        body = text.encode()
        headers = {"Content-Type": f"{kind};charset=UTF-8", "Pragma": "no-cache", "Server": SERVER}
        asked = "gzip" in request.headers.get("Accept-Encoding", "")
        if len(body) > COMPRESS_FROM and (asked or answer.text is not None):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        response = web.Response(body=body, headers=headers)
        assert request.transport is not None
        if self._counts.get(request.transport, 0) >= self._faults.keepalive_limit:
            response.force_close()
        elif protected:
            # pvedaemon's own header, and that of pveproxy after it; clients obey the first.
            response.headers.add("Connection", "close")
            response.headers.add("Connection", "Keep-Alive")
        return response

    def _error(self, status: int, message: str, errors: dict[str, str] | None = None) -> web.Response:
        """Return an error: since 8.3 its text is in the body too, before only in the reason phrase."""
        content: dict[str, object] = {"data": None}
        if errors:
            content["errors"] = errors
        if self._cluster.release >= (8, 4):
            content["message"] = message if status == 501 else f"{message}\n"
        headers = {"Content-Type": "application/json;charset=UTF-8", "Server": SERVER}
        reason = message.replace("\n", " ").strip()
        response = web.Response(body=json.dumps(content).encode(), status=status, reason=reason, headers=headers)
        response.force_close()
        return response


def _empty(status: int, reason: str) -> web.Response:
    """Return an error of pveproxy itself, which has no body."""
    response = _Bare(status=status, reason=reason, headers={"Server": SERVER})
    response.force_close()
    return response


class _Bare(web.Response):
    """An answer without a body, and without the type of one."""

    @override
    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Content-Type", None)
