"""The state of every cluster in a few lines, for Home Assistant's system health."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .backup_server.diagnostics import redactor_of_server
from .backup_server.servers import server_entries, server_of
from .clusters import cluster_entries
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .privacy.redaction import redactor_of
from .proxmox.api.errors import ProxmoxError

_OK = "ok"


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is told."""
    register.async_register_info(_info, f"/config/integrations/integration/{DOMAIN}")


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the lines, each with one value for every cluster."""
    entries = sorted(cluster_entries(hass, include_disabled=True), key=lambda entry: entry.title)
    loaded = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    info: dict[str, Any] = {"clusters": f"{len(loaded)}/{len(entries)}", **_servers(hass)}
    if not loaded:
        return info
    return info | {
        "reachable": _line(loaded, _reachable),
        "last_check": _line(loaded, lambda coordinator: coordinator.assessment.read_at),
        "version": _versions(loaded),
        "nodes": _line(loaded, _nodes),
        "log_agents": _line(loaded, _agents),
        "protected": _line(loaded, _protected),
        "problems": _line(loaded, lambda coordinator: str(coordinator.assessment.counts.problems)),
    }


def _servers(hass: HomeAssistant) -> dict[str, str]:
    """Return the line of the backup servers: those that are loaded, and what cannot be read of them; none where there are none."""
    entries = server_entries(hass)
    if not entries:
        return {}
    loaded = [server for entry in entries if (server := server_of(entry)) is not None]
    told = [f"{len(loaded)}/{len(entries)}"]
    for server in loaded:
        error, redactor = server.last_error, redactor_of_server(server)
        facts = server.assessment.facts
        state = facts.version.text if error is None and facts is not None else str(error)
        told.append(f"{redactor.plain(server.name)}: {redactor.plain(state)}")
    return {"backup_servers": ", ".join(told)}


def _line(
    coordinators: Iterable[CheckerCoordinator], value: Callable[[CheckerCoordinator], str | datetime]
) -> str | datetime:
    """Return the value of the only cluster, or those of all with their names."""
    told = [(coordinator, value(coordinator)) for coordinator in coordinators]
    if len(told) == 1:
        return told[0][1]
    return ", ".join(f"{_title(coordinator)}: {_text(value)}" for coordinator, value in told)


def _title(coordinator: CheckerCoordinator) -> str:
    return str(redactor_of(coordinator).plain(coordinator.assessment.cluster.title))


def _text(value: str | datetime) -> str:
    return value if isinstance(value, str) else f"{dt_util.as_local(value):%Y-%m-%d %H:%M}"


async def _versions(coordinators: list[CheckerCoordinator]) -> str | datetime:
    """Ask every cluster for its version; the page does not wait for that."""
    async with asyncio.TaskGroup() as group:
        asked = {coordinator.identity: group.create_task(_version(coordinator)) for coordinator in coordinators}
    return _line(coordinators, lambda coordinator: asked[coordinator.identity].result())


async def _version(coordinator: CheckerCoordinator) -> str:
    try:
        return (await coordinator.async_version()).text
    except ProxmoxError:
        return "?"


def _reachable(coordinator: CheckerCoordinator) -> str:
    error = coordinator.last_error
    return _OK if error is None else str(redactor_of(coordinator).plain(str(error)))


def _nodes(coordinator: CheckerCoordinator) -> str:
    nodes = coordinator.assessment.nodes.values()
    return f"{sum(node.online for node in nodes)}/{len(nodes)}"


def _agents(coordinator: CheckerCoordinator) -> str:
    """Return how many of the agents answer."""
    errors = coordinator.reading.agent_errors if coordinator.reading else {}
    agents = coordinator.agent_nodes
    answering = [node for node in agents if node not in errors and coordinator.agent_reachability.answers(node)]
    return f"{len(answering)}/{len(agents)}"


def _protected(coordinator: CheckerCoordinator) -> str:
    counts = coordinator.assessment.counts
    return f"{counts.protected}/{counts.guests - counts.ignored}"
