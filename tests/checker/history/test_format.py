"""The history as data: nothing is lost, it stays small, and damage stays where it is."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import (
    Acknowledgement,
    GuestRecord,
    History,
    JobRecord,
    NodeRecord,
    StorageRecord,
    VerdictRecord,
    WrongDate,
)
from custom_components.proxmox_backup_checker.checker.model.subject import Subject

from ..histories import NOW, any_of, history_of, nights, outcome, run_of

_EARLIER = NOW - timedelta(days=3)
WEB = Subject.guest(100)
_FULL = history_of(
    run_of(100, 101),
    run_of(102, started=_EARLIER, notes=("lock_timeout",)),
    jobs={"nightly": JobRecord(job_id="nightly", name="Nightly", first_seen=None, enabled=True, schedule="21:00")},
    guests={100: GuestRecord(vmid=100, guest_type="qemu", name="web", node="pve1", first_seen=_EARLIER)},
    nodes={"pve1": NodeRecord(name="pve1", last_outage=(_EARLIER, NOW))},
    storages={"nas": StorageRecord(storage="nas", node=None, samples=((_EARLIER, 17), (NOW, 18)), archives={"a": 1})},
    verdicts={WEB: VerdictRecord(subject=WEB, status="ok", code="backed_up", problem=False, since=NOW)},
    acknowledgements={WEB: Acknowledgement(subject=WEB, code="failed", made=NOW, note="disk is ordered")},
)


def stored(history: History) -> Any:
    """Return what a file holds of a history."""
    return json.loads(json.dumps(to_data(history), allow_nan=False))


@settings(max_examples=150, deadline=None)
@given(any_of(History))
def test_any_history_comes_back_as_it_was(history: History) -> None:
    assert from_data(stored(history)) == (history, 0)


@settings(max_examples=150, deadline=None)
@given(st.lists(any_of(Outcome), max_size=5), st.data())
def test_outcomes_that_share_anything_with_their_run_come_back_as_they_were(
    outcomes: list[Outcome], data: st.DataObject
) -> None:
    run = run_of()
    shared = ("upid", "node", "started", "error", "job_id", "confidence", "storage")
    like_the_run = [
        replace(made, **{name: getattr(run, name) for name in data.draw(st.sets(st.sampled_from(shared)))})
        for made in outcomes
    ]
    history = history_of(replace(run, outcomes=tuple(like_the_run)))
    assert from_data(stored(history)) == (history, 0)


def test_what_has_no_past_is_empty() -> None:
    assert to_data(History()) == {}
    assert from_data({}) == (History(), 0)


def test_a_year_of_a_homelab_stays_below_a_megabyte() -> None:
    """Twelve guests, each backed up every night."""
    year = history_of(*nights(365, *range(100, 112)))
    assert len(json.dumps(to_data(year), separators=(",", ":"))) < 800_000


def test_an_outcome_says_nothing_twice() -> None:
    run = run_of(100)
    [row] = stored(history_of(run))["runs"][run.upid]["outcomes"]
    assert run.upid not in row
    assert "nightly" not in row
    assert len(row) == 8
    assert "upid" not in stored(history_of(run))["runs"][run.upid]


def test_fields_of_a_later_version_are_passed_over() -> None:
    data = stored(_FULL)
    data["mood"] = {"good": True}
    data["guests"]["100"]["mood"] = [1, 2]
    for names in data["shapes"]:
        names.append("mood")
    for run in data["runs"].values():
        for row in run["outcomes"]:
            row.append("good")
    assert from_data(data) == (_FULL, 0)


def test_a_file_tells_the_order_of_its_rows_itself() -> None:
    """As another version wrote it, that has the fields in another order."""
    data = stored(_FULL)
    data["shapes"] = [list(reversed(names)) for names in data["shapes"]]
    for run in data["runs"].values():
        run["outcomes"] = [[number, *reversed(row)] for number, *row in run["outcomes"]]
    assert from_data(data) == (_FULL, 0)


def test_a_record_of_an_earlier_version_gets_the_defaults_of_later_fields() -> None:
    data = stored(history_of(run_of(100, waited=90, warnings=2)))
    [run] = data["runs"].values()
    del run["waited"]
    [read] = from_data(data)[0].runs.values()
    assert (read.waited, read.warnings) == (0, 2)


def test_b33_wrong_dates_come_back_and_a_file_of_a_version_without_them_is_read_as_before() -> None:
    run = run_of(100)
    wrong = {
        run.upid: WrongDate(name=run.upid, dated=NOW, seen=_EARLIER),
        "vm/100/2026-11-24T03:00:00Z": WrongDate(
            name="vm/100/2026-11-24T03:00:00Z", dated=NOW, seen=_EARLIER, vmid=100
        ),
    }
    history = replace(_FULL, wrong_dates=wrong, latest=NOW)
    data = stored(history)
    assert from_data(data) == (history, 0)
    assert data["wrong_dates"][run.upid] == {"dated": int(NOW.timestamp()), "seen": int(_EARLIER.timestamp())}
    del data["wrong_dates"], data["latest"]
    assert from_data(data) == (_FULL, 0)


@pytest.mark.parametrize(
    ("section", "key", "field", "value"),
    [
        ("runs", None, "started", "yesterday"),
        ("runs", None, "started", 10**30),
        ("runs", None, "started", True),
        ("runs", None, "confidence", "absolute"),
        ("runs", None, "outcomes", {"100": "ok"}),
        ("runs", None, "outcomes", [[0, 100]]),
        ("runs", None, "outcomes", [[99]]),
        ("runs", None, "outcomes", [[]]),
        ("runs", None, "outcomes", [7]),
        ("jobs", "nightly", "name", None),
        ("jobs", "nightly", "enabled", 1),
        ("guests", "100", "node", 5),
        ("guests", "100", "covered_since", ["nightly"]),
        ("nodes", "pve1", "last_outage", [1]),
        ("storages", "nas", "archives", {"a": "b"}),
        ("verdicts", "guest_100", "since", None),
        ("acknowledgements", "guest_100", "made", []),
    ],
)
def test_a_damaged_record_is_left_out_and_counted(section: str, key: str | None, field: str, value: object) -> None:
    data = stored(_FULL)
    key = key or next(iter(data[section]))
    data[section][key][field] = value
    history, damaged = from_data(data)
    assert damaged == 1
    whole = getattr(_FULL, section)
    changes: dict[str, Any] = {section: {name: record for name, record in whole.items() if str(name) != key}}
    assert history == replace(_FULL, **changes)


@pytest.mark.parametrize("value", [None, 3, "gone", [], [1]])
@pytest.mark.parametrize("section", ["runs", "jobs", "guests", "nodes", "storages", "verdicts", "acknowledgements"])
def test_a_damaged_part_leaves_the_others_whole(section: str, value: object) -> None:
    data = stored(_FULL)
    data[section] = value
    changes: dict[str, Any] = {section: {}}
    assert from_data(data) == (replace(_FULL, **changes), 1)


def test_a_guest_whose_number_is_none_is_left_out() -> None:
    data = stored(_FULL)
    data["guests"]["web"] = data["guests"]["100"]
    assert from_data(data) == (_FULL, 1)


@pytest.mark.parametrize("shapes", [None, 3, {}, [], [[]], [None], "vmid", [["vmid"], [{}]]])
def test_rows_without_their_shapes_cost_their_runs_only(shapes: object) -> None:
    data = stored(_FULL)
    data["shapes"] = shapes
    assert from_data(data) == (replace(_FULL, runs={}), 2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.data(), _JSON)
def test_no_damage_in_a_single_place_costs_more_than_its_part(data: st.DataObject, junk: Any) -> None:
    damaged = deepcopy(stored(_FULL))
    section = data.draw(st.sampled_from(sorted(damaged)))
    part: Any = damaged
    place: Any = section
    while isinstance(part[place], dict | list) and part[place] and data.draw(st.booleans()):
        part = part[place]
        place = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    part[place] = junk
    history, _ = from_data(damaged)
    parts = {"runs"} if section == "shapes" else {section}
    assert replace(history, **{name: getattr(_FULL, name) for name in parts}) == _FULL


@pytest.mark.parametrize("data", [None, [], [1], "history", 5, {"entities": {}}])
def test_what_is_no_history_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="no history"):
        from_data(data)


def test_what_no_file_can_hold_becomes_what_it_can() -> None:
    """Half a character and a number beyond 64 bits, as a strange answer could bring them."""
    odd = outcome(100, size=2**80, archive="vm/\ud83d", result=Result.UNCLEAR)
    run = replace(run_of(), status="\udc00 lost", outcomes=(odd,))
    [read] = from_data(stored(history_of(run)))[0].runs.values()
    assert read.status == "? lost"
    assert read.outcomes[0].archive == "vm/?"
    assert read.outcomes[0].size == 2**63 - 1
