"""The meeting point: polls Proxmox, has the facts judged, keeps the history, publishes a snapshot of both."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
import logging
from time import monotonic
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .checker.assessment import Assessment, judge
from .checker.history.limits import bounded, is_time_to_bound
from .checker.history.salvage import salvaged
from .checker.model.facts import NO_SERVERS, Facts, LinkedServers, StorageFacts
from .checker.model.records import History, StorageRecord
from .checker.model.server_records import ServerHistory
from .checker.server.assessment import ServerAssessment
from .checker.survival.what_if import Survivals
from .history_store import HistoryStore
from .policy_options import policy_of
from .proxmox.api.cluster_models import Version
from .proxmox.api.connection import Asked, noting_requests
from .proxmox.api.errors import AuthenticationError, CertificateError, ProxmoxError
from .proxmox.api.upid import Upid
from .sources.arrivals import Arrivals
from .sources.log_agents.reachability import AgentReachability
from .sources.poll_log import PollLog
from .sources.read_schedule import BUSY, QUIET, WITH_AGENTS
from .sources.source import Reading, Source
from .texts.localizer import Localizer
from .translated_errors import action_error, invalid, poll_error

_LOGGER = logging.getLogger(__name__)

_POLLS_FORGIVEN: Final = 3
# Seconds for which Home Assistant does nothing else.
_LONGEST_SLICE: Final = 0.01
_RETRY: Final = timedelta(minutes=5)
# The scheduler starts a run within a minute of its slot.
_AFTER_SLOT: Final = timedelta(seconds=75)
# Ten times the log of a night of a hundred guests, in characters.
_LARGEST_LOG: Final = 16 * 1024 * 1024

type _Waiting = deque[tuple[int, tuple[CALLBACK_TYPE, object | None]]]
type TellOfServers = Callable[[Iterable[StorageFacts], Mapping[str, StorageRecord], LinkedServers], LinkedServers]
type CheckerConfigEntry = ConfigEntry[CheckerCoordinator]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What was read of a cluster, with the user's policy, and what is held of it: published together, so that they agree.

    While the cluster cannot be read, the reading is the last one, and the assessment is of now. `survivals` tell what would be
    left of it if something died.
    """

    reading: Reading
    assessment: Assessment
    survivals: Survivals


class CheckerCoordinator(DataUpdateCoordinator[Snapshot]):
    """Keeps the snapshot of one cluster up to date."""

    config_entry: CheckerConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CheckerConfigEntry,
        source: Source,
        localizer: Localizer,
        store: HistoryStore,
        has_audience: Callable[[], bool],
        servers: TellOfServers,
    ) -> None:
        """Poll a source; `localizer` puts verdicts into words, `store` keeps the history.

        While `has_audience` says no, as before Home Assistant has started, messages are left to a later look. `servers` tells
        what is known of the backup servers that are watched as well.
        """
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=QUIET)
        self._source = source
        self._store = store
        self._history = History()
        self._bounded: datetime | None = None
        self._failed_polls = 0
        self._polling = asyncio.Lock()
        self._judging = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._has_audience = has_audience
        self._tell_of_servers = servers
        self._servers = NO_SERVERS
        self._policy = policy_of(entry.options)
        self.localizer = localizer
        self.agent_reachability = AgentReachability()
        self.arrivals = Arrivals()
        self.poll_log = PollLog(entry.title, localizer)
        self.last_error: ProxmoxError | None = None

    @property
    def identity(self) -> str:
        """The cluster's identity, the first part of every unique id."""
        return self.config_entry.unique_id or self.config_entry.entry_id

    @property
    def assessment(self) -> Assessment:
        """What is held of the cluster; to be asked for only after the first look."""
        return self.data.assessment

    @property
    def survivals(self) -> Survivals:
        """What would be left if something died; to be asked for only after the first look."""
        return self.data.survivals

    @property
    def reading(self) -> Reading | None:
        """What was read last, None before the first look."""
        return self.data.reading if self.data else None

    @property
    def heard_at(self) -> datetime | None:
        """When the last look was, None where it has not read all that can be read."""
        reading = self.reading
        if self.last_error is not None or reading is None or not reading.is_complete:
            return None
        return reading.facts.read_at

    @property
    def agent_nodes(self) -> frozenset[str]:
        """The nodes with a log agent."""
        return self._source.agent_nodes

    async def async_version(self) -> Version:
        """Return the version of Proxmox; raises any ProxmoxError."""
        return await self._source.version()

    async def async_check_now(self) -> None:
        """Read everything again, whatever was read lately, and wait for the new assessment.

        Raises HomeAssistantError where the cluster cannot be read.
        """
        self._source.read_all_again()
        await self.async_refresh()
        if self.last_error is not None:
            raise action_error(self.last_error)

    async def async_task_log(self, upid: str) -> str:
        """Return the log of a backup run, read from Proxmox now.

        Raises ServiceValidationError where there is no such log, HomeAssistantError where it cannot be read.
        """
        try:
            run = Upid.parse(upid)
        except ValueError as error:
            raise invalid("not_a_run", upid=upid[:200]) from error
        if run.task_type != "vzdump":
            raise invalid("not_a_run", upid=upid)
        try:
            text = await self._source.task_log(run, self._history.runs.get(upid))
        except ProxmoxError as error:
            raise action_error(error) from error
        if text is None:
            raise invalid("log_gone", node=run.node)
        if len(text) > _LARGEST_LOG:
            raise invalid("log_too_large", megabytes=str(len(text) >> 20))
        return text

    @override
    async def _async_setup(self) -> None:
        """Take up the history where it was left."""
        self._history = await self._store.async_load()
        self._source.restore_nodes(self._history.nodes.values())
        self._source.restore_storages(self._history.storages)
        self._source.restore_guests(self._history.guests.values())

    async def async_take_up(self, change: Callable[[History], History]) -> None:
        """Go on with a changed history at once, as after a person's word; a judgement under way is waited for.

        Raises ServiceValidationError where the entry is being unloaded: its history is written already.
        """
        async with self._judging:
            await self._told()
            if self._stopped:
                raise invalid("cluster_not_loaded")
            self._history = history = change(self._history)
            # What the assessment had to tell was told when it was made.
            assessment = replace(self.assessment, history=history, events=(), messages=())
            self.data = replace(self.data, assessment=assessment)
            self._store.save_later(history, soon=True)
        self.async_update_listeners()

    async def async_tell(self) -> None:
        """Judge anew what was read last, and tell what was left untold while nobody listened."""
        async with self._polling:
            if self.last_update_success:
                reading = self.data.reading
                self.data = await self._judge(replace(reading, facts=replace(reading.facts, now=dt_util.utcnow())))
        self.async_update_listeners()

    async def async_judge_anew(self) -> None:
        """Judge anew what was read last, as when a backup server has news; nothing is older or younger by that."""
        async with self._polling:
            if self.data is None or not self.last_update_success:
                return
            self.data = await self._judge(self.data.reading)
        self.async_update_listeners()

    @callback
    def has_news_of_servers(self) -> bool:
        """Tell whether the backup servers tell something else than at the last judgement."""
        if self.data is None:
            return False
        return not self._told_of_servers(self.data.reading).is_like(self._servers)

    def _told_of_servers(self, reading: Reading) -> LinkedServers:
        return self._tell_of_servers(reading.facts.storages, self._history.storages, self._servers)

    @override
    @callback
    def async_update_listeners(self) -> None:
        """Tell all listeners, and let others have their turn after every few milliseconds."""
        waiting = deque(self._listeners.items())
        self._update_some(waiting)
        if waiting:
            others = self._update_others(waiting)
            telling = self.config_entry.async_create_task(self.hass, others, eager_start=False)
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def _told(self) -> None:
        """Return once all listeners have seen the assessment, whose news are gone with the next."""
        if self._telling:
            await asyncio.wait(self._telling)

    async def _update_others(self, waiting: _Waiting) -> None:
        while waiting:
            self._update_some(waiting)
            await asyncio.sleep(0)

    @callback
    def _update_some(self, waiting: _Waiting) -> None:
        until = monotonic() + _LONGEST_SLICE
        while waiting and monotonic() < until:
            listener, (update, _) = waiting.popleft()
            if listener not in self._listeners:
                continue
            try:
                update()
            except Exception:
                _LOGGER.exception("Unexpected error while %s tells its news", self.name)

    async def async_stop(self) -> None:
        """Look no more, and write the history before the entry is unloaded; what is found from now on, the next start tells."""
        await self.async_shutdown()
        async with self._judging:
            await self._told()
            self._stopped = True
            await self._store.async_save()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Look once, and tell the story of it; one look ends before the next begins, since each carries the history on."""
        async with self._polling:
            return await self._told_look()

    async def _told_look(self) -> Snapshot:
        at, asked = dt_util.utcnow(), Asked()
        try:
            with noting_requests() as asked:
                snapshot = await self._look()
        except (ConfigEntryAuthFailed, UpdateFailed) as error:
            self.poll_log.tell_failure(asked, at=at, error=self.last_error or error, following=self.update_interval)
            raise
        assessment, reading = snapshot.assessment, snapshot.reading
        self.poll_log.tell(asked, assessment, reading, at=at, error=self.last_error, following=self.update_interval)
        return snapshot

    async def _look(self) -> Snapshot:
        """Read and judge; for some polls what was read last stands in for what cannot be read now."""
        now = dt_util.utcnow()
        try:
            if self.data is not None:
                self._servers = self._told_of_servers(self.data.reading)
            history = self._history
            reading = await self._source.read(now, history.runs, self._servers, history.restores.keys())
        except ProxmoxError as error:
            return await self._look_without_reading(error, now)
        self._failed_polls = 0
        facts = replace(reading.facts, policy=self._policy, told=self.arrivals.told)
        snapshot = await self._judge(replace(reading, facts=facts))
        # From here on nothing is waited for, so that all of it is published together.
        self.last_error = None
        self.update_interval = self._interval(snapshot, now)
        return snapshot

    async def _look_without_reading(self, error: ProxmoxError, now: datetime) -> Snapshot:
        self._failed_polls += 1
        self.update_interval = _RETRY
        if not self._stands_in(error, now):
            self.last_error = error
            raise poll_error(error) from error
        before = self.data.reading
        snapshot = await self._judge(replace(before, facts=replace(before.facts, now=now)))
        self.last_error = error
        return snapshot

    def _stands_in(self, error: ProxmoxError, now: datetime) -> bool:
        """Tell whether the last facts may stand in: for a few polls, and once nothing was seen for too long.

        Then they lead to no good verdict any more, and that is what has to be shown.
        """
        if self.data is None:
            return False
        if isinstance(error, AuthenticationError):
            self.config_entry.async_start_reauth(self.hass)
            return True
        read_at = self.data.reading.facts.read_at
        if read_at is not None and now - read_at >= self._policy.blind_limit:
            return True
        return self._failed_polls <= _POLLS_FORGIVEN and not isinstance(error, CertificateError)

    async def _judge(self, reading: Reading) -> Snapshot:
        """Have what was read judged in another thread: nothing that takes part is ever changed."""
        async with self._judging:
            await self._told()
            if self._stopped:
                return self.data
            self._servers = self._told_of_servers(reading)
            assessment = await self._assess(replace(reading.facts, servers=self._servers))
            survivals = await self.hass.async_add_executor_job(Survivals.of, assessment)
            if not self._has_audience():
                assessment = untold(assessment, self._history)
            history = assessment.history
            if is_time_to_bound(self._bounded, reading.facts.now):
                history = await self.hass.async_add_executor_job(bounded, history, reading.facts.now)
                self._bounded = reading.facts.now
            self._history = history
            self._store.save_later(history, soon=bool(assessment.messages or assessment.events))
        return Snapshot(reading=reading, assessment=assessment, survivals=survivals)

    async def _assess(self, facts: Facts) -> Assessment:
        """Have facts judged; where the history makes that fail, without what is damaged in it."""
        run = self.hass.async_add_executor_job
        try:
            return await run(judge, facts, self._history, self.data.assessment if self.data else None)
        except Exception:
            history, lost = await run(salvaged, self._history, partial(judge, facts))
            if not lost:
                raise
            _LOGGER.exception("The history of %s cannot be judged; %d records are left out", self.name, lost)
        await self._store.async_set_aside(lost)
        self._history = history
        return await run(judge, facts, history)

    def _answering_agents(self, reading: Reading) -> set[str]:
        """Return the nodes whose log agents would tell what happens, since they answer."""
        silent = reading.agent_errors.keys()
        return {node for node in self.agent_nodes - silent if self.agent_reachability.answers(node)}

    def _interval(self, snapshot: Snapshot, now: datetime) -> timedelta:
        """Return when to look again: soon while something runs or is due, else as rarely as the case allows."""
        assessment = snapshot.assessment
        interval = WITH_AGENTS if assessment.nodes.keys() <= self._answering_agents(snapshot.reading) else QUIET
        if assessment.running:
            return BUSY
        for view in assessment.jobs.values():
            due = view.verdict.next_due
            if due is not None and view.job.enabled and now <= due <= now + interval:
                interval = min(interval, max(due + _AFTER_SLOT - now, BUSY))
        return interval


def untold[Held: (Assessment, ServerAssessment)](assessment: Held, before: History | ServerHistory) -> Held:
    """Return an assessment of which nobody was told: alerts are as they were `before`, so that a later one tells of them.

    Acknowledgements stay too, since one that has run out is a message; and a first look stays the first.
    """
    history = replace(
        assessment.history,
        evaluated=before.evaluated and assessment.history.evaluated,
        alerts=before.alerts,
        acknowledgements=before.acknowledgements,
    )
    return replace(assessment, history=history, messages=())
