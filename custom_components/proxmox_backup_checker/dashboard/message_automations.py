"""Who is told of problems: the automations that pass messages on, and what a page needs to save another one."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.components.automation.const import DATA_COMPONENT
from homeassistant.components.automation.entity import BaseAutomationEntity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import DOMAIN

_FOLDER: Final = Path(__file__).parent / "blueprints"
# As they are called when they are saved from here, copied by hand, or imported from GitHub.
_OURS: Final = re.compile(r"(?:^|/)proxmox[-_]backup[-_]checker/(?:phone|notifier)(?:\.de)?\.yaml$")
_MESSAGE: Final = f"{DOMAIN}_message"
_MOBILE_APP: Final = "mobile_app"
_PUSH: Final = ("push_url", "push_websocket_channel")


async def async_message_setup(hass: HomeAssistant, user: User | None, language: str) -> dict[str, Any]:
    """Return whether problems are told to anybody, and, for an administrator, what an automation for that is made of."""
    told: dict[str, Any] = {"automation": _automation(hass)}
    if user is not None and not user.is_admin:
        admins = [each.name for each in await hass.auth.async_get_users() if _is_person(each)]
        return {**told, "ask": sorted(name for name in admins if name)}
    texts = await hass.async_add_executor_job(_blueprints, language)
    return {**told, "phones": _phones(hass), "notifiers": _notifiers(hass), "blueprints": texts}


def _is_person(user: User) -> bool:
    return user.is_admin and user.is_active and not user.system_generated


def _automation(hass: HomeAssistant) -> dict[str, Any] | None:
    """Return an automation that passes messages on, one that is on before one that is off."""
    found = [entity for entity in _automations(hass) if _passes_messages_on(entity)]
    if not found:
        return None
    best = min(found, key=lambda entity: (not _is_on(hass, entity), entity.entity_id))
    return {"entity_id": best.entity_id, "id": best.unique_id, "on": _is_on(hass, best)}


def _automations(hass: HomeAssistant) -> Iterator[BaseAutomationEntity]:
    if (component := hass.data.get(DATA_COMPONENT)) is not None:
        yield from component.entities


def _is_on(hass: HomeAssistant, automation: BaseAutomationEntity) -> bool:
    state = hass.states.get(automation.entity_id)
    return state is not None and state.state == STATE_ON


def _passes_messages_on(automation: BaseAutomationEntity) -> bool:
    """Tell whether an automation is made of our blueprints, or hears our messages by itself."""
    if (path := automation.referenced_blueprint) is not None and _OURS.search(path):
        return True
    return automation.raw_config is not None and _MESSAGE in json.dumps(automation.raw_config, default=str)


def _blueprints(language: str) -> dict[str, dict[str, str]]:
    found = {}
    for kind in ("phone", "notifier"):
        name = f"{kind}.de.yaml" if language == "de" else f"{kind}.yaml"
        found[kind] = {"path": f"{DOMAIN}/{name}", "yaml": (_FOLDER / name).read_text(encoding="utf-8")}
    return found


def _phones(hass: HomeAssistant) -> list[dict[str, str]]:
    """Return the phones that take notifications."""
    devices = dr.async_get(hass)
    able = [
        entry.entry_id
        for entry in hass.config_entries.async_entries(_MOBILE_APP)
        if entry.state is ConfigEntryState.LOADED and any(map(entry.data.get("app_data", {}).get, _PUSH))
    ]
    found = [
        {"id": device.id, "name": device.name_by_user or device.name or device.id}
        for entry_id in able
        for device in dr.async_entries_for_config_entry(devices, entry_id)
        if not device.disabled
    ]
    return sorted(found, key=lambda phone: phone["name"].casefold())


def _notifiers(hass: HomeAssistant) -> list[dict[str, str]]:
    """Return the notify entities of whatever is no phone."""
    entities = er.async_get(hass)
    found = [
        {"id": state.entity_id, "name": state.name}
        for state in hass.states.async_all("notify")
        if (entry := entities.async_get(state.entity_id)) is None or entry.platform != _MOBILE_APP
    ]
    return sorted(found, key=lambda notifier: notifier["name"].casefold())
