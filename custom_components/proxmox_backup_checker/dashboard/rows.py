"""The rows of the dashboard card: what is held of every guest or job of one cluster, as short lists."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..checker.assessment import GuestView, JobView, Picture
from ..checker.model.facts import ArchiveListing
from ..checker.model.labels import guest_name, job_name
from ..checker.model.records import Acknowledgement, GuestRecord
from ..checker.model.subject import Subject
from ..checker.views.wall.days import Days
from ..checker.views.wall.details import gone_guests, verdict_on_gone
from ..checker.views.wall.nights import Wall, guest_cells, job_cells
from ..checker.views.wall.order import LAST, is_new, rank
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..devices import device_key
from ..policy_options import policy_of
from ..proxmox.api.cluster_models import Guest

type Group = Literal["guest", "job"]
type Row = list[Any]


def wall_of(entry: CheckerConfigEntry, picture: Picture, days: Days, now: datetime) -> Wall:
    """Return the wall of a cluster."""
    return Wall(picture=picture, policy=policy_of(entry.options), now=now, days=days)


@dataclass(slots=True)
class _Kept:
    """A row with all that it was made from, so that it is made anew only when some of that has changed."""

    source: tuple[Hashable | object, ...]
    rank: tuple[Any, ...]
    row: Row


class EntryRows:
    """The rows of one cluster, kept from one picture to the next."""

    def __init__(self, hass: HomeAssistant, entry: CheckerConfigEntry, group: Group) -> None:
        """Make rows for guests or for jobs."""
        self._entry = entry
        self._group = group
        self._entities = er.async_get(hass)
        self._devices = dr.async_get(hass)
        self._kept: dict[str, _Kept] = {}
        self._days: Days | None = None
        self._listings: tuple[ArchiveListing, ...] = ()

    def update(self, coordinator: CheckerCoordinator, days: Days, now: datetime) -> list[tuple[tuple[Any, ...], Row]]:
        """Return every row with its rank."""
        wall = wall_of(self._entry, coordinator.data, days, now)
        if days != self._days or not _same(wall.listings, self._listings):
            self._kept.clear()
        self._days, self._listings = days, wall.listings
        make = self._guests if self._group == "guest" else self._jobs
        self._kept = {kept.row[0]: kept for kept in make(coordinator, wall)}
        return [(kept.rank, kept.row) for kept in self._kept.values()]

    def row_of_guest(self, view: GuestView, coordinator: CheckerCoordinator, wall: Wall) -> Row:
        """Return the row of one guest."""
        return self._guest(view, _going_on(wall.picture), coordinator, wall).row

    def row_of_gone(self, guest: Guest, record: GuestRecord, coordinator: CheckerCoordinator, wall: Wall) -> Row:
        """Return the row of one guest that has been removed."""
        return self._gone(guest, record, coordinator, wall).row

    def row_of_job(self, view: JobView, coordinator: CheckerCoordinator, wall: Wall) -> Row:
        """Return the row of one job."""
        return self._job(view, coordinator, wall).row

    def _guests(self, coordinator: CheckerCoordinator, wall: Wall) -> Iterator[_Kept]:
        going_on = _going_on(wall.picture)
        for view in wall.picture.guests.values():
            yield self._guest(view, going_on, coordinator, wall)
        for guest, record in gone_guests(wall.picture, wall.days.starts[0]):
            yield self._gone(guest, record, coordinator, wall)

    def _jobs(self, coordinator: CheckerCoordinator, wall: Wall) -> Iterator[_Kept]:
        return (self._job(view, coordinator, wall) for view in wall.picture.jobs.values())

    def _guest(
        self, view: GuestView, going_on: Mapping[int, str], coordinator: CheckerCoordinator, wall: Wall
    ) -> _Kept:
        picture, vmid = wall.picture, view.guest.vmid
        row_id = f"{self._entry.entry_id}/guest/{vmid}"
        record = picture.history.guests.get(vmid)
        ids = self._ids(device_key(coordinator.identity, Subject.guest(vmid)))
        acknowledged = picture.acknowledgement(Subject.guest(vmid))
        new = is_new(record, wall.now)
        source = (
            *(view.guest, view.verdict, view.figures, record, ids, acknowledged, new, going_on.get(vmid)),
            picture.index.by_guest.get(vmid),
            tuple(wall.promises_to(view.guest)),
            wall.first_unseen_day(view.guest.node),
        )
        kept = self._kept.get(row_id)
        if kept is None or kept.source != source:
            kept = _Kept(source, *_guest_row(row_id, view, wall, coordinator, ids, acknowledged, new=new))
        return kept

    def _gone(self, guest: Guest, record: GuestRecord, coordinator: CheckerCoordinator, wall: Wall) -> _Kept:
        row_id = f"{self._entry.entry_id}/guest/{guest.vmid}"
        past = (guest, record, wall.picture.index.by_guest.get(guest.vmid))
        kept = self._kept.get(row_id)
        if kept is None or kept.source != past:
            kept = _Kept(past, *_gone_row(row_id, guest, record, wall, coordinator))
        return kept

    def _job(self, view: JobView, coordinator: CheckerCoordinator, wall: Wall) -> _Kept:
        picture, job_id = wall.picture, view.job.job_id
        row_id = f"{self._entry.entry_id}/job/{job_id}"
        ids = self._ids(device_key(coordinator.identity, Subject.job(job_id)))
        acknowledged = picture.acknowledgement(Subject.job(job_id))
        promises = wall.promises_of(view.job)
        source = (
            *(view.job, view.verdict, view.figures, ids, acknowledged, picture.index.by_job.get(job_id)),
            tuple(promises),
            tuple(run.upid for run in picture.running if run.job_id == job_id),
            tuple(wall.first_unseen_day(promise.node) for promise in promises),
        )
        kept = self._kept.get(row_id)
        if kept is None or kept.source != source:
            kept = _Kept(source, *_job_row(row_id, view, wall, coordinator, ids, acknowledged))
        return kept

    def _ids(self, key: str) -> tuple[str | None, str | None]:
        """Return the problem sensor and the device of what has this key."""
        entity_id = self._entities.async_get_entity_id("binary_sensor", DOMAIN, f"{key}_problem")
        device = self._devices.async_get_device_by_identifier((DOMAIN, key), self._entry.entry_id)
        return entity_id, device.id if device else None


def _going_on(picture: Picture) -> dict[int, str]:
    """Return the runs in progress, by guest."""
    return {outcome.vmid: run.upid for run in picture.running for outcome in run.outcomes}


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Tell whether these are the very same things."""
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _guest_row(
    row_id: str,
    view: GuestView,
    wall: Wall,
    coordinator: CheckerCoordinator,
    ids: tuple[str | None, str | None],
    acknowledged: Acknowledgement | None,
    *,
    new: bool,
) -> tuple[tuple[Any, ...], Row]:
    guest, verdict, figures = view.guest, view.verdict, view.figures
    name = guest_name(guest.name, guest.vmid, guest.guest_type)
    kind = "template" if guest.template else guest.guest_type
    row: Row = [
        *(row_id, name, kind, verdict.status.value, verdict.problem, guest_cells(guest, verdict, wall)[0]),
        *(figures.size, _seconds(figures.duration), epoch(verdict.last_success), epoch(verdict.next_due)),
        *(ids[0], guest.node, coordinator.localizer.sentence(verdict.reason)),
        *(f"{'a' if acknowledged else ''}{'n' if new else ''}", verdict.failures, list(guest.tags), ids[1]),
    ]
    return (*rank(verdict, acknowledged), name.casefold(), row_id), row


def _gone_row(
    row_id: str, guest: Guest, record: GuestRecord, wall: Wall, coordinator: CheckerCoordinator
) -> tuple[tuple[Any, ...], Row]:
    name, verdict = guest_name(guest.name, guest.vmid, guest.guest_type), verdict_on_gone(record)
    cells = guest_cells(guest, None, wall)[0]
    row: Row = [
        *(
            row_id,
            name,
            "template" if guest.template else guest.guest_type,
            verdict.status.value,
            verdict.problem,
            cells,
        ),
        *(
            None,
            None,
            None,
            None,
            None,
            guest.node,
            coordinator.localizer.sentence(verdict.reason),
            "d",
            0,
            list(guest.tags),
        ),
        None,
    ]
    return (*LAST, name.casefold(), row_id), row


def _job_row(
    row_id: str,
    view: JobView,
    wall: Wall,
    coordinator: CheckerCoordinator,
    ids: tuple[str | None, str | None],
    acknowledged: Acknowledgement | None,
) -> tuple[tuple[Any, ...], Row]:
    verdict, figures, name = view.verdict, view.figures, job_name(view.job)
    row: Row = [
        *(row_id, name, "job", verdict.status.value, verdict.problem, job_cells(view, wall)[0]),
        *(figures.size, _seconds(figures.duration), epoch(verdict.last_success), epoch(verdict.next_due)),
        *(ids[0], view.job.storage or "local", coordinator.localizer.sentence(verdict.reason)),
        *("a" if acknowledged else "", verdict.failures, [], ids[1]),
    ]
    return (*rank(verdict, acknowledged), name.casefold(), row_id), row


def epoch(moment: datetime | None) -> int | None:
    """Return a moment in epoch seconds."""
    return int(moment.timestamp()) if moment else None


def _seconds(duration: timedelta | None) -> int | None:
    return int(duration.total_seconds()) if duration is not None else None
