"""Takes the messages of Proxmox's notifications: each is a reason to look, and none is believed."""

import asyncio
from datetime import datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
import logging
from typing import Final

from aiohttp import ClientError, hdrs, web
from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.network import is_cloud_connection
from homeassistant.util import dt as dt_util
from homeassistant.util.network import is_local

from .const import CONF_WEBHOOK_FROM_ANYWHERE, DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .proxmox.api.notifications import NotificationMessage

_LOGGER = logging.getLogger(__name__)

_LARGEST: Final = 64 * 1024
_PATIENCE: Final = 10  # seconds
# Proxmox sends its message a moment before the run is over.
_RUN_ENDS: Final = timedelta(seconds=5)
_BETWEEN_LOOKS: Final = timedelta(minutes=1)


@callback
def keep_webhook(hass: HomeAssistant, entry: CheckerConfigEntry, coordinator: CheckerCoordinator) -> None:
    """Listen at the secret address, where there is one, until the entry is unloaded."""
    if CONF_WEBHOOK_ID not in entry.options:
        return
    receiver = Receiver(hass, coordinator, from_anywhere=entry.options.get(CONF_WEBHOOK_FROM_ANYWHERE, False))
    webhook_id = entry.options[CONF_WEBHOOK_ID]
    # Home Assistant logs the secret address where it refuses a method or a sender, so all come to us.
    webhook.async_register(
        hass, DOMAIN, entry.title, webhook_id, receiver.handle, allowed_methods=webhook.SUPPORTED_METHODS
    )
    entry.async_on_unload(lambda: webhook.async_unregister(hass, webhook_id))
    entry.async_on_unload(receiver.stop)


class Receiver:
    """Looks at a cluster soon after it has sent a message, at most once a minute, whatever the message says."""

    def __init__(self, hass: HomeAssistant, coordinator: CheckerCoordinator, *, from_anywhere: bool) -> None:
        """Listen for a cluster, by default to the local network alone."""
        self._hass = hass
        self._coordinator = coordinator
        self._from_anywhere = from_anywhere
        self._looked: datetime | None = None
        self._planned: CALLBACK_TYPE | None = None

    async def handle(self, hass: HomeAssistant, webhook_id: str, request: web.Request) -> web.Response:
        """Take one message."""
        if request.method != hdrs.METH_POST:
            return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={hdrs.ALLOW: hdrs.METH_POST})
        if not (self._from_anywhere or self._is_local(request)):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        body = await _body(request)
        if body is None:
            return web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            message = NotificationMessage.parse(body)
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        _LOGGER.debug("%s: A message of Proxmox arrived", self._coordinator.name)
        self._coordinator.arrivals.note(dt_util.utcnow(), message)
        self._plan()
        return web.Response()

    def _is_local(self, request: web.Request) -> bool:
        if is_cloud_connection(self._hass) or request.remote is None:
            return False
        try:
            return is_local(ip_address(request.remote))
        except ValueError:
            return False

    @callback
    def _plan(self) -> None:
        """Look in a moment, or as soon as the last look for a message was a minute ago."""
        if self._planned is not None:
            return
        wait = _RUN_ENDS
        if self._looked is not None:
            wait = max(wait, self._looked + _BETWEEN_LOOKS - dt_util.utcnow())
        self._planned = async_call_later(self._hass, wait, self._look)

    async def _look(self, now: datetime) -> None:
        self._planned, self._looked = None, dt_util.utcnow()
        await self._coordinator.async_refresh()

    @callback
    def stop(self) -> None:
        """Look no more."""
        if self._planned is not None:
            self._planned()
            self._planned = None


async def _body(request: web.Request) -> bytes | None:
    """Return what was sent, None where it is too large or too slow.

    Nothing may be raised: Home Assistant would log it with the secret address.
    """
    length = request.headers.get(hdrs.CONTENT_LENGTH, "")
    if length.isdecimal() and int(length[:20]) > _LARGEST:
        return None
    body, stream = bytearray(), request.content
    try:
        async with asyncio.timeout(_PATIENCE):
            while piece := await stream.read(_LARGEST + 1 - len(body)):
                body += piece
                if len(body) > _LARGEST:
                    return None
    except TimeoutError, ClientError, OSError:
        return None
    return bytes(body)
