"""Keeps the assessment of one backup server: reads it, has the facts judged, keeps the history, publishes what is held."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import partial
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..checker.model.linked_servers import KnownServer
from ..checker.model.server_facts import ReadFailure, ReadTrouble, ServerFacts
from ..checker.model.server_records import ServerHistory
from ..checker.model.subject import Subject
from ..checker.model.verdict import Status
from ..checker.server.assessment import ServerAssessment, assess_server
from ..checker.server.contents import Contents, contents_of
from ..checker.server.description import Address, described
from ..checker.server.links import NO_LINKS, Links
from ..checker.server.memory import without_job
from ..const import CONF_FINGERPRINT, CONF_IDENTITY, DOMAIN
from ..coordinator import untold
from ..devices import identity_of
from ..history_store import ServerHistoryStore
from ..proxmox.api.connection import Asked, noting_requests
from ..proxmox.api.errors import AuthenticationError, CannotConnectError, ProxmoxError
from ..proxmox.api.tls import fetch_certificate
from ..proxmox.backup_server.client import BackupServerClient
from ..proxmox.backup_server.job_models import SyncJob
from ..sources.backup_server.server_reader import QUIET, ServerReader
from ..sources.read_schedule import DAILY, ReadSchedule
from ..texts.localizer import Localizer
from ..translated_errors import action_error, invalid, poll_error
from .options import server_options

_LOGGER = logging.getLogger(__name__)

_POLLS_KEPT: Final = 30
_MOST_LINES: Final = 20_000
_CERTIFICATE: Final = "certificate"

type ServerConfigEntry = ConfigEntry[ServerCoordinator]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerPoll:
    """One poll in short."""

    at: datetime
    milliseconds: int
    requests: int
    error: str | None


class ServerCoordinator(DataUpdateCoordinator[ServerAssessment]):
    """Keeps the assessment of one backup server up to date.

    While the server cannot be read, what was read last is judged as of now: that a server is silent is a verdict too.
    """

    config_entry: ServerConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ServerConfigEntry,
        client: BackupServerClient,
        localizer: Localizer,
        store: ServerHistoryStore,
        links: Callable[[ServerCoordinator], Links],
        has_audience: Callable[[], bool],
    ) -> None:
        """Poll a server; `localizer` puts verdicts into words, `store` keeps the history.

        `links` tells to which places on the server clusters back up. While `has_audience` says no, as before Home Assistant has
        started, messages are left to a later look.
        """
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=QUIET)
        self._client = client
        self._reader = ServerReader(client)
        self._store = store
        self._links_of = links
        self._has_audience = has_audience
        self.links = NO_LINKS
        self.known: KnownServer | None = None
        self.contents: Contents = {}
        self._history = ServerHistory()
        self._options = server_options(entry.options)
        self._facts: ServerFacts | None = None
        self._looking = asyncio.Lock()
        self._strange: str | None = None
        self._seen_certificate: str | None = None
        self._certificate_schedule = ReadSchedule()
        self.certificate_expires: datetime | None = None
        self._stopped = False
        self._polls: deque[ServerPoll] = deque(maxlen=_POLLS_KEPT)
        self.localizer = localizer
        self.last_error: ProxmoxError | None = None

    @property
    def identity(self) -> str:
        """The first part of every unique id: what the server was known by when its entry was made."""
        return identity_of(self.config_entry)

    @property
    def assessment(self) -> ServerAssessment:
        """What is held of the server; to be asked for only after the first look."""
        return self.data

    @property
    def heard_at(self) -> datetime | None:
        """When the last look was, None where it has not read all that can be read: a server outside its hours has nothing to read."""
        if self.last_error is not None:
            return self._polls[-1].at if self.data.verdict.status is Status.ASLEEP else None
        return self._facts.now if self._facts is not None and self._facts.is_complete else None

    @property
    def certificate(self) -> str | None:
        """The fingerprint of the certificate that the server has to show, or was seen to show where the system judges it."""
        pinned: str | None = self.config_entry.data[CONF_FINGERPRINT]
        return pinned or self._seen_certificate

    @property
    def _address(self) -> Address:
        """How clusters know the server."""
        entry = self.config_entry
        host, port = entry.data[CONF_HOST], entry.data[CONF_PORT]
        return Address(server=entry.entry_id, name=entry.title, host=host, port=port, fingerprint=self.certificate)

    @property
    def known_stores(self) -> frozenset[str]:
        """The names of the datastores that were seen last."""
        return frozenset(self._facts.datastores) if self._facts is not None else frozenset()

    @property
    def sync_jobs(self) -> tuple[SyncJob, ...]:
        """The sync jobs that were seen last."""
        return self._facts.sync_jobs if self._facts is not None else ()

    def is_at(self, host: str, port: int, fingerprint: str | None) -> bool:
        """Tell whether an address is that of this server: by the certificate that is pinned for it, else by itself."""
        if fingerprint is not None and fingerprint == self.certificate:
            return True
        data = self.config_entry.data
        return (data[CONF_HOST], data[CONF_PORT]) == (host, port)

    def knows(self, remote: str | None, other: ServerCoordinator) -> bool:
        """Tell whether a remote of this server is another one that is watched."""
        remotes = self._facts.remotes if self._facts is not None else ()
        return any(one.name == remote and other.is_at(one.host, one.port, one.fingerprint) for one in remotes)

    @property
    def polls(self) -> tuple[ServerPoll, ...]:
        """The last polls, the newest first."""
        return tuple(reversed(self._polls))

    async def async_check_now(self) -> None:
        """Read everything again, whatever was read lately, and wait for the new assessment.

        Raises HomeAssistantError where the server cannot be read.
        """
        self._client.login.forgive()
        self._reader.read_all_again()
        await self.async_refresh()
        if self.last_error is not None:
            raise action_error(self.last_error)

    async def async_judge_anew(self) -> None:
        """Judge anew what was read last, as when a cluster that writes here has been loaded."""
        async with self._looking:
            if self._stopped or self.data is None:
                return
            self.data = await self._judge(dt_util.utcnow(), self.last_error)
        self.async_update_listeners()

    async def async_task_log(self, upid: str) -> str:
        """Return the log of a task, read from the server now, from its beginning on.

        Raises ServiceValidationError where there is no such log, HomeAssistantError where it cannot be read.
        """
        if upid not in self.assessment.history.runs and not any(
            record.failed is not None and record.failed.upid == upid
            for record in self.assessment.history.groups.values()
        ):
            raise invalid("not_a_run", upid=upid[:200])
        lines: list[str] = []
        try:
            async for page in self._client.task_log_pages(upid):
                lines += page
                if len(lines) >= _MOST_LINES:
                    break
        except ProxmoxError as error:
            raise action_error(error) from error
        if not lines:
            raise invalid("log_gone", node=self.config_entry.title)
        return "\n".join(lines)

    async def async_take_up(self, change: Callable[[ServerHistory], ServerHistory]) -> None:
        """Go on with a changed history at once, as after a person's word; a look under way is waited for.

        Raises ServiceValidationError where the entry is being unloaded: its history is written already.
        """
        async with self._looking:
            if self._stopped:
                raise invalid("entry_not_loaded", name=self.config_entry.title)
            self._history = history = change(self._history)
            self.data = replace(self.assessment, history=history, events=(), messages=())
            self._store.save_later(history, soon=True)
        self.async_update_listeners()

    async def async_let_go(self, subject: Subject) -> None:
        """Wait no longer for a job that the token may not see."""
        await self.async_take_up(partial(without_job, subject=subject))
        async with self._looking:
            if self._facts is not None:
                self._facts = self._facts.without_hidden_job(subject.id)
                self._reader.keep_jobs_of(self._facts)
        await self.async_judge_anew()

    async def async_tell(self) -> None:
        """Judge anew what was read last, and tell what was left untold while nobody listened."""
        await self.async_judge_anew()

    async def async_stop(self) -> None:
        """Look no more, and write the history before the entry is unloaded."""
        await self.async_shutdown()
        async with self._looking:
            self._stopped = True
            await self._store.async_save()

    @override
    async def _async_setup(self) -> None:
        """Take up the history where it was left."""
        self._history = await self._store.async_load()
        history = self._history
        self._reader = ServerReader(self._client, history.tasks, history.unread_logs, history.datastores)

    @override
    async def _async_update_data(self) -> ServerAssessment:
        """Look once; one look ends before the next begins, since each carries the history on."""
        async with self._looking:
            return self.data if self._stopped else await self._look()

    async def _look(self) -> ServerAssessment:
        now, asked, error = dt_util.utcnow(), Asked(), None
        try:
            with noting_requests() as asked:
                self._facts = await self._reader.read(now)
        except ProxmoxError as met:
            error = met
        self._note(now, asked, error)
        if error is None and self.data is not None and self.data.facts is None:
            # So far there was no more to show than that it is off.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        self.last_error = error
        self.update_interval = self._reader.again_in if error is None else QUIET
        if error is None:
            await self._take_better_identity()
            await self._see_certificate(now)
        elif self._facts is None and not self._is_known_to_be_off(error):
            raise poll_error(error) from error
        elif isinstance(error, AuthenticationError):
            self.config_entry.async_start_reauth(self.hass)
        return await self._judge(now, error)

    def _is_known_to_be_off(self, error: ProxmoxError) -> bool:
        """Tell whether a server that was read before does not answer: at a start too that is a verdict, and nothing to wait for."""
        return self._history.evaluated is not None and ReadTrouble.of(error).failure is ReadFailure.UNREACHABLE

    async def _judge(self, now: datetime, error: ProxmoxError | None) -> ServerAssessment:
        """Have what was read judged in another thread: nothing that takes part is ever changed."""
        trouble = ReadTrouble.of(error) if error is not None else None
        self.links = self._links_of(self)
        judge = partial(assess_server, self._facts, options=self._options, now=now, trouble=trouble, links=self.links)
        assessment = await self._assess(judge)
        if not self._has_audience():
            assessment = untold(assessment, self._history)
        self._history = assessment.history
        if self._facts is not None:
            self.known = described(self._address, self._facts, self._history, self._options, now)
            self.contents = contents_of(self._facts, self._options, self.contents)
        self._store.save_later(assessment.history, soon=bool(assessment.messages or assessment.events))
        return assessment

    async def _assess(self, judge: Callable[..., ServerAssessment]) -> ServerAssessment:
        """Have facts judged; where the history makes that fail, without it."""
        run = self.hass.async_add_executor_job
        try:
            return await run(partial(judge, history=self._history))
        except Exception:
            assessment = await run(partial(judge, history=ServerHistory()))
            _LOGGER.exception("The history of %s cannot be judged; a new one begins", self.name)
        await self._store.async_set_aside(_records_in(self._history))
        return assessment

    def _note(self, now: datetime, asked: Asked, error: ProxmoxError | None) -> None:
        poll = ServerPoll(
            at=now,
            milliseconds=asked.milliseconds,
            requests=len(asked.requests),
            error=str(error) if error is not None else None,
        )
        self._polls.append(poll)
        _LOGGER.debug(
            "%s: Asked %d times in %d ms%s; next look in %s",
            *(
                self.name,
                poll.requests,
                poll.milliseconds,
                f", {poll.error}" if poll.error else "",
                self.update_interval,
            ),
        )

    async def _take_better_identity(self) -> None:
        """Know the server by a name that lasts longer, once it tells one; entities keep the one that they began with."""
        assert self._facts is not None
        entry, instance_id = self.config_entry, self._facts.instance_id
        if instance_id is None or instance_id in {entry.unique_id, self._strange}:
            return
        if any(other.unique_id == instance_id for other in self.hass.config_entries.async_entries(DOMAIN)):
            # A cloned machine has the id of the one that it was made of.
            return
        if ":" not in (entry.unique_id or ":") and entry.unique_id != await self._server_id():
            # This is another server at the same address.
            self._strange = instance_id
            return
        self.hass.config_entries.async_update_entry(
            entry, unique_id=instance_id, data={**entry.data, CONF_IDENTITY: self.identity}
        )

    async def _see_certificate(self, now: datetime) -> None:
        """Look once a day which certificate is shown, by which clusters know the server, and until when it is valid."""
        data = self.config_entry.data
        if not self._certificate_schedule.is_due(_CERTIFICATE, now, DAILY):
            return
        try:
            shown = await fetch_certificate(data[CONF_HOST], data[CONF_PORT])
        except CannotConnectError:
            self._certificate_schedule.note(_CERTIFICATE, now, good=False)
        else:
            self._seen_certificate, self.certificate_expires = shown.fingerprint, shown.expires
            self._certificate_schedule.note(_CERTIFICATE, now)

    async def _server_id(self) -> str | None:
        try:
            return await self._client.server_id()
        except ProxmoxError:
            return None


def _records_in(history: ServerHistory) -> int:
    """Return how many records a history holds."""
    parts = (getattr(history, part.name) for part in fields(history))
    return sum(len(part) for part in parts if isinstance(part, Mapping))
