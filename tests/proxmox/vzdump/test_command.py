"""The command of a run is known by the job that gave it, and by no other."""

import json
from pathlib import Path
import shlex
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.command import JobCommand, canonical_options

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "vectors" / "header_vectors.json").read_text(encoding="utf-8")
)
HEADER = "INFO: starting new backup job: "
JOB = {"id": "backup-1", "type": "vzdump", "enabled": 1, "schedule": "21:00", "storage": "nas", "vmid": "101,100"}


def commands(kind: str) -> list[tuple[str, str]]:
    """Commands of one kind with the id of the job that gave them."""
    return [(line.removeprefix(HEADER), entry["job"]["id"]) for entry in VECTORS for line in entry[kind]]


@pytest.mark.parametrize(("command", "job_id"), commands("scheduled") + commands("gui_run_now"))
def test_command_matches_its_job_and_no_other(command: str, job_id: str) -> None:
    """Random order of options, real quoting."""
    parsed = JobCommand.parse(command)
    assert [entry["job"]["id"] for entry in VECTORS if parsed.matches(entry["job"], "pve1")] == [job_id]


@pytest.mark.parametrize(("kind", "scheduled"), [("scheduled", True), ("gui_run_now", False)])
def test_scheduled_runs_are_told_from_others(kind: str, scheduled: bool) -> None:
    """The scheduler always asks for quiet."""
    assert {JobCommand.parse(command).scheduled for command, _ in commands(kind)} == {scheduled}


def test_parts_of_a_command() -> None:
    """VMIDs, storage and options."""
    command = JobCommand.parse("vzdump 101 100 --storage nas --notes-template 'it'\\''s {{guestname}}' --quiet 1")
    assert command.vmids == {100, 101}
    assert command.storage == "nas"
    assert command.options == {"vmid": "100,101", "storage": "nas", "notes-template": "it's {{guestname}}"}
    assert command.scheduled


@pytest.mark.parametrize(
    "command",
    [
        *("", "vzdump 100 --storage", "vzdump 100 --notes-template 'cut", "vzdump 100 storage nas", "qm start 100"),
        "vzdump ٣ --storage nas",
    ],
)
def test_a_text_that_is_no_whole_command_matches_nothing(command: str) -> None:
    """A log that was cut in its first line."""
    parsed = JobCommand.parse(command)
    assert not parsed.readable
    assert not parsed.matches({}, "pve1")
    assert not parsed.matches(JOB, "pve1")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param({"vmid": "101,100"}, {"vmid": "100; 101 100"}, id="order of guests"),
        pytest.param({"all": 0, "pool": "a"}, {"pool": "a"}, id="all left out"),
        pytest.param({"exclude": "105,7"}, {"all": 1, "exclude": "7,105"}, id="exclude means all"),
        pytest.param({"prune-backups": {"keep-last": "3"}}, {"prune-backups": "keep-last=3"}, id="retention as object"),
        pytest.param(
            {"prune-backups": {"keep-weekly": 4, "keep-daily": "7"}},
            {"prune-backups": "keep-daily=7,keep-weekly=4"},
            id="order of retention",
        ),
        pytest.param({"prune-backups": {"keep-all": True}}, {"prune-backups": "keep-all=1"}, id="keep all"),
        pytest.param({"maxfiles": 3}, {"prune-backups": "keep-last=3"}, id="maxfiles"),
        pytest.param({"maxfiles": 0}, {"prune-backups": "keep-all=1"}, id="maxfiles without limit"),
        pytest.param({"maxfiles": 1, "prune-backups": "keep-last=3"}, {"prune-backups": "keep-last=3"}, id="both"),
        pytest.param(
            {"fleecing": {"storage": "x", "enabled": "1"}}, {"fleecing": "1,storage=x"}, id="fleecing, default key"
        ),
        pytest.param({"fleecing": "enabled=yes,storage=x"}, {"fleecing": "1,storage=x"}, id="fleecing, boolean"),
        pytest.param({"mailto": "a@b.c;root, x@y.z"}, {"mailto": "a@b.c,root,x@y.z"}, id="mail addresses"),
        pytest.param({"mailto": ["a@b.c", "root"]}, {"mailto": "a@b.c,root"}, id="mail addresses as list"),
        pytest.param({"exclude-path": ["/a", "/b c"]}, {"exclude-path": "/a\0/b c"}, id="excluded paths of 7.4"),
        pytest.param({"remove": True, "zstd": 4}, {"remove": "1", "zstd": "4"}, id="numbers as text"),
        pytest.param({"protected": "yes"}, {"protected": 1}, id="booleans in words"),
        pytest.param({"script": "", "mailto": None, "exclude-path": []}, {}, id="nothing said"),
        pytest.param(
            {"notes-template": "für {{node}}"}, {"notes-template": "f\ufffd\ufffdr {{node}}"}, id="broken text"
        ),
        pytest.param({"notes-template": "für {{node}}"}, {"notes-template": "fÃ¼r {{node}}"}, id="double UTF-8"),
        pytest.param(JOB, {"storage": "nas", "vmid": "100,101", "quiet": 1, "comment": "x"}, id="no options of vzdump"),
    ],
)
def test_two_ways_to_say_the_same(left: dict[str, object], right: dict[str, object]) -> None:
    """The API's types and the command's texts."""
    assert canonical_options(left) == canonical_options(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"storage": "nas"}, {"storage": "nas2"}),
        ({"vmid": "100"}, {"vmid": "100,101"}),
        ({"vmid": "100"}, {"all": 1}),
        ({"mode": "stop"}, {}),
        ({"remove": 0}, {}),
        ({"exclude-path": ["/a", "/b"]}, {"exclude-path": ["/a"]}),
        ({"exclude-path": ["/a b"]}, {"exclude-path": ["/a", "b"]}),
        ({"prune-backups": {"keep-last": "3"}}, {"prune-backups": {"keep-last": "30"}}),
        ({"notes-template": "{{guestname}}"}, {"notes-template": "{{vmid}}"}),
        ({"fleecing": {"enabled": 0}}, {"fleecing": {"enabled": 1, "storage": "x"}}),
    ],
)
def test_different_options_stay_different(left: dict[str, object], right: dict[str, object]) -> None:
    """No two of these may be taken for each other."""
    assert canonical_options(left) != canonical_options(right)


def test_the_scheduler_names_the_node_of_a_bound_job_only() -> None:
    """Two jobs alike but for the node they are bound to."""
    bound, free = {**JOB, "node": "pve1"}, JOB
    of_bound = JobCommand.parse("vzdump 100 101 --quiet 1 --storage nas --node pve1")
    of_free = JobCommand.parse("vzdump 100 101 --quiet 1 --storage nas")
    assert of_bound.matches(bound, "pve1")
    assert not of_bound.matches(free, "pve1")
    assert of_free.matches(free, "pve1")
    assert not of_free.matches(bound, "pve1")


def test_run_now_always_names_the_node() -> None:
    """The web interface posts to the node, which then is an option of the command."""
    command = JobCommand.parse("vzdump 100 101 --storage nas --node pve1 --all 0")
    assert command.matches(JOB, "pve1")
    assert command.matches({**JOB, "node": "pve1"}, "pve1")
    assert not command.matches({**JOB, "node": "pve2"}, "pve1")
    assert not command.matches(JOB, "pve2")


def test_a_property_of_a_later_proxmox_does_not_part_job_and_command() -> None:
    """Unknown keys count only where both sides have them."""
    command = JobCommand.parse("vzdump 100 101 --quiet 1 --storage nas --new-option 5")
    assert command.matches(JOB, "pve1")
    assert command.matches({**JOB, "new-option": 5, "owner": "me"}, "pve1")
    assert not command.matches({**JOB, "new-option": 6}, "pve1")


def test_a_manual_backup_of_one_guest_is_no_run_of_the_job() -> None:
    """The dialog of a guest sends options that no job has."""
    command = JobCommand.parse(
        "vzdump 100 --remove 0 --node pve1 --storage nas --mode snapshot --notes-template '{{vmid}}'"
    )
    assert not command.matches({**JOB, "vmid": "100"}, "pve1")


_text = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=20)
_jobs = st.fixed_dictionaries(
    {"storage": st.sampled_from(["nas", "pbs1", "usb"])},
    optional={
        "vmid": st.lists(st.integers(100, 120), min_size=1, unique=True),
        "exclude-path": st.lists(_text, min_size=1, max_size=3),
        "notes-template": _text,
        "script": _text,
        "mode": st.sampled_from(["snapshot", "suspend", "stop"]),
        "bwlimit": st.integers(0, 10**9),
        "protected": st.booleans(),
        "prune-backups": st.dictionaries(
            st.sampled_from(["keep-last", "keep-daily", "keep-yearly"]), st.integers(1, 99).map(str), min_size=1
        ),
        "node": st.just("pve1"),
    },
)


def as_proxmox_prints(job: dict[str, Any], order: list[str]) -> str:
    """Print a job's command as the scheduler logs it."""
    words = ["vzdump", *(str(vmid) for vmid in job.get("vmid", []))]
    for key in order:
        value = job[key]
        if key == "prune-backups":
            value = ",".join(f"{name}={value[name]}" for name in sorted(value))
        values = value if isinstance(value, list) else [int(value) if isinstance(value, bool) else value]
        for single in values:
            words += [f"--{key}", shlex.quote(str(single))]
    return " ".join([*words, "--quiet", "1"])


@given(job=_jobs, other=_jobs, data=st.data())
def test_any_job_is_known_by_its_command(job: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    """Whatever the options and their order; another job matches only if it is alike."""
    order = data.draw(st.permutations([key for key in job if key != "vmid"]))
    command = JobCommand.parse(as_proxmox_prints(job, order))
    assert command.matches(job, "pve1")
    assert command.matches(other, "pve1") == (canonical_options(other) == canonical_options(job))


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """A command comes from a log, which may hold anything."""
    JobCommand.parse(text)
    JobCommand.parse(f"vzdump {text}").matches(JOB, "pve1")
