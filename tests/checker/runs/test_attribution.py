"""Which run belongs to which job, and how sure that is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.facts import Facts, JobState, NodeFacts, Run, ToldRun
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.runs.attribution import Attribution, attribute
from custom_components.proxmox_backup_checker.checker.runs.run_records import clues_of, records_of
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus

from ..builders import BERLIN, NOW, facts, good_log, guest, job, run, sample


def of(run: Run, facts: Facts) -> Attribution:
    """Return the attribution of a run."""
    return attribute(run, facts, clues_of(facts, History()))


def at_slot(run: Run) -> str:
    """Return the schedule that a run came at."""
    return f"{run.started.astimezone(BERLIN):%H:%M}"


def updated_jobs(*jobs: BackupJob) -> History:
    """Return what is remembered of jobs after a look."""
    return judge(facts([], list(jobs)), History()).history


def state(run: Run, job_id: str) -> JobState:
    return JobState(job_id=job_id, node="pve1", state="stopped", upid=run.task.upid, message="OK", updated=NOW)


def test_the_command_in_the_log_tells_the_job() -> None:
    last = sample("11-four-guests-one-fails")
    jobs = [
        job(
            "nas", 100, 101, 200, 201, storage="nas-backup", compress="zstd", notes_template="{{guestname}}",
            prune_backups={"keep-last": "5"},
        ),
        job("other", 100, 101, 200, 201, storage="pbs"),
    ]  # fmt: skip
    assert of(last, facts([], jobs, [last])) == Attribution(job_id="nas", confidence=Confidence.MATCHED)


def test_the_state_file_of_the_node_is_more_certain_than_any_command() -> None:
    last = run(good_log(100))
    known = facts([guest(100)], [job("a", 100, storage="nas"), job("b", 101)], [last], job_states=[state(last, "b")])
    assert of(last, known) == Attribution(job_id="b", confidence=Confidence.EXACT)


def test_jobs_alike_are_told_apart_by_their_slots() -> None:
    last = run(good_log(100))
    jobs = [job("a", 100, storage="nas", schedule="20:00"), job("b", 100, storage="nas", schedule="21:00")]
    assert of(last, facts([], jobs, [last])) == Attribution(job_id="b", confidence=Confidence.SCHEDULED)


def test_jobs_alike_with_the_same_slot_are_told_apart_by_nobody() -> None:
    last = run(good_log(100))
    found = of(last, facts([], [job("a", 100, storage="nas"), job("b", 100, storage="nas")], [last]))
    assert found.confidence is Confidence.PROBABLE
    assert found.job_id in {"a", "b"}


def told(run: Run, job_id: str, node: str = "pve1", after: timedelta = timedelta(seconds=-1)) -> ToldRun:
    assert run.ended is not None
    return ToldRun(node=node, job_id=job_id, at=run.ended + after)


def test_a_message_decides_between_jobs_of_which_it_can_have_been_either() -> None:
    last = run(good_log(100))
    known = facts([], [job("a", 100, storage="nas"), job("b", 100, storage="nas")], [last])
    found = of(last, replace(known, told=(told(last, "b"),)))
    assert found == Attribution(job_id="b", confidence=Confidence.PROBABLE)
    skewed = {"pve1": replace(known.nodes["pve1"], skew=timedelta(hours=1))}
    ahead = told(last, "b", after=timedelta(hours=-1))
    assert of(last, replace(known, nodes=skewed, told=(ahead,))).job_id == "b"


@pytest.mark.parametrize(
    "message",
    [
        lambda last: told(last, "c"),
        lambda last: told(last, "b", node="pve2"),
        lambda last: told(last, "b", after=timedelta(minutes=-10)),
        lambda last: told(last, "b", after=timedelta(minutes=10)),
    ],
    ids=["of a job that it cannot have been", "of another node", "of an earlier run", "of a later run"],
)
def test_a_message_that_fits_no_such_job_decides_nothing(message: Callable[[Run], ToldRun]) -> None:
    last = run(good_log(100))
    jobs = [job("a", 100, storage="nas"), job("b", 100, storage="nas"), job("c", 101, storage="pbs")]
    known = facts([], jobs, [last])
    assert of(last, replace(known, told=(message(last),))) == of(last, known)


def test_messages_that_name_both_decide_nothing() -> None:
    last = run(good_log(100))
    known = facts([], [job("a", 100, storage="nas"), job("b", 100, storage="nas")], [last])
    assert of(last, replace(known, told=(told(last, "b"), told(last, "a")))) == of(last, known)


def test_a_message_overrules_neither_settings_nor_slot_nor_state_file() -> None:
    last = run(good_log(100))
    other = job("b", 101, storage="nas")
    by_settings = facts([], [job("a", 100, storage="nas"), other], [last])
    by_slot = facts([], [job("a", 100, storage="nas"), job("b", 100, storage="nas", schedule="sun 03:00")], [last])
    exact = facts(
        [], [job("a", 100, storage="nas"), job("b", 100, storage="nas")], [last], job_states=[state(last, "a")]
    )
    for known, sure in (
        (by_settings, Confidence.MATCHED),
        (by_slot, Confidence.SCHEDULED),
        (exact, Confidence.EXACT),
    ):
        found = of(last, replace(known, told=(told(last, "b"),)))
        assert found == Attribution(job_id="a", confidence=sure)


def test_a_message_says_nothing_of_a_run_by_hand() -> None:
    last = run(good_log(100), user="admin@pam")
    known = facts([], [job("a", 100, storage="nas"), job("b", 100, storage="nas")], [last])
    assert of(last, replace(known, told=(told(last, "b"),))) == of(last, known)


def test_a_run_that_had_to_wait_for_the_one_before_is_still_known_by_its_slot() -> None:
    late = run(good_log(100), started=NOW - timedelta(hours=11))
    jobs = [job("a", 100, storage="nas", schedule="22:40"), job("b", 100, storage="nas", schedule="sun 21:00")]
    known = facts([], jobs, [late])
    assert of(late, known).confidence is Confidence.PROBABLE
    found = attribute(
        late,
        known,
        replace(
            clues_of(known, History()),
            spans={"pve1": [(late.started - timedelta(hours=1), late.started - timedelta(seconds=30))]},
        ),
    )
    assert found == Attribution(job_id="a", confidence=Confidence.SCHEDULED)


def test_a_late_run_of_jobs_alike_is_of_the_one_whose_slot_has_none_yet() -> None:
    # Without quorum the scheduler waits, and makes up for the slots afterwards (PVE/Jobs.pm, run_jobs).
    first, late = run(good_log(100)), run(good_log(100), started=NOW - timedelta(hours=9))
    jobs = [job("a", 100, storage="nas", schedule="21:00"), job("b", 100, storage="nas", schedule="22:00")]
    history = History(runs=records_of(facts([], jobs, [first]), History()).finished)
    known = facts([], jobs, [first, late])
    assert attribute(late, known, clues_of(known, history)).job_id == "b"
    by_hand = run(good_log(100), started=NOW - timedelta(hours=9), user="admin@pam")
    assert attribute(by_hand, known, clues_of(known, history)).job_id == "a"


@pytest.mark.parametrize(
    ("started", "node", "expected"),
    [
        (NOW - timedelta(hours=22), "pve1", "b"),
        (NOW - timedelta(days=2, hours=22), "pve1", "b"),
        (NOW - timedelta(hours=21), "pve1", "a"),
        (NOW - timedelta(hours=22), "pve2", "a"),
    ],
    ids=["on time", "on time, days before", "run now", "on another node"],
)
def test_a_late_run_is_not_for_a_slot_since_which_the_scheduler_of_its_node_was_at_work(
    started: datetime, node: str, expected: str
) -> None:
    # The slot of the 20th was long before the quorum was lost: with it the scheduler would have made up for it at once.
    late = run(good_log(100), started=NOW - timedelta(hours=9))
    jobs = [
        job("a", 100, storage="nas", schedule="*-*-20 03:00"),
        job("b", 100, storage="nas", schedule="21:00"),
        job("c", 100, storage="usb", schedule="12:00"),
    ]
    command = "vzdump 100 --mode snapshot --quiet 1 --storage usb"
    other = run(good_log(100, command=command), started=started, node=node)
    served = records_of(facts([], jobs, [other]), History()).finished
    known = facts([], jobs, [late])
    assert attribute(late, known, clues_of(known, History(runs=served))).job_id == expected


@pytest.mark.parametrize(
    ("quorate", "node", "expected"), [(True, "pve1", "b"), (False, "pve1", "a"), (True, "pve2", "a")]
)
def test_a_late_run_is_not_for_a_slot_after_which_its_node_was_seen_with_the_quorum(
    quorate: bool, node: str, expected: str
) -> None:
    late = run(good_log(100), started=NOW - timedelta(hours=9))
    jobs = [
        job("a", 100, storage="nas", schedule="*-*-20 03:00"),
        job("b", 100, storage="nas", schedule="21:00"),
    ]
    look = NOW - timedelta(days=1)
    there = NodeFacts(name=node, zone=BERLIN, tasks_read=look, runs_known_since=look)
    cluster = ClusterStatus(name="home", quorate=quorate, nodes=())
    before = judge(facts([], jobs, now=look, read_at=look, nodes={node: there}, cluster=cluster), History()).history
    known = facts([], jobs, [late])
    assert attribute(late, known, clues_of(known, before)).job_id == expected


@pytest.mark.parametrize(
    ("hours", "status", "expected"),
    [(4, None, "b"), (4, "OK", None), (4, "unexpected status", None), (3, None, None)],
    ids=["goes on", "ended", "was cut off", "was started by hand"],
)
def test_a_run_without_a_command_is_not_of_a_job_whose_run_before_goes_on(
    hours: int, status: str | None, expected: str | None
) -> None:
    # The scheduler starts no second run of a job; the one of another waits for the lock without a word of what it is.
    waiting = run(None, None, started=NOW - timedelta(hours=2))
    started = waiting.started - timedelta(hours=hours)
    before = run(good_log(100, command="vzdump 100 101 --quiet 1 --storage nas"), status, started=started)
    jobs = [
        job("a", 100, 101, storage="nas", schedule="*/4:00", mode=None),
        job("b", 100, 101, storage="usb", schedule="08:00"),
    ]
    known = facts([guest(100), guest(101)], jobs, [before, waiting])
    found = records_of(known, History())
    records = {**found.finished, **found.running}
    assert records[before.task.upid].job_id == "a"
    assert records[waiting.task.upid].job_id == expected
    assert records[waiting.task.upid].candidates == (() if expected else ("a", "b"))


@pytest.mark.parametrize(
    ("late_by", "expected"),
    [(timedelta(minutes=33), "b"), (timedelta(), None)],
    ids=["made up for", "nothing else was late"],
)
def test_a_run_without_a_command_that_comes_with_a_late_one_is_of_the_job_that_still_awaits_its_own(
    late_by: timedelta, expected: str | None
) -> None:
    # With the quorum back the scheduler starts at once what was due meanwhile (PVE/Jobs.pm, run_jobs).
    slot = NOW - timedelta(hours=11)
    other = run(good_log(100, command="vzdump 100 101 --quiet 1 --storage nas"), started=slot + late_by)
    died = run(None, "unexpected status", started=slot + late_by + timedelta(seconds=1))
    jobs = [
        job("a", 100, 101, storage="nas", schedule="23:00", mode=None),
        job("b", 100, 101, storage="usb", schedule="*-*-2 03:00"),
    ]
    found = records_of(facts([guest(100), guest(101)], jobs, [other, died]), History()).finished
    assert found[other.task.upid].job_id == "a"
    assert found[died.task.upid].job_id == expected


def test_a_run_keeps_the_job_that_it_had_while_it_went_on_though_that_was_edited_since() -> None:
    log = good_log(100, 101, command="vzdump 100 101 --quiet 1 --storage nas")
    going_on, ended = run(log, None), run(log)
    other = job("a", 100, 101, storage="nas", schedule="20:00", mode=None)
    before = [other, job("b", 100, 101, storage="nas", schedule="21:00", mode=None)]
    edited = [other, job("b", 100, storage="nas", schedule="21:00", mode=None)]
    guests = [guest(100), guest(101)]
    seen = judge(facts(guests, before, [going_on]), History()).history
    later = judge(facts(guests, edited, [going_on]), seen).history
    for history in (seen, later):
        found = records_of(facts(guests, edited, [ended]), history).finished
        assert found[ended.task.upid].job_id == "b"


def test_a_run_of_a_job_that_was_alike_until_an_edit_nobody_saw_is_of_the_one_whose_slot_it_was() -> None:
    command = "vzdump 100 101 --quiet 1 --storage nas"
    first, last = (
        run(good_log(100, 101, command=command), started=NOW - timedelta(hours=12)),
        run(good_log(100, 101, command=command)),
    )
    jobs = [
        job(job_id, 100, 101, storage="nas", schedule=at, mode=None) for job_id, at in (("a", "20:00"), ("b", "21:00"))
    ]
    history = judge(facts([], jobs, [first]), History()).history
    known = facts([], [jobs[0], job("b", 100, storage="nas", schedule="21:00", mode=None)], [last])
    assert attribute(last, known, clues_of(known, history)) == Attribution(job_id="b", confidence=Confidence.PROBABLE)
    assert attribute(last, known, clues_of(known, replace(history, runs={}))).job_id == "a"


def test_a_run_without_a_command_at_a_slot_from_before_an_edit_nobody_saw_is_no_run_by_hand() -> None:
    died = run(None, "unexpected status")
    guests, before = [guest(100), guest(101)], NOW - timedelta(days=1)
    seen = facts(guests, [job("a", 100, 101, storage="nas", schedule="21:00")], now=before, read_at=before)
    history = judge(seen, History()).history
    known = facts(guests, [job("a", 100, 101, storage="nas", schedule="12:00")], [died])
    found = records_of(known, history).finished[died.task.upid]
    assert (found.job_id, found.confidence) == ("a", Confidence.SCHEDULED)


def test_a_run_with_the_command_of_before_the_edit_probably_belongs_to_the_edited_job() -> None:
    last = run(good_log(100, 101))
    edited = job("a", 100, 101, storage="nas", mode="stop")
    assert of(last, facts([], [edited], [last])) == Attribution(job_id="a", confidence=Confidence.PROBABLE)
    elsewhere = job("a", 100, 101, storage="pbs", mode="stop")
    assert of(last, facts([], [elsewhere], [last])).job_id is None


def test_a_late_run_from_before_an_edit_is_of_the_job_that_was_like_its_command_and_whose_slot_has_none_yet() -> None:
    # A guest was removed, and with it its number from the job, after a run that had waited for quorum.
    late = run(good_log(100, 101), started=NOW - timedelta(hours=9))
    edited = job("a", 101, storage="nas")
    before = updated_jobs(job("a", 100, 101, storage="nas"), job("b", 101, storage="nas"))
    known = facts([], [edited, job("b", 101, storage="nas", schedule="20:00")], [late])
    assert attribute(late, known, clues_of(known, before)) == Attribution(job_id="a", confidence=Confidence.PROBABLE)
    served = records_of(facts([], [job("a", 100, 101, storage="nas")], [run(good_log(100, 101))]), History()).finished
    assert attribute(late, known, clues_of(known, replace(before, runs=served))).job_id is None


def test_a_late_run_of_a_job_that_is_deleted_is_of_no_job_that_is_only_like_it() -> None:
    late = run(good_log(100, 101), started=NOW - timedelta(hours=9))
    left = job("b", 101, storage="nas")
    known = facts([], [left], [late])
    before = updated_jobs(job("a", 100, 101, storage="nas"), left)
    assert attribute(late, known, clues_of(known, before)) == Attribution(job_id=None, confidence=Confidence.NONE)


def test_what_was_decided_stays_when_the_job_is_edited_later() -> None:
    last = run(good_log(100))
    before = records_of(facts([], [job("a", 100, storage="nas")], [last]), History()).finished
    edited = facts([], [job("a", 100, 101, storage="pbs")], [last])
    assert records_of(edited, History(runs=before)).finished is before
    assert of(last, edited) == Attribution(job_id=None, confidence=Confidence.NONE)


def test_a_state_file_replaces_a_weaker_link_in_the_history() -> None:
    last = run(good_log(100))
    before = records_of(facts([], [job("a", 100, storage="nas")], [last]), History()).finished
    after = records_of(facts([], [], [last], job_states=[state(last, "b")]), History(runs=before)).finished
    assert (after[last.task.upid].job_id, after[last.task.upid].confidence) == ("b", Confidence.EXACT)
    assert [outcome.job_id for outcome in after[last.task.upid].outcomes] == ["b"]


def test_a_run_by_a_user_a_token_or_without_quiet_is_by_hand() -> None:
    jobs = [job("a", 100, storage="nas")]
    foreign = good_log(100, command="vzdump 100 --mode stop --quiet 1 --storage nas")
    by_button = good_log(100, command="vzdump 100 --node pve1 --storage nas --remove 0 --mode snapshot")
    for last in (
        run(foreign, user="admin@pve"),
        run(foreign, token="script"),
        run(by_button),
        run("TASK ERROR: broken\n", "broken", user="admin@pve"),
    ):
        assert of(last, facts([], jobs, [last])).by_hand


def test_run_now_of_a_job_belongs_to_the_job() -> None:
    last = run(good_log(100, command="vzdump 100 --node pve1 --mode snapshot --all 0 --storage nas"), user="admin@pve")
    assert of(last, facts([], [job("a", 100, storage="nas")], [last])).job_id == "a"


def test_a_job_of_another_node_cannot_have_been_it() -> None:
    last = run(good_log(100, command="vzdump 100 --mode snapshot --quiet 1 --storage nas --node pve2"))
    assert of(last, facts([], [job("a", 100, storage="nas", node="pve2")], [last])).job_id is None


def test_a_run_without_a_command_is_linked_by_the_storage_it_names() -> None:
    last = sample("07-pbs-unreachable-activation")
    guests = [guest(100, node=last.task.node)]
    slot = at_slot(last)
    jobs = [
        job("nas", 100, storage="nas-backup", schedule=slot),
        job("pbs", 100, storage="pbs1", schedule=slot),
        job("elsewhere", 7, storage="pbs1", schedule=slot),
    ]
    assert of(last, facts([*guests, guest(7, node="pve9")], jobs, [last])).job_id == "pbs"


def test_a_run_without_a_command_at_no_slot_was_started_by_a_person() -> None:
    last = sample("07-pbs-unreachable-activation")
    jobs = [job("pbs", 100, storage="pbs1", schedule="13:13")]
    assert of(last, facts([guest(100, node=last.task.node)], jobs, [last])).by_hand


def test_a_task_that_bears_the_number_of_one_guest_is_of_a_job_with_no_other_guest_there() -> None:
    guests, slot = [guest(100), guest(101)], "21:00"
    last = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'", task_id="100")
    both, one = job("both", 100, 101, storage="nas", schedule=slot), job("one", 100, storage="nas", schedule=slot)
    assert of(last, facts(guests, [both], [last])).by_hand
    assert of(last, facts(guests, [both, one], [last])).job_id == "one"


@pytest.mark.parametrize("change", ["came", "moved here", "left"])
def test_a_task_with_the_number_of_one_guest_is_of_a_job_whose_other_guests_may_have_come_since(change: str) -> None:
    log = "TASK ERROR: could not activate storage 'nas'\n"
    failed = run(log, "could not activate storage 'nas'", task_id="100")
    nightly = job("nightly", 100, 101, storage="nas", schedule="21:00")
    earlier = failed.started - timedelta(hours=1)
    then = [guest(100), *([] if change == "came" else [guest(101, node="pve2")])]
    before = judge(facts(then, [nightly], now=earlier, read_at=earlier), History()).history
    now = [
        guest(100, node="pve3" if change == "left" else "pve1"),
        guest(101, node="pve2" if change == "left" else "pve1"),
    ]
    known = facts(now, [nightly], [failed])
    [record] = records_of(known, before).finished.values()
    assert record.job_id == "nightly"
    assert [outcome.vmid for outcome in record.outcomes] == [100]


def test_a_slot_that_has_its_run_has_no_other() -> None:
    both = [job("a", 100, 101, storage="nas"), job("b", 100, 101, storage="nas", mode="stop")]
    good = run(good_log(100, 101), node="pve1")
    lost = run("TASK ERROR: got timeout\n", "got timeout", started=good.started + timedelta(seconds=1))
    known = facts([guest(100), guest(101)], both, [good, lost])
    found = records_of(known, History()).finished
    assert (found[good.task.upid].job_id, found[lost.task.upid].job_id) == ("a", "b")


def test_a_run_that_waited_for_the_lock_in_vain_may_have_been_any_job_with_guests_there() -> None:
    last = sample("17-global-lock-timeout")
    guests = [guest(100, node=last.task.node), guest(101, node="pve9")]
    slot = at_slot(last)
    jobs = [
        job("a", 100, schedule=slot),
        job("b", all=1, schedule=slot),
        job("off", 100, enabled=False, schedule=slot),
        job("elsewhere", 101, schedule=slot),
    ]
    found = of(last, facts(guests, jobs, [last]))
    assert (found.job_id, found.confidence, found.candidates) == (None, Confidence.NONE, ("a", "b"))
    assert not found.by_hand


def test_a_run_whose_log_is_gone_may_have_been_any_job_with_its_guest() -> None:
    last = run(None, task_id="100")
    jobs = [job("a", 100), job("b", 101)]
    assert of(last, facts([guest(100), guest(101)], jobs, [last])).job_id == "a"


def test_without_the_jobs_a_run_of_the_scheduler_belongs_to_none() -> None:
    last = run(good_log(100))
    assert of(last, facts([], None, [last])) == Attribution(job_id=None, confidence=Confidence.NONE)


def test_a07_a_run_of_a_jobs_only_guest_there_is_its_own_though_another_has_come_since() -> None:
    slot = NOW - timedelta(hours=13)
    nightly = job("nightly", all=1, storage="nas", schedule="21:00")
    before = judge(facts([guest(100)], [nightly], now=slot - timedelta(hours=1)), History()).history
    failed = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'", task_id="100")
    known = facts([guest(100), guest(101)], [nightly], [failed])
    assert attribute(failed, known, clues_of(known, before)).job_id == "nightly"
    [outcome] = records_of(known, before).finished[failed.task.upid].outcomes
    assert (outcome.vmid, outcome.job_id) == (100, "nightly")
    # At the first look both were there: then a person has started it.
    assert attribute(failed, known, clues_of(known, History())).by_hand


def test_a07_a_run_whose_error_names_the_storage_of_before_an_edit_is_its_jobs() -> None:
    earlier = NOW - timedelta(hours=14)
    early, now = (job("nightly", 100, storage=storage, schedule="21:00") for storage in ("nas", "local"))
    other = job("other", 101, storage="nas", schedule="05:00")
    failed = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'", task_id="100")
    known = facts([guest(100)], [now, other], [failed])

    def found(before: BackupJob) -> Attribution:
        history = judge(facts([guest(100)], [before, other], now=earlier), History()).history
        return attribute(failed, known, clues_of(known, history))

    assert found(early).job_id == "nightly"
    # It had left that storage before: then a person has started it.
    assert found(now).by_hand


def test_a07_a_run_of_a_guest_that_has_left_the_node_since_is_its_jobs() -> None:
    slot = NOW - timedelta(hours=13)
    nightly = job("nightly", all=1, storage="nas", schedule="21:00")
    before = judge(facts([guest(100)], [nightly], now=slot - timedelta(hours=1)), History()).history
    failed = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'", task_id="100")
    known = facts([guest(100, node="pve2")], [nightly], [failed])
    assert attribute(failed, known, clues_of(known, before)).job_id == "nightly"


def test_b33_a_run_that_shows_nothing_is_of_the_job_whose_slot_the_clock_has_jumped_over() -> None:
    weekly = job("weekly", 100, storage="nas", schedule="sun 03:00")
    ahead = NOW + timedelta(days=5, hours=1, minutes=20)
    lost = run("INFO: trying to get global lock - waiting...\n", "unexpected status", started=ahead)
    nodes = {"pve1": NodeFacts(name="pve1", zone=BERLIN, skew=timedelta(days=5))}
    known = facts([guest(100)], [weekly], [lost], now=NOW + timedelta(hours=2), nodes=nodes)
    assert of(lost, known).job_id == "weekly"
    by_day = run("INFO: trying to get global lock - waiting...\n", "unexpected status", started=NOW)
    assert of(by_day, facts([guest(100)], [weekly], [by_day])).by_hand


def test_a15_a_run_that_a_person_started_while_the_jobs_were_hidden_is_its_jobs_once_they_can_be_seen() -> None:
    command = "vzdump --pool gold --mode snapshot --storage nas"
    last = run(good_log(100, command=command), task_id="100", user="admin@pve")
    hidden = facts([guest(100, pool="gold")], None, [last])
    before = judge(hidden, History()).history
    nightly = job("nightly", pool="gold", storage="nas", schedule="sun 03:00")
    known = facts([guest(100, pool="gold")], [nightly], [last])
    assert records_of(known, before).finished[last.task.upid].job_id == "nightly"
    other = facts([guest(100, pool="gold")], [job("other", 101, storage="usb")], [last])
    assert records_of(other, before).finished[last.task.upid].outcomes[0].by_hand
