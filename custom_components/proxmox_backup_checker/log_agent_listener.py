"""Listens to the log agents: what changes on a host is seen within seconds, at the cost of one waiting request each."""

import asyncio
from collections.abc import Mapping
import logging
import random
from typing import Final

from homeassistant.core import HomeAssistant

from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .proxmox.errors import ProxmoxError
from .proxmox.log_agent import Changes, LogAgentClient

_LOGGER = logging.getLogger(__name__)

_WAIT: Final = 55.0
_SHORTEST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
# A log grows all the time while a backup runs; that alone is worth no more than a poll is.
_GROWING_LOG_PAUSE: Final = 60.0
# Proxmox lists a task as running until its worker is gone, a moment after the job's state says stopped.
_LAG_PAUSES: Final = (3.0, 6.0, 12.0)


def listen(
    hass: HomeAssistant,
    entry: CheckerConfigEntry,
    coordinator: CheckerCoordinator,
    agents: Mapping[str, LogAgentClient],
) -> None:
    """Listen to every agent, until the entry is unloaded."""
    for node, agent in agents.items():
        listener = LogAgentListener(coordinator, node, agent)
        entry.async_create_background_task(hass, listener.run(), f"{entry.title}: log agent of {node}")


class LogAgentListener:
    """Waits for the changes that one agent tells, and has the coordinator look at once."""

    def __init__(self, coordinator: CheckerCoordinator, node: str, agent: LogAgentClient) -> None:
        """Start without a cursor: the first answer is where the agent stands."""
        self._coordinator = coordinator
        self._node = node
        self._agent = agent
        self._cursor: str | None = None
        self._refreshed = 0.0

    async def run(self) -> None:
        """Listen for ever; an agent that does not answer is asked less and less often."""
        pause = _SHORTEST_PAUSE
        while True:
            try:
                changes = await self._agent.changes(self._cursor, _WAIT if self._cursor is not None else 0.0)
            except ProxmoxError as error:
                # The next poll names it in a repair issue.
                _LOGGER.debug("The log agent of %s does not tell its changes: %s", self._node, error)
                self._cursor = None
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            pause = _SHORTEST_PAUSE
            known, self._cursor = self._cursor, changes.cursor
            if known is not None and changes:
                await self._look(changes)

    async def _look(self, changes: Changes) -> None:
        """Have the coordinator look: at once when a job's state has changed, rarely while a log merely grows."""
        now = asyncio.get_running_loop().time()
        if not (changes.jobs or changes.removed_jobs or changes.complete):
            if now - self._refreshed >= _GROWING_LOG_PAUSE:
                await self._refresh()
            return
        await self._refresh()
        stopped = {state.upid for state in changes.jobs if state.state == "stopped" and state.upid is not None}
        for pause in _LAG_PAUSES:
            picture = self._coordinator.data
            if not picture or not any(run.upid in stopped for run in picture.running):
                return
            await asyncio.sleep(pause)
            await self._refresh()

    async def _refresh(self) -> None:
        self._refreshed = asyncio.get_running_loop().time()
        await self._coordinator.async_refresh()
