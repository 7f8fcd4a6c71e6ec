"""Serves the dashboard card to every browser, under an address that changes with its content."""

import hashlib
from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_FOLDER: Final = Path(__file__).parents[1] / "frontend"
_BUNDLE: Final = "proxmox-backup-checker.js"
_HASH: HassKey[str] = HassKey(f"{DOMAIN}_frontend_hash")


async def async_serve(hass: HomeAssistant) -> None:
    """Serve the bundle and have every page load it; to be called once."""
    digest = await hass.async_add_executor_job(_content_hash, _FOLDER)
    hass.data[_HASH] = digest
    # The hash is part of the path: old service workers ignore what follows a question mark.
    base = f"/{DOMAIN}_static/{digest}"
    await hass.http.async_register_static_paths([StaticPathConfig(base, str(_FOLDER), cache_headers=True)])
    frontend.add_extra_js_url(hass, f"{base}/{_BUNDLE}")


def content_hash(hass: HomeAssistant) -> str:
    """Return what the bundle that is served now is known by, so that an open page can tell that its own is older."""
    return hass.data.get(_HASH, "")


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.js")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
