"""UPIDs, worker ids, namespaces and filters, beyond what the vectors ask (tests/scoring)."""

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.group_filter import GroupFilter, included
from custom_components.proxmox_backup_checker.proxmox.backup_server.namespace import (
    GroupId,
    SnapshotId,
    covers,
    parse_snapshot_path,
    time_text,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_state import TaskResult, TaskState
from custom_components.proxmox_backup_checker.proxmox.backup_server.upid import Upid, escape_id, unescape_id
from custom_components.proxmox_backup_checker.proxmox.backup_server.worker_id import _READERS, Work, parse_worker_id

GC = "UPID:pbs1:000003E8:0000A1B2:00000012:6A9FC8B0:garbage_collection:ds1:root@pam:"


def test_a_upid_is_given_back_as_it_was_read() -> None:
    upid = Upid.parse(GC)
    assert str(upid) == GC
    assert (upid.starttime, f"{upid.started:%Y-%m-%d %H:%M:%S}") == (1788856496, "2026-09-08 08:34:56")


@pytest.mark.parametrize(
    "text",
    [
        GC.removesuffix(":"),
        GC + "\n",
        GC.replace("00000012:", ""),
        GC.replace("000003E8", "800003E8"),
        GC.replace("ds1", "ds1\\xff"),
        GC.replace("ds1", "ds1\\"),
        GC.replace("00000012", "00000012345678901"),
        "UPID:pve1:0012AB34:0123ABCD:68A61BE3:vzdump:100:root@pam:",
    ],
)
def test_what_the_server_would_refuse_is_no_upid(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Upid.parse(text)


@given(st.text())
def test_every_worker_id_comes_back_from_its_escaped_form(text: str) -> None:
    escaped = escape_id(text)
    assert escaped.isascii()
    assert unescape_id(escaped) == text.encode("utf-8", errors="replace").decode("utf-8")


@given(st.text())
def test_no_text_does_worse_than_value_error(text: str) -> None:
    for parse in (Upid.parse, unescape_id, parse_snapshot_path, GroupId.parse, SnapshotId.parse, GroupFilter.parse):
        try:
            parse(text)
        except ValueError:
            continue


@given(st.sampled_from(sorted(_READERS)), st.text(":/-abc019ns.", max_size=30))
def test_no_worker_id_raises(worker_type: str, worker_id: str) -> None:
    work = parse_worker_id(worker_type, worker_id)
    assert work is None or work.store


@pytest.mark.parametrize(
    ("worker_type", "worker_id", "expected"),
    [
        ("prune", "ds1::vm/100", Work(store="ds1", ns="", group=GroupId("vm", "100"))),
        ("prune", "ds1:home", Work(store="ds1", ns="home")),
        ("prune", "ds1:", Work(store="ds1", ns="")),
        ("verify_group", "ds1:/vm/100", Work(store="ds1", ns="", group=GroupId("vm", "100"))),
        (
            "verify_snapshot",
            "ds1:ns/a/ns/b/host/nas/6A9FC8B0",
            Work(store="ds1", ns="a/b", group=GroupId("host", "nas"), time=1788856496),
        ),
        ("move-group", "ds1:/vm/100:home", Work(store="ds1", ns="", group=GroupId("vm", "100"), target="home")),
        ("move-group", "ds1:a/b/vm/100:", Work(store="ds1", ns="a/b", group=GroupId("vm", "100"), target="")),
        ("move-namespace", "ds1:a:b/c", Work(store="ds1", ns="a", target="b/c")),
        ("sync", "ds1", Work(store="ds1")),
        ("unmount-device", "usb-a", Work(store="usb-a")),
        ("backup", None, None),
        ("backup", "ds1", None),
        ("logrotate", "ds1", None),
        ("backup", "ds1:" + "vm/1" * 1000, None),
    ],
)
def test_what_a_task_is_about(worker_type: str, worker_id: str | None, expected: Work | None) -> None:
    assert parse_worker_id(worker_type, worker_id) == expected


@pytest.mark.parametrize(
    ("namespace", "max_depth", "inner", "expected"),
    [
        ("", None, "a/b", True),
        ("", 0, "", True),
        ("", 0, "a", False),
        ("a", 1, "a/b", True),
        ("a", 1, "a/b/c", False),
        ("a", None, "ab", False),
        ("a", None, "", False),
    ],
)
def test_what_a_job_on_a_namespace_reaches(
    namespace: str, max_depth: int | None, inner: str, *, expected: bool
) -> None:
    assert covers(namespace, max_depth, inner) is expected


def test_a_time_that_no_calendar_has_is_written_all_the_same() -> None:
    assert time_text(10**15) == "1000000000000000"


def test_a_pattern_that_might_take_for_ever_is_not_tried() -> None:
    """It is answered neither by yes nor by no."""
    hostile = GroupFilter.parse("regex:(a+)+$")
    assert included(GroupId("host", "a" * 60 + "b"), [hostile]) is None
    assert included(GroupId("host", "a"), [GroupFilter.parse("regex:(")]) is None


def test_what_cannot_be_said_of_one_filter_may_be_said_by_another() -> None:
    beyond = GroupFilter.parse("regex:(a+)+$")
    group = GroupId("vm", "100")
    assert included(group, [beyond, GroupFilter.parse("type:vm")]) is True
    assert included(group, [beyond, GroupFilter.parse("exclude:type:vm")]) is False
    assert included(group, [GroupFilter.parse("type:ct"), GroupFilter.parse("exclude:regex:(a+)+$")]) is False
    assert included(group, [GroupFilter.parse("exclude:regex:(a+)+$")]) is None


@pytest.mark.parametrize("text", ["", "vm/100", "kind:vm", "exclude:"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a filter"):
        GroupFilter.parse(text)


@pytest.mark.parametrize("text", ["", "WARNINGS: x", "ok", "broken pipe", "OK "])
def test_what_the_api_shows_as_state_is_success_only_where_it_says_exactly_so(text: str) -> None:
    assert TaskState.shown(text).result is TaskResult.ERROR
    assert TaskState.shown("OK").result is TaskResult.OK
