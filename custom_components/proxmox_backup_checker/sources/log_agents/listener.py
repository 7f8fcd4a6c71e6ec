"""Listens to the log agents: what changes on a host is seen within seconds, at the cost of one waiting request each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import logging
import random
import re
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ...proxmox.api.errors import OtherNodeError, OutdatedAgentError, ProxmoxError
from ...proxmox.log_agent.client import LogAgentClient
from ...proxmox.log_agent.models import Changes, JobStateFile, LogFile
from .identity import verify_identity
from .reachability import AgentReachability
from .refresh_scheduler import LastReading, RefreshScheduler

_LOGGER = logging.getLogger(__name__)

# All in seconds.
_WAIT: Final = 55.0
_BREATH: Final = 0.3
# An agent that has news again and again at once is asked less often: a log grows for hours.
_LONGEST_BREATH: Final = 5.0
_AT_ONCE: Final = 1.0
_SHORTEST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
# The least time since the last poll that news has to wait for, by what it is worth.
_JOB_STATE: Final = 1.0
_FINISHED_LOG: Final = 10.0
_GROWING_LOG: Final = 60.0

_TAIL: Final = 2048  # bytes
_LOGS_LOOKED_INTO: Final = 4
_NEVER: Final = datetime.fromtimestamp(0, UTC)
_END_OF_LOG: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?(?:INFO: Finished Backup of VM \d+ \(|ERROR: Backup of VM \d+ failed - )",
    re.MULTILINE,
)


def listen(
    hass: HomeAssistant,
    entry: ConfigEntry,
    agents: Mapping[str, LogAgentClient],
    reachability: AgentReachability,
    *,
    refresh: Callable[[], Awaitable[None]],
    last_reading: LastReading,
) -> None:
    """Listen to every agent until the entry is unloaded; `refresh` polls the cluster, `last_reading` is of the last poll."""
    if not agents:
        return
    scheduler = RefreshScheduler(refresh, last_reading)
    entry.async_create_background_task(hass, scheduler.run(), f"{entry.title}: polls that log agents ask for")
    for node, agent in agents.items():
        listener = LogAgentListener(node, agent, scheduler, last_reading, reachability)
        entry.async_create_background_task(hass, listener.run(), f"{entry.title}: log agent of {node}")


class LogAgentListener:
    """Waits for the changes that one agent tells, and weighs them."""

    def __init__(
        self,
        node: str,
        agent: LogAgentClient,
        scheduler: RefreshScheduler,
        last_reading: LastReading,
        reachability: AgentReachability,
    ) -> None:
        """Start without a cursor: the first answer is where the agent stands."""
        self._node = node
        self._agent = agent
        self._scheduler = scheduler
        self._last_reading = last_reading
        self._reachability = reachability
        self._hurried = 0
        self._is_wrong = False
        self._cursor: str | None = None
        self._certain = False
        self._states: dict[str, JobStateFile] = {}
        self._failures = 0

    async def run(self) -> None:
        """Listen until cancelled; an agent that does not answer is asked less and less often."""
        while True:
            try:
                await self._hear()
            except ProxmoxError as error:
                self._note(error)
            except Exception:
                if not self._failures:
                    _LOGGER.exception("Listening to the log agent of %s failed", self._node)
            else:
                self._failures = 0
                self._is_wrong = False
                self._reachability.note(self._node, answers=True)
                await asyncio.sleep(min(_BREATH * 2.0 ** min(self._hurried, 10), _LONGEST_BREATH))
                continue
            self._certain = False
            if self._failures:
                # One failure is no more than a restart of the agent.
                self._reachability.note(self._node, answers=False)
            await asyncio.sleep(_pause(self._failures))
            self._failures += 1

    async def _hear(self) -> None:
        """Take one answer; after trouble at once, and only from the node's own agent."""
        if not self._certain:
            await verify_identity(self._agent, self._node)
        patient = self._certain and self._cursor is not None
        asked = asyncio.get_running_loop().time()
        changes = await self._agent.changes(self._cursor, _WAIT if patient else 0.0)
        at_once = asyncio.get_running_loop().time() - asked < _AT_ONCE
        self._hurried = self._hurried + 1 if patient and at_once else 0
        if changes.complete and self._certain:
            # It was started anew, or it is another one.
            await verify_identity(self._agent, self._node)
        known, self._cursor = self._cursor, changes.cursor
        self._certain = True
        if known is None:
            self._begin(changes)
        elif changes:
            await self._weigh(changes)
        if self._failures:
            self._scheduler.request(_GROWING_LOG)

    def _note(self, error: ProxmoxError) -> None:
        """Leave it to the polls to name what is wrong, but let nothing more be judged by a wrong agent."""
        _LOGGER.debug("The log agent of %s does not tell its changes: %s", self._node, error)
        wrong, before = isinstance(error, OtherNodeError | OutdatedAgentError), self._is_wrong
        self._is_wrong = wrong
        if wrong and not before:
            reading = self._last_reading()
            if reading is None or self._node not in reading.agent_errors:
                self._scheduler.request(_JOB_STATE)

    def _begin(self, changes: Changes) -> None:
        """Ask for a look where the first reading did not see what the agent shows now."""
        self._take(changes)
        reading = self._last_reading()
        if reading is None:
            return
        seen = {
            (state.job_id, state.state, state.upid) for state in reading.facts.job_states if state.node == self._node
        }
        if seen != {(state.job_id, state.state, state.upid) for state in changes.jobs}:
            self._scheduler.request(_JOB_STATE)

    async def _weigh(self, changes: Changes) -> None:
        """Ask for a look, the sooner the more the changes say."""
        news = self._take(changes)
        ended = [state.upid for state in news if state.state == "stopped" and state.upid is not None]
        self._scheduler.expect_ended(ended)
        if news or changes.removed_jobs:
            self._scheduler.request(_JOB_STATE)
        elif await self._any_finished(changes.logs):
            self._scheduler.expect_end_on(self._node)
            self._scheduler.request(_FINISHED_LOG)
        else:
            self._scheduler.request(_GROWING_LOG)

    def _take(self, changes: Changes) -> list[JobStateFile]:
        """Return the job states that say something new; Proxmox also writes files that say what they said before."""
        told = {state.job_id: replace(state, modified=_NEVER) for state in changes.jobs}
        news = [state for job_id, state in told.items() if self._states.get(job_id) != state]
        kept = {} if changes.complete else self._states
        gone = set(changes.removed_jobs)
        self._states = {job_id: state for job_id, state in (kept | told).items() if job_id not in gone}
        return news

    async def _any_finished(self, logs: tuple[LogFile, ...]) -> bool:
        """Tell whether one of the logs has come to its end; a run that was started by hand has no other sign."""
        newest = sorted(logs, key=lambda log: log.modified, reverse=True)[:_LOGS_LOOKED_INTO]
        for log in newest:
            try:
                content = await self._agent.log(log.name, tail=_TAIL)
            except ProxmoxError:
                continue
            if content is not None and _END_OF_LOG.search(content.text):
                return True
        return False


def _pause(failures: int) -> float:
    """Return how long to leave an agent alone, in seconds; not all agents are asked at the same moment."""
    pause = min(_SHORTEST_PAUSE * 2.0 ** min(failures, 10), _LONGEST_PAUSE)
    return min(pause * random.uniform(1.0, 1.25), _LONGEST_PAUSE)
