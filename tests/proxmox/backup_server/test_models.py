"""What a backup server answers becomes frozen objects; what it cannot mean becomes a typed error."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import UnexpectedAnswerError
from custom_components.proxmox_backup_checker.proxmox.backup_server.datastore_models import (
    Datastore,
    DatastoreConfig,
    DatastoreStatus,
    DatastoreUsage,
    Maintenance,
    MountStatus,
    Remote,
    namespaces_from_api,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.job_models import (
    GarbageCollection,
    PruneJob,
    SyncDirection,
    SyncJob,
    VerifyJob,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.server_models import (
    Permissions,
    ServerStatus,
    ServerTime,
    Version,
    instance_id_from_api,
    server_id_from_api,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.snapshot_models import Group, Snapshot
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_models import (
    Task,
    TaskList,
    log_lines_from_api,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_state import TaskResult
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from .samples import sample

type Parse = Callable[[object], object]

NOW = 1789120800


def test_the_version_is_put_together_of_both_fields() -> None:
    assert Version.from_api(sample("GET /version (4.2)")) == Version(text="4.2.3", release=(4, 2, 3))
    assert Version.from_api(sample("GET /version (3.4)")).release == (3, 4, 8)


def test_who_the_server_is() -> None:
    assert instance_id_from_api(sample("GET /nodes/localhost/identity")) == "5b9c0d7e1f2a43648f0c1d2e3f405162"
    assert server_id_from_api(sample("GET /nodes/localhost/subscription")) == "0123456789ABCDEF0123456789ABCDEF"
    assert server_id_from_api({"status": "notfound"}) is None


def test_the_clock_and_zone_of_the_server() -> None:
    assert ServerTime.from_api(sample("GET /nodes/localhost/time")) == ServerTime(zone="Europe/Berlin", time=NOW)


def test_the_state_of_the_host() -> None:
    status = ServerStatus.from_api(sample("GET /nodes/localhost/status"))
    assert (status.uptime, status.root_total, status.root_used) == (864213, 31526391808, 7283212288)
    assert status.fingerprint == sample("GET /nodes/localhost/status")["info"]["fingerprint"].upper()


def test_rights_hold_below_their_path_and_end_at_a_nearer_one() -> None:
    permissions = Permissions.from_api(sample("GET /access/permissions (recipe)"))
    assert permissions.has("/datastore/ds1/home", "Datastore.Audit")
    assert permissions.has("/system/tasks", "Sys.Audit")
    assert permissions.has("/remote/vault/tank", "Remote.Audit")
    assert not permissions.has("/remote/vault", "Datastore.Audit")
    without = Permissions.from_api(sample("GET /access/permissions (recipe without the RemoteAudit lines)"))
    assert not without.has("/remote/vault", "Remote.Audit")


def test_a_right_that_does_not_propagate_holds_on_its_own_path_only() -> None:
    permissions = Permissions.from_api({"/": {}, "/datastore/ds1": {"Datastore.Audit": False}})
    assert permissions.has("/datastore/ds1", "Datastore.Audit")
    assert not permissions.has("/datastore/ds1/home", "Datastore.Audit")
    assert permissions.has_below("/datastore", "Datastore.Audit")
    assert not permissions.has_below("/datastore/ds", "Datastore.Audit")


def test_a_path_that_is_always_listed_and_is_not_has_no_right() -> None:
    permissions = Permissions.from_api({"/": {"Datastore.Audit": True}})
    assert not permissions.has("/datastore/ds1", "Datastore.Audit")


def test_a_token_without_any_right_has_none() -> None:
    assert not Permissions.from_api({}).has("/datastore", "Datastore.Audit")


def test_datastores_with_what_keeps_them_from_being_read() -> None:
    stores = {store.store: store for store in Datastore.list_from_api(sample("GET /admin/datastore"))}
    assert list(stores) == ["bucket", "cold", "ds1", "usb-a"]
    assert stores["bucket"].backend == "s3"
    assert stores["cold"].maintenance == Maintenance("offline", "disk swap")
    assert stores["usb-a"].mount_status is MountStatus.NOT_MOUNTED
    assert [store.store for store in stores.values() if store.readable] == ["bucket", "ds1"]


def test_datastores_before_3_3_are_not_removable() -> None:
    stores = Datastore.list_from_api(sample("GET /admin/datastore (3.2)"))
    assert {store.mount_status for store in stores} == {MountStatus.NONREMOVABLE}
    assert {store.backend for store in stores} == {None}


def test_a_mount_status_of_a_later_version_hides_no_datastore() -> None:
    (store,) = Datastore.list_from_api([{"store": "ds1", "mount-status": "mounting"}])
    assert (store.mount_status, store.readable) == (MountStatus.UNKNOWN, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offline", Maintenance("offline")),
        ("type=read-only,message=disk swap", Maintenance("read-only", "disk swap")),
        ("read-only,message=a%2Cb%0Ac", Maintenance("read-only", "a,b c")),
        ('type=offline,message="a,b"', Maintenance("offline", "a,b")),
        ("message=x", None),
        ("", None),
    ],
)
def test_maintenance_modes_are_property_strings(text: str, expected: Maintenance | None) -> None:
    assert Maintenance.parse(text) == expected


def test_only_read_only_maintenance_can_be_read() -> None:
    assert Maintenance("read-only").allows_reading
    assert not any(Maintenance(kind).allows_reading for kind in ("offline", "delete", "unmount", "s3-refresh"))


def test_the_configuration_of_datastores() -> None:
    stores = {store.store: store for store in DatastoreConfig.list_from_api(sample("GET /config/datastore"))}
    assert stores["ds1"].verify_new is False
    assert stores["bucket"].backend == "s3"
    assert stores["usb-a"].backing_device == "1f2e3d4c-5b6a-4798-8877-665544332211"
    assert stores["cold"].maintenance == Maintenance("offline", "disk swap")
    assert stores["ds1"].keep.keeps_everything


def test_namespaces_are_ordered_and_the_root_is_empty() -> None:
    assert namespaces_from_api(sample("GET /admin/datastore/ds1/namespace"), "ds1") == ("", "home", "hosts")


def test_zeros_for_want_of_rights_are_no_figures() -> None:
    status = DatastoreStatus.from_api(sample("GET /admin/datastore/ds1/status (only rights in a namespace)"), "ds1")
    assert (status.usage.total, status.usage.used, status.usage.available) == (None, None, None)
    full = DatastoreStatus.from_api(sample("GET /admin/datastore/ds1/status"), "ds1")
    assert (full.usage.total, full.usage.used) == (2000398934016, 800000000000)


def test_the_use_of_all_datastores() -> None:
    found = DatastoreUsage.list_from_api(sample("GET /status/datastore-usage"))
    rows = {row.store: row for row in found.items}
    assert found.odd == ()
    assert rows["cold"].error == "datastore 'cold' is unavailable: offline maintenance mode: disk swap"
    assert (rows["usb-a"].error, rows["usb-a"].usage.total) == (None, None)
    assert rows["ds1"].full_on(NOW) == 1812000000
    assert rows["bucket"].full_on(NOW) is None
    history = rows["ds1"].history
    assert history is not None
    assert history.shares == (None, None, None, 0.371, 0.372, 0.373)


def test_other_servers() -> None:
    friend, vault = Remote.list_from_api(sample("GET /config/remote"))
    assert (friend.name, friend.host, friend.port) == ("friend", "203.0.113.7", 8007)
    assert (vault.comment, vault.fingerprint) == ("parents", None)


def test_groups_tell_the_newest_finished_snapshot() -> None:
    found = Group.list_from_api(sample("GET /admin/datastore/ds1/groups?ns=home"), "ds1", "home")
    groups = {str(group.group): group for group in found.items}
    assert list(groups) == ["ct/200", "ct/201", "vm/100", "vm/101", "vm/999"]
    assert groups["ct/201"].comment == "no-monitor"
    assert (groups["vm/101"].last_backup, groups["vm/101"].backup_count) == (1789072204, 14)
    assert all(group.finished for group in groups.values())


def test_an_unfinished_only_snapshot_and_an_empty_group_are_told() -> None:
    found = Group.list_from_api(sample("GET /admin/datastore/ds1/groups?ns=hosts"), "ds1", "hosts")
    groups = {group.group.backup_id: group for group in found.items}
    assert not groups["new-server"].finished
    assert (groups["old-server"].last_backup, groups["old-server"].backup_count) == (None, 0)


def test_snapshots_are_put_in_order_with_their_checks() -> None:
    name = "GET /admin/datastore/ds1/snapshots?ns=home&backup-type=vm&backup-id=101"
    snapshots = Snapshot.list_from_api(sample(name), "ds1", "home").items
    assert [snapshot.id.backup_time for snapshot in snapshots] == [1788553803, 1788640203, 1789072204]
    assert [snapshot.verification and snapshot.verification.ok for snapshot in snapshots] == [False, True, None]
    assert [snapshot.encrypted for snapshot in snapshots] == [False, False, True]
    assert [snapshot.protected for snapshot in snapshots] == [False, True, False]
    assert {snapshot.finished for snapshot in snapshots} == {True}
    assert str(snapshots[-1].id) == "vm/101/2026-09-10T20:30:04Z"


def test_a_snapshot_without_manifest_is_unfinished() -> None:
    name = "GET /admin/datastore/ds1/snapshots?ns=home&backup-type=vm&backup-id=100"
    older, newest = Snapshot.list_from_api(sample(name), "ds1", "home").items
    assert (newest.finished, newest.partial, newest.size, newest.comment) == (False, True, None, None)
    assert older.finished


def test_a_check_that_came_along_with_a_sync_names_the_other_server() -> None:
    (snapshot,) = Snapshot.list_from_api(sample("GET /admin/datastore/ds1/snapshots?ns=lab"), "ds1", "lab").items
    assert snapshot.verification is not None
    assert snapshot.verification.upid is not None
    assert (snapshot.verification.upid.node, snapshot.verification.upid.worker_id) == ("friend", "tank:v-daily")


@pytest.mark.parametrize("odd", [7, [], "ok", {}, {"state": "fine", "upid": "UPID:"}])
def test_an_odd_check_neither_hides_a_snapshot_nor_calls_it_checked(odd: object) -> None:
    row = sample("GET /admin/datastore/ds1/snapshots?ns=lab")[0] | {"verification": odd}
    (snapshot,) = Snapshot.list_from_api([row], "ds1", "lab").items
    assert snapshot.verification is None


def test_a_failed_check_stays_failed_where_its_task_cannot_be_read() -> None:
    row = sample("GET /admin/datastore/ds1/snapshots?ns=lab")[0] | {"verification": {"state": "failed", "upid": "?"}}
    (snapshot,) = Snapshot.list_from_api([row], "ds1", "lab").items
    assert snapshot.verification is not None
    assert (snapshot.verification.ok, snapshot.verification.upid) == (False, None)


def test_one_odd_row_spoils_no_other() -> None:
    rows = [*sample("GET /admin/datastore/ds1/groups?ns=home"), {"backup-type": "tv", "backup-id": "1"}]
    found = Group.list_from_api(rows, "ds1", "home")
    assert (len(found.items), len(found.odd)) == (5, 1)


def test_sync_jobs_of_both_directions() -> None:
    jobs = {
        job.job_id: job for job in SyncJob.list_from_api(sample("GET /admin/sync?sync-direction=all (>=3.3)")).items
    }
    push, pull, local = jobs["push-vault"], jobs["pull-friend"], jobs["copy-usb"]
    assert (push.direction, push.remote, push.ns) == (SyncDirection.PUSH, "vault", "home")
    assert push.status.last_run_state is not None
    assert (push.status.last_run_state.result, push.status.last_run_state.warnings) == (TaskResult.WARNING, 1)
    assert [(entry.kind, entry.value, entry.excludes) for entry in pull.group_filters] == [
        ("type", "vm", False),
        ("group", "vm/999", True),
    ]
    assert (pull.max_depth, pull.remove_vanished) == (0, True)
    assert pull.status.last_run_state is not None
    assert pull.status.last_run_state.error == "sync failed with some errors."
    assert (local.direction, local.remote, local.schedule) == (SyncDirection.PULL, None, None)
    assert jobs["pull-b"].status.running
    assert (jobs["new-job"].status.running, jobs["new-job"].status.last_run_upid) == (False, None)


def test_prune_jobs_with_their_retention() -> None:
    jobs = {job.job_id: job for job in PruneJob.list_from_api(sample("GET /admin/prune")).items}
    assert jobs["s-main"].keep == KeepOptions(last=3, daily=7, weekly=4)
    assert (jobs["s-hosts"].disabled, jobs["s-hosts"].status.next_run) == (True, None)
    assert jobs["s-usb"].status.next_run == 1788127200 < NOW


def test_verify_jobs_check_a_snapshot_once_unless_told_otherwise() -> None:
    (job,) = VerifyJob.list_from_api(sample("GET /admin/verify")).items
    assert (job.ignore_verified, job.outdated_after) == (True, 30)
    (plain,) = VerifyJob.list_from_api([{"id": "v", "store": "ds1"}]).items
    assert (plain.ignore_verified, plain.outdated_after, plain.schedule) == (True, None, None)


def test_garbage_collection_keeps_the_good_run_and_the_latest_apart() -> None:
    name = "GET /admin/gc (last run failed: fields of two runs mixed)"
    (failed,) = GarbageCollection.list_from_api(sample(name)).items
    assert failed.good_upid is not None
    assert failed.good_upid.starttime == 0x6A9F33E5
    assert failed.status.last_run_state is not None
    assert failed.status.last_run_state.error == "unable to get exclusive lock - EAGAIN: Try again"
    (never,) = GarbageCollection.list_from_api(sample("GET /admin/gc (never succeeded")).items
    assert (never.good_upid, never.status.last_run_state, never.deduplication_factor) == (None, None, None)


def test_tasks_running_and_over() -> None:
    tasks = Task.list_from_api(sample("GET /nodes/localhost/tasks?limit=500")).items
    assert [task.upid.worker_type for task in tasks if task.running] == ["backup", "syncjob"]
    failed = next(task for task in tasks if task.state and task.state.error)
    assert failed.state is not None
    assert failed.state.error == "sync failed with some errors."
    assert failed.work is not None
    assert (failed.work.remote, failed.work.store, failed.work.ns, failed.work.job) == (
        "friend",
        "ds1",
        "lab",
        "pull-friend",
    )
    nightly = next(task for task in tasks if task.upid.worker_type == "logrotate")
    assert (nightly.worker_id, nightly.work) == (None, None)


def test_a_task_that_ended_between_two_pages_is_taken_as_ended() -> None:
    running = Task.list_from_api(sample("GET /nodes/localhost/tasks?limit=500")).items[0]
    row = sample("GET /nodes/localhost/tasks?limit=500")[0] | {"endtime": NOW, "status": "OK"}
    (ended,) = Task.list_from_api([row]).items
    for order in ([running, ended], [ended, running]):
        assert TaskList.of(order, complete=True).tasks == (ended,)


def test_lines_of_a_log() -> None:
    assert log_lines_from_api([{"n": 1, "t": "a"}, {"n": 2, "t": ""}]) == ("a", "")


LISTS: dict[str, Parse] = {
    "/admin/datastore": Datastore.list_from_api,
    "/config/datastore": DatastoreConfig.list_from_api,
    "/status/datastore-usage": DatastoreUsage.list_from_api,
    "/config/remote": Remote.list_from_api,
    "namespace": lambda data: namespaces_from_api(data, "ds1"),
    "groups": lambda data: Group.list_from_api(data, "ds1", ""),
    "snapshots": lambda data: Snapshot.list_from_api(data, "ds1", ""),
    "/admin/sync": SyncJob.list_from_api,
    "/admin/prune": PruneJob.list_from_api,
    "/admin/verify": VerifyJob.list_from_api,
    "/admin/gc": GarbageCollection.list_from_api,
    "tasks": Task.list_from_api,
    "log": log_lines_from_api,
}
OBJECTS: dict[str, Parse] = {
    "/version": Version.from_api,
    "/access/permissions": Permissions.from_api,
    "time": ServerTime.from_api,
    "status": ServerStatus.from_api,
    "identity": instance_id_from_api,
    "subscription": server_id_from_api,
    "datastore status": lambda data: DatastoreStatus.from_api(data, "ds1"),
}


@pytest.mark.parametrize("parse", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("data", [None, {}, "", 0, [None], [[]]], ids=repr)
def test_what_is_no_list_of_rows_is_no_empty_list(parse: Parse, data: object) -> None:
    with pytest.raises(UnexpectedAnswerError):
        parse(data)


@pytest.mark.parametrize("parse", LISTS.values(), ids=LISTS)
def test_an_empty_list_is_one(parse: Parse) -> None:
    found: Any = parse([])
    assert tuple(getattr(found, "items", found)) == ()


@pytest.mark.parametrize("parse", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("data", [None, [], "", 0], ids=repr)
def test_what_is_no_object_is_refused(parse: Parse, data: object) -> None:
    with pytest.raises(UnexpectedAnswerError):
        parse(data)


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SAMPLED = {
    "/admin/datastore": "GET /admin/datastore",
    "/config/datastore": "GET /config/datastore",
    "/status/datastore-usage": "GET /status/datastore-usage",
    "/config/remote": "GET /config/remote",
    "groups": "GET /admin/datastore/ds1/groups?ns=home",
    "snapshots": "GET /admin/datastore/ds1/snapshots?ns=home&backup-type=vm&backup-id=101",
    "/admin/sync": "GET /admin/sync?sync-direction=all (>=3.3)",
    "/admin/prune": "GET /admin/prune",
    "/admin/verify": "GET /admin/verify",
    "/admin/gc": "GET /admin/gc (>=3.2)",
    "tasks": "GET /nodes/localhost/tasks?limit=500",
}


@pytest.mark.parametrize("name", SAMPLED)
@given(data=st.data())
def test_odd_values_raise_nothing_but_the_error_of_an_odd_answer(name: str, data: st.DataObject) -> None:
    row = dict(sample(SAMPLED[name])[0])
    for key in data.draw(st.lists(st.sampled_from(sorted(row)), min_size=1, max_size=3)):
        row[key] = data.draw(VALUES)
    try:
        LISTS[name]([row])
    except UnexpectedAnswerError:
        return
