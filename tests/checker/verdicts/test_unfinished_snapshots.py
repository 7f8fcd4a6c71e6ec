"""A snapshot that a backup server holds unfinished: whose it is, and when it is worth a word."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.checker.model.facts import NodeFacts, StorageFacts

from ..builders import BERLIN, NOW, failed_log, good_log, run
from .test_crossings import NIGHTLY, NIGHTS, listed, ran, watched

LAST_WEEK = NOW - timedelta(days=5)


def on_server(*moments: datetime, detailed: bool = True) -> StorageFacts:
    """Return a backup server with unfinished snapshots of these moments."""
    storage = listed("pbs", *moments, finished=False)
    assert storage.listing is not None
    return replace(storage, plugin_type="pbs", listing=replace(storage.listing, detailed=detailed))


def is_told(held: Assessment) -> bool:
    return "snapshot_never_finished" in {finding.code for finding in held.guests[100].verdict.findings}


@pytest.mark.parametrize(("age", "told"), [(timedelta(hours=23), False), (timedelta(hours=25), True)])
def test_it_is_told_after_a_day(age: timedelta, told: bool) -> None:
    begun = NOW - age
    lost = run(failed_log(100, "interrupted by signal", begun), "job errors", started=begun)
    held = watched(*(ran(night, 100) for night in NIGHTS), lost, jobs=(NIGHTLY,), storages=(on_server(begun),))
    assert is_told(held) is told


def test_a_list_that_does_not_tell_finished_ones_from_others_tells_of_none() -> None:
    lost = run(failed_log(100, "interrupted by signal", LAST_WEEK), "job errors", started=LAST_WEEK)
    storages = (on_server(LAST_WEEK, detailed=False),)
    assert not is_told(watched(*(ran(night, 100) for night in NIGHTS), lost, jobs=(NIGHTLY,), storages=storages))


def test_one_that_a_run_is_still_at_is_not_told() -> None:
    begun = NOW - timedelta(hours=30)
    log = good_log(100, command="vzdump 100 --mode snapshot --quiet 1 --storage pbs", at=begun).split("INFO: status")[0]
    nights = [ran(night, 100) for night in NIGHTS if night < begun]
    storages = (on_server(begun + timedelta(seconds=5)),)
    assert not is_told(watched(*nights, run(log, None, started=begun), jobs=(NIGHTLY,), storages=storages))


def test_one_that_no_run_of_ours_began_is_another_clusters() -> None:
    nights = [ran(night, 100) for night in NIGHTS]
    nodes = {
        name: NodeFacts(name=name, zone=BERLIN, tasks_read=NOW, runs_known_since=NOW - timedelta(days=40))
        for name in ("pve1", "pve2")
    }
    assert not is_told(watched(*nights, jobs=(NIGHTLY,), storages=(on_server(LAST_WEEK),), nodes=nodes))
