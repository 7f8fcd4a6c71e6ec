"""Where two jobs, two nodes, two storages or a run in progress meet, a missing backup is never fine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import (
    ArchiveListing,
    Blindness,
    Facts,
    NodeFacts,
    Run,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ..builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run

# NOW is Wednesday, 3 September 2025, 10:00 in Berlin.
NIGHTLY = job("nightly", 100, storage="nas", schedule="21:00")
WEEKLY = job("weekly", 100, storage="usb", schedule="sat 04:00")
BEGAN = NOW - timedelta(days=30)
NEW_YORK = ZoneInfo("America/New_York")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of September 2025 in Berlin; the 31st of August is day 0."""
    return (datetime(2025, 9, 1, hour, minute, tzinfo=BERLIN) + timedelta(days=day - 1)).astimezone(UTC)


def ran(moment: datetime, *vmids: int, storage: str = "nas", log: str | None = None, **fields: Any) -> Run:
    """Return a good run of a job, or one with another log."""
    listed = " ".join(map(str, fields.pop("listed", vmids)))
    command = f"vzdump {listed} --mode snapshot --quiet 1 --storage {storage}"
    status = fields.pop("status", "OK")
    name = f"{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}"
    text = log or good_log(*vmids, command=command, at=moment).replace("-x.vma", f"-{name}.vma")
    return run(text, status, started=moment, **fields)


def by_hand(moment: datetime, vmid: int, storage: str) -> Run:
    """Return a good backup by hand."""
    command = f"vzdump {vmid} --node pve1 --remove 0 --mode snapshot --storage {storage}"
    return run(good_log(vmid, command=command, at=moment), started=moment, task_id=str(vmid))


def watched(*runs: Run, now: datetime = NOW, jobs: Any = (NIGHTLY, WEEKLY), **changes: Any) -> Assessment:
    """Return what is held now of a cluster that has been watched since August."""
    guests = changes.pop("guests", (guest(100),))
    first = judge(facts(guests, jobs, now=BEGAN, read_at=BEGAN), History())
    return judge(facts(guests, jobs, runs, now=now, read_at=now, **changes), first.history, first)


def listed(storage: str, *moments: datetime, vmid: int = 100, **changes: Any) -> StorageFacts:
    """Return a storage with a guest's archives of these moments."""
    archives = tuple(
        Archive(
            volid=f"{storage}:backup/vzdump-qemu-{vmid}-{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.vma.zst",
            storage=storage,
            vmid=vmid,
            guest_type="qemu",
            ctime=int(moment.timestamp()),
            size=1,
            **changes,
        )
        for moment in moments
    )
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True)
    return StorageFacts(
        storage=storage, node=None, plugin_type="nfs", active_on=frozenset({"pve1"}), total=100, used=1, listing=listing
    )


NIGHTS = [at(day, 21) for day in (-3, -2, -1, 0, 1, 2)]


def test_c22_nightly_archives_elsewhere_do_not_make_good_a_missed_weekly_backup() -> None:
    nights = [ran(moment, 100) for moment in NIGHTS]
    storages = (listed("nas", *NIGHTS), listed("usb", at(-7, 4)))
    held = watched(*nights, storages=storages)
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.OVERDUE, True)
    assert (held.jobs["weekly"].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OVERDUE, Status.OK)
    assert held.guests[100].verdict.last_success is not None
    assert held.guests[100].verdict.last_success >= NIGHTS[-1]


def test_c22_a_backup_by_hand_onto_the_jobs_storage_cures_the_guest_and_not_the_job() -> None:
    nights = [ran(moment, 100) for moment in NIGHTS]
    held = watched(*nights, by_hand(at(1, 12), 100, "usb"))
    assert held.guests[100].verdict.problem is False
    assert held.jobs["weekly"].verdict.status is Status.OVERDUE
    elsewhere = watched(*nights, by_hand(at(1, 12), 100, "other"))
    assert elsewhere.guests[100].verdict.problem is True
    assert "copy_elsewhere" in {finding.code for finding in elsewhere.guests[100].verdict.findings}


def test_a31_a_run_that_hangs_on_one_node_excuses_nobody_on_another() -> None:
    both = job("both", 100, 101, storage="nas", schedule="21:00")
    guests = (guest(100), guest(101, node="pve2"))
    good = [ran(at(0, 21), 100, listed=(100, 101)), ran(at(0, 21), 101, listed=(100, 101), node="pve2")]
    text = good_log(100, command="vzdump 100 101 --mode snapshot --quiet 1 --storage nas").split("INFO: status")[0]
    hung = run(text, None, started=at(1, 21))
    held = watched(*good, hung, jobs=(both,), guests=guests)
    assert (held.guests[101].verdict.status, held.guests[101].verdict.problem) == (Status.OVERDUE, True)
    assert held.jobs["both"].verdict.problem is True


def test_b23_a_run_that_was_no_longer_listed_when_its_node_was_seen_last_does_not_hang_once_the_tasks_are_hidden() -> (
    None
):
    """The node has lost its list, and with it how the run ended."""
    text = good_log(100).split("INFO: status")[0]
    begun = run(text, None, started=at(1, 21))
    held = watched(ran(at(0, 21), 100), begun, jobs=(NIGHTLY,), now=at(1, 21, 10))
    assert held.jobs["nightly"].verdict.status is Status.RUNNING
    good = [ran(at(day, 21), 100) for day in (0, 2)]
    seen = facts((guest(100),), (NIGHTLY,), good, now=at(3, 0), read_at=at(3, 0))
    held = judge(seen, held.history, held)
    blind = {"pve1": Blindness.TASKS_HIDDEN}
    known = facts((guest(100),), (NIGHTLY,), good, blind=blind, now=NOW, read_at=NOW)
    hidden = {**known.nodes, "pve1": replace(known.nodes["pve1"], tasks_read=at(3, 0))}
    later = judge(replace(known, nodes=hidden), held.history, held)
    assert (later.jobs["nightly"].verdict.status, later.jobs["nightly"].verdict.problem) == (Status.OK, False)
    assert "run_hangs" not in {finding.code for finding in later.jobs["nightly"].verdict.findings}


def test_a30_what_the_log_of_a_run_in_progress_says_counts_at_once() -> None:
    several = job("several", 100, 101, 102, storage="nas", schedule="08:00")
    guests = tuple(guest(vmid) for vmid in (100, 101, 102))
    command = "vzdump 100 101 102 --mode snapshot --quiet 1 --storage nas"
    before = [ran(at(day, 8), 100, 101, 102) for day in (1, 2)]
    done = good_log(100, command=command, at=at(3, 8)).split("INFO: Backup job finished")[0]
    bad = failed_log(101, "Input/output error", at(3, 8, 5)).split("\n", 1)[1].split("INFO: Backup job finished")[0]
    now = run(f"{done}{bad}INFO: Starting Backup of VM 102 (qemu)\n", None, started=at(3, 8))
    held = watched(*before, now, jobs=(several,), guests=guests, now=at(3, 8, 30))
    assert held.guests[100].verdict.problem is False
    assert held.guests[100].verdict.evidence == (now.task.upid,)
    assert (held.guests[101].verdict.status, held.guests[101].verdict.problem) == (Status.FAILED, True)
    assert (held.guests[102].verdict.status, held.guests[102].verdict.problem) == (Status.RUNNING, False)
    assert "run_in_progress_with_failures" in {finding.code for finding in held.jobs["several"].verdict.findings}


def test_a17_a_missed_slot_stays_a_problem_while_a_later_run_goes_on() -> None:
    started = ran(NOW - timedelta(minutes=5), 100, storage="usb", log="", status=None)
    text = "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage usb\n"
    going_on = run(text, None, started=started.started)
    held = watched(*(ran(moment, 100) for moment in NIGHTS), going_on)
    assert held.guests[100].verdict.problem is True
    assert held.jobs["weekly"].verdict.problem is True


@pytest.mark.parametrize("elsewhere", ["nas", "other"])
def test_a06_only_an_archive_of_the_slots_time_on_the_jobs_storage_stands_in_for_its_run(elsewhere: str) -> None:
    first_look = facts([guest(100)], [NIGHTLY], storages=(listed("nas", at(2, 21, 3)),))
    held = judge(first_look, History()).guests[100].verdict
    assert (held.status, held.reason.code) == (Status.OK, "archive_found")
    late = at(2, 21) + timedelta(hours=5)
    moment = late if elsewhere == "nas" else at(2, 21, 3)
    other = replace(first_look, storages=(listed("nas"), listed(elsewhere, moment)))
    assert judge(other, History()).guests[100].verdict.problem is not False


def test_b33_a_run_during_which_the_clock_was_wrong_makes_no_later_slot_wait_for_weeks() -> None:
    across = ran(NIGHTS[-2], 100)
    ended = int((NOW + timedelta(days=20)).timestamp())
    nights = [*(ran(moment, 100) for moment in NIGHTS[:-2]), replace(across, task=replace(across.task, ended=ended))]
    held = watched(*nights, jobs=(NIGHTLY,))
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status, verdict.problem) == (Status.OVERDUE, True)


def test_a_job_that_was_created_and_failed_while_nobody_looked_has_failed() -> None:
    # The slot after it was missed, and only then somebody looked.
    bad = run(failed_log(100, "Input/output error", at(1, 21)), "job errors", started=at(1, 21))
    other = job("other", 101, storage="usb", schedule="sat 04:00")
    first = judge(facts([guest(100)], [other], now=BEGAN, read_at=BEGAN), History())
    held = judge(facts([guest(100)], [NIGHTLY, other], [bad]), first.history, first)
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert verdict.problem is True


def test_a_run_of_one_of_two_jobs_says_nothing_of_the_one_that_was_created_since() -> None:
    lost = "TASK ERROR: could not activate storage 'nas': storage 'nas' is not online\n"
    failed = run(lost, "could not activate storage 'nas': storage 'nas' is not online", started=at(1, 21))
    old, new = job("old", 100, storage="nas", schedule="21:00"), job("new", 101, storage="nas", schedule="21:00")
    guests = (guest(100), guest(101))
    first = judge(facts(guests, [old], now=BEGAN, read_at=BEGAN), History())
    good = ran(at(2, 21), 100)
    held = judge(facts(guests, [old, new], [failed, good]), first.history, first)
    assert [held.jobs[name].verdict.problem for name in ("old", "new")] == [False, False]


@pytest.mark.parametrize("listed_still", [True, False])
def test_c12_a_failure_of_a_guest_that_is_gone_lasts_while_the_job_lists_it(listed_still: bool) -> None:
    often = job("often", 100, 101, storage="nas", schedule="*/6:00")
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    text = failed_log(101, at=at(2, 12)).replace("vzdump 101 --mode snapshot --quiet 1 --storage nas", command)
    runs = [run(text, "job errors", started=at(2, 12), node="pve2")]
    slots = (at(2, 12), at(2, 18), at(3, 0), at(3, 6))
    runs += [run(good_log(100, command=command, at=moment), started=moment) for moment in slots]
    held = watched(*runs, jobs=(often,), guests=(guest(100), guest(101, node="pve2")), now=at(3, 8))
    assert held.jobs["often"].verdict.problem is True
    after = often if listed_still else job("often", 100, storage="nas", schedule="*/6:00")
    known = facts([guest(100)], [after], runs, now=at(3, 8, 10), read_at=at(3, 8, 10))
    assert judge(known, held.history, held).jobs["often"].verdict.problem is listed_still


@pytest.mark.parametrize("schedule", ["21:00", "04:00"])
def test_b20_a_slot_before_the_first_look_of_a_schedule_that_no_run_was_ever_at_is_no_alarm(schedule: str) -> None:
    before = [ran(at(day, 21), 100) for day in (-1, 0, 1)]
    nightly = job("nightly", 100, storage="nas", schedule=schedule)
    held = judge(facts([guest(100)], [nightly], before, storages=(listed("nas", at(1, 21)),)), History())
    wanted = True if schedule == "21:00" else None
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (wanted, wanted)


def test_c12_archives_do_not_prove_a_job_that_lists_a_number_without_a_guest() -> None:
    def held(*vmids: int) -> bool | None:
        listing = job("nightly", *vmids, storage="nas", schedule="21:00")
        first_look = facts([guest(100)], [listing], storages=(listed("nas", at(2, 21, 3)),))
        return judge(first_look, History()).jobs["nightly"].verdict.problem

    assert (held(100), held(100, 101)) == (False, None)


def test_a06_an_archive_that_two_jobs_can_claim_proves_nothing() -> None:
    twin = job("twin", 100, storage="nas", schedule="21:05", mode="stop")
    known = facts([guest(100)], [NIGHTLY, twin], storages=(listed("nas", at(2, 21, 6)),))
    held = judge(known, History()).guests[100].verdict
    assert (held.problem, held.status) == (None, Status.UNKNOWN)
    both = replace(known, storages=(listed("nas", at(2, 21, 1), at(2, 21, 6)),))
    assert judge(both, History()).guests[100].verdict.problem is False


def test_b19_what_another_job_left_on_the_storage_does_not_prove_that_a_slot_was_promised_before_the_first_look() -> (
    None
):
    other = job("other", 100, storage="nas", schedule="sat 04:00", mode="stop")
    command = "vzdump 100 --mode stop --quiet 1 --storage nas"
    started = at(-1, 4)
    log = good_log(100, command=command, at=started).replace(
        "vzdump-qemu-100-x", f"vzdump-qemu-100-{started.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}"
    )
    known = facts([guest(100)], [NIGHTLY, other], [run(log, started=started)], storages=(listed("nas", started),))
    held = judge(known, History())
    assert [held.jobs[name].verdict.problem for name in ("nightly", "other")] == [None, False]
    assert (held.guests[100].verdict.problem, held.guests[100].verdict.reason.code) == (None, "no_run_seen")
    unexplained = replace(known, runs=())
    assert judge(unexplained, History()).jobs["nightly"].verdict.problem is None
    alone = replace(unexplained, jobs=(NIGHTLY, replace(other, storage="usb")))
    assert judge(alone, History()).jobs["nightly"].verdict.problem is True


def test_b33_what_is_dated_in_the_future_proves_nothing_and_is_no_last_success() -> None:
    future = NOW + timedelta(days=20)
    held = watched(ran(at(0, 21), 100), ran(future, 100), jobs=(NIGHTLY,), storages=(listed("nas", at(0, 21), future),))
    verdict = held.guests[100].verdict
    assert (verdict.status, verdict.problem) == (Status.OVERDUE, True)
    assert verdict.last_success is not None
    assert verdict.last_success < NOW
    assert held.jobs["nightly"].verdict.status is Status.OVERDUE
    assert "wrong_date" in {finding.code for finding in verdict.findings}


def edited(before: Facts, after: Facts, *looks: datetime) -> Assessment:
    """Return what is held of an edited job after some looks, the first of them with the job as it was."""
    held: Assessment | None = None
    for known, look in [(before, BEGAN), (before, looks[0]), *((after, look) for look in looks[1:])]:
        runs = tuple(made for made in known.runs if made.started <= look)
        seen = replace(known, runs=runs, now=look, read_at=look)
        held = judge(seen, held.history if held else History(), held)
    assert held is not None
    return held


def test_b20_a_slot_missed_before_an_edit_stays_owed_until_the_next_good_run() -> None:
    known = facts([guest(100)], [NIGHTLY], [ran(at(1, 21), 100)])
    weekly = replace(known, jobs=(job("nightly", 100, storage="nas", schedule="sun 21:00"),))
    held = edited(known, weekly, at(2, 21, 10), at(2, 21, 20), NOW)
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OVERDUE, Status.OVERDUE)
    cured = replace(weekly, runs=(*weekly.runs, by_hand(NOW - timedelta(hours=1), 100, "nas")))
    assert edited(known, cured, at(2, 21, 10), at(2, 21, 20), NOW).guests[100].verdict.problem is False


def test_b20_slots_that_only_the_new_schedule_has_before_the_edit_never_were() -> None:
    before = facts([guest(100)], [WEEKLY], [ran(at(-1, 4), 100, storage="usb")])
    daily = replace(before, jobs=(job("weekly", 100, storage="usb", schedule="04:00"),))
    assert edited(before, daily, NOW - timedelta(minutes=5), NOW).guests[100].verdict.problem is False


@pytest.mark.parametrize(("served", "problem"), [(None, True), (at(1, 21), False), (at(2, 2), False)])
def test_b20_whenever_nobody_saw_the_edit_one_of_the_two_slots_was_owed(
    served: datetime | None, problem: bool | None
) -> None:
    before = facts([guest(100)], [NIGHTLY], [ran(at(0, 21), 100)])
    runs = (*before.runs, *([ran(served, 100)] if served else []))
    after = replace(before, jobs=(job("nightly", 100, storage="nas", schedule="02:00"),), runs=runs)
    held = edited(before, after, at(1, 20), at(2, 8))
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (problem, problem)
    # Where no slot of the new schedule follows one of the old one, the edit may have come between the two.
    early = replace(after, runs=before.runs, jobs=(job("nightly", 100, storage="nas", schedule="20:30"),))
    assert edited(before, early, at(1, 20), at(2, 8)).guests[100].verdict.problem is False


def test_a29_a_job_that_is_sent_elsewhere_owes_the_new_storage_nothing_before_its_next_slot() -> None:
    before = facts([guest(100)], [NIGHTLY], [ran(at(2, 21), 100)])
    moved = replace(before, jobs=(job("nightly", 100, storage="usb", schedule="21:00"),))
    assert edited(before, moved, at(3, 9), NOW).guests[100].verdict.problem is False
    assert edited(before, moved, at(3, 9), NOW, at(4, 0)).guests[100].verdict.problem is True


def test_d17_the_newest_archive_of_each_promised_storage_has_to_pass_its_verification() -> None:
    nights = [ran(moment, 100) for moment in NIGHTS]
    weekly = ran(at(-1, 4), 100, storage="usb")
    broken = listed("usb", at(-1, 4), verification="failed")
    held = watched(*nights, weekly, storages=(listed("nas", *NIGHTS), broken))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.FAILED, True)
    unpromised = watched(*nights, jobs=(NIGHTLY,), storages=(listed("nas", *NIGHTS), broken))
    assert unpromised.guests[100].verdict.problem is False


@pytest.mark.parametrize("spoilt", ["broken", "gone"])
def test_d17_what_was_broken_or_gone_before_a_node_went_out_of_sight_is_so_until_something_good_is_seen(
    spoilt: str,
) -> None:
    names = NIGHTS[:-1] if spoilt == "gone" else NIGHTS
    verification = "failed" if spoilt == "broken" else None
    held = watched(*(ran(moment, 100) for moment in NIGHTS), jobs=(NIGHTLY,), storages=(listed("nas", *NIGHTS),))
    assert held.guests[100].verdict.problem is False
    for day, hour in ((3, 13), (3, 14), (4, 13)):
        now = at(day, hour)
        nas = listed("nas", *names, verification=verification)
        assert nas.listing is not None
        nas = replace(nas, listing=replace(nas.listing, read_at=min(now, at(3, 14))))
        dark = day == 4
        node = NodeFacts(
            name="pve1",
            zone=BERLIN,
            blindness=Blindness.TASKS_HIDDEN if dark else None,
            tasks_read=at(3, 14) if dark else now,
            runs_known_since=BEGAN,
        )
        known = facts(
            [guest(100)],
            [NIGHTLY],
            [ran(moment, 100) for moment in NIGHTS],
            now=now,
            read_at=now,
            storages=(nas,),
            nodes={"pve1": node},
        )
        held = judge(known, held.history, held)
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.FAILED, True)


def test_d18_a_broken_archive_that_a_good_backup_has_followed_since_the_listing_is_the_newest_no_more() -> None:
    broken = listed("nas", at(2, 21), verification="failed")
    assert broken.listing is not None
    broken = replace(broken, listing=replace(broken.listing, read_at=at(3, 9, 50)))
    before = (ran(at(1, 21), 100), ran(at(2, 21), 100))
    assert watched(*before, jobs=(NIGHTLY,), storages=(broken,)).guests[100].verdict.problem is True
    followed = watched(*before, ran(at(3, 9, 58), 100), jobs=(NIGHTLY,), storages=(broken,))
    assert followed.guests[100].verdict.problem is False


def test_d17_a_good_archive_of_another_job_on_the_same_storage_does_not_stand_in_for_a_broken_one() -> None:
    jobs = (NIGHTLY, job("weekly", 100, storage="nas", schedule="sat 04:00", mode="stop"))
    weekly = ran(
        at(-1, 4),
        100,
        log=good_log(100, command="vzdump 100 --mode stop --quiet 1 --storage nas", at=at(-1, 4)).replace(
            "-x.vma", f"-{at(-1, 4).astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.vma"
        ),
    )
    broken, good = listed("nas", at(-1, 4), verification="failed"), listed("nas", *NIGHTS, verification="ok")
    assert good.listing is not None
    assert broken.listing is not None
    both = replace(good, listing=replace(good.listing, archives=(*good.listing.archives, *broken.listing.archives)))
    nights = [ran(moment, 100) for moment in NIGHTS]
    held = watched(*nights, weekly, jobs=jobs, storages=(both,))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.FAILED, True)
    again = watched(*nights, weekly, by_hand(at(2, 23), 100, "nas"), jobs=jobs, storages=(both,))
    assert again.guests[100].verdict.reason.code != "verification_failed"


def test_d17_a_broken_archive_from_before_a_guest_came_into_the_job_breaks_no_promise() -> None:
    weekly = job("weekly", 101, storage="usb", schedule="sun 04:00")
    broken = listed("usb", at(1, 12), verification="failed")
    nights = [ran(moment, 100) for moment in NIGHTS]
    before = facts([guest(100), guest(101)], [NIGHTLY, weekly], nights)
    wider = job("weekly", 100, 101, storage="usb", schedule="sun 04:00")
    after = replace(before, jobs=(NIGHTLY, wider), storages=(broken,))
    assert edited(before, after, at(2, 22), NOW).guests[100].verdict.problem is False


def test_a_schedule_that_never_comes_protects_nobody() -> None:
    held = watched(jobs=(job("never", 100, schedule="2-30 21:00"),))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.UNCOVERED, True)


def test_e03_what_was_good_is_a_problem_once_nothing_could_be_read_for_a_day() -> None:
    held = watched(ran(at(2, 21), 100), jobs=(NIGHTLY,))
    stale = facts([guest(100)], [NIGHTLY], now=NOW + timedelta(hours=25), read_at=NOW)
    later = judge(stale, held.history, held)
    for verdict in (later.guests[100].verdict, later.jobs["nightly"].verdict):
        assert (verdict.status, verdict.problem, verdict.reason.code) == (Status.UNKNOWN, True, "cannot_verify")


def test_b32_a_guest_that_moves_between_jobs_bound_to_nodes_is_overdue_after_the_longer_interval() -> None:
    first = job("first", 100, storage="nas", schedule="sat 01:00", node="pve1")
    second = job("second", 100, storage="nas", schedule="sun 01:00", node="pve2")
    good = run(
        good_log(100, command="vzdump 100 --mode snapshot --quiet 1 --storage nas --node pve2", at=at(-7, 1)),
        started=at(-7, 1),
        node="pve2",
    )
    held = judge(facts([guest(100, node="pve2")], [first, second], now=BEGAN, read_at=BEGAN), History())
    there = facts([guest(100, node="pve2")], [first, second], [good], now=at(-1, 0), read_at=at(-1, 0))
    held = judge(there, held.history, held)
    here = facts([guest(100, node="pve1")], [first, second], [good], now=at(-1, 12), read_at=at(-1, 12))
    held = judge(here, held.history, held)
    late = judge(replace(here, now=NOW, read_at=NOW), held.history, held).guests[100].verdict
    assert (late.status, late.problem, late.reason.code) == (Status.OVERDUE, True, "moved_between_jobs")


def test_b17_an_earlier_outage_still_explains_its_slot_after_another_reboot() -> None:
    known = facts([guest(100)], [NIGHTLY], [ran(at(0, 21), 100)])
    off = {**known.nodes, "pve1": replace(known.nodes["pve1"], online=False)}
    held = edited(known, replace(known, nodes=off), at(1, 20), at(1, 20, 30), at(1, 22))
    back = {**known.nodes, "pve1": replace(known.nodes["pve1"], booted=at(2, 1))}
    held = judge(replace(known, nodes=back, now=at(2, 2), read_at=at(2, 2)), held.history, held)
    again = {**known.nodes, "pve1": replace(known.nodes["pve1"], booted=at(2, 8))}
    later = judge(replace(known, nodes=again, now=at(2, 9), read_at=at(2, 9)), held.history, held)
    assert [look.guests[100].verdict.reason.code for look in (held, later)] == ["host_was_off", "host_was_off"]


def test_a_disk_for_one_night_a_week_may_rest_until_it_is_needed() -> None:
    usb = replace(listed("usb", at(-1, 4)), active_on=frozenset())
    good = ran(at(-1, 4), 100, storage="usb")
    held = watched(good, jobs=(WEEKLY,), storages=(usb,))
    for hours in (1, 30):
        look = facts([guest(100)], [WEEKLY], [good], now=NOW + timedelta(hours=hours), storages=(usb,))
        held = judge(replace(look, read_at=look.now), held.history, held)
        assert held.storages["usb"].verdict.problem is False


def test_c12_archives_of_the_others_do_not_prove_a_run_of_a_job_that_lists_a_guest_which_is_gone() -> None:
    both = job("both", 100, 105, storage="nas", schedule="21:00")
    known = facts([guest(100)], [both], storages=(listed("nas", at(1, 21, 3), at(2, 21, 3)),))
    held = judge(known, History())
    assert held.guests[100].verdict.problem is False
    assert held.jobs["both"].verdict.problem is None
    here = replace(known, jobs=(job("both", 100, storage="nas", schedule="21:00"),))
    assert judge(here, History()).jobs["both"].verdict.reason.code == "job_archives_found"


def test_a06_an_archive_stays_that_of_two_slots_when_one_of_the_jobs_has_run_again() -> None:
    jobs = (
        job("monthly", 100, storage="nas", schedule="*-*-1 21:00"),
        job("often", 100, storage="nas", schedule="21:30"),
    )
    lost = {"pve1": NodeFacts(name="pve1", zone=BERLIN, runs_known_since=at(2, 9), tasks_read=NOW)}
    before = judge(facts([guest(100)], jobs, now=at(1, 12), read_at=at(1, 12)), History())
    again = ran(at(2, 21, 30), 100)
    for runs in ((), (again,)):
        known = facts(
            [guest(100)], jobs, runs, now=NOW, read_at=NOW, nodes=lost, storages=(listed("nas", at(1, 21, 40)),)
        )
        held = judge(known, before.history)
        assert held.guests[100].verdict.problem is not False
        assert held.jobs["monthly"].verdict.problem is not False


def test_b23_a_run_that_waited_for_another_hangs_once_it_keeps_the_next_one_waiting() -> None:
    text = (
        "INFO: trying to get global lock - waiting...\nINFO: got global lock\n"
        "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage nas\n"
        "INFO: Starting Backup of VM 100 (qemu)\n"
        f"INFO: Backup started at {at(2, 10).astimezone(BERLIN):%Y-%m-%d %H:%M:%S}\n"
    )
    daily = job("daily", 100, storage="nas", schedule="08:00")
    going_on = run(text, None, started=at(2, 8))
    good = [ran(at(day, 8), 100) for day in (-2, -1, 0, 1)]
    before = watched(*good, going_on, jobs=(daily,), now=at(3, 7, 50))
    assert (before.guests[100].verdict.problem, before.jobs["daily"].verdict.problem) == (False, False)
    after = watched(*good, going_on, jobs=(daily,), now=at(3, 8, 10))
    assert (after.guests[100].verdict.problem, after.jobs["daily"].verdict.problem) == (True, True)


def test_b23_a_run_that_cannot_be_seen_any_more_may_have_ended_and_does_not_hang() -> None:
    often = job("often", 100, storage="nas", schedule="*/6:00")
    command = "vzdump 100 --mode snapshot --quiet 1 --storage nas"
    text = good_log(100, command=command, at=at(3, 0)).partition("INFO: status")[0]
    good = [run(good_log(100, command=command, at=at(2, hour)), started=at(2, hour)) for hour in (6, 12, 18)]
    hidden = NodeFacts(name="pve1", zone=BERLIN, blindness=Blindness.TASKS_HIDDEN, runs_known_since=BEGAN)
    for seen_until, problem in ((at(3, 0, 20), None), (at(3, 7), True)):
        held = judge(facts([guest(100)], [often], good, now=at(2, 23), read_at=at(2, 23)), History())
        going_on = [*good, run(text, None, started=at(3, 0))]
        held = judge(facts([guest(100)], [often], going_on, now=seen_until, read_at=seen_until), held.history, held)
        now = at(3, 9)
        node = replace(hidden, tasks_read=seen_until)
        held = judge(facts([guest(100)], [often], now=now, read_at=now, nodes={"pve1": node}), held.history, held)
        assert held.jobs["often"].verdict.problem is problem


def test_b23_a_run_that_a_node_was_seen_without_does_not_go_on_again_while_nothing_can_be_read() -> None:
    good = [ran(moment, 100) for moment in NIGHTS]
    text = good_log(100, at=at(1, 12)).partition("INFO: status")[0]
    known = facts([guest(100)], [NIGHTLY], [*good[:-1], run(text, None, started=at(1, 12))], now=at(1, 12, 1))
    held = judge(known, History())
    assert held.jobs["nightly"].verdict.status is Status.RUNNING
    # Its end has left the list of tasks before anybody saw it.
    gone = facts([guest(100)], [NIGHTLY], good, now=at(3, 8), read_at=at(3, 8))
    held = judge(gone, held.history, held)
    for later in (at(3, 8), at(3, 12)):
        held = judge(replace(gone, now=later), held.history, held)
        verdict = held.jobs["nightly"].verdict
        assert (verdict.status, verdict.problem) == (Status.OK, False)


@pytest.mark.parametrize(("usual", "problem"), [(10, True), (150, False)])
def test_b23_a_run_that_hangs_keeps_no_slot_that_came_before_the_turn_of_a_guest_in_it(
    usual: int, problem: bool
) -> None:
    often = job("often", 100, 101, storage="nas", schedule="*/3:15")
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    before = run(good_log(100, 101, command=command, at=at(2, 21, 15)), started=at(2, 21, 15), seconds=usual * 60)
    text = good_log(100, command=command, at=at(3, 3, 30)).partition("INFO: Backup job finished")[0]
    hung = run(text + "INFO: Starting Backup of VM 101 (qemu)\n", None, started=at(3, 0, 15))
    first = judge(facts([guest(100), guest(101)], [often], [before], now=at(2, 23, 55)), History())
    now = at(3, 6)
    held = judge(facts([guest(100), guest(101)], [often], [before, hung], now=now), first.history, first)
    verdicts = (held.guests[100].verdict, held.jobs["often"].verdict)
    assert [verdict.problem for verdict in verdicts] == [problem, problem]


def test_b34_an_archive_that_may_be_of_the_slot_by_the_zone_of_its_writer_leaves_it_unknown() -> None:
    # 03:15 in New York is 09:15 in Berlin, as which the listing node reads it.
    both = {name: NodeFacts(name=name, zone=zone) for name, zone in (("pve1", BERLIN), ("pve2", NEW_YORK))}
    lost = {name: replace(node, runs_known_since=at(3, 16), tasks_read=at(3, 16)) for name, node in both.items()}
    nightly = job("nightly", 100, storage="nas", schedule="03:15")
    first = judge(facts([guest(100, node="pve2")], [nightly], now=at(2, 20), nodes=both), History())
    kept = listed("nas", at(2, 3, 15), at(3, 3, 15))
    assert kept.listing is not None
    kept = replace(kept, listing=replace(kept.listing, read_at=at(3, 16), listed_by="pve1", zone=BERLIN))
    held = judge(
        facts([guest(100, node="pve2")], [nightly], now=at(3, 16), nodes=lost, storages=(kept,)), first.history, first
    )
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (None, None)
