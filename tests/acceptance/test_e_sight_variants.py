"""Rows E01 to E32 with other nodes, rights and errors: what cannot be seen is never fine, and never a failed backup."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from simulator.guests import GIB
from simulator.outcomes import failed, running

from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
PASSING = ("off", "ok")
READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit"
ALL = (101, 102, 103, 104)
ALL_FINE = [PASSING] * 4


def briefs(lab: Lab) -> list[tuple[str, str]]:
    """Return what is held of all guests."""
    return [lab.guest(vmid).brief for vmid in ALL]


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ("/cluster/status", 500),
        ("/cluster/resources", 596),
        ("/cluster/backup", 500),
        ("/access/permissions", 500),
        ("/tasks", 500),
        ("/storage", 500),
        ("/api2/json", 503),
    ],
)
def test_e01_one_failed_poll_changes_nothing_whatever_part_of_it_failed(lab: Lab, part: str, status: int) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    before = {
        str(subject): (held.status, held.problem, held.since) for subject, held in lab.assessment.verdicts.items()
    }
    lab.happened(), lab.told()
    lab.watch.errors = {part: (status, "got timeout")}
    lab.after(minutes=5)
    during = {
        str(subject): (held.status, held.problem, held.since) for subject, held in lab.assessment.verdicts.items()
    }
    lab.watch.errors = {}
    lab.after(minutes=5)
    after = {str(subject): (held.status, held.problem, held.since) for subject, held in lab.assessment.verdicts.items()}

    assert during == before == after
    assert (lab.happened(), lab.told()) == ([], [])


@pytest.mark.parametrize("hours", [23, 25])
def test_e03_what_was_good_bad_or_ignored_when_it_was_seen_last(lab: Lab, hours: int) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.pve.guest(103).tags = "no-backup"
    lab.until(TUESDAY_MORNING)
    lab.watch.reachable = False
    lab.live(hours=hours)

    unseen = ("on" if hours > 24 else "unknown", "unknown")
    assert briefs(lab) == [unseen, unseen, ("off", "ignored"), ("on", "failed")]
    assert lab.job().problem in {"on", unseen[0]}
    assert "recovered" not in [kind for kind, _ in lab.told()]
    lab.watch.reachable = True
    lab.pve.guest(104).recovers()
    lab.until("2026-01-15T05:00:00")
    assert [lab.guest(vmid).brief for vmid in (101, 102, 104)] == [PASSING] * 3


@pytest.mark.parametrize(("node", "guests"), [("pve1", (101, 103)), ("pve2", (102, 104)), ("pve3", ())])
def test_e04_e05_whichever_node_is_off_it_is_a_problem_of_its_own_guests_once_its_slot_has_passed(
    lab: Lab, node: str, guests: tuple[int, ...]
) -> None:
    lab.look()
    lab.pve.add_job("weekly", "sun 04:00", "local", all=1)
    lab.until(TUESDAY_MORNING)
    lab.pve.node(node).go_offline()
    assert lab.live_until("2026-01-14T02:50:00") == set()
    lab.live_until("2026-01-14T08:00:00")

    for vmid in ALL:
        expected = (("on", "overdue"), "node_offline") if vmid in guests else (PASSING, "backed_up")
        assert (lab.guest(vmid).brief, lab.guest(vmid).code) == expected
    assert lab.job().problem == ("on" if guests else "off")
    assert lab.job("weekly").problem == "off"


@pytest.mark.parametrize("kept", [True, False])
def test_e06_only_the_node_that_is_expected_to_be_off_is_excused_and_only_while_it_is_off(lab: Lab, kept: bool) -> None:
    lab.watch.policy = Policy(expected_offline=frozenset({"pve2"}))
    lab.pve.guest(103).tags = "backup-rpo-2w"
    lab.until(TUESDAY_MORNING)
    lab.pve.node("pve2").go_offline()
    if not kept:
        lab.live_until("2026-01-13T20:00:00", step=timedelta(hours=3))
        lab.pve.node("pve2").come_online()
        lab.pve.guest(102).fails(failed("no"))
    lab.live_until("2026-01-14T08:00:00", step=timedelta(hours=2))
    assert [lab.guest(vmid).problem for vmid in ALL] == ["off", "off" if kept else "on", "off", "off"]
    lab.pve.node("pve1").go_offline()
    lab.live_until("2026-01-15T08:00:00", step=timedelta(hours=2))

    assert {lab.guest(vmid).brief for vmid in (101, 103)} == {("on", "overdue")}


@pytest.mark.parametrize("kind", ["nfs", "pbs"])
@pytest.mark.parametrize("first_look_late", [True, False])
def test_e07_a_list_that_is_empty_for_want_of_rights_takes_no_backup_away(
    lab: Lab, kind: str, first_look_late: bool
) -> None:
    if kind == "pbs":
        lab.pve.add_storage("pbs", "pbs")
        lab.pve.job("nightly").change(storage="pbs")
    lab.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit", "/storage": "Datastore.Audit Datastore.AllocateSpace"})
    if first_look_late:
        lab.pve.clock.advance(hours=42)
        lab.look()
    else:
        lab.live(hours=42, step=timedelta(hours=3))

    assert briefs(lab) == ALL_FINE
    assert not [found for found in lab.happened() if "vanished" in found]
    lab.pve.guest(103).fails(failed("no"))
    lab.live(hours=24, step=timedelta(hours=3))
    assert lab.guest(103).brief == ("on", "failed")


@pytest.mark.parametrize("missed", [True, False])
def test_e08_where_the_runs_of_one_node_are_hidden_a_missing_archive_there_is_not_fine(lab: Lab, missed: bool) -> None:
    lab.look()
    lab.pve.add_job("weekly", "sun 04:00", "local", vmid="101,102")
    lab.pve.limit_token({"/": READER, "/nodes/pve2": "VM.Audit"})
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    assert briefs(lab) == ALL_FINE
    assert lab.guest(104).verdict.confidence == "artifact"
    assert lab.guest(103).verdict.confidence == "matched"
    if missed:
        lab.pve.guest(104).fails(failed("no"))
    lab.live_until("2026-01-14T08:00:00", step=timedelta(hours=2))

    assert (lab.guest(104).brief == PASSING) is not missed
    assert lab.guest(102).brief == PASSING


@pytest.mark.parametrize("storage", ["nas", "pbs"])
def test_e09_without_sight_of_the_jobs_a_new_problem_is_not_made_and_an_old_one_not_ended(
    lab: Lab, storage: str
) -> None:
    lab.pve.add_storage("pbs", "pbs")
    lab.pve.job("nightly").change(storage=storage)
    lab.pve.guest(103).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    assert [kind for kind, _ in lab.told()] == ["opened"]
    lab.pve.limit_token({"/": "VM.Audit Pool.Audit Datastore.Audit", "/nodes": "Sys.Audit"})
    lab.live(hours=6)
    assert {lab.guest(vmid).problem for vmid in ALL} <= {"unknown", "on"}
    assert "recovered" not in [kind for kind, _ in lab.told()]
    lab.pve.limit_token({"/": READER})
    lab.after(hours=1)

    assert [lab.guest(vmid).problem for vmid in ALL] == ["off", "off", "on", "off"]


@pytest.mark.parametrize(
    "part", ["/included_volumes", "/storage/nas/prunebackups", "/cluster/backup", "/nodes/pve2/time"]
)
def test_e10_whatever_optional_call_is_refused_for_hours_no_guest_has_a_problem_by_that(lab: Lab, part: str) -> None:
    lab.until(TUESDAY_MORNING)
    lab.watch.errors = {part: (403, "Permission check failed (/, Sys.Audit)")}

    assert lab.live(hours=6, step=timedelta(minutes=30)) == set()


def test_e11_a_token_that_is_revoked_over_a_bad_night_tells_of_it_once_there_is_a_new_one(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened(), lab.told()
    lab.watch.token.enabled = False
    lab.pve.guest(102).fails(failed("no"))
    lab.live_until("2026-01-14T03:00:00")
    assert {lab.guest(vmid).brief for vmid in ALL} == {("unknown", "unknown")}
    assert (lab.happened(), lab.told()) == ([], [])
    lab.watch.token.enabled = True
    lab.after(minutes=5)

    assert lab.guest(102).brief == ("on", "failed")
    assert [kind for kind, _ in lab.told()] == ["opened"]


@pytest.mark.parametrize("seen", [(101,), (102, 103), (104,)])
def test_e12_whichever_guests_a_token_sees_it_judges_those_alone(lab: Lab, seen: tuple[int, ...]) -> None:
    for number in range(110, 126):
        lab.pve.add_ct(number, f"small{number}", "pve3", size=0.1)
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.pve.guest(103).fails(failed("no"))
    lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", **{f"/vms/{vmid}": "VM.Audit" for vmid in seen}})
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))

    assert lab.assessment.guests.keys() == set(seen)
    assert lab.assessment.counts.guests == len(seen)
    assert {vmid: lab.guest(vmid).problem for vmid in seen} == {vmid: "on" if vmid == 103 else "off" for vmid in seen}
    assert "guest_uncovered" not in lab.happened()


@pytest.mark.parametrize("agents", [("pve1", "pve2"), ("pve2", "pve3"), ("pve1", "pve2", "pve3")])
def test_e14_e15_each_node_is_judged_with_the_confidence_of_its_own_agent_also_for_a_failure(
    lab: Lab, agents: tuple[str, ...]
) -> None:
    lab.watch.agents = agents
    lab.pve.guest(102).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))

    for vmid in ALL:
        exact = lab.pve.guest(vmid).node in agents
        assert lab.guest(vmid).verdict.confidence == ("exact" if exact else "matched")
    assert [lab.guest(vmid).problem for vmid in ALL] == ["off", "on", "off", "off"]


@pytest.mark.parametrize(("node", "status"), [("pve1", 596), ("pve2", 595), ("pve3", 595)])
def test_e17_whichever_node_the_api_cannot_reach_only_its_own_guests_lose_confidence(
    lab: Lab, node: str, status: int
) -> None:
    lab.until(TUESDAY_MORNING)
    lab.watch.errors = {f"/nodes/{node}/": (status, "Connection timed out")}
    lab.live_until("2026-01-14T08:00:00", step=timedelta(hours=2))

    for vmid in ALL:
        held = lab.guest(vmid)
        assert held.problem == "off"
        assert held.verdict.confidence == ("artifact" if lab.pve.guest(vmid).node == node else "matched")


@pytest.mark.parametrize("lost", ["nas", "first", "second"])
def test_e18_one_of_four_storages_that_cannot_be_listed_keeps_its_archives_and_the_others_go_on(
    lab: Lab, lost: str
) -> None:
    for name in ("first", "second"):
        lab.pve.add_storage(name, "nfs", total=1024 * GIB)
        lab.pve.add_job(f"job-{name}", "03:00", name, all=1)
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.watch.errors = {f"/storage/{lost}/": (500, "mount error")}
    assert lab.live(days=2, step=timedelta(hours=3)) == set()

    assert briefs(lab) == ALL_FINE
    assert "archive_vanished" not in lab.happened()
    counts = {
        name: sum(archive.storage == name for archive in lab.assessment.guests[102].archives)
        for name in ("nas", "first", "second")
    }
    assert counts == {name: 1 if name == lost else 3 for name in counts}


@pytest.mark.parametrize(("node", "failing"), [("pve1", 160), ("pve2", 111)])
def test_e19_the_last_and_the_middle_guest_of_a_long_log_are_read(lab: Lab, node: str, failing: int) -> None:
    for number in range(110, 161):
        lab.pve.add_ct(number, f"small{number}", node, size=0.1)
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.pve.guest(failing).fails(failed("no"))
    lab.until(TUESDAY_MORNING)

    assert lab.guest(failing).brief == ("on", "failed")
    assert {lab.guest(vmid).brief for vmid in lab.pve.guests if vmid != failing} == {PASSING}


@pytest.mark.parametrize("archives", [True, False])
def test_e21_at_the_first_look_at_a_busy_node_a_weekly_archive_decides_and_without_it_nothing_is_fine(
    lab: Lab, archives: bool
) -> None:
    lab.pve.job("nightly").reschedule("sun 01:00")
    lab.pve.clock.advance(days=8)
    for name in ("pve1", "pve2"):
        node = lab.pve.node(name)
        while any(task.type == "vzdump" for task in node.tasks.archived()):
            node.other_task("vzsnapshot", "101", status="snapshot feature is not available; " * 20)
    if not archives:
        lab.pve.storage("nas").archives = []
    lab.look()

    assert {lab.guest(vmid).brief for vmid in ALL} == {PASSING if archives else ("unknown", "unknown")}
    assert {lab.guest(vmid).verdict.confidence for vmid in ALL} == {"artifact" if archives else "none"}


@pytest.mark.parametrize("phrase", ["Starting Backup of VM", "creating vzdump archive", "starting new backup job"])
def test_e22_a_phrase_that_tells_no_end_may_be_another_one(lab: Lab, phrase: str) -> None:
    lab.pve.add_job("second", "03:00", "local", vmid="101")
    rephrase(lab, phrase)

    assert briefs(lab) == ALL_FINE


@pytest.mark.parametrize("archives", [True, False])
def test_e22_where_no_end_is_told_the_archive_decides_and_without_it_nothing_is_fine(lab: Lab, archives: bool) -> None:
    if not archives:
        lab.pve.at(datetime(2026, 1, 13, 2, 0, tzinfo=UTC), lab.pve.storage("nas").archives.clear)
    rephrase(lab, "Finished Backup of VM")

    assert briefs(lab) == [PASSING if archives else ("unknown", "unknown")] * 4
    assert {lab.guest(vmid).verdict.confidence for vmid in ALL} == {"artifact" if archives else "none"}


def rephrase(lab: Lab, phrase: str) -> None:
    """Let the logs of the first night have another phrase, and look."""
    lab.pve.clock.advance(hours=18)
    for node in ("pve1", "pve2"):
        for task in lab.pve.node(node).tasks.archived():
            path = f"{lab.pve.node(node).tasks.root}/{task.log_path}"
            text = lab.pve.files.read(path)
            assert text is not None
            lab.pve.files.write(path, text.replace(phrase, "Something new about guest"), lab.now.timestamp())
    lab.look()


@pytest.mark.parametrize("vmid", [102, 103])
def test_e23_a_restart_in_the_middle_of_a_run_tells_nothing_twice_and_the_end_once(lab: Lab, vmid: int) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING)
    lab.happened(), lab.told()
    runs = lab.pve.job("nightly").start({vmid: running(30)})
    lab.after(minutes=1)
    since = lab.guest(104).verdict.since
    lab.watch.restart()
    lab.look()
    assert lab.guest(vmid).brief == ("off", "running")
    assert (lab.guest(104).problem, lab.guest(104).verdict.since) == ("on", since)
    for run in runs:
        run.go_on()
    lab.after(minutes=30)
    lab.watch.restart()
    lab.live(hours=2)

    assert lab.guest(vmid).brief == PASSING
    assert len(lab.happened()) == len(runs)
    assert "opened" not in [kind for kind, _ in lab.told()]


def test_e24_an_older_history_makes_no_old_failure_news_and_no_old_recovery_either(lab: Lab) -> None:
    lab.until("2026-01-12T20:00:00")
    lab.pve.guest(104).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING)
    old = lab.watch.history
    lab.pve.guest(104).recovers()
    lab.live_until("2026-01-15T05:00:00", step=timedelta(hours=3))
    before = {vmid: (lab.guest(vmid).brief, lab.guest(vmid).verdict.last_success) for vmid in ALL}
    lab.happened(), lab.told()
    lab.watch.history = old
    lab.watch.restart()
    lab.live(hours=3)

    assert {vmid: (lab.guest(vmid).brief, lab.guest(vmid).verdict.last_success) for vmid in ALL} == before
    assert "run_failed" not in lab.happened()
    assert "opened" not in [kind for kind, _ in lab.told()]


@pytest.mark.parametrize("vmid", [101, 104])
def test_e25_who_was_away_during_the_backup_of_any_guest_sees_no_flap(lab: Lab, vmid: int) -> None:
    lab.pve.job("nightly").change(mode="stop")
    lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=4))
    lab.pve.job("nightly").next_run_ends({vmid: running(40)})
    lab.until("2026-01-14T01:01:00")
    lab.watch.restart()
    lab.pve.clock.advance(minutes=3)
    assert lab.live(hours=1, step=timedelta(minutes=10)) == set()

    assert lab.guest(vmid).problem == "off"


@pytest.mark.parametrize("vmid", [102, 103])
def test_e27_at_the_first_look_old_failures_of_one_guest_are_counted_and_make_no_news(lab: Lab, vmid: int) -> None:
    lab.pve.guest(vmid).fails(failed("no"))
    lab.pve.add_job("weekly", "tue 04:00", "local", all=1)
    lab.pve.clock.advance(days=3)
    lab.look()
    lab.live(hours=10)

    assert (lab.guest(vmid).brief, lab.guest(vmid).verdict.failures) == (("on", "failed"), 3)
    assert (lab.happened(), lab.told()) == ([], [])
    lab.live_until("2026-01-16T05:00:00")
    assert [kind for kind, _ in lab.told()] == ["opened"]


@pytest.mark.parametrize("part", ["storages", "pools", "nodes"])
def test_e29_in_whatever_order_things_come_the_same_is_held(lab: Lab, part: str) -> None:
    lab.pve.pools.update({"a": "", "b": ""})
    lab.pve.add_job("second", "02:00", "local", all=1)
    lab.pve.guest(104).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    before = lab.assessment
    setattr(lab.pve, part, dict(reversed(getattr(lab.pve, part).items())))
    after = lab.after(minutes=10)

    assert after.verdicts == before.verdicts
    assert all(after.guests[vmid] is before.guests[vmid] for vmid in ALL)


@pytest.mark.parametrize("status", [500, 599])
def test_e31_an_empty_error_on_every_path_is_no_lost_right_and_no_missing_backup(lab: Lab, status: int) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened(), lab.told()
    lab.watch.errors = {"/api2/json/": (status, "")}
    assert lab.live(hours=3, step=timedelta(minutes=10)) == set()

    assert briefs(lab) == ALL_FINE
    assert (lab.happened(), lab.told()) == ([], [])
    assert len(lab.assessment.guests) == 4


@pytest.mark.parametrize("node", ["pve1", "pve2"])
def test_e32_a_node_without_corosync_is_no_host_of_its_own_and_its_missed_slot_is_seen(lab: Lab, node: str) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    lab.pve.node(node).start_pmxcfs(without_corosync=True)
    assert lab.live(hours=6) == set()
    assert lab.assessment.nodes.keys() == {"pve1", "pve2", "pve3"}
    assert lab.assessment.guests.keys() == set(ALL)
    lab.live_until("2026-01-14T08:00:00")

    theirs = [vmid for vmid in ALL if lab.pve.guest(vmid).node == node]
    assert PASSING not in {lab.guest(vmid).brief for vmid in theirs}
    assert {lab.guest(vmid).brief for vmid in ALL if vmid not in theirs} == {PASSING}
