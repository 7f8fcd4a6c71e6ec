"""Home Assistant's HTTP and WebSocket API, as its own frontend uses them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import itertools
from typing import Any, Self

import aiohttp

from .console import DemoError

USER = "demo"
PASSWORD = "demo-demo"
_TRY_AGAIN = 0.2  # seconds


class Api:
    """A session with Home Assistant, as the demo's user."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Use an HTTP session; nobody is logged in yet."""
        self._session = session
        self._url = url
        self._client_id = f"{url}/"
        self._headers: dict[str, str] = {}
        self._refresh_token = ""
        self._numbers = itertools.count(1)

    @classmethod
    @asynccontextmanager
    async def log_in(cls, url: str) -> AsyncIterator[Self]:
        """Wait for Home Assistant, log in as the demo's user, created at the first time, and log out at the end."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            api = cls(session, url)
            await api._answering()
            await api._take_token(await api._authorization_code())
            try:
                await api._running()
                yield api
            finally:
                await session.post(f"{url}/auth/revoke", data={"token": api._refresh_token})

    async def get(self, path: str) -> Any:
        """Return what a path answers."""
        return await self._request("GET", path)

    async def post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Return the answer to data sent as JSON."""
        return await self._request("POST", path, json=data or {})

    async def command(self, kind: str, **arguments: Any) -> Any:
        """Return the result of a WebSocket command.

        Raises DemoError where Home Assistant refuses it.
        """
        async with self._session.ws_connect(f"{self._url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._headers["Authorization"].split()[1]})
            await socket.receive_json()
            await socket.send_json({"id": next(self._numbers), "type": kind, **arguments})
            answer = await socket.receive_json()
        if not answer.get("success"):
            raise DemoError(f"Home Assistant refused {kind}: {answer.get('error', {}).get('message')}")
        return answer["result"]

    async def _request(self, method: str, path: str, **arguments: Any) -> Any:
        async with self._session.request(method, self._url + path, headers=self._headers, **arguments) as response:
            if response.status >= 400:
                raise DemoError(f"Home Assistant answered {path} with {response.status}: {await response.text()}")
            return await response.json()

    async def _answering(self) -> None:
        while True:
            try:
                async with self._session.get(f"{self._url}/manifest.json") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(_TRY_AGAIN)

    async def _authorization_code(self) -> str:
        if "user" in await self._steps_to_do():
            user = {"name": "Demo", "username": USER, "password": PASSWORD, "language": "en"}
            created = await self.post("/api/onboarding/users", {"client_id": self._client_id, **user})
            return str(created["auth_code"])
        handler = {"handler": ["homeassistant", None], "redirect_uri": self._client_id}
        flow = await self.post("/auth/login_flow", {"client_id": self._client_id, **handler})
        credentials = {"client_id": self._client_id, "username": USER, "password": PASSWORD}
        result = await self.post(f"/auth/login_flow/{flow['flow_id']}", credentials)
        if result["type"] != "create_entry":
            raise DemoError(
                f"User {USER} cannot log in with the demo's password any more: "
                "change it back, or start anew with scripts/demo --reset."
            )
        return str(result["result"])

    async def _steps_to_do(self) -> set[str]:
        """Return the steps of the onboarding that are left; once it is finished the path is gone."""
        async with self._session.get(f"{self._url}/api/onboarding") as response:
            if response.status == 404:
                return set()
            return {step["step"] for step in await response.json() if not step["done"]}

    async def _take_token(self, code: str) -> None:
        data = {"grant_type": "authorization_code", "code": code, "client_id": self._client_id}
        tokens = await self._request("POST", "/auth/token", data=data)
        self._refresh_token = tokens["refresh_token"]
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    async def _running(self) -> None:
        while (await self.get("/api/config"))["state"] != "RUNNING":
            await asyncio.sleep(_TRY_AGAIN)
