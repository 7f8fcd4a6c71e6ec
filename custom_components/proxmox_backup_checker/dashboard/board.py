"""What the dashboard shows of one cluster or backup server: worked out in another thread after each poll, once for all cards."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import watcher_of
from ..checker.model.subject import Subject
from ..checker.server.assessment import ServerAssessment
from ..checker.views.server_wall import ServerWall
from ..checker.views.wall.days import Days
from ..checker.views.wall.nights import Wall
from ..const import DOMAIN
from ..coordinator import CheckerCoordinator, Snapshot
from ..devices import PROBLEM, device_key
from ..texts.localizer import Localizer
from .rows import Group, Ids, RankedRow, RowMaker
from .server_rows import ServerRowMaker

# New entities are registered right after the snapshot in which they appear.
_ENTITIES_SETTLE: Final = 0.5
_BOARDS: HassKey[dict[str, AnyBoard]] = HassKey(f"{DOMAIN}_boards")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The rows of one group for some days, by id, in their order, and what they were made of."""

    rows: Mapping[str, RankedRow]
    days: Days
    snapshot: Published
    ids: Mapping[Subject, Ids]


type Kind = tuple[Group, int, str]
"""Which rows: of guests, jobs or groups, of how many days up to today, in which language."""

type Published = Snapshot | ServerAssessment
type Maker = RowMaker | ServerRowMaker

type Follower = Callable[[Shown], None]


class Board[Made: Maker](ABC):
    """Keeps up to date what the open cards show of one cluster or server, and works out what they ask for besides."""

    coordinator: CheckerCoordinator | ServerCoordinator

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Show what the coordinator of this entry publishes."""
        self._hass = hass
        self._entry = entry
        self._lock = asyncio.Lock()
        self._followers: dict[Kind, list[Follower]] = {}
        self._shown: dict[Kind, Shown] = {}
        self._listening: list[CALLBACK_TYPE] = []
        self._settling: CALLBACK_TYPE | None = None
        self._outdated = False
        self._refreshing: asyncio.Task[None] | None = None

    @callback
    def follow(self, kind: Kind, follower: Follower) -> CALLBACK_TYPE:
        """Hand over the rows of this kind after each poll, until the returned function is called."""
        followers = self._followers.setdefault(kind, [])
        followers.append(follower)
        if not self._listening:
            self._listening = [
                self.coordinator.async_add_listener(self.refresh),
                self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._entities_changed),
            ]

        @callback
        def end() -> None:
            followers.remove(follower)
            if not followers:
                self._followers.pop(kind, None)
                self._shown.pop(kind, None)
            if not self._followers:
                self._rest()

        return end

    @callback
    def _rest(self) -> None:
        for end in (*self._listening, *([self._settling] if self._settling else [])):
            end()
        self._listening, self._settling = [], None

    @callback
    def refresh(self) -> None:
        """Work out anew what is followed; polls that come meanwhile are one more reason only."""
        self._outdated = True
        if self._refreshing is None:
            self._refreshing = self._entry.async_create_task(self._hass, self._async_refresh(), eager_start=False)

    async def _async_refresh(self) -> None:
        try:
            while self._outdated:
                self._outdated = False
                for kind in list(self._followers):
                    shown = await self.async_shown(kind)
                    for follower in list(self._followers.get(kind, ())):
                        follower(shown)
        finally:
            self._refreshing = None

    @callback
    def _entities_changed(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["entity_id"].startswith("binary_sensor.") and self._settling is None:
            self._settling = async_call_later(self._hass, _ENTITIES_SETTLE, self._entities_settled)

    @callback
    def _entities_settled(self, _: datetime) -> None:
        self._settling = None
        self.refresh()

    async def async_shown(self, kind: Kind) -> Shown:
        """Return the rows of this kind as they are now."""
        group, count, language = kind
        async with self._lock:
            snapshot, ids = self.coordinator.data, self._ids()
            days = _days(count)
            before = self._shown.get(kind)
            if before is not None and (before.snapshot is snapshot and before.days == days and before.ids == ids):
                return before
            known = before.rows if before is not None and before.days == days else {}
            maker = await self._async_maker(snapshot, days, ids, language)
            rows = await self._hass.async_add_executor_job(maker.rows, group, known)
            shown = Shown(rows=rows, days=days, snapshot=snapshot, ids=ids)
            if kind in self._followers:
                self._shown[kind] = shown
            return shown

    async def async_ask[Answer](self, count: int, language: str, question: Callable[[Made], Answer]) -> Answer:
        """Return the answer to a question about the present wall of so many days, found in another thread."""
        async with self._lock:
            maker = await self._async_maker(self.coordinator.data, _days(count), self._ids(), language)
            return await self._hass.async_add_executor_job(question, maker)

    async def _async_maker(self, snapshot: Published, days: Days, ids: Mapping[Subject, Ids], language: str) -> Made:
        """Return what makes rows in a language."""
        return self._maker(snapshot, days, ids, await Localizer.load(self._hass, language))

    @abstractmethod
    def _maker(self, snapshot: Published, days: Days, ids: Mapping[Subject, Ids], localizer: Localizer) -> Made:
        """Return what makes the rows of a snapshot."""

    @abstractmethod
    def _subjects(self) -> Iterable[Subject]:
        """Return what there may be rows of."""

    def _ids(self) -> dict[Subject, Ids]:
        identity, entities, devices = self.coordinator.identity, er.async_get(self._hass), dr.async_get(self._hass)
        found: dict[Subject, Ids] = {}
        for subject in self._subjects():
            key = device_key(identity, subject)
            device = devices.async_get_device_by_identifier((DOMAIN, key), self._entry.entry_id)
            entity_id = entities.async_get_entity_id("binary_sensor", DOMAIN, f"{key}{PROBLEM}")
            found[subject] = Ids(entity_id, device.id if device else None)
        return found


class ClusterBoard(Board[RowMaker]):
    """What is shown of a cluster: its guests and jobs."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], coordinator: CheckerCoordinator) -> None:
        """Show what this coordinator publishes."""
        super().__init__(hass, entry)
        self.coordinator: CheckerCoordinator = coordinator
        self._walls: dict[int, tuple[Snapshot, Wall]] = {}

    @override
    def _maker(self, snapshot: Published, days: Days, ids: Mapping[Subject, Ids], localizer: Localizer) -> RowMaker:
        """Return what makes rows, with the wall that all questions about a snapshot share."""
        assert isinstance(snapshot, Snapshot)
        kept = self._walls.get(len(days))
        if kept is None or kept[0] is not snapshot or kept[1].days != days:
            policy = snapshot.reading.facts.policy
            wall = Wall(assessment=snapshot.assessment, policy=policy, now=dt_util.utcnow(), days=days)
            self._walls = {count: known for count, known in self._walls.items() if known[0] is snapshot}
            self._walls[len(days)] = kept = (snapshot, wall)
        return RowMaker(entry_id=self._entry.entry_id, wall=kept[1], localizer=localizer, ids=ids)

    @override
    def _subjects(self) -> Iterable[Subject]:
        assessment = self.coordinator.assessment
        hidden = (subject for subject in assessment.out_of_sight if subject.kind == "guest")
        return [*map(Subject.guest, assessment.guests), *hidden, *map(Subject.job, assessment.jobs)]


class ServerBoard(Board[ServerRowMaker]):
    """What is shown of a backup server: its jobs and groups."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], coordinator: ServerCoordinator) -> None:
        """Show what this coordinator publishes."""
        super().__init__(hass, entry)
        self.coordinator: ServerCoordinator = coordinator

    @override
    def _maker(
        self, snapshot: Published, days: Days, ids: Mapping[Subject, Ids], localizer: Localizer
    ) -> ServerRowMaker:
        assert isinstance(snapshot, ServerAssessment)
        wall = ServerWall(assessment=snapshot, days=days, now=dt_util.utcnow())
        return ServerRowMaker(entry_id=self._entry.entry_id, wall=wall, localizer=localizer, ids=ids)

    @override
    def _subjects(self) -> Iterable[Subject]:
        assessment = self.coordinator.assessment
        jobs, groups = assessment.jobs.values(), assessment.groups.values()
        return [*(view.subject for view in jobs), *(view.subject for view in groups)]


type AnyBoard = ClusterBoard | ServerBoard


def _days(count: int) -> Days:
    return Days.ending(dt_util.utcnow(), dt_util.get_default_time_zone(), count)


@callback
def board_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> AnyBoard | None:
    """Return the board of a cluster or server, None where the entry is not loaded."""
    if (coordinator := watcher_of(entry)) is None:
        return None
    boards = hass.data.setdefault(_BOARDS, {})
    board = boards.get(entry.entry_id)
    if board is None or board.coordinator is not coordinator:
        board = boards[entry.entry_id] = (
            ServerBoard(hass, entry, coordinator)
            if isinstance(coordinator, ServerCoordinator)
            else ClusterBoard(hass, entry, coordinator)
        )

        @callback
        def forget() -> None:
            boards.pop(entry.entry_id, None)

        entry.async_on_unload(forget)
    return board
