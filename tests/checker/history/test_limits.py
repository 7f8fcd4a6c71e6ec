"""How much of the past is kept."""

from dataclasses import replace
from datetime import datetime, timedelta

from custom_components.proxmox_backup_checker.checker.history.limits import MISSES_PER_JOB, bounded, is_time_to_bound
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import (
    GuestRecord,
    History,
    JobRecord,
    MissRecord,
    RunRecord,
    StorageRecord,
    WrongDate,
)

from ..histories import NOW, history_of, nights, outcome, run_of

_LONG_AGO = NOW - timedelta(days=397)
_YEAR_AGO = NOW - timedelta(days=365)


def hourly(count: int, *vmids: int) -> list[RunRecord]:
    """Return a run for each of the last hours, the newest first."""
    return [run_of(*vmids, started=NOW - timedelta(hours=hour)) for hour in range(count)]


def guest(vmid: int, absent_since: datetime | None) -> GuestRecord:
    """Return a guest that is gone since then."""
    return GuestRecord(vmid=vmid, guest_type="qemu", name=None, node="pve1", first_seen=None, absent_since=absent_since)


def job(job_id: str, deleted: datetime | None) -> JobRecord:
    """Return a job that is deleted since then."""
    return JobRecord(job_id=job_id, name=job_id, first_seen=None, enabled=True, schedule=None, deleted=deleted)


def outcomes_by_guest(history: History) -> dict[int, int]:
    """Return how many outcomes of each guest are kept."""
    found: dict[int, int] = {}
    for run in history.runs.values():
        for made in run.outcomes:
            found[made.vmid] = found.get(made.vmid, 0) + 1
    return found


def test_a_history_within_its_limits_stays_the_same_one() -> None:
    history = history_of(
        *nights(390, 100, 101),
        jobs={"nightly": job("nightly", None)},
        guests={100: guest(100, None)},
        storages={"nas": StorageRecord(storage="nas", node=None, samples=((NOW, 1),))},
    )
    assert bounded(history, NOW) is history


def test_runs_older_than_thirteen_months_go() -> None:
    runs = nights(420, 100)
    history = bounded(history_of(*runs), NOW)
    assert list(history.runs) == [run.upid for run in runs[:397]]


def test_parts_that_lose_nothing_stay_the_same_ones() -> None:
    history = history_of(*nights(420, 100), guests={100: guest(100, None)})
    after = bounded(history, NOW)
    assert after.runs is not history.runs
    assert after.guests is history.guests
    only_guests = history_of(*nights(3, 100), guests={100: guest(100, _LONG_AGO)})
    assert bounded(only_guests, NOW).runs is only_guests.runs


def test_a_guest_keeps_its_newest_four_hundred_outcomes() -> None:
    runs = hourly(450, 100)
    history = bounded(history_of(*runs), NOW)
    assert outcomes_by_guest(history) == {100: 400}
    assert all(history.runs[run.upid].outcomes for run in runs[:400])


def test_the_outcomes_of_a_seldom_saved_guest_stay_where_those_of_its_neighbour_go() -> None:
    """No run goes then, but what is in them."""
    often = hourly(420, 100)
    old = replace(often[-1], outcomes=(*often[-1].outcomes, outcome(101, often[-1].started, often[-1].upid)))
    history = bounded(history_of(*often[:-1], old), NOW)
    assert len(history.runs) == 420
    assert outcomes_by_guest(history) == {100: 400, 101: 1}
    assert [made.vmid for made in history.runs[old.upid].outcomes] == [101]


def test_the_order_in_which_runs_became_known_does_not_matter() -> None:
    runs = hourly(450, 100)
    history = bounded(history_of(*reversed(runs)), NOW)
    assert all(history.runs[run.upid].outcomes for run in runs[:400])
    assert outcomes_by_guest(history) == {100: 400}


def test_a_run_that_proxmox_still_lists_is_kept_without_outcomes() -> None:
    """Else it would be taken for new, and its log read again."""
    runs = hourly(600, 100)
    history = bounded(history_of(*runs), NOW)
    assert list(history.runs) == [run.upid for run in runs[:500]]


def test_each_node_keeps_its_own_newest_runs() -> None:
    busy = [run_of(started=NOW - timedelta(minutes=minute), node="pve1") for minute in range(600)]
    quiet = run_of(started=NOW - timedelta(days=2), node="pve2")
    history = bounded(history_of(*busy, quiet), NOW)
    assert quiet.upid in history.runs
    assert len(history.runs) == 501


def test_the_newest_runs_of_a_job_are_kept_though_they_saved_nothing() -> None:
    busy = [run_of(started=NOW - timedelta(minutes=minute), job_id="busy") for minute in range(600)]
    weekly = [run_of(started=NOW - timedelta(days=7 * week + 1), job_id="weekly") for week in range(40)]
    by_hand = [run_of(started=NOW - timedelta(days=7 * week + 2), job_id=None) for week in range(40)]
    history = bounded(history_of(*busy, *weekly, *by_hand), NOW)
    assert [upid for upid, run in history.runs.items() if run.job_id == "weekly"] == [run.upid for run in weekly[:30]]
    assert not any(run.job_id is None for run in history.runs.values())


def test_a_run_with_a_result_is_kept_however_many_came_after_it() -> None:
    busy = [run_of(started=NOW - timedelta(minutes=minute)) for minute in range(600)]
    good = run_of(100, started=_YEAR_AGO)
    assert bounded(history_of(*busy, good), NOW).runs[good.upid] == good


def test_jobs_and_guests_are_remembered_for_thirteen_months_after_they_went() -> None:
    history = history_of(
        jobs={"old": job("old", _LONG_AGO), "gone": job("gone", _YEAR_AGO), "nightly": job("nightly", None)},
        guests={100: guest(100, None), 101: guest(101, _YEAR_AGO), 102: guest(102, _LONG_AGO)},
    )
    after = bounded(history, NOW)
    assert set(after.jobs) == {"gone", "nightly"}
    assert set(after.guests) == {100, 101}


def test_samples_older_than_thirteen_months_go() -> None:
    nas = StorageRecord(storage="nas", node=None, samples=((_LONG_AGO, 1), (_YEAR_AGO, 2), (NOW, 3)))
    usb = StorageRecord(storage="usb", node="pve1", samples=((NOW, 3),))
    after = bounded(history_of(storages={"nas": nas, "pve1/usb": usb}), NOW)
    assert after.storages["nas"].samples == ((_YEAR_AGO, 2), (NOW, 3))
    assert after.storages["pve1/usb"] is usb


def test_the_limits_are_looked_at_once_a_day() -> None:
    assert is_time_to_bound(None, NOW)
    assert not is_time_to_bound(NOW, NOW + timedelta(hours=23))
    assert is_time_to_bound(NOW, NOW + timedelta(hours=24))
    assert is_time_to_bound(NOW, NOW - timedelta(seconds=1))


def test_missed_slots_go_with_the_runs_of_their_time() -> None:
    kept, gone = (
        MissRecord(
            key=f"nightly@{days}",
            job_id="nightly",
            slot=NOW - timedelta(days=days),
            node="pve1",
            code=ReasonCode.RUN_MISSED,
        )
        for days in (395, 397)
    )
    history = history_of(misses={kept.key: kept, gone.key: gone})
    assert bounded(history, NOW).misses == {kept.key: kept}
    assert bounded(history_of(misses={kept.key: kept}), NOW).misses == {kept.key: kept}


def test_of_thousands_of_guests_fewer_outcomes_are_kept_each() -> None:
    history = bounded(history_of(*nights(31, *range(100, 5200))), NOW)
    assert set(outcomes_by_guest(history).values()) == {30}


def test_of_a_job_that_hardly_ever_runs_the_newest_missed_slots_are_kept() -> None:
    slots = [NOW - timedelta(minutes=5 * number) for number in range(MISSES_PER_JOB + 20)]
    misses = {
        f"busy@{slot.timestamp()}": MissRecord(
            key=f"busy@{slot.timestamp()}", job_id="busy", slot=slot, node="pve1", code=ReasonCode.RUN_MISSED
        )
        for slot in slots
    }
    kept = bounded(history_of(misses=misses), NOW).misses
    assert [miss.slot for miss in kept.values()] == slots[:MISSES_PER_JOB]


def test_a_storage_goes_once_nothing_was_seen_of_it_for_as_long() -> None:
    gone = StorageRecord(storage="old", node=None, samples=((_LONG_AGO, 1),), archives={"a": 1}, listed=_LONG_AGO)
    quiet = StorageRecord(storage="usb", node=None, archives={"a": 1}, listed=_YEAR_AGO)
    assert bounded(history_of(storages={"old": gone, "usb": quiet}), NOW).storages == {"usb": quiet}


def test_b33_a_wrong_date_is_remembered_for_thirteen_months_after_it_has_come() -> None:
    dates = {"old": _LONG_AGO, "young": _YEAR_AGO, "to come": NOW + timedelta(days=5000)}
    wrong = {name: WrongDate(name=name, dated=dated, seen=_LONG_AGO) for name, dated in dates.items()}
    history = bounded(history_of(wrong_dates=wrong), NOW)
    assert set(history.wrong_dates) == {"young", "to come"}
