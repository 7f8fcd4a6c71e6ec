"""Configurations are read once a day, and again where a guest has moved."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.checker.survival.household import Household


@pytest.fixture
def house() -> Iterator[Household]:
    """Three nodes, four containers."""
    with Household() as made:
        yield made


def storages(house: Household, vmid: int) -> frozenset[str]:
    """Return the storages of a guest's disks, as they are known."""
    return house.held.context.facts.guest_configs[vmid].storages


def test_a_configuration_is_read_anew_after_a_day(house: Household) -> None:
    house.look()
    assert storages(house, 101) == {"local-lvm"}
    house.move_disks(101, "nas")
    house.after(hours=20)
    assert storages(house, 101) == {"local-lvm"}
    house.after(hours=5)
    assert storages(house, 101) == {"nas"}


def test_a_guest_that_moved_is_read_at_once(house: Household) -> None:
    house.look()
    house.move_disks(101, "nas")
    house.cluster.guest(101).migrate("pve2")
    house.after(minutes=10)
    assert storages(house, 101) == {"nas"}


def test_a_guest_on_a_node_that_is_off_keeps_what_was_read(house: Household) -> None:
    house.look()
    house.cluster.node("pve1").go_offline()
    house.live(step=timedelta(hours=1), hours=30)
    assert storages(house, 101) == {"local-lvm"}
    assert "127.0.0.1" in house.held.context.facts.node_addresses["pve1"].told


def test_what_cannot_be_read_is_tried_again_and_keeps_nobody_from_the_rest(house: Household) -> None:
    house.errors = {"/lxc/101/config": (500, "no such file"), "/nodes/pve2/network": (500, "broken")}
    house.look()
    assert 101 not in house.held.context.facts.guest_configs
    assert "pve2" not in house.held.context.facts.node_addresses
    assert storages(house, 102) == {"local-lvm"}
    house.errors = {}
    house.after(minutes=40)
    assert storages(house, 101) == {"local-lvm"}
    assert "pve2" in house.held.context.facts.node_addresses


@pytest.mark.parametrize(
    ("path", "died", "answer"),
    [("/lxc/101/config", "storage:nas", "unknown"), ("/network", "node:pve1", "unknown")],
)
def test_nothing_is_promised_by_what_could_not_be_read_again_for_days(
    house: Household, path: str, died: str, answer: str
) -> None:
    house.archive(101, "nas")
    house.look()
    before = house.answers(died)[101]
    assert before != answer
    house.errors = {path: (500, "broken")}
    house.live(step=timedelta(hours=6), hours=40)
    assert house.answers(died)[101] == before

    house.live(step=timedelta(hours=6), hours=24)
    assert house.answers(died)[101] == answer

    house.errors = {}
    house.after(minutes=40)
    assert house.answers(died)[101] == before
