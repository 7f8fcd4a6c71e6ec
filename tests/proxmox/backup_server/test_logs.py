"""Logs of a backup server's tasks, read down to group and snapshot, in the forms of 3.x and of 4.1.8 and later."""

import time

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.logs import sync_log
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.backup_log import BackupLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.garbage_collection_log import (
    GarbageCollectionLogReader,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.prune_log import PruneLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.sync_log import SyncLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.sync_records import SkipReason, SyncLog
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.task_log import TaskLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.verify_log import VerifyLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.namespace import GroupId, epoch_of
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_state import TaskResult
from custom_components.proxmox_backup_checker.proxmox.retention import Mark

from .samples import log_of

READERS = (SyncLogReader, VerifyLogReader, GarbageCollectionLogReader, PruneLogReader, BackupLogReader)
SYNCING = "Syncing datastore 'tank', namespace 'home' into datastore 'ds1', namespace 'offsite/home'"
T1, T2 = "2026-09-09T01:00:03Z", "2026-09-10T01:00:03Z"
VM100, VM101, CT201 = GroupId("vm", "100"), GroupId("vm", "101"), GroupId("ct", "201")


def stamped(*lines: str) -> list[str]:
    """Return lines with a time before each."""
    return [f"2026-09-11T05:00:{number % 60:02d}+02:00: {line}" for number, line in enumerate(lines)]


def sync(*lines: str) -> SyncLog:
    """Read a sync's log."""
    reader = SyncLogReader()
    reader.feed(stamped(*lines))
    return reader.log()


def test_a_pull_of_which_one_group_failed_names_it_and_leaves_the_others_copied() -> None:
    reader = SyncLogReader()
    reader.feed(log_of("syncjob pull, one group failed"))
    log = reader.log()
    assert (log.job_id, log.pushes, log.summary) == ("pull-friend", False, False)
    assert reader.state is not None
    assert reader.state.error == "sync failed with some errors."
    (namespace,) = log.namespaces
    assert (namespace.source_ns, namespace.target_ns) == ("lab", "lab")
    assert (namespace.groups, namespace.finished, namespace.error) == (3, True, None)
    good, failed, waiting = log.groups
    assert (good.group, good.copied, good.skipped) == (
        GroupId("vm", "300"),
        (epoch_of("2026-09-10T22:00:05Z"),),
        {SkipReason.OLDER: 5},
    )
    assert not good.incomplete
    assert (failed.group, failed.error, failed.incomplete) == (
        GroupId("vm", "301"),
        "owner check failed (backup@pbs != root@pam)",
        True,
    )
    assert (waiting.skipped, waiting.copied, waiting.incomplete) == ({SkipReason.IN_PROGRESS: 1}, (), False)


def test_a_push_skips_a_group_that_is_not_its_own_with_no_more_than_a_warning() -> None:
    reader = SyncLogReader()
    reader.feed(log_of("syncjob push with warnings"))
    log = reader.log()
    assert (log.pushes, log.summary, log.transferred) == (True, True, 3.201 * 1024**3)
    assert reader.state is not None
    assert (reader.state.result, reader.state.warnings) == (TaskResult.WARNING, 1)
    skipped = log.group("home", CT201)
    assert skipped is not None
    assert (skipped.not_owned, skipped.incomplete, skipped.copied) == (True, True, ())
    assert [str(group.group) for group in log.groups if group.copied] == ["ct/200", "vm/100"]


def test_the_log_of_3_4_has_no_labels() -> None:
    reader = SyncLogReader()
    reader.feed(log_of("syncjob pull OK (3.4"))
    (group,) = reader.log().groups
    assert group.copied == (epoch_of("2026-09-10T22:00:05Z"),)
    assert group.checked_again == (epoch_of("2026-09-09T22:00:04Z"),)
    assert (reader.began, reader.ended) == (1789095602, 1789095728)


def test_before_the_labels_what_was_skipped_belongs_to_the_group_that_is_named_next() -> None:
    log = sync(
        SYNCING,
        f"skipped: 3 snapshot(s) ({T1} .. {T2}) - older than the newest snapshot present on sync target",
        f"re-sync snapshot vm/100/{T1}",
        f"skipped: 9 snapshot(s) ({T1} .. {T2}) - due to transfer-last",
        f"sync snapshot vm/101/{T2}",
        f"sync snapshot vm/101/{T2} done",
    )
    assert [(group.group, dict(group.skipped)) for group in log.groups] == [
        (VM100, {SkipReason.OLDER: 3}),
        (VM101, {SkipReason.TRANSFER_LAST: 9}),
    ]


def test_a_remote_that_cannot_be_reached_is_in_the_state_alone() -> None:
    reader = SyncLogReader()
    reader.feed(log_of("syncjob, remote certificate changed"))
    assert reader.state is not None
    assert reader.state.error is not None
    assert reader.state.error.endswith("certificate verify failed")
    assert (reader.log().groups, reader.log().namespaces) == ((), ())


def test_a_certificate_that_is_not_taken_is_told_before_an_error_that_does_not_name_it() -> None:
    refused = "certificate validation failed - Certificate fingerprint was not confirmed."
    assert sync(refused).refused == refused
    assert sync(SYNCING).refused is None


def test_a_sync_that_came_to_its_summary_was_let_in_after_all() -> None:
    refused = "certificate validation failed - Certificate fingerprint was not confirmed."
    assert sync(refused, "Summary: sync job found no new data to pull").refused is None


def test_groups_that_are_copied_side_by_side_are_kept_apart() -> None:
    log = sync(
        SYNCING,
        f"[vm/100]: {T1}: start sync",
        f"[vm/101]: {T1}: start sync",
        f"[vm/101]: {T1}: sync done",
        "[vm/100]: Encountered errors: connection reset",
        "[vm/101]: Encountered errors: disk full",
        "[vm/100]: Failed to push group vm/100 to remote!",
        "[vm/101]: Failed to push group vm/101 to remote!",
    )
    assert [(group.error, len(group.copied)) for group in log.groups] == [("connection reset", 0), ("disk full", 1)]


def test_a_push_calls_done_what_it_could_not_read() -> None:
    """Neither an unreadable manifest nor a snapshot encrypted in part is ever copied, whatever the next line says."""
    log = sync(
        SYNCING,
        f"[vm/100]: {T1}: start sync",
        f"[vm/100]: {T1}: Encountered errors: no such file",
        f"[vm/100]: {T1}: Failed to load manifest!",
        f"[vm/100]: {T1}: sync done",
        f"[vm/101]: Encountered partially encrypted snapshot 'vm/101/{T1}', refuse to re-encrypt and skip",
        f"[vm/101]: {T1}: sync done",
        f"[vm/101]: {T2}: sync done",
    )
    unreadable, half = log.groups
    assert (unreadable.copied, dict(unreadable.skipped)) == ((), {SkipReason.UNREADABLE: 1})
    assert (half.copied, dict(half.skipped)) == ((epoch_of(T2),), {SkipReason.PARTIALLY_ENCRYPTED: 1})
    assert unreadable.incomplete
    assert half.incomplete


def test_what_a_filter_leaves_out_is_told_twice_and_counted_once() -> None:
    log = sync(
        SYNCING,
        f"[vm/100]: Snapshot vm/100/{T1} not verified but verified-only set, snapshot skipped",
        f"[vm/100]: {T1}: skipped, did not match verified-only/encrypted-only filter",
    )
    assert dict(log.groups[0].skipped) == {SkipReason.FILTERED: 1}
    assert not log.groups[0].incomplete


def test_a_corrupt_copy_that_is_fetched_anew_counts_as_copied() -> None:
    for line in (
        f"[vm/100]: re-sync snapshot {T1} due to corruption",
        f"re-sync snapshot vm/100/{T1} due to corruption",
    ):
        assert sync(SYNCING, line).groups[0].copied == (epoch_of(T1),)


def test_the_same_group_in_two_namespaces_is_two() -> None:
    other = "Syncing datastore 'tank', root namespace into datastore 'ds1', root namespace"
    log = sync(SYNCING, f"[vm/100]: {T1}: sync done", other, f"[vm/100]: {T2}: sync done")
    assert [(group.ns, group.copied) for group in log.groups] == [("home", (epoch_of(T1),)), ("", (epoch_of(T2),))]


def test_namespaces_that_could_not_be_gone_through_say_why() -> None:
    log = sync(
        SYNCING,
        "Encountered errors while syncing namespace home - no permission",
        SYNCING.replace("home", "b"),
        "Cannot sync datastore 'tank', namespace 'b' into datastore 'ds1', namespace 'offsite/b' - namespace missing",
        SYNCING.replace("home", "c"),
        "Encountered errors: remote is full",
        "Failed to sync datastore 'tank', namespace 'c' into datastore 'ds1', namespace 'offsite/c'!",
    )
    assert [(entry.source_ns, entry.error) for entry in log.namespaces] == [
        ("home", "no permission"),
        ("b", "namespace missing"),
        ("c", "remote is full"),
    ]


def test_what_vanished_is_counted_and_what_could_not_be_removed_concerns_no_copy() -> None:
    log = sync(
        SYNCING,
        f"[vm/100]: delete vanished snapshot vm/100/{T1}",
        f"[vm/100]: Removed vanished snapshot vm/100/{T2} from remote",
        "Delete vanished group 'vm/101'",
        "Encountered errors: protected",
        f"[vm/100]: Failed to remove vanished snapshot vm/100/{T2} from remote!",
        "Failed to remove vanished group vm/102 from remote!",
    )
    assert [(group.group, group.removed) for group in log.groups] == [(VM100, 2), (VM101, 1)]
    assert log.failed_removals == 2
    assert not any(group.incomplete for group in log.groups)


def test_memory_is_bounded_however_many_groups_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_log, "MOST_GROUPS", 3)
    log = sync(SYNCING, *(f"[vm/{number}]: {T1}: sync done" for number in range(100, 110)))
    assert (len(log.groups), log.complete) == (3, False)


def test_of_a_group_the_last_copies_are_kept() -> None:
    times = [f"2026-{month:02d}-{day:02d}T01:00:00Z" for month in range(1, 11) for day in range(1, 21)]
    group = sync(SYNCING, *(f"[vm/100]: {moment}: sync done" for moment in times)).groups[0]
    assert len(group.copied) == sync_log.MOST_SNAPSHOTS
    assert group.copied[-1] == epoch_of(times[-1])


def test_a_verification_names_the_snapshots_that_failed_with_namespace_and_reason() -> None:
    reader = VerifyLogReader()
    reader.feed(log_of("verificationjob failed"))
    log = reader.log()
    assert (log.job_id, log.store, log.groups) == ("v-weekly", "ds1", 1)
    assert (log.checked, log.aborted) == (2, False)
    (failure,) = log.failed
    assert (failure.ns, str(failure.snapshot)) == ("home", "vm/101/2026-09-04T20:30:03Z")
    assert failure.error == "drive-scsi0.img.fidx chunks could not be verified"
    assert not failure.unreadable


def test_an_unfinished_snapshot_counts_as_failed_and_is_known_as_unreadable() -> None:
    reader = VerifyLogReader()
    reader.feed(
        stamped(
            f"verify ds1:vm/100/{T2} - manifest load error: no such file",
            "Failed to verify the following snapshots/groups:",
            f"\tvm/100/{T2}",
            "TASK ERROR: verification failed - please check the log for details",
        )
    )
    (failure,) = reader.log().failed
    assert (failure.ns, failure.unreadable, failure.error) == ("", True, "manifest load error: no such file")


def test_a_verification_that_broke_off_has_no_list_and_tells_what_it_met() -> None:
    reader = VerifyLogReader()
    reader.feed(
        stamped(
            f"SKIPPED: verify ds1:vm/101/{T1} - could not acquire snapshot lock: busy",
            f"verify ds1:vm/100/{T2}/drive.img.fidx failed: chunks could not be verified",
            "TASK ERROR: verification failed - job aborted",
        )
    )
    log = reader.log()
    assert (log.aborted, log.failures) == (True, 1)
    assert log.failed[0].ns is None


def test_garbage_collection_tells_what_was_freed_and_what_is_pending() -> None:
    reader = GarbageCollectionLogReader()
    reader.feed(log_of("garbage_collection OK"))
    log = reader.log()
    assert log.removed_bytes == 12.5 * 1024**3
    assert log.pending_bytes == pytest.approx(3.1 * 1024**3)
    assert (log.still_bad, log.deduplication_factor) == (None, 23.2)
    assert log.disk_bytes == pytest.approx(394.324 * 1024**3)


def test_a_prune_tells_what_it_removed_and_what_it_could_not() -> None:
    reader = PruneLogReader()
    reader.feed(log_of("prunejob with a warning"))
    log = reader.log()
    assert (log.job_id, log.store, log.ns, log.groups, log.keeps_all) == ("s-main", "ds1", "", 1, False)
    assert log.marks == {Mark.REMOVE: 1, Mark.KEEP: 1, Mark.PROTECTED: 1, Mark.KEEP_PARTIAL: 1}
    assert log.removed == ()
    (failed,) = log.failed
    assert (failed.ns, str(failed.snapshot)) == ("home", "vm/100/2026-08-01T20:30:02Z")
    assert failed.error is not None
    assert "Permission denied" in failed.error


def test_the_marks_of_3_x_are_written_otherwise() -> None:
    reader = PruneLogReader()
    reader.feed(
        stamped(
            "Starting datastore prune on datastore 'ds1', namespace 'a/b', down to full depth",
            'Pruning group a/b:"vm/100"',
            f"protected vm/100/{T1}",
            f"keep-partial vm/100/{T2}",
            f"remove vm/100/{T1}",
            f'failed to remove dir "ns/a/ns/b/vm/100/{T1}": busy',
        )
    )
    log = reader.log()
    assert log.marks == {Mark.PROTECTED: 1, Mark.KEEP_PARTIAL: 1, Mark.REMOVE: 1}
    assert [(entry.ns, str(entry.snapshot)) for entry in log.failed] == [("a/b", f"vm/100/{T1}")]


def test_a_dry_run_and_a_prune_without_rules_remove_nothing() -> None:
    for lines in ([f"would remove vm/100/{T1}"], ["No prune selection - keeping all files.", f"remove vm/100/{T1}"]):
        reader = PruneLogReader()
        reader.feed(stamped(*lines))
        assert reader.log().removed == ()
    assert reader.log().keeps_all


def test_the_namespace_of_a_backup_is_in_its_first_line() -> None:
    reader = BackupLogReader()
    reader.feed(log_of("backup of a host group"))
    log = reader.log()
    assert (log.store, log.ns, str(log.snapshot)) == ("ds1", "hosts", "host/nas/2026-09-11T01:00:02Z")
    assert log.client == "::ffff:192.168.1.77"


def test_the_warnings_of_3_1_say_that_they_are_some() -> None:
    line = "WARN: Group 'ct/201' not owned by remote user 'u' on target, skipping upload"
    assert sync(SYNCING, line).groups[0].not_owned


@pytest.mark.parametrize("reader", READERS)
def test_a_log_that_is_not_over_has_no_state(reader: type[TaskLogReader]) -> None:
    made = reader()
    made.feed(stamped("x"))
    assert made.state is None
    made.feed(["TASK OK"])
    assert made.state is not None
    assert made.state.result is TaskResult.OK


PIECES = st.sampled_from(
    [
        "2026-09-11T05:00:00+02:00: ",
        "[vm/100]: ",
        f"vm/100/{T1}",
        T1,
        "9999-99-99T99:99:99Z",
        ": sync done",
        "Syncing datastore 'a', namespace '/' into datastore 'b', root namespace",
        "Failed to push group vm/1 to remote!",
        "Failed to verify the following snapshots/groups:",
        "\tns/../vm/1",
        "\t",
        "skipped: 5 snapshot(s) () - due to transfer-last",
        'Pruning group x:"vm/1"',
        "remove vm/1/",
        "TASK WARNINGS: 99999999999999999999999",
        "Removed garbage: 1 XiB",
        "\ud800",
    ]
)


@given(st.lists(st.lists(PIECES | st.text(max_size=6), max_size=5).map("".join), max_size=12))
def test_no_log_raises(lines: list[str]) -> None:
    for reader in READERS:
        made = reader()
        made.feed(lines)
        made.log()


@pytest.mark.parametrize("reader", READERS)
def test_a_long_log_is_read_at_once(reader: type[TaskLogReader]) -> None:
    lines = stamped(
        *(f"[vm/{number % 300}]: {T1}: sync archive drive.img.fidx" for number in range(20_000)),
        *(f"verify ds1:vm/{number % 300}/{T1}" for number in range(5_000)),
        *("x" * 4_000 for _ in range(200)),
    )
    made = reader()
    started = time.process_time()
    made.feed(lines)
    assert time.process_time() - started < 2
