"""What the dashboard card shows when a row is opened: the verdict with its evidence, the runs and the archives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import re
from typing import Any, Final, Self, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from yarl import URL

from ..checker.assessment import GuestView, JobView
from ..checker.copies.host_groups import HostView
from ..checker.model.records import GuestRecord
from ..checker.model.subject import CLUSTER, Subject
from ..checker.model.verdict import Reason, Verdict
from ..checker.views.restore_points import RestorePoint, restore_points_of
from ..checker.views.restores import told_of_restores
from ..checker.views.wall.details import (
    DaySizes,
    WallRun,
    gone_guests,
    hidden_guests,
    runs_of_guest,
    runs_of_job,
    sizes_of_guest,
    sizes_of_job,
    verdict_on_gone,
)
from ..clusters import cluster_entries, loaded_cluster
from ..const import DOMAIN
from ..devices import guest_page
from ..privacy.sight import Sight
from ..proxmox.api.cluster_models import Guest
from ..texts.explanation import error_sentences, grounds_of
from .board import ClusterBoard, ServerBoard, board_of
from .clusters import entries, entries_of, page
from .copies import copies_data, offsite_data, tally_data
from .details_parts import run_data, verdict_data
from .ignoring import ignoring
from .rows import OF_SERVERS, Group, Row, RowMaker
from .server_details import server_details

_OTHERS: Final = frozenset({"job", *OF_SERVERS})
# PVE::JSONSchema: pve-vmid
_VMID: Final = re.compile(r"[1-9][0-9]{2,8}")


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
        if group == "guest":
            return cls(entry_id, "guest", key) if _VMID.fullmatch(key) else None
        return cls(entry_id, cast(Group, group), key) if group in _OTHERS and key else None

    @property
    def subject(self) -> Subject:
        """What the row is about."""
        return Subject(self.group, self.key)


@dataclass(frozen=True, slots=True)
class Opened:
    """A row that was found: what makes rows of its wall, and its guest or job."""

    maker: RowMaker
    guest: Guest | None
    view: GuestView | JobView | None
    gone: GuestRecord | None = None
    hidden: Verdict | None = None

    @classmethod
    def find(cls, row_id: RowId, maker: RowMaker) -> Self | None:
        """Return what an id stands for, None where there is no such thing."""
        assessment = maker.wall.assessment
        if row_id.group == "job":
            job = assessment.jobs.get(row_id.key)
            return cls(maker, None, job) if job else None
        vmid = int(row_id.key)
        if view := assessment.guests.get(vmid):
            return cls(maker, view.guest, view)
        for guest, verdict in hidden_guests(assessment):
            if guest.vmid == vmid:
                return cls(maker, guest, None, hidden=verdict)
        for guest, record in gone_guests(assessment, maker.wall.days.starts[0]):
            if guest.vmid == vmid:
                return cls(maker, guest, None, record)
        return None

    @property
    def verdict(self) -> Verdict | None:
        """What is held of it."""
        if self.view or self.hidden:
            return self.view.verdict if self.view else self.hidden
        return verdict_on_gone(self.gone) if self.gone else None

    def row(self) -> Row | None:
        """Return its row."""
        match self.view:
            case JobView():
                return self.maker.of_job(self.view).row
            case GuestView():
                return self.maker.of_guest(self.view).row
        if self.guest and self.hidden:
            return self.maker.of_hidden(self.guest, self.hidden).row
        return self.maker.of_gone(self.guest, self.gone).row if self.guest and self.gone else None

    def sizes(self) -> DaySizes:
        """Return the size of each day's backup."""
        if isinstance(self.view, JobView):
            return sizes_of_job(self.view, self.maker.wall)
        return sizes_of_guest(self.guest, self.maker.wall) if self.guest else DaySizes(storage=None, sizes=[], sent=[])

    def restore_points(self) -> Sequence[RestorePoint]:
        """Return from what a guest could be restored."""
        return (
            restore_points_of(self.guest, self.maker.wall.context)
            if isinstance(self.view, GuestView) and self.guest
            else ()
        )

    def restores(self) -> Sequence[Reason]:
        """Return what is known of a guest's restores."""
        if isinstance(self.view, GuestView) and self.guest:
            return tuple(told_of_restores(self.guest, self.maker.wall.context))
        return ()

    def runs(self) -> list[WallRun]:
        """Return the runs of these days, newest first."""
        if isinstance(self.view, JobView):
            return runs_of_job(self.view, self.maker.wall)
        return runs_of_guest(self.guest, self.view, self.maker.wall) if self.guest else []


async def async_details(
    hass: HomeAssistant, sight: Sight, language: str, text: str, days: int
) -> dict[str, Any] | None:
    """Return everything about a row, None where there is none that this person may see."""
    row_id = RowId.parse(text)
    entry = next(iter(entries_of(hass, row_id.group, row_id.entry_id)), None) if row_id else None
    board = board_of(hass, entry) if entry else None
    if row_id is None or entry is None or board is None or not sight.sees(board.coordinator, row_id.subject):
        return None
    if isinstance(board, ServerBoard):
        copies = [view for view in _hosts(hass, sight) if (entry.entry_id, row_id.key) in view.lies]
        found = await board.async_ask(days, language, partial(server_details, row_id.subject, page(entry), copies))
    else:
        found = await board.async_ask(days, language, partial(_details, row_id, page(entry)))
    if found is not None:
        verdict = found["verdict"]
        verdict["confidence_text"] = await _async_confidence(hass, language, verdict["confidence"])
    return found


def _hosts(hass: HomeAssistant, sight: Sight) -> Iterator[HostView]:
    """Yield what clusters hold of the hosts that back up to their servers, as far as this person may see."""
    for entry in cluster_entries(hass):
        coordinator = loaded_cluster(entry)
        if coordinator is not None and sight.sees(coordinator, CLUSTER):
            yield from coordinator.assessment.hosts


def _details(row_id: RowId, url: URL, maker: RowMaker) -> dict[str, Any] | None:
    opened = Opened.find(row_id, maker)
    if opened is None:
        return None
    row, verdict, localizer = opened.row(), opened.verdict, maker.localizer
    if row is None or verdict is None:
        return None
    assessment = maker.wall.assessment
    acknowledged = assessment.acknowledgement(row_id.subject)
    sizes = opened.sizes()
    if opened.guest is not None and opened.view is not None:
        url = url.with_fragment(guest_page(opened.guest.guest_type, opened.guest.vmid))
    return {
        "row": row,
        "end": maker.wall.days.dates[-1].isoformat(),
        "verdict": verdict_data(verdict, row, localizer, acknowledged),
        "grounds": [
            *error_sentences(verdict, localizer),
            *grounds_of(row_id.group, verdict, acknowledged, assessment, localizer),
        ],
        "runs": [run_data(run, localizer) for run in opened.runs()],
        "sizes": {"storage": sizes.storage, "sizes": sizes.sizes, "transferred": sizes.sent},
        "archives": [_archive(point) for point in opened.restore_points()],
        "restores": [localizer.sentence(reason) for reason in opened.restores()],
        "copies": copies_data(opened.view, localizer) if isinstance(opened.view, GuestView) else [],
        "tally": tally_data(opened.view, localizer) if isinstance(opened.view, GuestView) else None,
        "offsite": offsite_data(opened.view, localizer) if isinstance(opened.view, GuestView) else None,
        "url": str(url),
        "ignoring": ignoring(row_id.group, verdict) if opened.view is not None else None,
        "device_id": row["device_id"],
    }


async def _async_confidence(hass: HomeAssistant, language: str, confidence: str) -> str:
    """Return how sure a verdict is, as the problem sensor's attribute says it."""
    texts = await async_get_translations(hass, language, "entity", {DOMAIN})
    path = f"component.{DOMAIN}.entity.binary_sensor.guest_problem.state_attributes.confidence.state"
    return texts.get(f"{path}.{confidence}", confidence)


def _archive(point: RestorePoint) -> dict[str, Any]:
    return {
        "volid": point.archive.volid,
        "storage": point.archive.storage,
        "ctime": point.archive.ctime,
        "size": point.size,
        "finished": point.finished,
        "verification": point.verification,
        "protected": point.archive.protected,
        "encrypted": point.encrypted,
    }


async def async_sizes(hass: HomeAssistant, sight: Sight, ids: list[str], days: int) -> dict[str, list[int | None]]:
    """Return the sizes of each day by row, of those rows that there are and that this person may see."""
    asked: dict[str, dict[str, RowId]] = {}
    for text in ids:
        if (row_id := RowId.parse(text)) is not None:
            asked.setdefault(row_id.entry_id, {})[text] = row_id
    found: dict[str, list[int | None]] = {}
    for entry in entries(hass):
        board = board_of(hass, entry) if entry.entry_id in asked else None
        if not isinstance(board, ClusterBoard):
            continue
        rows = asked[entry.entry_id]
        seen = {text: row_id for text, row_id in rows.items() if sight.sees(board.coordinator, row_id.subject)}
        found |= await board.async_ask(days, hass.config.language, partial(_sizes, seen))
    return found


def _sizes(rows: Mapping[str, RowId], maker: RowMaker) -> dict[str, list[int | None]]:
    return {
        text: opened.sizes().sizes
        for text, row_id in rows.items()
        if (opened := Opened.find(row_id, maker)) is not None
    }
