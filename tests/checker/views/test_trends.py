"""Trends: every backup once, from runs and from archives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Result
from custom_components.proxmox_backup_checker.checker.model.records import GuestRecord, RunRecord
from custom_components.proxmox_backup_checker.checker.views.trends import Point, Trend, Unit, sources_of, trends_of
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ..builders import NOW, assessment, guest
from ..histories import history_of, outcome, run_of

GIB = 1024**3
YESTERDAY = NOW - timedelta(days=1)


def archive(at: datetime, size: int | None = 5 * GIB, vmid: int = 101, **changes: Any) -> Archive:
    """Return an archive of a guest that is listed with its size."""
    name = f"vzdump-qemu-{vmid}-{at:%Y_%m_%d-%H_%M_%S}.vma.zst"
    made = Archive(
        volid=f"nas:backup/{name}",
        storage="nas",
        vmid=vmid,
        guest_type="qemu",
        ctime=int(at.timestamp()),
        size=size,
    )
    return replace(made, **changes)


def seen(*runs: RunRecord, archives: tuple[Archive, ...] = (), kind: str = "nfs", **changes: Any) -> Assessment:
    """Return the assessment of one guest with runs in the past and archives on the storage nas."""
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True)
    storage = StorageFacts(storage="nas", node=None, plugin_type=kind, total=100 * GIB, used=25 * GIB, listing=listing)
    known = GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)
    history = history_of(*runs, **{"evaluated": NOW, "guests": {101: known}, **changes})
    return assessment([guest(101, name="web")], storages=(storage,), history=history)


def all_trends(held: Assessment) -> list[Trend]:
    return [found for source in sources_of(held) for found in trends_of(source, held)]


def trend(held: Assessment, key: str) -> Trend | None:
    return next((found for found in all_trends(held) if found.key == key), None)


def points(held: Assessment, key: str = "guest_101_size") -> dict[datetime, Point]:
    found = trend(held, key)
    return dict(found.points) if found is not None else {}


def hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def test_a_run_gives_size_and_duration_of_each_guest_in_its_hour() -> None:
    held = seen(run_of(101, started=YESTERDAY + timedelta(minutes=20)))
    size, duration = trend(held, "guest_101_size"), trend(held, "guest_101_duration")
    assert size is not None
    assert duration is not None
    assert (size.unit, duration.unit) == (Unit.GIBIBYTES, Unit.MINUTES)
    assert size.name.values == {"guest": "web (101)"}
    assert list(size.points) == list(duration.points) == [hour(YESTERDAY)]
    assert size.points[hour(YESTERDAY)].mean == pytest.approx(3.5)
    assert duration.points[hour(YESTERDAY)].mean == pytest.approx(0.95)


def test_several_backups_in_an_hour_are_told_with_the_least_and_the_most() -> None:
    runs = []
    for minutes, size in ((0, 2), (20, 4), (40, 6)):
        made = run_of(101, started=YESTERDAY + timedelta(minutes=minutes))
        runs.append(replace(made, outcomes=(replace(made.outcomes[0], size=size * GIB),)))
    assert points(seen(*runs)) == {hour(YESTERDAY): Point(mean=4.0, least=2.0, most=6.0)}


def test_an_archive_from_before_the_first_look_counts_and_one_with_its_run_counts_once() -> None:
    old = archive(NOW - timedelta(days=40))
    same = archive(YESTERDAY)
    held = seen(run_of(101, started=YESTERDAY), archives=(old, same))
    assert {moment: point.mean for moment, point in points(held).items()} == {
        hour(NOW - timedelta(days=40)): 5.0,
        hour(YESTERDAY): 5.0,
    }
    assert list(points(held, "guest_101_duration")) == [hour(YESTERDAY)]


def test_an_archive_of_another_name_is_known_by_its_moment() -> None:
    same = archive(YESTERDAY + timedelta(seconds=90), volid="nas:backup/vzdump-qemu-101-x.vma.zst")
    assert points(seen(run_of(101, started=YESTERDAY), archives=(same,)))[hour(YESTERDAY)].least == 5.0


def test_failed_backups_and_archives_without_size_give_nothing() -> None:
    failed = run_of(101, started=YESTERDAY)
    failed = replace(failed, outcomes=(replace(failed.outcomes[0], result=Result.FAILED),))
    listed = (archive(YESTERDAY, None), archive(YESTERDAY - timedelta(days=1), finished=False))
    assert points(seen(failed, archives=listed)) == {}


def test_what_a_backup_server_was_sent_is_not_the_size_of_the_backup() -> None:
    sent = run_of(101, started=YESTERDAY)
    sent = replace(sent, outcomes=(outcome(101, YESTERDAY, sent.upid, size=7, transferred=7),))
    key = "guest_101_size_on_backup_server"
    assert points(seen(sent, kind="pbs"), key) == {}
    snapshot = archive(YESTERDAY, 30 * GIB, volid="nas:backup/vm/101/2025-09-02T08:00:00Z")
    held = seen(sent, archives=(snapshot,), kind="pbs")
    assert points(held, key)[hour(YESTERDAY)].mean == 30.0
    assert points(held) == {}


def test_backups_of_an_earlier_guest_with_the_same_number_are_not_its_own() -> None:
    since = NOW - timedelta(hours=30)
    known = GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=since, since=since)
    earlier = NOW - timedelta(days=2)
    held = seen(
        run_of(101, started=earlier),
        run_of(101, started=YESTERDAY),
        archives=(archive(earlier - timedelta(days=1)), archive(YESTERDAY, guest_type="lxc", ctime=1)),
        guests={101: known},
    )
    assert list(points(held)) == list(points(held, "guest_101_duration")) == [hour(YESTERDAY)]


def test_a_storage_is_told_by_its_samples_and_guests_that_are_gone_are_not() -> None:
    held = seen(run_of(101, 102, started=YESTERDAY))
    assert points(held, "storage_nas_used") == {hour(NOW): Point(mean=25.0, least=25.0, most=25.0)}
    assert {found.key for found in all_trends(held)} == {
        "guest_101_size", "guest_101_duration", "storage_nas_used",
    }  # fmt: skip


def test_what_trends_are_made_of_is_the_same_until_there_is_a_new_backup() -> None:
    first, second = run_of(101, started=YESTERDAY), run_of(101, started=NOW - timedelta(hours=2))
    assert sources_of(seen(first)) == sources_of(seen(first))
    assert sources_of(seen(first)) != sources_of(seen(first, second))
    assert [source.keys for source in sources_of(seen(first))] == [
        ("guest_101_size", "guest_101_size_on_backup_server", "guest_101_duration"),
        ("storage_nas_used",),
    ]
