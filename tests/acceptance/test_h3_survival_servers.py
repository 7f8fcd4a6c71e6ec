"""Rows H34 to H36: what has been copied on from one backup server to another counts as well."""

from collections.abc import Iterator

import pytest

from custom_components.proxmox_backup_checker.checker.model.server_options import Place
from custom_components.proxmox_backup_checker.checker.survival.death import Death
from custom_components.proxmox_backup_checker.checker.survival.what_if import Survival, Survivals

from .linked_lab import LinkedLab


@pytest.fixture
def linked() -> Iterator[LinkedLab]:
    """Two servers, of which the first is a guest on the second node."""
    with LinkedLab() as made:
        made.pve.add_ct(150, "pbs", "pve2").address = made.pbs.ip
        made.pve.guest(101).address = made.pve.guest(103).address = "192.168.1.51"
        made.pve.guest(102).address = "192.168.1.52"
        yield made


def if_died(linked: LinkedLab, what: str, vmid: int = 101) -> Survival:
    """Return what would become of a guest."""
    return next(one for one in Survivals(linked.watch.held).what_if(Death.parse(what)) if one.vmid == vmid)


@pytest.mark.parametrize("way", ["push", "pull"])
def test_h34_a_copy_on_a_second_server_is_left_when_the_first_one_dies(linked: LinkedLab, way: str) -> None:
    linked.push() if way == "push" else linked.pull()
    linked.both()
    linked.nights(2)
    linked.pve.guest(101).migrate("pve2")
    linked.after(hours=1)

    found = if_died(linked, "node:pve2")

    assert found.answer.value == "copy"
    assert found.copy is not None
    assert found.copy.key.startswith("vault: tank")
    assert if_died(linked, "node:pve1").answer.value == "lives"
    assert if_died(linked, "place:here").answer.value == "copy"
    assert if_died(linked, "place:elsewhere").answer.value == "lives"


@pytest.mark.parametrize(("place", "answer"), [(Place.HERE, "none"), (Place.UNKNOWN, "unknown")])
def test_h35_if_the_house_died_a_second_server_counts_only_where_it_is_said_to_be_elsewhere(
    linked: LinkedLab, place: Place, answer: str
) -> None:
    linked.push()
    linked.beside(linked.pbs, Place.HERE)
    linked.beside(linked.vault, place)
    linked.nights(2)

    assert if_died(linked, "place:here").answer.value == answer
    assert if_died(linked, "node:pve1").answer.value == "copy"


@pytest.mark.parametrize("vmid", [101, 103])
def test_h36_what_only_the_log_of_a_push_tells_is_not_promised(linked: LinkedLab, vmid: int) -> None:
    linked.push()
    linked.beside(linked.pbs, Place.HERE)
    linked.nights(2)
    linked.pve.guest(vmid).migrate("pve2")
    linked.after(hours=1)

    found = if_died(linked, "node:pve2", vmid)

    assert found.answer.value == "unknown"
    assert found.doubt is not None
    assert found.doubt.code.value in {"log", "standing"}


def test_h36_a_server_that_is_here_with_the_guests_may_still_be_one_of_them(linked: LinkedLab) -> None:
    linked.both()
    linked.nights(1)
    linked.pve.guest(101).migrate("pve2")
    linked.after(hours=1)

    assert if_died(linked, "node:pve2").answer.value == "none"
