"""Logs of backup servers that were published, names and addresses replaced, and what a careful reader finds in them."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.garbage_collection_log import (
    GarbageCollectionLogReader,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.sync_log import SyncLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.verify_log import VerifyLogReader
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_state import TaskResult

# A push of 3.4 to a server that knows no owners.
PUSH = """\
2025-06-12T03:00:40+02:00: Starting datastore sync job 'vault:backup:local-backup::s-0a641197-e9ac'
2025-06-12T03:00:40+02:00: sync datastore 'local-backup' to 'vault/backup'
2025-06-12T03:00:40+02:00: ----
2025-06-12T03:00:40+02:00: Syncing datastore 'local-backup', root namespace into datastore 'backup', root namespace
2025-06-12T03:00:40+02:00: Found 4 groups to sync (out of 4 total)
2025-06-12T03:00:40+02:00: Group 'ct/100' not owned by remote user 'sync@pbs' on target, skipping upload
2025-06-12T03:00:40+02:00: Group 'ct/102' not owned by remote user 'sync@pbs' on target, skipping upload
2025-06-12T03:00:40+02:00: Group 'ct/103' not owned by remote user 'sync@pbs' on target, skipping upload
2025-06-12T03:00:40+02:00: skipped: 1 snapshot(s) (2025-06-11T23:09:48Z) - older than the newest snapshot present on sync target
2025-06-12T03:00:40+02:00: Finished syncing root namespace, current progress: 3 groups, 0 snapshots
2025-06-12T03:00:40+02:00: Summary: sync job found no new data to push
2025-06-12T03:00:40+02:00: sync job 'vault:backup:local-backup::s-0a641197-e9ac' end
2025-06-12T03:00:40+02:00: TASK WARNINGS: 3
"""
# A check on a server whose clock is nine hours behind, of 4.2.
CHECK = """\
2026-05-09T06:45:36-09:00: Starting datastore verify job 'store3:v-b9f36788-189c'
2026-05-09T06:45:36-09:00: verify datastore store3
2026-05-09T06:45:36-09:00: found 1 groups
2026-05-09T06:45:36-09:00: using 1 read and 4 verify thread(s)
2026-05-09T06:45:36-09:00: verify group store3:ct/101 (1 snapshots)
2026-05-09T06:45:36-09:00: verify store3:ct/101/2026-05-09T15:43:57Z
2026-05-09T06:45:36-09:00:   check pct.conf.blob
2026-05-09T06:45:36-09:00:   check root.pxar.didx
2026-05-09T06:45:50-09:00:   verified 182.23/535.21 MiB in 14.66 seconds, speed 12.43/36.52 MiB/s (0 errors)
2026-05-09T06:45:50-09:00:   check catalog.pcat1.didx
2026-05-09T06:45:50-09:00:   verified 0.19/0.47 MiB in 0.12 seconds, speed 1.60/3.89 MiB/s (0 errors)
2026-05-09T06:45:50-09:00: percentage done: 100.00% (1/1 snapshots)
2026-05-09T06:45:50-09:00: queued notification (id=cadd0566-9399-4c6e-bdb8-e3f563a92a2b)
2026-05-09T06:45:50-09:00: TASK OK
"""
COLLECTION = """\
2026-09-06T09:47:33-05:00: processed 99% (623993 chunks)
2026-09-06T09:47:33-05:00: Chunk cache: hits 1588013, misses 630236 (hit ratio 71.59%)
2026-09-06T09:47:33-05:00: Removed garbage: 0 B
2026-09-06T09:47:33-05:00: Removed chunks: 0
2026-09-06T09:47:33-05:00: Original data usage: 8.461 TiB
2026-09-06T09:47:33-05:00: On-Disk usage: 994.524 GiB (11.48%)
2026-09-06T09:47:33-05:00: On-Disk chunks: 630236
2026-09-06T09:47:33-05:00: Deduplication factor: 8.71
2026-09-06T09:47:33-05:00: Average chunk size: 1.616 MiB
2026-09-06T09:47:33-05:00: queued notification (id=eb21b199-a9c9-409c-ae79-e11b39b71b39)
2026-09-06T09:47:33-05:00: TASK OK
"""


def test_a_push_that_may_not_write_three_of_four_groups_copied_nothing_of_them() -> None:
    reader = SyncLogReader()
    reader.feed(PUSH.splitlines())
    log = reader.log()
    assert reader.state is not None
    assert (reader.state.result, reader.state.warnings) == (TaskResult.WARNING, 3)
    assert (log.job_id, log.pushes, log.summary, log.transferred) == ("s-0a641197-e9ac", True, True, None)
    (namespace,) = log.namespaces
    assert (namespace.groups, namespace.finished, namespace.error) == (4, True, None)
    assert [(str(group.group), group.not_owned, group.copied) for group in log.groups] == [
        ("ct/100", True, ()),
        ("ct/102", True, ()),
        ("ct/103", True, ()),
    ]


def test_a_check_of_one_backup_that_is_whole() -> None:
    reader = VerifyLogReader()
    reader.feed(CHECK.splitlines())
    log = reader.log()
    assert reader.state is not None
    assert reader.state.result is TaskResult.OK
    assert (log.job_id, log.store, log.groups, log.checked) == ("v-b9f36788-189c", "store3", 1, 1)
    assert (log.failed, log.failures, log.aborted) == ((), 0, False)
    assert (reader.began, reader.ended) == (1778341536, 1778341550)


def test_a_collection_that_found_nothing_to_remove() -> None:
    reader = GarbageCollectionLogReader()
    reader.feed(COLLECTION.splitlines())
    log = reader.log()
    assert (log.removed_bytes, log.pending_bytes, log.still_bad, log.deduplication_factor) == (0, None, None, 8.71)
    assert log.disk_bytes == pytest.approx(994.524 * 1024**3)
