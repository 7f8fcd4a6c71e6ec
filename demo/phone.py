"""A phone to look at: it registers as Home Assistant's app does, takes its pushes, and shows them on a page of its own."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

_APP: Final = {
    "device_id": "demo-phone",
    "app_id": "io.homeassistant.demo",
    "app_name": "Home Assistant",
    "app_version": "2026.11",
    "device_name": "Demo phone",
    "manufacturer": "Demo",
    "model": "Pretended phone",
    "os_name": "Demo",
    "os_version": "1",
    "supports_encryption": False,
    "app_data": {"push_websocket_channel": True},
}
_AGAIN: Final = 3.0  # seconds
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>Demo phone</title>
<style>
:root{color-scheme:light dark;font:15px/1.4 system-ui,sans-serif}
body{margin:0 auto;max-width:420px;padding:24px 16px;background:light-dark(#dfe6ee,#12161b);min-height:calc(100vh - 48px)}
h1{font-size:20px;margin:0 0 16px}article{background:light-dark(#fff,#1f252c);border-radius:16px;padding:14px 16px;margin:0 0 12px}
h2{font-size:15px;margin:0 0 4px}p{margin:0;white-space:pre-line;overflow-wrap:anywhere}
form{display:inline-block;margin:12px 8px 0 0}button,a{font:inherit;font-weight:500;border:0;background:none;padding:6px 0;
color:light-dark(#0366a8,#62b5ff);cursor:pointer;text-decoration:none}.none{opacity:.7}
</style><h1>Demo phone</h1>%s</html>"""


@dataclass
class Phone:
    """What is on the screen, by tag."""

    url: str
    folder: Path
    screen: dict[str, dict[str, Any]] = field(default_factory=dict)
    _webhook: str = ""
    _task: asyncio.Task[None] | None = None
    _runner: web.AppRunner | None = None

    async def start(self, session: aiohttp.ClientSession, tokens: dict[str, Any], port: int) -> None:
        """Register, unless it is registered already, listen for pushes, and serve the screen."""
        kept = self.folder / "phone.json"
        if kept.exists():
            self._webhook = json.loads(kept.read_text())
        else:
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            address = f"{self.url}/api/mobile_app/registrations"
            async with session.post(address, json=_APP, headers=headers) as response:
                response.raise_for_status()
                self._webhook = (await response.json())["webhook_id"]
            kept.write_text(json.dumps(self._webhook))
        self._task = asyncio.create_task(self._listen(tokens["refresh_token"]))
        app = web.Application()
        app.add_routes([web.get("/", self._show), web.post("/press", self._press)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Switch it off."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, refresh_token: str) -> None:
        """Take pushes, also after Home Assistant was restarted."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                with suppress(aiohttp.ClientError, KeyError, TypeError, ValueError):
                    await self._take_pushes(session, await self._token(session, refresh_token))
                await asyncio.sleep(_AGAIN)

    async def _token(self, session: aiohttp.ClientSession, refresh_token: str) -> str:
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": f"{self.url}/"}
        async with session.post(f"{self.url}/auth/token", data=grant) as response:
            return str((await response.json())["access_token"])

    async def _take_pushes(self, session: aiohttp.ClientSession, token: str) -> None:
        async with session.ws_connect(f"{self.url}/api/websocket", heartbeat=30) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            channel = "mobile_app/push_notification_channel"
            await socket.send_json({"id": 1, "type": channel, "webhook_id": self._webhook})
            async for message in socket:
                told = json.loads(message.data)
                if told.get("type") == "event":
                    self.take(told["event"])
                elif not told.get("success", True):
                    # Home Assistant has just started, and does not know its phones yet.
                    return

    def take(self, push: dict[str, Any]) -> None:
        """Show a push; the same tag replaces what is there."""
        tag = str((push.get("data") or {}).get("tag", push.get("message")))
        self.screen.pop(tag, None)
        if push.get("message") != "clear_notification":
            self.screen[tag] = push

    async def _show(self, _request: web.Request) -> web.Response:
        shown = "".join(self._card(push) for push in reversed(self.screen.values()))
        none = '<p class="none">No messages. Choose “Tell me on my phone” on the dashboard.</p>'
        return web.Response(text=_PAGE % (shown or none), content_type="text/html")

    def _card(self, push: dict[str, Any]) -> str:
        buttons = "".join(map(self._button, (push.get("data") or {}).get("actions", ())))
        title, message = escape(str(push.get("title") or "")), escape(str(push.get("message") or ""))
        return f"<article><h2>{title}</h2><p>{message}</p>{buttons}</article>"

    def _button(self, button: dict[str, Any]) -> str:
        title = escape(str(button["title"]))
        if button["action"] == "URI":
            return f'<form><a href="{escape(self.url + str(button["uri"]))}" target="_blank">{title}</a></form>'
        action = escape(str(button["action"]))
        return f'<form method="post" action="/press"><button name="action" value="{action}">{title}</button></form>'

    async def _press(self, request: web.Request) -> web.Response:
        """Tell Home Assistant of a press, as the app does."""
        action = str((await request.post())["action"])
        event = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        async with aiohttp.ClientSession() as session:
            address = f"{self.url}/api/webhook/{self._webhook}"
            async with session.post(address, json={"type": "fire_event", "data": event}):
                pass
        raise web.HTTPSeeOther("/")
