"""What calls of actions have in common: whose cluster is meant, from when on, and whether the caller may do it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, Platform
from homeassistant.core import ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er, service
from homeassistant.util import dt as dt_util

from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import Watcher, watched_entries, watcher_of
from ..checker.model.subject import Subject
from ..clusters import cluster_entries, loaded_cluster
from ..const import DOMAIN, is_backup_server
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..privacy.sight import Sight
from ..translated_errors import invalid


def cluster_of(call: ServiceCall) -> CheckerCoordinator:
    """Return the cluster that was chosen, the only one where none was.

    Raises ServiceValidationError.
    """
    entry_id: str | None = call.data.get(ATTR_CONFIG_ENTRY_ID)
    clusters = cluster_entries(call.hass, include_disabled=True)
    if entry_id is None and len(clusters) == 1:
        # Home Assistant would not know which entry is meant where a backup server has one too.
        entry_id = clusters[0].entry_id
    entry: CheckerConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    if (coordinator := loaded_cluster(entry)) is None:
        raise invalid("not_a_cluster", name=entry.title)
    return coordinator


def clusters_of(call: ServiceCall) -> list[CheckerCoordinator]:
    """Return the cluster that was chosen, all that are loaded where none was.

    Raises ServiceValidationError where there is none.
    """
    if call.data.get(ATTR_CONFIG_ENTRY_ID):
        return [cluster_of(call)]
    entries = cluster_entries(call.hass)
    if not entries:
        raise invalid("no_cluster")
    loaded = [coordinator for entry in entries if (coordinator := loaded_cluster(entry)) is not None]
    if not loaded:
        raise invalid("cluster_not_loaded")
    return loaded


def chosen_server(call: ServiceCall) -> ServerCoordinator | None:
    """Return the backup server that was chosen, None where a cluster was, or nothing.

    Raises ServiceValidationError where it is not loaded.
    """
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    entry = call.hass.config_entries.async_get_entry(entry_id) if entry_id else None
    if entry is None or not is_backup_server(entry.data):
        return None
    chosen = next(iter(watchers_of(call)))
    return chosen if isinstance(chosen, ServerCoordinator) else None


def watchers_of(call: ServiceCall) -> list[Watcher]:
    """Return the cluster or backup server that was chosen, all that are loaded where none was.

    Raises ServiceValidationError where there is none.
    """
    if entry_id := call.data.get(ATTR_CONFIG_ENTRY_ID):
        entry: ConfigEntry[Any] = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
        if (chosen := watcher_of(entry)) is None:
            raise invalid("entry_not_loaded", name=entry.title)
        return [chosen]
    entries = watched_entries(call.hass)
    if not entries:
        raise invalid("nothing_watched")
    loaded = [watcher for entry in entries if (watcher := watcher_of(entry)) is not None]
    if not loaded:
        raise invalid("entry_not_loaded", name=entries[0].title)
    return loaded


def moment_of(call: ServiceCall, key: str) -> datetime | None:
    """Return a moment of a call in UTC; one without a zone is in that of this Home Assistant."""
    value: datetime | None = call.data.get(key)
    return None if value is None else dt_util.as_utc(value)


async def sight_of(call: ServiceCall) -> Sight:
    """Return what the caller may see; an automation sees everything.

    Raises UnknownUser.
    """
    return Sight(call.hass, await user_of(call))


def check_sight(call: ServiceCall, sight: Sight, coordinator: CheckerCoordinator, subject: Subject) -> None:
    """Let a person ask only about what they may see.

    Raises Unauthorized.
    """
    if not sight.sees(coordinator, subject):
        entity_id = sight.sensor_of(coordinator, subject)
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_READ)


async def user_of(call: ServiceCall) -> User | None:
    """Return who calls, None for an automation; raises UnknownUser."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user


async def check_control_of(call: ServiceCall, platform: Platform, keys: Iterable[tuple[Watcher, str]]) -> None:
    """Let a person do only what they may do with entities too, those whose unique ids end with these keys.

    Raises Unauthorized.
    """
    registry = er.async_get(call.hass)
    unique_ids = [f"{coordinator.identity}_{key}" for coordinator, key in keys]
    found = (registry.async_get_entity_id(platform, DOMAIN, unique_id) for unique_id in unique_ids)
    await check_control(call, [entity_id for entity_id in found if entity_id is not None])


async def check_control(call: ServiceCall, entity_ids: Iterable[str]) -> None:
    """Let a person do this only with entities that they may control.

    Raises Unauthorized.
    """
    if (user := await user_of(call)) is None:
        return
    for entity_id in entity_ids:
        if not user.permissions.check_entity(entity_id, POLICY_CONTROL):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_CONTROL)
