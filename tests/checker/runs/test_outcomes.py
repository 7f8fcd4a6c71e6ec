"""What a run did for each guest, from real task logs."""

from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.facts import Facts, JobState, NodeFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result, succeeded, unclear
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.runs.run_records import records_of

from ..builders import BERLIN, NOW, SCENARIOS, assessment, facts, good_log, guest, job, record, run, sample

# What the log calls failed was stopped by a person, or has its archive all the same.
ACTUAL = {
    "09-aborted-by-user": {100: "cancelled", 101: "cancelled", 200: "cancelled"},
    "19-prune-permission-denied": {111: "ok"},
}
NAMES = sorted(folder.name for folder in SCENARIOS.iterdir())


def outcomes(known: Facts) -> dict[int, list[Outcome]]:
    """Return what all runs did, by guest."""
    found: dict[int, list[Outcome]] = {}
    for known_run in known.runs:
        for outcome in record(known_run, known).outcomes:
            found.setdefault(outcome.vmid, []).append(outcome)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_gives_the_results_that_a_reader_finds(name: str) -> None:
    meta = json.loads((SCENARIOS / name / "meta.json").read_text(encoding="utf-8"))
    last = sample(name)
    zone = ZoneInfo(meta["tz"])
    node = NodeFacts(name=last.task.node, zone=zone)
    found = outcomes(facts(runs=[last], nodes={node.name: node}))
    expected = {entry["vmid"]: entry for entry in meta["guests"] if entry["result"] in set(Result)}
    if last.task.task_id.isdecimal() and not expected:
        expected = {int(last.task.task_id): {"result": "failed", "reason": last.task.status}}
    assert found.keys() == expected.keys()
    for vmid, entry in expected.items():
        [outcome] = found[vmid]
        assert outcome.result == ACTUAL.get(name, {}).get(vmid, entry["result"])
        # Below the failure's own text there may be the line that explains it.
        assert outcome.error == entry.get("reason") or (outcome.error or "").startswith(f"{entry['reason']}\n")
        if "started" in entry:
            assert outcome.started == datetime.fromtimestamp(entry["started"], UTC)


def test_the_newest_comes_first() -> None:
    days = [NOW - timedelta(days=number) for number in (3, 1, 2)]
    index = assessment([], [], [run(good_log(100, at=day), started=day) for day in days]).index
    assert [outcome.started for outcome in index.by_guest[100]] == sorted(days, reverse=True)


def test_guests_that_an_interrupted_run_never_came_to_were_not_reached() -> None:
    last = run(
        "INFO: starting new backup job: vzdump 100 101 102 104 --mode snapshot --quiet 1\n"
        "INFO: Starting Backup of VM 100 (qemu)\nINFO: Finished Backup of VM 100 (00:00:10)\n"
        "INFO: Starting Backup of VM 101 (qemu)\nERROR: Backup of VM 101 failed - interrupted by signal\n"
        "TASK ERROR: interrupted by signal\n",
        "interrupted by signal",
    )
    guests = [guest(100), guest(101), guest(102), guest(103), guest(104, node="pve2")]
    found = outcomes(facts(guests, [job("a", 100, 101, 102, 104)], [last]))
    assert {vmid: one.result for vmid, (one,) in found.items()} == {
        100: Result.OK,
        101: Result.CANCELLED,
        102: Result.NOT_REACHED,
    }
    assert found[102][0].error == "interrupted by signal"


def test_guests_that_a_whole_run_left_out_are_not_failed_by_it() -> None:
    last = run(good_log(100), "OK")
    assert outcomes(facts([guest(100), guest(101)], [job("a", all=1)], [last])).keys() == {100}


@pytest.mark.parametrize("name", ["07-pbs-unreachable-activation", "07b-storage-disabled", "17-global-lock-timeout"])
def test_a_run_that_dies_before_any_guest_reaches_none(name: str) -> None:
    last = sample(name)
    guests = [guest(100, node=last.task.node), guest(101, node=last.task.node), guest(102, node="pve9")]
    slot = f"{last.started.astimezone(BERLIN):%H:%M}"
    found = outcomes(facts(guests, [job("a", all=1, schedule=slot)], [last]))
    assert {vmid: one.result for vmid, (one,) in found.items()} == {100: Result.NOT_REACHED, 101: Result.NOT_REACHED}
    assert all(one.error for (one,) in found.values())


def test_a_guest_at_work_is_running_until_its_task_is_over() -> None:
    text = "INFO: starting new backup job: vzdump 100\nINFO: Starting Backup of VM 100 (qemu)\n"
    assert outcomes(facts(runs=[run(text, None)]))[100][0].result is Result.RUNNING
    assert outcomes(facts(runs=[run(text, "unexpected status")]))[100][0].result is Result.INTERRUPTED


def test_without_its_log_the_task_of_one_guest_still_says_how_it_ended() -> None:
    for status, result in (
        ("OK", Result.OK),
        ("WARNINGS: 1", Result.OK),
        ("job errors", Result.FAILED),
        (None, Result.RUNNING),
    ):
        [one] = outcomes(facts([guest(100)], [job("a", 100)], [run(None, status, task_id="100")]))[100]
        assert (one.result, one.confidence) == (result, Confidence.TASK)


def test_without_its_log_the_task_of_several_guests_proves_nothing() -> None:
    assert outcomes(facts([guest(100)], [job("a", 100)], [run(None, "OK")])) == {}


def test_a_log_that_says_nothing_of_the_guest_proves_no_backup() -> None:
    text = "INFO: starting new backup job: vzdump 100 --quiet 1\nINFO: Backup job finished successfully\nTASK OK\n"
    assert outcomes(facts([guest(100)], [job("a", 100)], [run(text, "OK", task_id="100")])) == {}


def test_times_are_the_nodes_own_also_in_the_hour_that_comes_twice() -> None:
    """2025-10-26, 03:00 CEST is 02:00 CET."""
    second = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    for started in (second - timedelta(hours=1), second):
        [one] = outcomes(facts([guest(100)], [], [run(good_log(100, at=started), started=started)]))[100]
        assert one.started == started


@pytest.mark.parametrize(
    ("status", "good"),
    [
        ("OK", True),
        ("ok", True),
        ("WARNINGS: 2", True),
        ("job errors", False),
        ("unexpected status", False),
        ("", False),
        (None, False),
        ("OK but not", False),
    ],
)
def test_a_task_is_good_when_proxmox_says_so(status: str | None, good: bool) -> None:
    assert succeeded(status) is good


@pytest.mark.parametrize(("status", "open_question"), [("FINE", True), ("", True), ("disk full", False), ("OK", False)])
def test_a_word_that_is_neither_good_nor_an_error_proves_nothing(status: str, open_question: bool) -> None:
    assert unclear(status) is open_question
    [one] = outcomes(facts([guest(100)], [job("a", 100)], [run(None, status, task_id="100")]))[100]
    assert (one.result is Result.UNCLEAR) is open_question


def test_a_failure_is_remembered_with_the_line_that_explains_it() -> None:
    lines = [
        "INFO: Starting Backup of VM 101 (qemu)",
        "ERROR: fork compressor 'zstd --threads=1' failed",
        "ERROR: Backup of VM 101 failed - vma_queue_write: write error - Broken pipe",
    ]
    found = outcomes(facts(runs=[run("\n".join(lines), started=NOW, status="job errors")]))
    assert (
        found[101][0].error == "vma_queue_write: write error - Broken pipe\nfork compressor 'zstd --threads=1' failed"
    )


def test_a_finished_guest_whose_new_archive_the_run_removed_has_failed() -> None:
    """Of the three archives it was the oldest by its name: the node's clock had been set back."""
    lines = [
        "INFO: Starting Backup of VM 101 (qemu)",
        "INFO: creating vzdump archive '/mnt/pve/nas/dump/vzdump-qemu-101-2026_11_30-17_04_38.vma.zst'",
        "INFO: removing backup 'nas:backup/vzdump-qemu-101-2026_11_30-17_04_38.vma.zst'",
        "INFO: pruned 1 backup(s) not covered by keep-retention policy",
        "INFO: Finished Backup of VM 101 (00:00:10)",
        "TASK OK",
    ]
    [outcome] = outcomes(facts(runs=[run("\n".join(lines), started=NOW)]))[101]
    assert outcome.result == "failed"
    assert outcome.error == "removing backup 'nas:backup/vzdump-qemu-101-2026_11_30-17_04_38.vma.zst'"


def test_a_run_tells_how_many_older_archives_it_removed() -> None:
    more = "INFO: pruned 2 backup(s) not covered by keep-retention policy"
    log = good_log(101).replace("INFO: Finished Backup of VM 101", f"{more}\nINFO: Finished Backup of VM 101")
    [outcome] = outcomes(facts(runs=[run(log, started=NOW)]))[101]
    assert (outcome.result, outcome.pruned) == ("ok", 2)


def test_a_guest_that_came_to_the_node_after_a_run_broke_off_was_not_in_it() -> None:
    nightly = job("nightly", all=1, storage="nas")
    before = judge(
        facts([guest(100), guest(101), guest(102, node="pve2")], [nightly], now=NOW - timedelta(hours=14)), History()
    )
    last = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'")
    known = facts([guest(100), guest(101, node="pve2"), guest(102), guest(103)], [nightly], [last])
    found = records_of(known, before.history).finished[last.task.upid].outcomes
    assert [(outcome.vmid, outcome.result) for outcome in found] == [(100, Result.NOT_REACHED)]


def test_whom_a_run_did_not_come_to_is_told_once_its_job_can_be_seen_though_a_state_file_named_it_before() -> None:
    guests, nightly = [guest(100), guest(101)], job("nightly", all=1, storage="nas")
    last = run("TASK ERROR: could not activate storage 'nas'\n", "could not activate storage 'nas'")
    states = [
        JobState(
            job_id="nightly", node="pve1", state="started", upid=last.task.upid, message=None, updated=last.started
        )
    ]
    hidden = judge(facts(guests, None, [last], job_states=states), History())
    assert not hidden.history.runs[last.task.upid].outcomes
    seen = judge(facts(guests, [nightly], job_states=states, now=NOW + timedelta(hours=1)), hidden.history)
    found = seen.history.runs[last.task.upid].outcomes
    assert [(outcome.vmid, outcome.result) for outcome in found] == [
        (100, Result.NOT_REACHED),
        (101, Result.NOT_REACHED),
    ]
