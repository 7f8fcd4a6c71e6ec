"""The meeting point: polls Proxmox, has the facts judged, keeps the history, publishes the picture."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from time import monotonic
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .checker.assessment import Picture, judge
from .checker.history.limits import bounded, is_time_to_bound
from .checker.model.facts import Facts
from .checker.model.policy import Policy
from .checker.model.records import History
from .history_store import HistoryStore
from .policy_options import policy_of
from .proxmox.api.cluster_models import Version
from .proxmox.api.connection import Asked, noting_requests
from .proxmox.api.errors import AuthenticationError, CertificateError, ProxmoxError
from .proxmox.api.upid import Upid
from .sources.log_agents.reachability import AgentLinks
from .sources.poll_log import PollStory
from .sources.pve.cluster_reader import FactsReader, Reading
from .sources.read_schedule import BUSY, QUIET, WITH_AGENTS
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
type CheckerConfigEntry = ConfigEntry[CheckerCoordinator]


class CheckerCoordinator(DataUpdateCoordinator[Picture]):
    """Keeps the picture of one cluster up to date."""

    config_entry: CheckerConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CheckerConfigEntry,
        reader: FactsReader,
        localizer: Localizer,
        store: HistoryStore,
    ) -> None:
        """Poll through a reader; `localizer` puts verdicts into words, `store` keeps the history."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=QUIET)
        self._reader = reader
        self._store = store
        self._history = History()
        self._bounded: datetime | None = None
        self._facts: Facts | None = None
        self._failed_polls = 0
        self._polling = asyncio.Lock()
        self._judging = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._policy = policy_of(entry.options)
        self.localizer = localizer
        self.links = AgentLinks()
        self.story = PollStory(entry.title, localizer)
        self.reading: Reading | None = None
        self.last_error: ProxmoxError | None = None

    @property
    def identity(self) -> str:
        """The cluster's identity, the first part of every unique id."""
        return self.config_entry.unique_id or self.config_entry.entry_id

    @property
    def policy(self) -> Policy:
        """What the user has decided."""
        return self._policy

    @property
    def agent_nodes(self) -> frozenset[str]:
        """The nodes with a log agent."""
        return self._reader.agent_nodes

    async def async_version(self) -> Version:
        """Return the version of Proxmox; raises any ProxmoxError."""
        return await self._reader.version()

    async def async_check_now(self) -> None:
        """Read everything again, whatever was read lately, and wait for the new picture.

        Raises HomeAssistantError where the cluster cannot be read.
        """
        self._reader.read_all_again()
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
            text = await self._reader.task_log(run, self._history.runs.get(upid))
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
        self._reader.know(self._history.nodes.values())

    async def async_take_up(self, change: Callable[[History], History]) -> None:
        """Go on with a changed history at once, as after a person's word; a judgement under way is waited for."""
        async with self._judging:
            await self._told()
            self._history = history = change(self._history)
            # What the picture had to tell was told when it was made.
            self.data = replace(self.data, history=history, events=(), messages=())
            self._store.save_later(history)
        self.async_update_listeners()

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
        """Return once all listeners have seen the picture, whose news are gone with the next."""
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
    async def _async_update_data(self) -> Picture:
        """Look once, and tell the story of it; one look ends before the next begins, since each carries the history on."""
        async with self._polling:
            return await self._told_look()

    async def _told_look(self) -> Picture:
        at, asked = dt_util.utcnow(), Asked()
        try:
            with noting_requests() as asked:
                picture = await self._look()
        except (ConfigEntryAuthFailed, UpdateFailed) as error:
            self.story.tell_failure(asked, at=at, error=self.last_error or error, following=self.update_interval)
            raise
        self.story.tell(asked, picture, self.reading, at=at, error=self.last_error, following=self.update_interval)
        return picture

    async def _look(self) -> Picture:
        """Read and judge; for some polls what was read last stands in for what cannot be read now."""
        now = dt_util.utcnow()
        try:
            self.reading = await self._reader.read(now, self._history.runs.keys())
        except ProxmoxError as error:
            self.last_error = error
            self._failed_polls += 1
            self.update_interval = _RETRY
            if self._facts is None or not self._stands_in(error, now):
                raise poll_error(error) from error
            return await self._judge(replace(self._facts, now=now))
        self.last_error = None
        self._failed_polls = 0
        self._facts = replace(self.reading.facts, policy=self._policy)
        picture = await self._judge(self._facts)
        self.update_interval = self._interval(picture, now)
        return picture

    def _stands_in(self, error: ProxmoxError, now: datetime) -> bool:
        """Tell whether the last facts may stand in: for a few polls, and once nothing was seen for too long.

        Then they lead to no good verdict any more, and that is what has to be shown.
        """
        if isinstance(error, AuthenticationError):
            self.config_entry.async_start_reauth(self.hass)
            return True
        if (
            self._facts is not None
            and self._facts.read_at is not None
            and now - self._facts.read_at >= self._policy.blind_limit
        ):
            return True
        return self._failed_polls <= _POLLS_FORGIVEN and not isinstance(error, CertificateError)

    async def _judge(self, facts: Facts) -> Picture:
        """Have the facts judged in another thread: nothing that takes part is ever changed."""
        async with self._judging:
            await self._told()
            if self._stopped:
                return self.data
            picture = await self.hass.async_add_executor_job(judge, facts, self._history, self.data)
            history = picture.history
            if is_time_to_bound(self._bounded, facts.now):
                history = await self.hass.async_add_executor_job(bounded, history, facts.now)
                self._bounded = facts.now
            self._history = history
            self._store.save_later(history)
        return picture

    def _interval(self, picture: Picture, now: datetime) -> timedelta:
        """Return when to look again: soon while something runs or is due, else as rarely as the case allows."""
        agents = picture.nodes.keys() <= self._reader.agent_nodes
        interval = WITH_AGENTS if agents else QUIET
        if picture.running:
            return BUSY
        for view in picture.jobs.values():
            due = view.verdict.next_due
            if due is not None and view.job.enabled and now <= due <= now + interval:
                interval = min(interval, max(due + _AFTER_SLOT - now, BUSY))
        return interval
