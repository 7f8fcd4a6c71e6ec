"""Reads the log of a run when somebody asks for it: from Proxmox, else from what its guests' own logs still hold."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from ...checker.model.outcome import Outcome
from ...checker.model.records import RunRecord
from ...proxmox.api.answer import run_off_loop_if_large
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import ProxmoxError
from ...proxmox.api.upid import Upid
from ...proxmox.log_agent.client import LogAgentClient
from ...proxmox.vzdump import log as vzdump_log

_LARGEST: Final = 4 * 1024 * 1024  # bytes of one guest's log; more than that is cut at its beginning


class TaskLogs:
    """The logs of runs, through the API and, where that no longer has one, through the log agent of its node."""

    def __init__(self, client: ProxmoxClient, agents: Mapping[str, LogAgentClient]) -> None:
        """Read through clients that somebody else made."""
        self._client = client
        self._agents = agents

    async def text(self, upid: Upid, record: RunRecord | None, zone: ZoneInfo | None) -> str | None:
        """Return the log of a run, None where neither has it; `record` is what is remembered of the run.

        Raises any ProxmoxError of the API; an agent that cannot be read has nothing.
        """
        text = await self._client.task_log(upid.node, str(upid))
        agent = self._agents.get(upid.node)
        if text is not None or record is None or zone is None or agent is None:
            return text
        parts = [await _of_guest(agent, outcome, zone) for outcome in record.outcomes]
        return "\n".join(part.rstrip("\n") for part in parts if part) or None


async def _of_guest(agent: LogAgentClient, outcome: Outcome, zone: ZoneInfo) -> str | None:
    """Return a guest's own log where it is of this very run: it is overwritten by the next one that gets that far."""
    if outcome.guest_type is None:
        return None
    try:
        content = await agent.log(f"{outcome.guest_type}-{outcome.vmid}.log", tail=_LARGEST)
    except ProxmoxError:
        return None
    text = content.text if content is not None else ""
    started = outcome.started.astimezone(zone).replace(tzinfo=None)
    log = await run_off_loop_if_large(len(text), vzdump_log.parse, text)
    return text if any(guest.started == started for guest in log.guests) else None
