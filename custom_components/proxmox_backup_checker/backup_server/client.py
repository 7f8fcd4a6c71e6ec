"""The client for the server of an entry."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..const import CONF_FINGERPRINT, CONF_TOKEN_ID, CONF_TOKEN_SECRET
from ..proxmox.backup_server.client import BackupServerClient


def client_of(hass: HomeAssistant, data: Mapping[str, Any]) -> BackupServerClient:
    """Return a client by an entry's data; every request pins the certificate or has the system verify it."""
    return BackupServerClient(
        async_get_clientsession(hass),
        data[CONF_HOST],
        data[CONF_PORT],
        token_id=data[CONF_TOKEN_ID],
        token_secret=data[CONF_TOKEN_SECRET],
        fingerprint=data[CONF_FINGERPRINT],
    )
