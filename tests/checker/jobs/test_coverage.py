"""Which job owes which guest a backup."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.jobs.coverage import Coverage, covers

from ..builders import guest, job


@pytest.mark.parametrize(
    ("options", "covered"),
    [
        ({"vmid": "100,101"}, True),
        ({"vmid": "101"}, False),
        ({"all": 1}, True),
        ({"all": 1, "exclude": "100"}, False),
        ({"all": 1, "exclude": "101"}, True),
        ({"pool": "prod"}, True),
        ({"pool": "prod/db"}, False),
        ({"pool": "test"}, False),
        ({"pool": "test", "vmid": "100", "all": 1}, False),
        ({"pool": "prod", "vmid": "101"}, True),
        ({"vmid": "101", "all": 1}, False),
        ({"all": 1, "node": "pve2"}, False),
        ({"all": 1, "node": "pve1"}, True),
        ({"vmid": "100", "node": "pve2"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_pool_goes_before_a_list_and_a_list_before_all(options: dict[str, Any], covered: bool) -> None:
    assert covers(job("x", **options), guest(100, pool="prod")) is (Coverage.YES if covered else Coverage.NO)


@pytest.mark.parametrize("fields", [{"template": True}, {"status": "stopped"}, {"lock": "backup"}], ids=str)
def test_templates_stopped_and_locked_guests_are_selected_like_any_other(fields: dict[str, Any]) -> None:
    assert covers(job("x", all=1), guest(100, **fields)) is Coverage.YES


def test_a_pool_that_cannot_be_seen_leaves_it_open() -> None:
    assert covers(job("x", pool="prod"), guest(100), pools_visible=False) is Coverage.UNKNOWN
    assert covers(job("x", pool="prod"), guest(100), pools_visible=True) is Coverage.NO
    assert covers(job("x", pool="prod", node="pve2"), guest(100), pools_visible=False) is Coverage.NO


@given(vmid=st.integers(100, 120), listed=st.sets(st.integers(100, 120), min_size=1))
def test_a_list_and_an_exclusion_are_each_others_opposite(vmid: int, listed: set[int]) -> None:
    text = ",".join(map(str, listed))
    of_list = covers(job("a", vmid=text), guest(vmid))
    of_rest = covers(job("b", all=1, exclude=text), guest(vmid))
    assert {of_list, of_rest} == {Coverage.YES, Coverage.NO}
