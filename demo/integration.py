"""Setting the integration up through its own forms."""

import asyncio
from typing import Any

from simulator import SimulatedCluster

from .api import Api
from .console import DemoError

DOMAIN = "proxmox_backup_checker"
_FLOW = "/api/config/config_entries/flow"
_OPTIONS_FLOW = "/api/config/config_entries/options/flow"
_ENTRIES = f"/api/config/config_entries/entry?domain={DOMAIN}"
_LOADING = 60.0  # seconds


async def add_cluster(api: Api, cluster: SimulatedCluster) -> str:
    """Add the cluster where it is not there yet; return the id of its entry."""
    if entries := await api.get(_ENTRIES):
        return str(entries[0]["entry_id"])
    node = next(node for node in cluster.nodes.values() if node.online)
    host, port = cluster.address(node.name)
    step = await api.post(_FLOW, {"handler": DOMAIN})
    step = await api.post(
        f"{_FLOW}/{step['flow_id']}",
        {"host": host, "port": port, "token_id": cluster.token_id, "token_secret": cluster.token_secret},
    )
    if step.get("step_id") == "certificate":
        shown, own = step["description_placeholders"]["fingerprint"], cluster.fingerprints[node.name]
        if shown.replace(":", "") != own.replace(":", ""):
            raise DemoError(f"The form shows the certificate {shown}, but {node.name} has {own}.")
        step = await api.post(f"{_FLOW}/{step['flow_id']}")
    if step["type"] == "menu" and "continue_anyway" in step["menu_options"]:
        step = await api.post(f"{_FLOW}/{step['flow_id']}", {"next_step_id": "continue_anyway"})
    return str(_created(step, "The cluster")["result"]["entry_id"])


async def add_log_agents(api: Api, entry_id: str, pairing_lines: dict[str, str]) -> None:
    """Add the log agents that are not there yet."""
    for node, line in pairing_lines.items():
        step = await api.post(_OPTIONS_FLOW, {"handler": entry_id})
        flow = f"{_OPTIONS_FLOW}/{step['flow_id']}"
        if node not in step["description_placeholders"]["nodes"].split(", "):
            await api.post(flow, {"next_step_id": "add_log_agent"})
            _created(await api.post(flow, {"pairing": line}), f"The log agent of {node}")
            await wait_until_loaded(api)


async def wait_until_loaded(api: Api) -> None:
    """Wait until the integration has its first picture.

    Raises DemoError with the reason where it gets none.
    """
    entry: dict[str, Any] = {}
    try:
        async with asyncio.timeout(_LOADING):
            while entry.get("state") != "loaded":
                (entry,) = await api.get(_ENTRIES)
                if entry["state"] in ("setup_error", "migration_error"):
                    raise DemoError(f"The integration could not be loaded: {entry['reason']}.")
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise DemoError(f"The integration is not loaded after {_LOADING:.0f} s: {entry.get('reason')}.") from None


def _created(step: dict[str, Any], what: str) -> dict[str, Any]:
    if step["type"] != "create_entry":
        why = step.get("errors") or step.get("reason") or step.get("description_placeholders")
        raise DemoError(f"{what} could not be added: the form answered {step['type']} ({why}).")
    return step
