"""Rows D11 to D32 on other storages, nodes and guests: what lies where, and what can be said of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from simulator.guests import GIB
from simulator.outcomes import failed, interrupted, no_space, storage_unreachable
from simulator.storages import Storage

from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
PASSING = ("off", "ok")
READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"
ALL = (101, 102, 103, 104)


def backup_server(lab: Lab, name: str = "pbs") -> Storage:
    """Add a backup server that the token may read."""
    lab.pve.limit_token({"/": READER})
    return lab.pve.add_storage(name, "pbs")


@pytest.mark.parametrize("kind", ["nfs", "pbs"])
def test_d11_what_all_nodes_see_counts_once_and_what_each_node_has_of_its_own_counts_for_it(
    lab: Lab, kind: str
) -> None:
    target = "nas" if kind == "nfs" else backup_server(lab).id
    lab.pve.job("nightly").change(storage=target)
    lab.pve.add_job("second", "04:00", "local", vmid="103,104")
    lab.until(TUESDAY_MORNING)

    figures = {vmid: lab.assessment.guests[vmid].figures for vmid in ALL}
    assert {vmid: found.restore_points for vmid, found in figures.items()} == {101: 1, 102: 1, 103: 2, 104: 2}
    assert {"pve1/local", "pve2/local", "pve3/local", target} <= lab.assessment.storages.keys()
    kept = lab.pve.storage(target)
    assert lab.assessment.storages[target].storage.used == kept.used_on("pve1")
    assert [len(archive.volid) > 0 for archive in lab.assessment.guests[103].archives] == [True, True]


def test_d12_a_promise_is_kept_by_the_same_file_under_the_other_name_of_its_folder(lab: Lab) -> None:
    twin = lab.pve.add_storage("nas-again", "nfs", total=lab.pve.storage("nas").total)
    twin.archives = lab.pve.storage("nas").archives
    lab.pve.guest(104).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    assert lab.guest(104).brief == ("on", "failed")
    lab.pve.backup_by_hand([104], "nas-again")
    lab.live(hours=2)

    assert (lab.guest(104).problem, lab.guest(104).code) == ("off", "backed_up_by_hand")
    assert lab.job().brief == ("on", "failed")
    assert {vmid: lab.assessment.guests[vmid].figures.restore_points for vmid in ALL} == dict.fromkeys(ALL, 1)


def test_d12_a_folder_that_only_looks_alike_keeps_no_promise(lab: Lab) -> None:
    lab.pve.add_storage("other", "nfs", total=lab.pve.storage("nas").total)
    lab.pve.guest(104).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    lab.pve.backup_by_hand([104], "other")
    lab.live(hours=2)

    assert lab.guest(104).problem == "on"
    assert "copy_elsewhere" in lab.guest(104).findings


@pytest.mark.parametrize("kind", ["dir", "pbs"])
def test_d13_a_weekly_target_may_sleep_all_week_and_is_a_problem_once_its_slot_finds_it_asleep(
    lab: Lab, kind: str
) -> None:
    if kind == "pbs":
        usb = backup_server(lab, "usb")
    else:
        usb = lab.pve.add_storage("usb", "dir", nodes=("pve1",), path="/mnt/usb", is_mountpoint=True)
    lab.pve.add_job("weekly", "wed 04:00", "usb", vmid="101,103")
    lab.until(WEDNESDAY_MORNING)
    usb.go_offline()
    assert lab.live_until("2026-01-20T20:00:00", step=timedelta(hours=6)) == set()
    assert (lab.storage("usb").problem, lab.storage("usb").code) == ("off", "storage_away_until_needed")
    assert [lab.guest(vmid).brief for vmid in ALL] == [PASSING] * 4
    lab.live_until("2026-01-21T08:00:00", step=timedelta(hours=2))
    assert [lab.guest(vmid).problem for vmid in ALL] == ["on", "off", "on", "off"]
    assert lab.storage("usb").problem == "unknown"
    usb.come_online()
    lab.pve.job("weekly").run(by="root@pam")
    lab.after(minutes=20)

    assert lab.problems() == []


def test_d13_a_target_that_only_one_node_lost_is_no_storage_out_of_reach_and_fails_that_nodes_guests(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.pve.storage("nas").go_offline("pve2")
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=2))

    assert [lab.guest(vmid).problem for vmid in ALL] == ["off", "on", "off", "on"]
    assert lab.storage("nas").problem == "off"


def test_d14_only_the_guests_whose_backups_are_promised_there_are_unknown_while_something_else_is_mounted(
    lab: Lab,
) -> None:
    lab.pve.job("nightly").change(vmid="101,102,103")
    lab.pve.add_job("second", "03:00", "local", vmid="104")
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=6))
    nas = lab.pve.storage("nas")
    kept, total, other = nas.archives, nas.total, nas.other
    nas.archives, nas.total, nas.other = [], 90 * GIB, 20 * GIB
    lab.pve.job("nightly").reschedule("sun 02:00")
    lab.live(days=1, hours=3, step=timedelta(hours=3))
    assert {lab.guest(vmid).code for vmid in (101, 102, 103)} == {"storage_not_what_it_was"}
    assert lab.guest(104).brief == PASSING
    assert "archive_vanished" not in lab.happened()
    assert lab.watch.history.storages["nas"].archives
    nas.archives, nas.total, nas.other = kept, total, other
    lab.live(days=1, hours=3, step=timedelta(hours=3))

    assert [lab.guest(vmid).brief for vmid in ALL] == [PASSING] * 4
    assert lab.storage("nas").problem == "off"


@pytest.mark.parametrize("name", ["pbs", "pbs-usb", "backup-server"])
def test_d15_a_share_is_a_share_whatever_its_name(lab: Lab, name: str) -> None:
    lab.pve.add_storage(name, "nfs", total=4 * 1024 * GIB, prune="keep-last=2")
    lab.pve.job("nightly").change(storage=name)
    lab.live(days=4, step=timedelta(hours=12))

    assert [(lab.guest(vmid).brief, lab.guest(vmid).findings) for vmid in ALL] == [(PASSING, set())] * 4
    assert lab.assessment.guests[102].figures.restore_points == 2
    assert lab.assessment.guests[102].figures.verification is None


@pytest.mark.parametrize("namespace", ["", "home", "home/lab/deep"])
def test_d16_of_two_namespaces_of_one_server_each_holds_its_own(lab: Lab, namespace: str) -> None:
    first, second = backup_server(lab, "first"), backup_server(lab, "second")
    first.namespace, second.namespace = namespace, "elsewhere"
    lab.pve.job("nightly").change(storage="first")
    lab.pve.add_job("weekly", "wed 04:00", "second", vmid="104")
    lab.pve.clock.advance(hours=18)
    for node in ("pve1", "pve2"):
        lab.pve.node(node).tasks.index.clear()
    lab.look()

    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3
    assert lab.guest(101).verdict.confidence == "artifact"
    assert lab.guest(104).problem == "unknown"
    assert lab.job().brief == PASSING


@pytest.mark.parametrize("good", [True, False])
def test_d17_the_last_verified_archive_of_that_very_server_is_named(lab: Lab, good: bool) -> None:
    first, second = backup_server(lab, "first"), backup_server(lab, "second")
    second.verifies = True
    lab.pve.job("nightly").change(storage="first")
    lab.pve.add_job("second", "04:00", "second", all=1)
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=2))
    newest, before = first.archive(104)
    before.verification, newest.verification = ("ok" if good else None), "failed"
    lab.live(hours=8, step=timedelta(minutes=30))

    held = lab.guest(104)
    assert (held.brief, held.code) == (
        ("on", "failed"),
        "verification_failed" if good else "verification_failed_none_good",
    )
    assert str(held.verdict.reason.values["verified"]) == (first.volid(before) if good else "")
    assert {lab.guest(vmid).brief for vmid in (101, 102, 103)} == {PASSING}


def test_d18_a_broken_archive_is_no_problem_once_a_good_one_has_followed(lab: Lab) -> None:
    pbs = backup_server(lab)
    lab.pve.job("nightly").change(storage="pbs")
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=2))
    pbs.archive(103)[0].verification = "failed"
    lab.live(hours=8, step=timedelta(minutes=30))
    assert lab.guest(103).brief == ("on", "failed")
    lab.live_until("2026-01-15T05:00:00", step=timedelta(hours=2))

    assert lab.guest(103).brief == PASSING
    assert lab.assessment.guests[103].figures.verification == "none"


@pytest.mark.parametrize("verified", [(), (101,)])
def test_d19_nobody_is_warned_of_what_was_never_verified_beside_one_that_was(
    lab: Lab, verified: tuple[int, ...]
) -> None:
    pbs = backup_server(lab)
    lab.pve.job("nightly").change(storage="pbs")
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    for vmid in verified:
        pbs.archive(vmid)[0].verification = "ok"
    lab.live(hours=8, step=timedelta(hours=1))

    assert [(lab.guest(vmid).brief, lab.guest(vmid).findings) for vmid in ALL] == [(PASSING, set())] * 4
    assert lab.assessment.guests[101].figures.verification == ("ok" if verified else "none")


def test_d21_what_a_sync_pulls_to_another_server_is_a_copy_of_its_own_time_and_no_run(lab: Lab) -> None:
    first, second = backup_server(lab, "first"), backup_server(lab, "second")
    lab.pve.job("nightly").change(storage="first")
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    last, runs = lab.guest(102).verdict.last_success, len(lab.watch.history.runs)
    lab.happened()
    second.archives += [replace(first.archive(vmid)[0]) for vmid in (102, 104)]
    lab.live(hours=30, step=timedelta(hours=2))
    lab.happened()
    morning = datetime.fromisoformat(f"{TUESDAY_MORNING}+00:00").timestamp()
    night = [archive for archive in lab.assessment.guests[102].archives if archive.ctime < morning]

    assert last is not None
    assert {archive.storage for archive in night} == {"first", "second"}
    assert {datetime.fromtimestamp(archive.ctime, UTC).hour for archive in night} == {1}
    assert len(lab.watch.history.runs) == runs + 2
    assert [lab.guest(vmid).brief for vmid in ALL] == [PASSING] * 4
    lab.pve.node("pve2").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-15T08:00:00")
    second.archives += [replace(first.archive(102)[0], ctime=int(lab.now.timestamp()) - 600)]
    lab.live(hours=26, step=timedelta(hours=2))
    assert lab.guest(102).brief == ("on", "overdue")


@pytest.mark.parametrize("name", ["host/desktop", "host/101", "host/a.b-c_d"])
def test_d22_a_host_with_any_name_is_no_guest_and_gives_none_a_backup(lab: Lab, name: str) -> None:
    pbs = backup_server(lab)
    lab.pve.job("nightly").change(storage="pbs", vmid="102,103,104")
    lab.until(TUESDAY_MORNING)
    host = replace(pbs.archive(102)[0], name=f"{name}/2026-01-13T01:00:00Z", vmid=name.partition("/")[2])  # type: ignore[arg-type]
    pbs.archives.append(host)
    lab.live(hours=26, step=timedelta(hours=2))

    assert lab.assessment.guests.keys() == set(ALL)
    assert lab.guest(101).verdict.last_success is None
    assert lab.assessment.guests[101].figures.restore_points == 0
    assert [lab.guest(vmid).brief for vmid in (102, 103, 104)] == [PASSING] * 3


def test_d26_a_share_that_fills_over_days_is_a_warning_and_then_a_problem_and_the_others_are_neither(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    local = lab.pve.storage("local")
    seen = []
    for share in (0.5, 0.849, 0.851, 0.949, 0.951, 0.7):
        local.other = int(local.total * share)
        lab.after(minutes=30)
        seen.append((lab.storage("pve1/local").problem, lab.storage("pve1/local").code))

    filling, full, fine = ("off", "storage_filling"), ("on", "storage_nearly_full"), ("off", "storage_ok")
    assert seen == [fine, fine, filling, filling, full, fine]
    assert lab.storage("nas").code == "storage_ok"


@pytest.mark.parametrize(("vmid", "storage"), [(103, "local"), (104, "nas")])
def test_d26_a_storage_without_room_fails_the_one_guest_that_needed_it(lab: Lab, vmid: int, storage: str) -> None:
    lab.pve.job("nightly").change(storage=storage)
    lab.pve.job("nightly").next_run_ends({vmid: no_space()})
    lab.until(TUESDAY_MORNING)

    assert lab.guest(vmid).brief == ("on", "failed")
    cause = lab.guest(vmid).verdict.cause
    assert cause is not None
    assert "space" in cause.code
    assert {lab.guest(other).brief for other in ALL if other != vmid} == {PASSING}


def test_d28_a_datastore_in_maintenance_explains_its_own_failures_and_another_one_of_the_server_goes_on(
    lab: Lab,
) -> None:
    backup_server(lab, "first"), backup_server(lab, "second")
    lab.pve.job("nightly").change(storage="first", vmid="101,102,104")
    lab.pve.add_job("other", "02:30", "second", vmid="103,104")
    text = "first: error fetching datastores - 400 Bad Request: datastore is in maintenance mode"
    lab.pve.job("nightly").next_run_ends(outcome=storage_unreachable(text))
    lab.until(TUESDAY_MORNING)

    assert (lab.job().brief, lab.job("other").brief) == (("on", "failed"), PASSING)
    assert [lab.guest(vmid).problem for vmid in ALL] == ["on", "on", "off", "on"]
    for vmid in (101, 104):
        assert "maintenance" in str(lab.guest(vmid).verdict.error)


@pytest.mark.parametrize("vmid", [102, 103])
def test_d29_of_two_jobs_the_newest_snapshot_on_a_server_tells_whether_it_is_encrypted(lab: Lab, vmid: int) -> None:
    pbs = backup_server(lab)
    lab.pve.add_job("second", "03:00", "pbs", vmid="102,103")
    lab.until(TUESDAY_MORNING)
    assert lab.assessment.guests[vmid].figures.encrypted is False
    pbs.encryption_key = "64:d3:5f"
    lab.until(WEDNESDAY_MORNING)

    assert lab.assessment.guests[vmid].figures.encrypted is True
    assert lab.assessment.guests[101].figures.encrypted is None
    assert lab.guest(vmid).brief == PASSING


@pytest.mark.parametrize(
    ("kind", "rights"), [("nfs", ""), ("pbs", ""), ("pbs", READER)], ids=["share", "server", "seen"]
)
def test_d30_while_no_run_happens_a_storage_is_listed_once_a_day_whatever_happens_on_another(
    lab: Lab, kind: str, rights: str
) -> None:
    target = "nas"
    if kind == "pbs":
        target = lab.pve.add_storage("pbs", "pbs").id
    if rights:
        lab.pve.limit_token({"/": rights})
    lab.pve.job("nightly").change(storage=target)
    lab.pve.job("nightly").reschedule("tue 02:00")
    lab.pve.add_job("hourly", "*:30", "local", vmid="103")
    lab.live_until(TUESDAY_MORNING)
    read = set()
    for _ in range(70):
        lab.after(hours=1)
        listing = lab.assessment.storages[target].storage.listing
        assert listing is not None
        read.add(listing.read_at)

    # The last snapshots may be verified for a day and a half.
    assert len(read) <= (9 if rights else 4)


@pytest.mark.parametrize(("room", "code"), [(0.5, "next_run_does_not_fit"), (2.0, "storage_ok")])
def test_d31_what_fits_is_decided_by_what_can_be_written(lab: Lab, room: float, code: str) -> None:
    lab.pve.storage("nas").prune = None
    lab.until(TUESDAY_MORNING)
    nas = lab.pve.storage("nas")
    need = sum(archive.stored for archive in nas.archives)
    nas.total, nas.other = 40 * need, 20 * need
    nas.reserved = nas.total - nas.used_on("pve1") - int(need * room)
    lab.until("2026-01-13T20:00:00")

    assert lab.assessment.storages["nas"].storage.available == int(need * room)
    assert lab.storage("nas").code == code


@pytest.mark.parametrize(
    "end", [failed("job failed with err -5 - Input/output error"), interrupted()], ids=["failed", "cancelled"]
)
def test_d32_neither_a_failed_nor_a_cancelled_run_is_a_success_of_its_storage_and_one_node_may_have_one(
    lab: Lab, end: object
) -> None:
    lab.until(TUESDAY_MORNING)
    before = lab.storage("nas").verdict.last_success
    lab.pve.job("nightly").next_run_ends(dict.fromkeys(ALL, end))  # type: ignore[arg-type]
    lab.until(WEDNESDAY_MORNING)
    assert lab.job().problem == "on"
    assert lab.storage("nas").verdict.last_success == before
    lab.pve.backup_by_hand([103], "local")
    lab.after(minutes=10)

    assert lab.storage("nas").verdict.last_success == before
    assert lab.storage("pve1/local").verdict.last_success is not None
    assert lab.storage("pve2/local").verdict.last_success is None
