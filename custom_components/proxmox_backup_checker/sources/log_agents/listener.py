"""Listens to the log agents: what changes on a host is seen within seconds, at the cost of one waiting request each."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import logging
import random
import re
from typing import Final

from homeassistant.core import HomeAssistant

from ...coordinator import CheckerConfigEntry, CheckerCoordinator
from ...proxmox.api.errors import OtherNodeError, OutdatedAgentError, ProxmoxError
from ...proxmox.log_agent.client import LogAgentClient
from ...proxmox.log_agent.models import Changes, JobStateFile, LogFile
from .state_reader import make_sure_of

_LOGGER = logging.getLogger(__name__)

# All in seconds.
_WAIT: Final = 55.0
_BREATH: Final = 0.3
_SHORTEST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
# The least time since the last look that news has to wait for, by what it is worth.
_JOB_STATE: Final = 1.0
_FINISHED_LOG: Final = 10.0
_GROWING_LOG: Final = 60.0
# Proxmox lists a task as running until its worker is gone, a moment after the job's state or the guest's log ended.
_LAG_PAUSES: Final = (3.0, 6.0, 12.0)

_TAIL: Final = 2048  # bytes
_LOGS_LOOKED_INTO: Final = 4
_NEVER: Final = datetime.fromtimestamp(0, UTC)
_END_OF_LOG: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?(?:INFO: Finished Backup of VM \d+ \(|ERROR: Backup of VM \d+ failed - )",
    re.MULTILINE,
)


def listen(
    hass: HomeAssistant,
    entry: CheckerConfigEntry,
    coordinator: CheckerCoordinator,
    agents: Mapping[str, LogAgentClient],
) -> None:
    """Listen to every agent, until the entry is unloaded."""
    if not agents:
        return
    lookout = Lookout(coordinator)
    entry.async_create_background_task(hass, lookout.run(), f"{entry.title}: looks that log agents ask for")
    for node, agent in agents.items():
        listener = LogAgentListener(coordinator, lookout, node, agent)
        entry.async_create_background_task(hass, listener.run(), f"{entry.title}: log agent of {node}")


class Lookout:
    """Has the coordinator look for all agents together: as soon as the most urgent news allows, and never too late.

    News that has to wait is not lost: the look takes place when its time has come.
    """

    def __init__(self, coordinator: CheckerCoordinator, lag_pauses: tuple[float, ...] = _LAG_PAUSES) -> None:
        """Start when the coordinator has just looked; `lag_pauses` are those between looks for an end already told."""
        self._coordinator = coordinator
        self._lag_pauses = lag_pauses
        self._looked = asyncio.get_running_loop().time()
        self._due: float | None = None
        self._earlier = asyncio.Event()
        self._ended: dict[str, int] = {}
        self._nodes_ended: set[str] = set()

    def ask(self, gap: float) -> None:
        """Ask for a look when the last one is `gap` seconds ago."""
        self._ask_at(max(self._looked + gap, asyncio.get_running_loop().time()))

    def expect_ended(self, upids: Iterable[str]) -> None:
        """Look on until these runs are seen to have ended, a few times at most."""
        self._ended |= dict.fromkeys(upids, 0)

    def expect_end_on(self, node: str) -> None:
        """Look once more if the next look shows a run on this node."""
        self._nodes_ended.add(node)

    async def run(self) -> None:
        """Look whenever it is time, until cancelled."""
        while True:
            await self._wait()
            self._due = None
            self._looked = asyncio.get_running_loop().time()
            nodes, self._nodes_ended = self._nodes_ended, set()
            try:
                await self._coordinator.async_refresh()
            except Exception:
                _LOGGER.exception("A look that a log agent asked for failed")
            self._look_again(nodes)

    async def _wait(self) -> None:
        """Return when a look is due; a more urgent one shortens the wait."""
        while True:
            self._earlier.clear()
            rest = None if self._due is None else self._due - asyncio.get_running_loop().time()
            if rest is not None and rest <= 0:
                return
            try:
                async with asyncio.timeout(rest):
                    await self._earlier.wait()
            except TimeoutError:
                return

    def _look_again(self, nodes: set[str]) -> None:
        """Ask for another look where Proxmox does not yet show an end that an agent has told."""
        now = asyncio.get_running_loop().time()
        picture = self._coordinator.data
        running = {run.upid for run in picture.running}
        late = {
            upid: looks
            for upid, looks in self._ended.items()
            if looks < len(self._lag_pauses) and (upid in running or upid not in picture.history.runs)
        }
        for looks in late.values():
            self._ask_at(now + self._lag_pauses[looks])
        self._ended = {upid: looks + 1 for upid, looks in late.items()}
        if any(run.node in nodes for run in picture.running):
            self._ask_at(now + self._lag_pauses[0])

    def _ask_at(self, due: float) -> None:
        if self._due is None or due < self._due:
            self._due = due
            self._earlier.set()


class LogAgentListener:
    """Waits for the changes that one agent tells, and weighs them."""

    def __init__(self, coordinator: CheckerCoordinator, lookout: Lookout, node: str, agent: LogAgentClient) -> None:
        """Start without a cursor: the first answer is where the agent stands."""
        self._coordinator = coordinator
        self._lookout = lookout
        self._node = node
        self._agent = agent
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
                self._coordinator.links.note(self._node, answers=True)
                await asyncio.sleep(_BREATH)
                continue
            self._certain = False
            if self._failures:
                # One failure is no more than a restart of the agent.
                self._coordinator.links.note(self._node, answers=False)
            await asyncio.sleep(_pause(self._failures))
            self._failures += 1

    async def _hear(self) -> None:
        """Take one answer; after trouble at once, and only from the node's own agent."""
        if not self._certain:
            await make_sure_of(self._agent, self._node)
        patient = self._certain and self._cursor is not None
        changes = await self._agent.changes(self._cursor, _WAIT if patient else 0.0)
        if changes.complete and self._certain:
            # It was started anew, or it is another one.
            await make_sure_of(self._agent, self._node)
        known, self._cursor = self._cursor, changes.cursor
        self._certain = True
        if known is None:
            self._begin(changes)
        elif changes:
            await self._weigh(changes)
        if self._failures:
            self._lookout.ask(_GROWING_LOG)

    def _note(self, error: ProxmoxError) -> None:
        """Leave it to the polls to name what is wrong, but let nothing more be judged by a wrong agent."""
        _LOGGER.debug("The log agent of %s does not tell its changes: %s", self._node, error)
        if isinstance(error, OtherNodeError | OutdatedAgentError) and not self._failures:
            reading = self._coordinator.reading
            if reading is None or self._node not in reading.agent_errors:
                self._lookout.ask(_JOB_STATE)

    def _begin(self, changes: Changes) -> None:
        """Ask for a look where the first reading did not see what the agent shows now."""
        self._take(changes)
        reading = self._coordinator.reading
        if reading is None:
            return
        seen = {
            (state.job_id, state.state, state.upid) for state in reading.facts.job_states if state.node == self._node
        }
        if seen != {(state.job_id, state.state, state.upid) for state in changes.jobs}:
            self._lookout.ask(_JOB_STATE)

    async def _weigh(self, changes: Changes) -> None:
        """Ask for a look, the sooner the more the changes say."""
        news = self._take(changes)
        ended = [state.upid for state in news if state.state == "stopped" and state.upid is not None]
        self._lookout.expect_ended(ended)
        if news or changes.removed_jobs:
            self._lookout.ask(_JOB_STATE)
        elif await self._any_finished(changes.logs):
            self._lookout.expect_end_on(self._node)
            self._lookout.ask(_FINISHED_LOG)
        else:
            self._lookout.ask(_GROWING_LOG)

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
