"""A UPID is read into its parts and given back unchanged."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.upid import Upid

RUN_OF_ONE_GUEST = "UPID:pve1:0012AB34:0123ABCD:68A61BE3:vzdump:100:root@pam:"


def test_parts_of_a_upid() -> None:
    """Parts of a UPID."""
    upid = Upid.parse(RUN_OF_ONE_GUEST)
    assert (upid.node, upid.pid, upid.pstart, upid.starttime) == ("pve1", 1223476, 19114957, 1755716579)
    assert (upid.task_type, upid.task_id, upid.user, upid.token) == ("vzdump", "100", "root@pam", None)
    assert upid.vmid == 100
    assert upid.started == datetime(2025, 8, 20, 19, 2, 59, tzinfo=UTC)


def test_a_run_of_several_guests_has_an_empty_id() -> None:
    """A run of several guests has an empty id."""
    upid = Upid.parse("UPID:pve-02:0012AB34:0123ABCD:68A61BE3:vzdump::root@pam:")
    assert upid.task_id == ""
    assert upid.vmid is None


def test_a_token_is_told_from_its_user() -> None:
    """A token is told from its user."""
    upid = Upid.parse("UPID:pve1:0012AB34:0123ABCD:68A61BE3:vzdump:100:backupmon@pve!ha:")
    assert (upid.user, upid.token) == ("backupmon@pve", "ha")


def test_process_start_has_nine_digits_after_497_days_of_uptime() -> None:
    """Process start has nine digits after 497 days of uptime."""
    assert Upid.parse("UPID:a:0012AB34:10123ABCD:68A61BE3:vzdump::root@pam:").pstart == 0x10123ABCD


def test_an_id_that_is_no_vmid_is_kept() -> None:
    """An id that is no VMID is kept."""
    upid = Upid.parse("UPID:pve1:0012AB34:0123ABCD:68A61BE3:imgdel:100@nas:root@pam:")
    assert (upid.task_id, upid.vmid) == ("100@nas", None)


def test_slashes_of_7_4_are_read() -> None:
    """Slashes of 7 4 are read."""
    assert Upid.parse("UPID:pve1:0012AB34:0123ABCD:68A61BE3:x:a/b:root@pam:").task_id == "a/b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPID:",
        RUN_OF_ONE_GUEST.removesuffix(":"),
        RUN_OF_ONE_GUEST + "\n",
        " " + RUN_OF_ONE_GUEST,
        RUN_OF_ONE_GUEST.replace("pve1", "-pve1"),
        RUN_OF_ONE_GUEST.replace("pve1", "pve_1"),
        RUN_OF_ONE_GUEST.replace("0012AB34", "0012AB3"),
        RUN_OF_ONE_GUEST.replace("0123ABCD", "0123ABCD00"),
        RUN_OF_ONE_GUEST.replace("68A61BE3", "68A61BG3"),
        RUN_OF_ONE_GUEST.replace("vzdump", ""),
        RUN_OF_ONE_GUEST.replace("root@pam", ""),
        RUN_OF_ONE_GUEST.replace("100", "1 00"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="not a UPID"):
        Upid.parse(text)


_word = st.text("abcXYZ019@!.-_\\", min_size=1, max_size=12)


@given(
    node=st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True),
    pid=st.integers(0, 0xFFFFFFFF),
    pstart=st.integers(0, 0xFFFFFFFFF),
    starttime=st.integers(0, 0xFFFFFFFF),
    task_type=_word,
    task_id=st.just("") | _word,
    user=_word,
    lower=st.booleans(),
)
def test_the_text_comes_back(
    node: str, pid: int, pstart: int, starttime: int, task_type: str, task_id: str, user: str, lower: bool
) -> None:
    """The text comes back."""
    numbers = f"{pid:08X}:{pstart:08X}:{starttime:08X}"
    text = f"UPID:{node}:{numbers.lower() if lower else numbers}:{task_type}:{task_id}:{user}:"
    upid = Upid.parse(text)
    assert str(upid) == text
    assert (upid.pid, upid.pstart, upid.starttime) == (pid, pstart, starttime)
    assert user in {f"{upid.user}!{upid.token}", upid.user, f"{upid.user}!"}


@given(st.text())
def test_no_text_does_worse_than_value_error(text: str) -> None:
    """No text does worse than value error."""
    try:
        upid = Upid.parse(text)
    except ValueError:
        return
    assert str(upid) == text


@pytest.mark.parametrize("task_id", ["1" * 13, "9" * 5000, "²", "-1", "1 "])
def test_a_task_whose_id_is_no_guests_number_is_about_none(task_id: str) -> None:
    """A number of thousands of digits is none either."""
    assert replace(Upid.parse(RUN_OF_ONE_GUEST), task_id=task_id).vmid is None
