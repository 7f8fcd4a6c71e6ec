"""Turns what is known into what a report may hold: plain values for JSON, without secrets and, on request, without names."""

from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
import re
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_HOST, CONF_TOKEN, CONF_URL, CONF_WEBHOOK_ID
from yarl import URL

from ..checker.model.policy import NO_BACKUP_TAG, agreed_age
from ..checker.model.subject import Subject
from ..const import (
    CONF_FINGERPRINT,
    CONF_HEARTBEAT_URL,
    CONF_HIDE_NAMES,
    CONF_IDENTITY,
    CONF_LOG_AGENTS,
    CONF_TOKEN_ID,
    CONF_TOKEN_SECRET,
)
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from .addresses import without_addresses
from .pseudonyms import Pseudonyms, names_of

_SECRET: Final = frozenset(
    {
        *(CONF_FINGERPRINT, CONF_HEARTBEAT_URL, CONF_HOST, CONF_TOKEN, CONF_TOKEN_ID, CONF_TOKEN_SECRET, CONF_URL),
        *(CONF_IDENTITY, CONF_WEBHOOK_ID, "address", "instance_id", "mailto", "title", "unique_id"),
        "username",
    }
)
# Localizer of our own; a guest may be called so, but nobody can tell from here.
_OWN_WORDS: Final = frozenset({"code", "rule"})
_FREE_TEXTS: Final = frozenset({"comment", "notes-template", "note"})


class Redactor:
    """Makes values fit to be shown to strangers."""

    def __init__(self, hosts: Collection[str], names: Collection[str], pseudonyms: Pseudonyms | None) -> None:
        """Leave out these hosts and all addresses, but not `names` that look like one; with pseudonyms, all names too."""
        any_host = "|".join(re.escape(host) for host in sorted(hosts, key=len, reverse=True))
        self._hosts = re.compile(rf"(?<![\w.-])(?:{any_host})(?![\w-])", re.IGNORECASE) if any_host else None
        self._names = frozenset(name.casefold() for name in names)
        self._pseudonyms = pseudonyms

    def plain(self, value: object, name: str = "") -> Any:
        """Return a value as JSON can hold it; `name` is that of the field in which it stands."""
        if name in _SECRET and value:
            return REDACTED
        if name == "tags" and self._pseudonyms is not None and isinstance(value, tuple):
            return [tag if _is_ours(tag) else REDACTED for tag in value]
        match value:
            case Enum():
                return value.value
            case Subject():
                return self._text(value.key, name)
            case str():
                return value if name in _OWN_WORDS else self._text(value, name)
            case None | bool() | int() | float():
                return value
            case datetime():
                return value.isoformat()
            case timedelta():
                return str(value)
            case Mapping():
                return {self._text(str(key)): self.plain(item, str(key)) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
                return [self.plain(item, name) for item in items]
        if is_dataclass(value):
            return {field.name: self.plain(getattr(value, field.name), field.name) for field in fields(value)}
        return self._text(str(value))

    def _text(self, text: str, name: str = "") -> str:
        """Return a text in which no host is named, and nobody else where names are to be hidden."""
        if self._hosts is not None:
            text = self._hosts.sub(REDACTED, text)
        if self._pseudonyms is None:
            # Errors of Proxmox name those of storage servers.
            return without_addresses(text, REDACTED, self._names)
        return REDACTED if name in _FREE_TEXTS else self._pseudonyms.hide(text)


def hosts_of(entry: CheckerConfigEntry) -> list[str]:
    """Return the hosts that the configuration names."""
    agents = entry.options.get(CONF_LOG_AGENTS, {}).values()
    return [entry.data[CONF_HOST], *(host for agent in agents if (host := URL(agent[CONF_URL]).host))]


def redactor_of(coordinator: CheckerCoordinator) -> Redactor:
    """Return what takes out of a cluster's values what its user does not want to be seen."""
    entry = coordinator.config_entry
    hosts = hosts_of(entry)
    hosts += [node.address for node in coordinator.assessment.cluster.nodes if node.address]
    hosts += _hosts_of_servers(coordinator)
    # Who enters the name of a node as the host does not make it an address.
    hosts = [host for host in hosts if host not in coordinator.assessment.nodes]
    names = names_of(coordinator.data.reading.facts, coordinator.assessment)
    pseudonyms = Pseudonyms(names, entry.entry_id) if entry.options.get(CONF_HIDE_NAMES) else None
    return Redactor(hosts, [name for found in names.values() for name in found], pseudonyms)


def _hosts_of_servers(coordinator: CheckerCoordinator) -> list[str]:
    """Return the hosts of the backup servers beside a cluster, and of those that they know."""
    servers = coordinator.assessment.context.servers.values()
    remotes = [route.remote for server in servers for route in server.routes if route.remote is not None]
    storages = coordinator.data.reading.facts.storages
    behind = [storage.backup_server for storage in storages if storage.backup_server is not None]
    hosts = [*(one.host for one in servers), *(one.host for one in remotes), *(one.host for one in behind)]
    return [host for host in hosts if host]


def _is_ours(tag: str) -> bool:
    return tag == NO_BACKUP_TAG or agreed_age([tag]) is not None
