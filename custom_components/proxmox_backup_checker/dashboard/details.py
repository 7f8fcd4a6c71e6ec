"""What the dashboard card shows when a row is opened: the verdict with its evidence, the runs and the archives."""

from dataclasses import dataclass
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ..checker.assessment import GuestView, JobView
from ..checker.model.records import Acknowledgement, GuestRecord
from ..checker.model.subject import Subject
from ..checker.model.verdict import Confidence, Verdict
from ..checker.views.wall.days import Days
from ..checker.views.wall.details import (
    WallRun,
    archives_of,
    gone_guests,
    runs_of_guest,
    runs_of_job,
    sizes_of_guest,
    sizes_of_job,
    verdict_on_gone,
)
from ..checker.views.wall.nights import Wall
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..proxmox.api.backup_models import Archive
from ..proxmox.api.cluster_models import Guest
from ..texts.localizer import Localizer
from .rows import EntryRows, Group, Row, epoch, wall_of
from .servers import coordinator_of, entries, page


@dataclass(frozen=True, slots=True)
class RowId:
    """What tells a row from every other."""

    entry_id: str
    group: Group
    key: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read an id as the rows have it, such as `<entry id>/guest/101`; None where it is none."""
        entry_id, _, rest = text.partition("/")
        group, _, key = rest.partition("/")
        if group == "guest" and key.isdecimal():
            return cls(entry_id, "guest", key)
        return cls(entry_id, "job", key) if group == "job" and key else None


@dataclass(frozen=True, slots=True)
class Opened:
    """A row that was found: its cluster, the wall that it is in, and its guest or job."""

    entry: CheckerConfigEntry
    coordinator: CheckerCoordinator
    wall: Wall
    guest: Guest | None
    view: GuestView | JobView | None
    gone: GuestRecord | None = None

    @classmethod
    def find(cls, hass: HomeAssistant, text: str, days: int) -> Self | None:
        """Return what an id stands for, None where there is no such thing, or its cluster is not loaded."""
        row_id = RowId.parse(text)
        entry = next(iter(entries(hass, row_id.entry_id)), None) if row_id else None
        coordinator = coordinator_of(entry) if entry else None
        if row_id is None or entry is None or coordinator is None:
            return None
        now = dt_util.utcnow()
        wall = wall_of(entry, coordinator.data, Days.ending(now, dt_util.get_default_time_zone(), days), now)
        if row_id.group == "job":
            job = coordinator.data.jobs.get(row_id.key)
            return cls(entry, coordinator, wall, None, job) if job else None
        vmid = int(row_id.key)
        if view := coordinator.data.guests.get(vmid):
            return cls(entry, coordinator, wall, view.guest, view)
        for guest, record in gone_guests(coordinator.data, wall.days.starts[0]):
            if guest.vmid == vmid:
                return cls(entry, coordinator, wall, guest, None, record)
        return None

    @property
    def subject(self) -> Subject:
        """What the row is about."""
        if isinstance(self.view, JobView):
            return Subject.job(self.view.job.job_id)
        return Subject.guest(self.guest.vmid if self.guest else 0)

    @property
    def verdict(self) -> Verdict | None:
        """What is held of it."""
        return self.view.verdict if self.view else verdict_on_gone(self.gone) if self.gone else None

    def row(self, hass: HomeAssistant) -> Row | None:
        """Return its row."""
        match self.view:
            case JobView():
                return EntryRows(hass, self.entry, "job").row_of_job(self.view, self.coordinator, self.wall)
            case GuestView():
                return EntryRows(hass, self.entry, "guest").row_of_guest(self.view, self.coordinator, self.wall)
        if self.guest is None or self.gone is None:
            return None
        return EntryRows(hass, self.entry, "guest").row_of_gone(self.guest, self.gone, self.coordinator, self.wall)

    def sizes(self) -> list[int | None]:
        """Return the size of each day's backup."""
        if isinstance(self.view, JobView):
            return sizes_of_job(self.view, self.wall)
        return sizes_of_guest(self.guest, self.wall) if self.guest else []

    def runs(self) -> list[WallRun]:
        """Return the runs of these days, newest first."""
        if isinstance(self.view, JobView):
            return runs_of_job(self.view, self.wall)
        return runs_of_guest(self.guest, self.view, self.wall) if self.guest else []


def details(hass: HomeAssistant, text: str, days: int) -> dict[str, Any] | None:
    """Return everything about a row, None where there is none."""
    opened = Opened.find(hass, text, days)
    if opened is None:
        return None
    row, verdict, localizer = opened.row(hass), opened.verdict, opened.coordinator.localizer
    if row is None or verdict is None:
        return None
    acknowledged = opened.wall.picture.acknowledgement(opened.subject)
    url = page(opened.entry)
    if opened.guest is not None and opened.view is not None:
        url = url.with_fragment(f"v1:0:={opened.guest.guest_type}/{opened.guest.vmid}")
    return {
        "row": row,
        "verdict": _verdict(hass, verdict, row, localizer, acknowledged),
        "runs": [_run(run, localizer) for run in opened.runs()],
        "archives": [_archive(archive) for archive in archives_of(opened.guest, opened.wall.picture)]
        if opened.guest
        else [],
        "url": str(url),
        "device_id": row[16],
    }


def _verdict(
    hass: HomeAssistant, verdict: Verdict, row: list[Any], localizer: Localizer, acknowledged: Acknowledgement | None
) -> dict[str, Any]:
    return {
        "status": row[3],
        "problem": verdict.problem,
        "reason": row[12],
        "reason_code": verdict.reason.code.value,
        "since": epoch(verdict.since),
        "confidence": verdict.confidence.value,
        "confidence_text": _confidence(hass, verdict.confidence),
        "evidence": list(verdict.evidence),
        "failures": verdict.failures,
        "last_success": epoch(verdict.last_success),
        "next_due": epoch(verdict.next_due),
        "findings": [localizer.sentence(finding) for finding in verdict.findings],
        "next_step": localizer.step(verdict.cause) if verdict.cause else None,
        "error": verdict.error,
        "acknowledged": {"until": epoch(acknowledged.until), "note": acknowledged.note} if acknowledged else None,
    }


def _confidence(hass: HomeAssistant, confidence: Confidence) -> str:
    """Return how sure a verdict is, as the problem sensor's attribute says it."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    path = f"component.{DOMAIN}.entity.binary_sensor.guest_problem.state_attributes.confidence.state"
    return texts.get(f"{path}.{confidence}", confidence.value)


def _run(run: WallRun, localizer: Localizer) -> dict[str, Any]:
    cause = run.cause
    return {
        "upid": run.upid,
        "node": run.node,
        "started": epoch(run.started),
        "ended": epoch(run.ended),
        "day": run.day.isoformat(),
        "result": run.result,
        "job_id": run.job_id,
        "job_name": run.job_name,
        "by_hand": run.by_hand,
        "confidence": run.confidence.value,
        "size": run.size,
        "transferred": run.transferred,
        "duration": run.seconds,
        "error": run.error,
        "cause": localizer.cause(cause) if cause else None,
        "step": localizer.step(cause) if cause else None,
        "storage": run.storage,
        "archive": run.archive,
    }


def _archive(archive: Archive) -> dict[str, Any]:
    return {
        "volid": archive.volid,
        "storage": archive.storage,
        "ctime": archive.ctime,
        "size": archive.size,
        "verification": archive.verification,
        "protected": archive.protected,
        "encrypted": archive.encrypted,
    }


def sizes(hass: HomeAssistant, ids: list[str], days: int) -> dict[str, list[int | None]]:
    """Return the sizes of each day by row, of those rows that there are."""
    return {text: opened.sizes() for text in ids if (opened := Opened.find(hass, text, days)) is not None}
