"""What a bug report needs, without secrets and without names that are nobody's business."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_HOST, CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from yarl import URL

from .const import CONF_FINGERPRINT, CONF_LOG_AGENTS, CONF_TOKEN_ID, CONF_TOKEN_SECRET
from .coordinator import CheckerConfigEntry

_TO_REDACT: Final = {
    CONF_FINGERPRINT,
    CONF_HOST,
    CONF_TOKEN,
    CONF_TOKEN_ID,
    CONF_TOKEN_SECRET,
    CONF_URL,
    "address",
    "title",
    "unique_id",
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: CheckerConfigEntry) -> dict[str, Any]:
    """Return the configuration, what was read, and every verdict with its evidence."""
    coordinator = entry.runtime_data
    picture = coordinator.data
    reading = coordinator.reading
    diagnostics = {
        "entry": entry.as_dict(),
        "last_update_success": coordinator.last_update_success,
        "last_error": str(coordinator.last_error) if coordinator.last_error else None,
        "cluster": asdict(picture.cluster),
        "nodes": {name: asdict(node) for name, node in picture.nodes.items()},
        "permissions": {path: sorted(names) for path, names in reading.permissions.by_path.items()}
        if reading
        else None,
        "agent_errors": {node: str(error) for node, error in reading.agent_errors.items()} if reading else None,
        "guests": {vmid: asdict(view) for vmid, view in picture.guests.items()},
        "jobs": {job_id: asdict(view) for job_id, view in picture.jobs.items()},
        "runs": {upid: asdict(run) for upid, run in picture.history.runs.items()},
    }
    # Redaction goes into lists and dicts only, so everything is brought to these first.
    plain = _plain(diagnostics)
    for key in ("last_error", "agent_errors"):
        plain[key] = _without_hosts(plain[key], _hosts(entry))
    return async_redact_data(plain, _TO_REDACT)


def _hosts(entry: CheckerConfigEntry) -> list[str]:
    """Return the addresses that an error's text may name."""
    agents = entry.options.get(CONF_LOG_AGENTS, {}).values()
    return [entry.data[CONF_HOST], *(host for agent in agents if (host := URL(agent[CONF_URL]).host))]


def _without_hosts(value: Any, hosts: list[str]) -> Any:
    """Return a text, or a dict of texts, in which no host is named."""
    if isinstance(value, dict):
        return {key: _without_hosts(item, hosts) for key, item in value.items()}
    if isinstance(value, str):
        for host in hosts:
            value = value.replace(host, REDACTED)
    return value


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
