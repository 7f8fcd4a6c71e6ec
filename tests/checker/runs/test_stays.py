"""Where guests were at an earlier moment, as far as looks can tell."""

from datetime import datetime, timedelta

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.runs.stays import Stays

from ..builders import NOW, facts, guest, job

NIGHTLY = job("nightly", 100, storage="nas")


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def seen(*nodes: str) -> Stays:
    """Return the stays of a guest that was seen every hour up to now, each time on one of these nodes."""
    history = History()
    for place, node in enumerate(nodes[:-1]):
        now = hours_ago(len(nodes) - 1 - place)
        history = judge(facts([guest(100, node=node)], [NIGHTLY], now=now, read_at=now), history).history
    return Stays(facts=facts([guest(100, node=nodes[-1])], [NIGHTLY]), history=history)


def places(stays: Stays, hours: float) -> tuple[set[str], set[str]]:
    """Return where the guest surely was, and where it may have been."""
    nodes = ("pve1", "pve2", "pve3")
    moment = hours_ago(hours)
    surely = {node for node in nodes if stays.surely_on(node, moment)}
    return surely, {node for node in nodes if stays.possibly_on(node, moment)}


def test_between_two_looks_a_guest_that_moved_may_have_been_on_either_node() -> None:
    stays = seen("pve1", "pve1", "pve2", "pve2")
    assert places(stays, 2.5) == ({"pve1"}, {"pve1"})
    assert places(stays, 1.5) == (set(), {"pve1", "pve2"})
    assert places(stays, 0.5) == ({"pve2"}, {"pve2"})


def test_each_of_several_moves_is_known() -> None:
    stays = seen("pve1", "pve1", "pve2", "pve2", "pve3", "pve3", "pve1", "pve1")
    assert places(stays, 6.5) == ({"pve1"}, {"pve1"})
    assert places(stays, 4.5) == ({"pve2"}, {"pve2"})
    assert places(stays, 3.5) == (set(), {"pve2", "pve3"})
    assert places(stays, 2.5) == ({"pve3"}, {"pve3"})
    assert places(stays, 0.5) == ({"pve1"}, {"pve1"})
