"""What the dashboard shows of one cluster: worked out in another thread after each poll, once for all cards."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..checker.model.subject import Subject
from ..checker.views.wall.days import Days
from ..checker.views.wall.nights import Wall
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator, Snapshot
from ..devices import PROBLEM, device_key
from ..texts.localizer import Localizer
from .clusters import coordinator_of
from .rows import Group, Ids, RankedRow, RowMaker

# New entities are registered right after the snapshot in which they appear.
_ENTITIES_SETTLE: Final = 0.5
_BOARDS: HassKey[dict[str, Board]] = HassKey(f"{DOMAIN}_boards")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The rows of one group for some days, by id, in their order, and what they were made of."""

    rows: Mapping[str, RankedRow]
    days: Days
    snapshot: Snapshot
    ids: Mapping[Subject, Ids]


type Kind = tuple[Group, int, str]
"""Which rows: of guests or jobs, of how many days up to today, in which language."""

type Follower = Callable[[Shown], None]


class Board:
    """Keeps up to date what the open cards show of one cluster, and works out what they ask for besides."""

    def __init__(self, hass: HomeAssistant, entry: CheckerConfigEntry, coordinator: CheckerCoordinator) -> None:
        """Show what this coordinator publishes."""
        self._hass = hass
        self._entry = entry
        self.coordinator = coordinator
        self._lock = asyncio.Lock()
        self._followers: dict[Kind, list[Follower]] = {}
        self._shown: dict[Kind, Shown] = {}
        self._walls: dict[int, tuple[Snapshot, Wall]] = {}
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

    async def async_ask[Answer](self, count: int, language: str, question: Callable[[RowMaker], Answer]) -> Answer:
        """Return the answer to a question about the present wall of so many days, found in another thread."""
        async with self._lock:
            maker = await self._async_maker(self.coordinator.data, _days(count), self._ids(), language)
            return await self._hass.async_add_executor_job(question, maker)

    async def _async_maker(self, snapshot: Snapshot, days: Days, ids: Mapping[Subject, Ids], language: str) -> RowMaker:
        """Return what makes rows in a language, with the wall that all questions about a snapshot share."""
        localizer = await Localizer.load(self._hass, language)
        kept = self._walls.get(len(days))
        if kept is None or kept[0] is not snapshot or kept[1].days != days:
            policy = snapshot.reading.facts.policy
            wall = Wall(assessment=snapshot.assessment, policy=policy, now=dt_util.utcnow(), days=days)
            self._walls = {count: known for count, known in self._walls.items() if known[0] is snapshot}
            self._walls[len(days)] = kept = (snapshot, wall)
        return RowMaker(entry_id=self._entry.entry_id, wall=kept[1], localizer=localizer, ids=ids)

    def _ids(self) -> dict[Subject, Ids]:
        identity, assessment = self.coordinator.identity, self.coordinator.assessment
        subjects = [*map(Subject.guest, assessment.guests), *map(Subject.job, assessment.jobs)]
        entities, devices = er.async_get(self._hass), dr.async_get(self._hass)
        found: dict[Subject, Ids] = {}
        for subject in subjects:
            key = device_key(identity, subject)
            device = devices.async_get_device_by_identifier((DOMAIN, key), self._entry.entry_id)
            entity_id = entities.async_get_entity_id("binary_sensor", DOMAIN, f"{key}{PROBLEM}")
            found[subject] = Ids(entity_id, device.id if device else None)
        return found


def _days(count: int) -> Days:
    return Days.ending(dt_util.utcnow(), dt_util.get_default_time_zone(), count)


@callback
def board_of(hass: HomeAssistant, entry: CheckerConfigEntry) -> Board | None:
    """Return the board of a cluster, None where the entry is not loaded."""
    if (coordinator := coordinator_of(entry)) is None:
        return None
    boards = hass.data.setdefault(_BOARDS, {})
    board = boards.get(entry.entry_id)
    if board is None or board.coordinator is not coordinator:
        board = boards[entry.entry_id] = Board(hass, entry, coordinator)

        @callback
        def forget() -> None:
            boards.pop(entry.entry_id, None)

        entry.async_on_unload(forget)
    return board
