"""What is told in numbers: only what is known, and of the right backup."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from custom_components.proxmox_backup_checker.checker.context import Context
from custom_components.proxmox_backup_checker.checker.indexes import Indexes
from custom_components.proxmox_backup_checker.checker.metrics import (
    ArchiveSize,
    GuestFigures,
    JobFigures,
    Verification,
    figures_of_guest,
    figures_of_job,
    stored_bytes,
)
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Facts, Run, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import History, RunRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.runs.run_records import RunRecords
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from .builders import NOW, assessment, facts, failed_log, good_log, guest, job, run

GIB = 1024**3
WEB = guest(101)
NIGHTLY = job("nightly", 101, 102, storage="nas")
LAST_NIGHT = NOW - timedelta(hours=13)


def outcome(vmid: int = 101, *, started: datetime = LAST_NIGHT, **changes: Any) -> Outcome:
    """Return a good outcome."""
    made = Outcome(
        vmid=vmid,
        upid=f"UPID:{vmid}:{started.timestamp()}",
        node="pve1",
        result=Result.OK,
        started=started,
        finished=started + timedelta(minutes=5),
        error=None,
        job_id="nightly",
        confidence=Confidence.MATCHED,
        storage="nas",
        size=3 * GIB,
        seconds=300,
    )
    return replace(made, **changes)


def record(*outcomes: Outcome, node: str = "pve1", minutes: float | None = 10) -> RunRecord:
    """Return a finished run with these outcomes, or one whose end is not known."""
    started = outcomes[0].started
    return RunRecord(
        upid=f"UPID:{node}:{started.timestamp()}",
        node=node,
        started=started,
        ended=None if minutes is None else started + timedelta(minutes=minutes),
        status="OK",
        job_id="nightly",
        confidence=Confidence.MATCHED,
        outcomes=outcomes,
    )


def archive(storage: str = "nas", *, days: float = 0, **changes: Any) -> Archive:
    """Return a finished archive of guest 101."""
    ctime = int((LAST_NIGHT - timedelta(days=days)).timestamp())
    name = "vm/101/x" if storage == "pbs" else "vzdump-qemu-101-x.vma.zst"
    made = Archive(
        volid=f"{storage}:backup/{name}{ctime}", storage=storage, vmid=101, guest_type="qemu", ctime=ctime, size=GIB
    )
    return replace(made, **changes)


def storage(name: str = "nas", *archives: Archive, complete: bool = True, detailed: bool = True) -> StorageFacts:
    """Return a storage with its listing."""
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=complete, detailed=detailed)
    return StorageFacts(
        storage=name, node=None, plugin_type="pbs" if name == "pbs" else "nfs", nodes=(), listing=listing
    )


def context(*records: RunRecord, storages: tuple[StorageFacts, ...] = ()) -> Context:
    """Return a moment with these finished runs and storages."""
    runs = {record.upid: record for record in records}
    known: Facts = facts([WEB, guest(102)], [NIGHTLY], storages=storages)
    indexes = Indexes.of(known, RunRecords(runs))
    return Context(facts=known, history=History(runs=runs), indexes=indexes)


def of_guest(*records: RunRecord, storages: tuple[StorageFacts, ...] = ()) -> GuestFigures:
    return figures_of_guest(WEB, context(*records, storages=storages))


def test_of_a_guest_of_which_nothing_is_known_nothing_is_told() -> None:
    assert of_guest() == GuestFigures()


def test_size_and_duration_are_those_of_the_last_good_backup() -> None:
    good, bad = outcome(started=LAST_NIGHT - timedelta(days=1)), outcome(result=Result.FAILED, size=None, seconds=7)
    figures = of_guest(record(good), record(bad))
    assert (figures.size, figures.duration) == (3 * GIB, timedelta(minutes=5))


def test_a_backup_whose_log_is_gone_has_neither_size_nor_duration() -> None:
    figures = of_guest(record(outcome(size=None, seconds=None)))
    assert (figures.size, figures.duration) == (None, None)


def test_on_a_backup_server_the_size_is_what_had_to_be_transferred() -> None:
    known = facts([WEB], [NIGHTLY], storages=(storage("pbs"), storage("nas")))
    assert stored_bytes(outcome(storage="pbs", transferred=0), known) == 0
    assert stored_bytes(outcome(storage="pbs", transferred=None), known) == 3 * GIB
    assert stored_bytes(outcome(storage="nas", transferred=5), known) == 3 * GIB


def test_restore_points_are_counted_over_all_storages_and_the_oldest_is_told() -> None:
    figures = of_guest(
        storages=(storage("nas", archive(days=1), archive(days=9)), storage("pbs", archive("pbs", days=2)))
    )
    assert figures.restore_points == 3
    assert figures.oldest == LAST_NIGHT - timedelta(days=9)


def test_a_snapshot_that_was_never_finished_is_no_restore_point() -> None:
    figures = of_guest(storages=(storage("pbs", archive("pbs", finished=False)),))
    assert (figures.restore_points, figures.oldest, figures.verification) == (0, None, None)


def test_no_restore_points_are_told_where_nothing_could_be_listed_completely() -> None:
    assert of_guest(storages=(storage("nas", complete=False),)).restore_points is None
    assert of_guest(storages=(replace(storage("nas"), listing=None),)).restore_points is None
    assert of_guest(storages=(storage("nas"),)).restore_points == 0


def test_audit_rights_alone_do_not_tell_the_restore_points_on_a_backup_server() -> None:
    unproven = storage("pbs", archive("pbs", finished=False), detailed=False)
    figures = of_guest(storages=(unproven, storage("nas", archive(days=1))))
    assert (figures.restore_points, figures.oldest) == (None, None)
    elsewhere = storage("pbs", replace(archive("pbs", finished=False), vmid=102), detailed=False)
    assert of_guest(storages=(elsewhere, storage("nas", archive(days=1)))).restore_points == 1


def test_verification_and_encryption_are_those_of_the_newest_backup_on_a_backup_server() -> None:
    files = storage("nas", archive())
    assert of_guest(storages=(files,)).verification is None
    assert of_guest(storages=(files,)).encrypted is None

    older = archive("pbs", days=2, verification="failed", encrypted=True)
    for state, expected in (("ok", Verification.OK), ("failed", Verification.FAILED), (None, Verification.NONE)):
        newer = archive("pbs", days=1, verification=state)
        figures = of_guest(storages=(files, storage("pbs", older, newer)))
        assert (figures.verification, figures.encrypted) == (expected, False)
    assert of_guest(storages=(files, storage("pbs", older))).encrypted is True


def test_a_job_is_measured_from_its_first_start_to_its_last_end_on_all_nodes() -> None:
    later = LAST_NIGHT + timedelta(minutes=2)
    runs = (record(outcome()), record(outcome(102, started=later, size=GIB), node="pve2", minutes=30))
    before = record(outcome(started=LAST_NIGHT - timedelta(days=1), size=9 * GIB))
    assert figures_of_job(NIGHTLY, context(*runs, before)) == JobFigures(
        duration=timedelta(minutes=32), size=4 * GIB, archive=ArchiveSize(storage="nas", size=4 * GIB)
    )


def test_runs_without_a_guest_say_nothing_of_a_job() -> None:
    empty = replace(record(outcome(started=NOW - timedelta(hours=1))), outcomes=())
    assert figures_of_job(NIGHTLY, context(empty)) == JobFigures()
    assert figures_of_job(NIGHTLY, context(empty, record(outcome()))).size == 3 * GIB


def test_what_is_not_known_of_a_run_is_not_told() -> None:
    run_without_end = record(outcome(size=None), minutes=None)
    assert figures_of_job(NIGHTLY, context(run_without_end)) == JobFigures()


def test_the_picture_has_the_figures_of_every_guest_and_job() -> None:
    runs: list[Run] = [
        run(good_log(101, 102)),
        run(failed_log(101, at=NOW - timedelta(hours=1)), "job errors", started=NOW - timedelta(hours=1)),
    ]
    held = assessment([WEB, guest(102)], [NIGHTLY], runs)
    assert held.guests[101].figures.size == 3 * GIB
    assert held.guests[101].figures.duration == timedelta(minutes=1)
    assert held.jobs["nightly"].figures.duration == timedelta(minutes=10)
    assert assessment([WEB, guest(102)], [NIGHTLY], runs).guests[101].figures == held.guests[101].figures
