"""What a report counts, and what it leaves to its reader."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.actions.report_text import Period, render
from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History, StorageRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.checker.views.report import Report, numbers, report
from custom_components.proxmox_backup_checker.texts.localizer import Localizer

from ..builders import NOW, assessment, failed_log, good_log, guest, job, run

GIB = 1024**3
EVENING = NOW - timedelta(hours=11)


def of(shown: Assessment, days: int = 1) -> Report:
    """Return the report of the last days."""
    return report(shown, NOW - timedelta(days=days), NOW)


def nas(used: int = 100 * GIB, total: int = 200 * GIB, **fields: Any) -> StorageFacts:
    """Return a storage that all nodes reach."""
    fields = {"plugin_type": "nfs", "active_on": frozenset({"pve1", "pve2"}), "available": total - used, **fields}
    return StorageFacts(storage="nas", node=None, total=total, used=used, **fields)


def test_a_run_on_several_nodes_is_one_run_and_its_time_counts_once() -> None:
    shown = assessment(
        [guest(100), guest(101, node="pve2")],
        [job("nightly", 100, 101, storage="nas")],
        [
            run(good_log(100, 101), seconds=600, started=EVENING),
            run(good_log(100, 101), seconds=900, started=EVENING + timedelta(minutes=5), node="pve2"),
        ],
    )
    [tally] = of(shown).jobs
    assert (tally.runs, tally.failed, tally.duration) == (1, 0, timedelta(minutes=20))


def test_only_runs_that_ended_in_the_period_count() -> None:
    runs = [run(good_log(100), started=EVENING - timedelta(days=day)) for day in range(5)]
    shown = assessment([guest(100)], [job("nightly", 100, storage="nas")], runs)
    assert (of(shown).runs, of(shown, 3).runs, of(shown, 7).runs) == (1, 3, 5)
    assert of(shown, 3).size == 9 * GIB


def test_a_failure_is_told_with_whether_it_is_settled_and_a_problem_by_the_guest_alone() -> None:
    jobs = [job("nightly", 100, storage="nas")]
    bad = run(failed_log(100, "got timeout", at=EVENING), "job errors", started=EVENING)
    shown = assessment([guest(100)], jobs, [bad])
    [failure] = of(shown).failures
    assert (failure.name, failure.times, failure.error, failure.settled) == ("g100 (100)", 1, "got timeout", False)
    assert [found.subject.key for found in of(shown).problems] == ["guest_100"]
    assert numbers(of(shown)).items() >= {"problems": 1, "guests_failed": 1, "runs_failed": 1, "bytes": None}.items()

    later = EVENING + timedelta(hours=2)
    good = run(good_log(100, at=later), started=later)
    settled = of(assessment([guest(100)], jobs, [bad, good]))
    assert settled.failures[0].settled
    assert not settled.problems


def test_a_run_that_came_to_no_guest_is_a_failure_of_its_job() -> None:
    log = "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage nas --node pve1\nTASK ERROR: could not activate storage 'nas'\n"
    shown = assessment(
        [guest(100, node="pve2")],
        [job("nightly", 100, storage="nas", node="pve1")],
        [run(log, "could not activate storage 'nas'", started=EVENING)],
    )
    assert [failure.subject.key for failure in of(shown).failures] == ["job_nightly"]
    assert of(shown).runs_failed == 1


def test_what_is_ignored_paused_unknown_or_in_no_job_is_counted_apart() -> None:
    guests = [guest(100), guest(101), guest(102), guest(103)]
    jobs = [job("nightly", 100, storage="nas"), job("off", 101, enabled=False), job("weekly", 103, storage="nas")]
    policy = Policy(ignored_guests=frozenset({103}))
    found = of(assessment(guests, jobs, [run(good_log(100), started=EVENING)], policy=policy))
    assert (found.guests, found.protected, found.ignored, found.paused) == (3, 1, 1, 1)
    assert found.count(Status.UNCOVERED) == 1
    assert numbers(found)["guests_uncovered"] == 1


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "1 guest cannot be seen, 1 job or storage cannot be seen"),
        ("de", "1 Gast nicht zu sehen, 1 Job oder Speicher nicht zu sehen"),
    ],
)
def test_what_cannot_be_seen_is_counted_as_guests_and_apart_from_them(language: str, told: str) -> None:
    found = of(assessment([guest(100)], [job("nightly", 100, storage="nas")]))
    assert told in in_words(found, language)["summary"]


def test_only_storages_that_are_used_are_told_with_the_day_they_are_full() -> None:
    samples = tuple((NOW - timedelta(days=30 - day), (100 + day) * GIB) for day in range(31))
    history = History(storages={"nas": StorageRecord(storage="nas", node=None, samples=samples)})
    storages = (nas(used=130 * GIB), replace(nas(), storage="spare"))
    listing = ArchiveListing(read_at=NOW, archives=(), complete=True, detailed=True)
    storages = (storages[0], replace(storages[1], listing=listing))
    shown = assessment([guest(100)], [job("nightly", 100, storage="nas")], history=history, storages=storages)
    [storage] = of(shown).storages
    assert storage.key == "nas"
    assert storage.full_on == pytest.approx(NOW + timedelta(days=70), abs=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("language", "summary"),
    [
        ("en", "1 of 1 protected, 3.0 GiB in 1 h 12 min, nas full in 70 days, nothing to do."),
        ("de", "1 von 1 geschützt, 3,0 GiB in 1 h 12 min, nas voll in 70 Tagen, nichts zu tun."),
    ],
)
def test_the_summary_says_everything_in_one_line(language: str, summary: str) -> None:
    samples = tuple((NOW - timedelta(days=30 - day), (100 + day) * GIB) for day in range(31))
    history = History(storages={"nas": StorageRecord(storage="nas", node=None, samples=samples)})
    shown = assessment(
        [guest(100)],
        [job("nightly", 100, storage="nas")],
        [run(good_log(100, at=EVENING), seconds=4320, started=EVENING)],
        history=history,
        storages=(nas(used=130 * GIB),),
    )
    assert in_words(of(shown), language)["summary"] == summary


def test_names_and_errors_are_no_markdown_and_a_long_list_is_cut() -> None:
    guests = [guest(vmid, name=f"a_*b*`[{vmid}") for vmid in range(100, 110)]
    text = in_words(of(assessment(guests, [])), "en")
    assert text["summary"].startswith("0 of 10 protected, no backup ran, needs attention: a_*b*`[100 (100), ")
    assert "and 7 others" in text["summary"]
    assert r"- **a\_\*b\*\`\[100 (100)**: In no enabled backup job." in text["markdown"]
    assert text["markdown"].count("\n- **") == 10


def in_words(found: Report, language: str, period: Period = "day") -> dict[str, Any]:
    """Return a report as the action answers it."""
    return render(found, period, Localizer(language))


def test_what_is_in_the_line_above_all_else_does_nothing_either() -> None:
    shown = of(assessment([guest(100, name="[x](https://evil.example)<img>")], []))
    first = in_words(shown, "en")["markdown"].splitlines()[0]
    assert r"attention: \[x\](https\://evil.example)\<img\> (100)." in first
