"""The rows of the dashboard card: what is held of every guest or job of one cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Required, TypedDict, Unpack

from ..checker.assessment import GuestView, JobView
from ..checker.context import Context
from ..checker.metrics import ArchiveSize
from ..checker.model.labels import guest_name, job_name
from ..checker.model.records import GuestRecord
from ..checker.model.subject import Subject
from ..checker.model.verdict import Verdict
from ..checker.views.wall.details import gone_guests, hidden_guests, verdict_on_gone
from ..checker.views.wall.nights import Wall, guest_cells, hidden_cells, job_cells
from ..checker.views.wall.order import LAST, is_new, rank
from ..checker.views.wall.progress import progress_of_guest, progress_of_job
from ..proxmox.api.cluster_models import Guest
from ..texts.localizer import Localizer
from .copies import CopiesOfRow, copies_of_row
from .epochs import epoch, seconds

type Group = Literal["guest", "job", "pbsjob", "group"]
"""Of which rows are: guests and jobs of clusters, or jobs and backup groups of backup servers."""

OF_SERVERS: Final = frozenset({"pbsjob", "group"})

type Rank = tuple[Any, ...]


class RowProgress(TypedDict):
    """How far a run is that goes on: `done` of `total` bytes of a guest, or guests of a job, whose turn it is and when it ends."""

    percent: int | None
    done: int
    total: int | None
    now: str | None
    ends: int | None


class Row(TypedDict):
    """A row as the card gets it; moments in epoch seconds, sizes in bytes, `duration` in seconds.

    `size` is that of the last good archive on the storage `size_on`, of a job's archives together, and `transferred` what
    had to be sent for it.
    `offsite` says why a guest's newest restore point has not come elsewhere, where that is a problem, and `copies` what all of
    them come to.
    `where` is a guest's node or a job's storage, `jobs` and `storages` are what backs a guest up, `cells` has a letter
    for each day. Deleted guests have no entity.
    """

    id: str
    name: str
    kind: str
    status: str
    problem: bool | None
    cells: str
    size: int | None
    size_on: str | None
    transferred: int | None
    duration: int | None
    progress: RowProgress | None
    last_success: int | None
    next_due: int | None
    entity_id: str | None
    where: str
    jobs: list[str]
    storages: list[str]
    reason: str
    offsite: str | None
    copies: CopiesOfRow | None
    acknowledged: bool
    new: bool
    deleted: bool
    failures: int
    tags: list[str]
    device_id: str | None


@dataclass(frozen=True, slots=True)
class Ids:
    """The problem sensor and the device of a guest or job, as far as Home Assistant has them."""

    entity_id: str | None
    device_id: str | None


NO_IDS = Ids(None, None)


@dataclass(frozen=True, slots=True)
class RankedRow:
    """A row and where it stands, the worst first."""

    rank: Rank
    row: Row


@dataclass(frozen=True, kw_only=True, slots=True)
class RowMaker:
    """Makes the rows of one wall; `ids` are those of all guests and jobs."""

    entry_id: str
    wall: Wall
    localizer: Localizer
    ids: Mapping[Subject, Ids]

    def rows(self, group: Group, before: Mapping[str, RankedRow]) -> dict[str, RankedRow]:
        """Return all rows of a group in their order, by id; those that are as `before` are the same objects."""
        made = self._guests() if group == "guest" else map(self.of_job, self.wall.assessment.jobs.values())
        kept = (known if (known := before.get(found.row["id"])) == found else found for found in made)
        return {found.row["id"]: found for found in sorted(kept, key=lambda found: found.rank)}

    def _guests(self) -> Iterator[RankedRow]:
        yield from map(self.of_guest, self.wall.assessment.guests.values())
        yield from (self.of_hidden(*found) for found in hidden_guests(self.wall.assessment))
        for guest, record in gone_guests(self.wall.assessment, self.wall.days.starts[0]):
            yield self.of_gone(guest, record)

    def of_guest(self, view: GuestView) -> RankedRow:
        """Return the row of a guest."""
        guest, verdict, subject = view.guest, view.verdict, Subject.guest(view.guest.vmid)
        jobs, facts = self.wall.context.jobs_of(guest), self.wall.context.facts
        acknowledged = self.wall.assessment.acknowledgement(subject)
        row = self._row(
            f"guest/{guest.vmid}",
            guest_name(guest.name, guest.vmid, guest.guest_type),
            verdict,
            subject,
            kind=_kind(guest),
            cells=guest_cells(guest, verdict, self.wall)[0],
            **_sizes(view.figures.archive),
            duration=seconds(view.figures.duration),
            progress=_progress_of_guest(guest.vmid, self.wall.context),
            where=guest.node,
            jobs=sorted(map(job_name, jobs)),
            storages=sorted({facts.storage_name(job.storage, guest.node) for job in jobs} - {""}),
            acknowledged=acknowledged is not None,
            new=is_new(self.wall.assessment.history.guests.get(guest.vmid), self.wall.now),
            offsite=self.localizer.sentence(view.offsite.reason) if view.offsite and view.offsite.problem else None,
            copies=copies_of_row(view, self.localizer),
            tags=list(guest.tags),
        )
        return RankedRow((*rank(verdict, acknowledged), row["name"].casefold(), row["id"]), row)

    def of_hidden(self, guest: Guest, verdict: Verdict) -> RankedRow:
        """Return the row of a guest that the token may no longer see."""
        subject = Subject.guest(guest.vmid)
        acknowledged = self.wall.assessment.acknowledgement(subject)
        row = self._row(
            f"guest/{guest.vmid}",
            guest_name(guest.name, guest.vmid, guest.guest_type),
            verdict,
            subject,
            kind=_kind(guest),
            cells=hidden_cells(guest, self.wall),
            where=guest.node,
            acknowledged=acknowledged is not None,
            tags=list(guest.tags),
        )
        return RankedRow((*rank(verdict, acknowledged), row["name"].casefold(), row["id"]), row)

    def of_gone(self, guest: Guest, record: GuestRecord) -> RankedRow:
        """Return the row of a guest that has been removed."""
        row = self._row(
            f"guest/{guest.vmid}",
            guest_name(guest.name, guest.vmid, guest.guest_type),
            verdict_on_gone(record),
            None,
            kind=_kind(guest),
            cells=guest_cells(guest, None, self.wall)[0],
            where=guest.node,
            deleted=True,
            tags=list(guest.tags),
        )
        return RankedRow((*LAST, row["name"].casefold(), row["id"]), row)

    def of_job(self, view: JobView) -> RankedRow:
        """Return the row of a job."""
        subject = Subject.job(view.job.job_id)
        acknowledged = self.wall.assessment.acknowledgement(subject)
        storages = sorted(self.wall.assessment.context.storages_of(view.job))
        row = self._row(
            f"job/{view.job.job_id}",
            job_name(view.job),
            view.verdict,
            subject,
            kind="job",
            cells=job_cells(view, self.wall)[0],
            **_sizes(view.figures.archive),
            duration=seconds(view.figures.duration),
            progress=_progress_of_job(view, self.wall.context),
            where=", ".join(storages),
            storages=storages,
            acknowledged=acknowledged is not None,
        )
        return RankedRow((*rank(view.verdict, acknowledged), row["name"].casefold(), row["id"]), row)

    def _row(self, row_id: str, name: str, verdict: Verdict, subject: Subject | None, **more: Unpack[MoreOfRow]) -> Row:
        ids = self.ids.get(subject, NO_IDS) if subject else NO_IDS
        return make_row(f"{self.entry_id}/{row_id}", name, verdict, ids, self.localizer, **more)


class MoreOfRow(TypedDict, total=False):
    """What a row may say beside its verdict."""

    kind: Required[str]
    cells: Required[str]
    where: Required[str]
    size: int | None
    size_on: str | None
    transferred: int | None
    duration: int | None
    progress: RowProgress | None
    acknowledged: bool
    new: bool
    offsite: str | None
    copies: CopiesOfRow | None
    deleted: bool
    tags: list[str]
    jobs: list[str]
    storages: list[str]


def make_row(
    row_id: str, name: str, verdict: Verdict, ids: Ids, localizer: Localizer, **more: Unpack[MoreOfRow]
) -> Row:
    """Return a row, in the localizer's language."""
    return Row(
        id=row_id,
        name=name,
        kind=more["kind"],
        status=verdict.status.value,
        problem=verdict.problem,
        cells=more["cells"],
        size=more.get("size"),
        size_on=more.get("size_on"),
        transferred=more.get("transferred"),
        duration=more.get("duration"),
        progress=more.get("progress"),
        last_success=epoch(verdict.last_success),
        next_due=epoch(verdict.next_due),
        entity_id=ids.entity_id,
        where=more["where"],
        jobs=more.get("jobs", []),
        storages=more.get("storages", []),
        reason=localizer.sentence(verdict.reason),
        offsite=more.get("offsite"),
        copies=more.get("copies"),
        acknowledged=more.get("acknowledged", False),
        new=more.get("new", False),
        deleted=more.get("deleted", False),
        failures=verdict.failures,
        tags=more.get("tags", []),
        device_id=ids.device_id,
    )


def _sizes(archive: ArchiveSize | None) -> MoreSizes:
    """Return what a row tells of a size."""
    if archive is None:
        return MoreSizes(size=None, size_on=None, transferred=None)
    return MoreSizes(size=archive.size, size_on=archive.storage, transferred=archive.transferred)


class MoreSizes(TypedDict):
    """What a row tells of a size."""

    size: int | None
    size_on: str | None
    transferred: int | None


def _kind(guest: Guest) -> str:
    return "template" if guest.template else guest.guest_type


def _progress_of_guest(vmid: int, context: Context) -> RowProgress | None:
    if not context.running or (found := progress_of_guest(vmid, context)) is None:
        return None
    progress = found.progress
    return RowProgress(
        percent=progress.percent, done=progress.done, total=progress.total, now=None, ends=epoch(found.ends)
    )


def _progress_of_job(view: JobView, context: Context) -> RowProgress | None:
    if not context.running or (found := progress_of_job(view, context)) is None:
        return None
    percent = 100 * found.done // found.total
    return RowProgress(percent=percent, done=found.done, total=found.total, now=found.now, ends=None)
