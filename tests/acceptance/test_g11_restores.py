"""Rows G108 to G120: what the restores that people did prove, and what they do not."""

from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import RestoreRecord
from custom_components.proxmox_backup_checker.checker.restores.proof import RestoreProof, proof_of
from custom_components.proxmox_backup_checker.checker.views.restores import told_of_restores
from simulator.restoring import DATA_ERROR, Restore, restore
from simulator.storages import Storage

from .home import Home
from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"
HALF_A_YEAR = timedelta(days=180)


def backup_server(lab: Lab, name: str = "pbs", namespace: str = "") -> Storage:
    """Let the nightly job write to a backup server that the token may read."""
    lab.pve.limit_token({"/": READER})
    storage = lab.pve.add_storage(name, "pbs")
    storage.namespace = namespace
    lab.pve.job("nightly").change(storage=name)
    return storage


def proof(lab: Lab, vmid: int = 101) -> RestoreProof:
    return proof_of(lab.assessment.guests[vmid].guest, lab.assessment.context)


def proven(lab: Lab, vmid: int = 101) -> RestoreRecord:
    found = proof(lab, vmid).proven
    assert found is not None
    return found


def said(lab: Lab, vmid: int = 101) -> list[str]:
    guest = lab.assessment.guests[vmid].guest
    return [reason.code.value for reason in told_of_restores(guest, lab.assessment.context)]


def did(lab: Lab, vmid: int = 101, target: int = 9101, storage: str = "pbs", **how: object) -> Restore:
    """Restore a guest's newest backup and look an hour later, when the list is read again."""
    made = restore(lab.pve, vmid, target, storage, **how)  # type: ignore[arg-type]
    lab.after(minutes=61)
    return made


@pytest.mark.parametrize(("vmid", "namespace"), [(101, ""), (102, "home/vms")])
def test_g108_a_restore_under_another_number_proves_the_snapshot_with_date_duration_and_bytes(
    lab: Lab, vmid: int, namespace: str
) -> None:
    backup_server(lab, namespace=namespace)
    lab.until(TUESDAY_MORNING)
    lab.happened()
    made = did(lab, vmid)

    found = proven(lab, vmid)
    assert (found.archive, found.storage, found.target) == (made.archive.name, "pbs", 9101)
    assert found.size == lab.pve.guest(vmid).size
    assert found.copied is not None
    assert int(found.copied.timestamp()) == made.archive.ctime
    assert found.ended - found.started == timedelta(seconds=int(made.seconds))
    assert lab.assessment.guests[vmid].figures.restore == found
    assert "restore_succeeded" in lab.happened()
    assert said(lab, vmid)[0] == "restore_proven"
    assert lab.assessment.restorable == {vmid}
    assert lab.problems() == []


@pytest.mark.parametrize("other", ["pbs-2", "pbs-3"])
def test_g108_another_datastore_of_the_same_server_is_not_where_it_came_from(lab: Lab, other: str) -> None:
    backup_server(lab)
    twin = lab.pve.add_storage(other, "pbs")
    twin.datastore = "ds2"
    twin.archives = list(lab.pve.storage("pbs").archives)
    lab.until(TUESDAY_MORNING)
    twin.archives = list(lab.pve.storage("pbs").archives)
    lab.after(hours=25)
    did(lab)

    assert proven(lab).storage == "pbs"


@pytest.mark.parametrize(("kind", "source", "target"), [("qmstart", 101, 9101), ("vzstart", 103, 9103)])
def test_g109_a_start_of_the_restored_guest_proves_that_it_ran(lab: Lab, kind: str, source: int, target: int) -> None:
    lab.until(TUESDAY_MORNING)
    made = did(lab, source, target, "nas")
    assert proven(lab, source).ran is None
    lab.pve.node(made.node.name).other_task(kind, str(target))
    lab.after(minutes=61)

    assert proven(lab, source).ran is not None
    assert said(lab, source)[0] == "restore_proven_and_ran"


@pytest.mark.parametrize("status", ["OK", "WARNINGS: 1"])
def test_g109_neither_a_resize_nor_a_warning_at_the_start_speaks_against_it(lab: Lab, status: str) -> None:
    lab.until(TUESDAY_MORNING)
    made = did(lab, 101, 9101, "nas")
    lab.pve.node(made.node.name).other_task("resize", "9101")
    lab.pve.clock.advance(seconds=60)
    lab.pve.node(made.node.name).other_task("qmstart", "9101", status=status)
    lab.after(minutes=61)

    assert proven(lab).ran is not None


@pytest.mark.parametrize("between", ["qmdestroy", "qmcreate"])
def test_g109_a_start_of_another_guest_with_that_number_proves_nothing_of_it(lab: Lab, between: str) -> None:
    lab.until(TUESDAY_MORNING)
    made = did(lab, 101, 9101, "nas")
    node = lab.pve.node(made.node.name)
    node.other_task(between, "9101")
    lab.pve.clock.advance(seconds=60)
    node.other_task("qmstart", "9101")
    lab.after(minutes=61)

    assert proven(lab).ran is None
    node.other_task("qmstart", "9101", status="start failed: QEMU exited with code 1")
    lab.after(minutes=61)
    assert proven(lab).ran is None


def test_g109_a_start_that_failed_is_none(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    made = did(lab, 101, 9101, "nas")
    lab.pve.node(made.node.name).other_task("qmstart", "9101", status="start failed: QEMU exited with code 1")
    lab.after(minutes=61)

    assert proven(lab).ran is None


@pytest.mark.parametrize("storage", ["nas", "pbs"])
def test_g110_a_restore_that_failed_is_told_with_its_text_and_takes_nothing_from_the_backup(
    lab: Lab, storage: str
) -> None:
    if storage == "pbs":
        backup_server(lab)
    lab.until(TUESDAY_MORNING)
    lab.happened()
    did(lab, storage=storage, error=DATA_ERROR.format(target=9101))

    assert proof(lab).proven is None
    failed = proof(lab).failed
    assert failed is not None
    assert failed.error is not None
    assert failed.error.startswith("error before or during data restore")
    assert "restore_failed" in lab.happened()
    assert lab.guest(101).brief == ("off", "ok")
    assert "restore_failed" in lab.guest(101).findings
    lab.watch.policy = Policy(restore_limit=HALF_A_YEAR)
    lab.look()
    assert lab.guest(101).brief == ("off", "warning")


@pytest.mark.parametrize("storage", ["nas", "pbs"])
def test_g110_a_later_restore_that_went_well_is_the_last_word(lab: Lab, storage: str) -> None:
    if storage == "pbs":
        backup_server(lab)
    lab.watch.policy = Policy(restore_limit=HALF_A_YEAR)
    lab.until(TUESDAY_MORNING)
    did(lab, storage=storage, error=DATA_ERROR.format(target=9101))
    did(lab, target=9102, storage=storage)

    assert proof(lab).failed is None
    assert lab.guest(101).brief == ("off", "ok")


@pytest.mark.parametrize("error", ["interrupted by signal", "received interrupt"])
def test_g110_a_restore_that_somebody_stopped_has_not_failed(lab: Lab, error: str) -> None:
    lab.watch.policy = Policy(restore_limit=HALF_A_YEAR)
    lab.until(TUESDAY_MORNING)
    lab.happened()
    did(lab, storage="nas", error=error)

    assert (proof(lab).failed, proof(lab).proven) == (None, None)
    assert "restore_failed" not in lab.happened()
    assert lab.guest(101).brief == ("off", "ok")


@pytest.mark.parametrize(("vmid", "kind"), [(101, "qmrestore"), (103, "vzrestore")])
def test_g111_a_restore_onto_the_guest_itself_is_a_proof_and_no_test(lab: Lab, vmid: int, kind: str) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened()
    made = did(lab, vmid, vmid, "nas")

    assert made.task is not None
    assert made.task.type == kind
    assert proven(lab, vmid).is_real
    [event] = [event for event in lab.events if event.kind == "restore_succeeded"]
    assert event.reason.code == "happened_restored"


@pytest.mark.parametrize("others", [0, 1])
def test_g112_a_restore_that_starts_the_guest_at_once_is_of_the_storage_that_can_be_meant(
    lab: Lab, others: int
) -> None:
    backup_server(lab, namespace="home")
    if others:
        lab.pve.add_storage("pbs-root", "pbs")
    lab.until(TUESDAY_MORNING)
    did(lab, live=True)

    found = proven(lab)
    assert (found.storage, found.live) == ("pbs", True)
    assert found.ran == found.ended


def test_g112_where_two_namespaces_hold_the_snapshot_it_is_not_said_which(lab: Lab) -> None:
    first = backup_server(lab, namespace="home")
    lab.until(TUESDAY_MORNING)
    second = lab.pve.add_storage("pbs-copy", "pbs")
    second.archives = list(first.archives)
    lab.after(hours=25)
    restore(lab.pve, 101, 9101, "pbs", live=True, archive=second.archives[0])
    lab.after(minutes=61)

    assert proven(lab).storage is None
    assert said(lab)[0] == "restore_proven_and_ran"


@pytest.mark.parametrize("storage", ["nas", "pbs"])
def test_g113_a_container_is_proven_by_the_volume_that_its_log_names(lab: Lab, storage: str) -> None:
    if storage == "pbs":
        backup_server(lab)
    lab.until(TUESDAY_MORNING)
    made = did(lab, 103, 9200, storage)

    found = proven(lab, 103)
    assert (found.archive, found.storage, found.guest_type) == (made.archive.name, storage, "lxc")


@pytest.mark.parametrize("storage", ["nas", "local"])
def test_g114_a_file_is_told_by_its_name_and_folder(lab: Lab, storage: str) -> None:
    lab.pve.job("nightly").change(storage=storage)
    lab.until(TUESDAY_MORNING)
    made = did(lab, storage=storage)

    found = proven(lab)
    assert (found.archive, found.storage) == (made.archive.name, storage)
    assert found.copied is not None
    assert int(found.copied.timestamp()) == made.archive.ctime
    assert found.archive_size == pytest.approx(made.archive.size, rel=0.01)


@pytest.mark.parametrize("user", ["root@pam", "backup@pve"])
def test_g115_files_taken_out_of_a_backup_are_told_and_prove_nothing(lab: Lab, user: str) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened()
    lab.pve.node("pve1").other_task("pbs-download", "", user=user)
    lab.after(minutes=61)

    assert lab.happened() == ["files_restored"]
    assert lab.assessment.restorable == frozenset()
    lab.after(minutes=61)
    assert lab.happened() == []


def test_g115_files_that_could_not_be_fetched_are_no_news(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened()
    lab.pve.node("pve1").other_task("pbs-download", "", status="broken pipe")
    lab.after(minutes=61)

    assert lab.happened() == []


@pytest.mark.parametrize("kind", ["aptupdate", "vncproxy"])
def test_g116_what_else_was_read_or_done_proves_nothing(lab: Lab, kind: str) -> None:
    backup_server(lab)
    lab.until(TUESDAY_MORNING)
    lab.pve.node("pve1").other_task(kind, "101")
    lab.after(minutes=61)

    assert said(lab)[0] == "restore_never_seen"
    assert lab.assessment.history.restores == {}


@pytest.mark.parametrize(("days", "wanted"), [(30, "restore_test_old"), (90, "restore_test_old")])
def test_g117_a_proof_that_is_too_old_is_a_warning_for_who_asked_for_tests(lab: Lab, days: int, wanted: str) -> None:
    lab.until(TUESDAY_MORNING)
    did(lab, storage="nas")
    lab.live(days=days + 2, step=timedelta(hours=12))
    assert lab.guest(101).findings == set()
    lab.watch.policy = Policy(restore_limit=timedelta(days=days))
    lab.look()

    assert lab.guest(101).findings == {wanted}
    assert lab.guest(101).brief == ("off", "warning")


def test_g117_nobody_is_reminded_before_restores_were_seen_for_so_long(lab: Lab) -> None:
    lab.watch.policy = Policy(restore_limit=timedelta(days=20))
    lab.until(TUESDAY_MORNING)
    lab.live(days=18, step=timedelta(hours=12))
    assert lab.guest(101).findings == set()
    lab.live(days=3, step=timedelta(hours=12))

    assert lab.guest(101).findings == {"restore_test_due"}


def test_g117_a_guest_younger_than_the_limit_is_not_due_yet(lab: Lab) -> None:
    lab.watch.policy = Policy(restore_limit=timedelta(days=20))
    lab.until(TUESDAY_MORNING)
    lab.live(days=15, step=timedelta(hours=12))
    lab.pve.add_vm(105, "fresh", "pve1")
    lab.live(days=8, step=timedelta(hours=12))

    assert "restore_test_due" in lab.guest(101).findings
    assert lab.guest(105).findings == set()


@pytest.mark.parametrize("restarts", [False, True])
def test_g118_a_proof_outlives_the_task_that_gave_it(lab: Lab, restarts: bool) -> None:
    lab.until(TUESDAY_MORNING)
    before = did(lab, storage="nas")
    assert before.task is not None
    tasks = lab.pve.node(before.node.name).tasks
    tasks.index.remove(before.task)
    if restarts:
        lab.watch.restart()
    lab.live(days=400, step=timedelta(days=4))

    assert proven(lab).upid == before.task.upid


@pytest.mark.parametrize("vmid", [101, 103])
def test_g119_the_proof_stays_when_the_restored_guest_is_gone_and_that_was_never_uncovered(lab: Lab, vmid: int) -> None:
    lab.until(TUESDAY_MORNING)
    did(lab, vmid, 9101, "nas")
    assert lab.guest(9101).brief == ("off", "pending")
    lab.pve.guest(9101).delete()
    assert lab.live(days=3) == set()

    assert proven(lab, vmid).target == 9101


@pytest.mark.parametrize("days", [1, 12])
def test_g120_a_restore_point_that_fails_its_verification_later_is_marked_and_keeps_its_date(
    lab: Lab, days: int
) -> None:
    storage = backup_server(lab)
    lab.until(TUESDAY_MORNING)
    made = did(lab)
    lab.live(days=days, step=timedelta(hours=6))
    assert "restore_point_bad" not in lab.guest(101).findings
    made.archive.verification = "failed"
    assert made.archive in storage.archives
    lab.live(days=2, step=timedelta(hours=6))

    assert proven(lab).bad
    assert proven(lab).archive == made.archive.name
    assert "restore_point_bad" in lab.guest(101).findings
    assert lab.assessment.restorable == frozenset()


def test_g120_a_failed_verification_of_another_snapshot_leaves_the_proof_alone(lab: Lab) -> None:
    backup_server(lab)
    lab.until(TUESDAY_MORNING)
    did(lab)
    lab.live(days=2, step=timedelta(hours=6))
    lab.pve.storage("pbs").archive(101)[0].verification = "failed"
    lab.live(days=1, step=timedelta(hours=6))

    assert not proven(lab).bad


@pytest.mark.parametrize("restores", [0, 1])
async def test_h50_a_quiet_cluster_of_three_is_asked_at_most_30_times_an_hour(home: Home, restores: int) -> None:
    await home.until(TUESDAY_MORNING)
    for number in range(restores):
        restore(home.pve, 101, 9101 + number, "nas")
    await home.until("2026-01-13T14:00:00")
    await home.until("2026-01-13T15:00:00")
    before = len(home.pve.requests)
    for minutes in range(10, 70, 10):
        await home.until(f"2026-01-13T{15 + minutes // 60}:{minutes % 60:02}:00")
    asked = home.pve.requests[before:]

    assert 0 < len(asked) <= 30
    assert sum(request.path.startswith("/nodes/") and request.path.endswith("/tasks") for request in asked) == 0
