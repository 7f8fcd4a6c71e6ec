"""One list of the whole cluster tells whether a node has anything new; whatever is not surely seen there, the node is asked."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, NodeFacts
from simulator.outcomes import failed, running
from tests.acceptance.conftest import MONDAY_NOON
from tests.acceptance.lab import Lab

NODES = {"pve1", "pve2", "pve3"}
TUESDAY_MORNING = "2026-01-13T05:00:00"
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Three nodes on the morning after their nightly run, which was seen."""
    made = Lab(MONDAY_NOON)
    with made.watch:
        made.live_until(TUESDAY_MORNING)
        made.after(minutes=10)
        yield made


def asked(lab: Lab) -> set[str]:
    """Look after ten minutes, and return the nodes whose own lists were read for it."""
    lab.watch.asked.clear()
    lab.after(minutes=10)
    return {path.split("/")[2] for path in lab.watch.asked if path.startswith("/nodes/") and path.endswith("/tasks")}


def node(lab: Lab, name: str) -> NodeFacts:
    return lab.assessment.context.facts.nodes[name]


def test_quiet_nodes_are_not_asked_and_count_as_read(lab: Lab) -> None:
    for _ in range(5):
        assert asked(lab) == set()
    assert {node(lab, name).tasks_read for name in NODES} == {lab.now}
    assert all(node(lab, name).blindness is None for name in NODES)


def test_a_node_on_which_a_run_goes_on_is_asked_until_it_has_ended(lab: Lab) -> None:
    [*_, run] = lab.pve.job("nightly").start({104: running()})
    lab.after(minutes=10)
    assert asked(lab) == {"pve2"}
    assert lab.guest(104).brief == ("off", "running")
    run.interrupt()
    assert asked(lab) == {"pve2"}
    assert asked(lab) == set()
    assert lab.guest(104).brief == ("on", "failed")


def test_a_run_that_began_and_ended_between_two_looks_is_read(lab: Lab) -> None:
    lab.pve.job("nightly").run({103: failed("no")})
    lab.after(minutes=10)
    assert lab.guest(103).brief == ("on", "failed")


def test_a_run_that_so_many_other_tasks_have_pushed_out_of_the_list_is_read(lab: Lab) -> None:
    lab.pve.job("nightly").run({103: failed("no")})
    lab.pve.clock.advance(minutes=5)
    for vmid in range(200, 230):
        lab.pve.node("pve1").other_task("qmstart", str(vmid))
    assert asked(lab) == {"pve1", "pve2"}
    assert lab.guest(103).brief == ("on", "failed")


@pytest.mark.parametrize("minutes", [2, 10])
def test_a_node_whose_figures_stand_still_is_asked_though_nothing_new_is_shown_of_it(lab: Lab, minutes: int) -> None:
    lab.pve.clock.advance(minutes=10 - minutes)
    lab.pve.node("pve1").stop_pvestatd()
    lab.pve.job("nightly").run({103: failed("no")})
    lab.after(minutes=minutes)
    assert lab.guest(103).brief == ("on", "failed")
    lab.pve.node("pve1").start_pvestatd()
    asked(lab)
    assert asked(lab) == set()


def test_a_node_that_was_off_is_asked_when_it_is_back(lab: Lab) -> None:
    lab.pve.node("pve2").go_offline()
    assert asked(lab) == set()
    assert node(lab, "pve2").blindness is Blindness.NODE_UNREACHABLE
    read = node(lab, "pve2").tasks_read
    asked(lab)
    assert node(lab, "pve2").tasks_read == read
    lab.pve.node("pve2").come_online()
    assert asked(lab) == {"pve2"}


def test_a_node_that_was_started_anew_between_two_looks_is_asked(lab: Lab) -> None:
    lab.pve.node("pve3").go_offline()
    lab.pve.clock.advance(minutes=3)
    lab.pve.node("pve3").come_online()
    assert asked(lab) == {"pve3"}


def test_without_the_right_to_see_the_tasks_of_others_every_node_is_asked(lab: Lab) -> None:
    nodes = {f"/nodes/{name}": "Sys.Audit" for name in NODES}
    rest = {"/vms": "VM.Audit", "/storage": "Datastore.Audit", "/pool": "Pool.Audit"}
    lab.pve.limit_token({**nodes, **rest})
    assert asked(lab) == NODES
    assert asked(lab) == NODES


@pytest.mark.parametrize("status", [500, 501, 596])
def test_where_the_list_of_the_cluster_cannot_be_had_every_node_is_asked(lab: Lab, status: int) -> None:
    lab.watch.errors = {"/cluster/tasks": (status, "no")}
    assert asked(lab) == NODES
    assert asked(lab) == NODES
    assert all(node(lab, name).blindness is None for name in NODES)


def test_a_refused_list_of_a_node_with_news_makes_it_blind_until_it_is_read(lab: Lab) -> None:
    lab.watch.errors = {"/nodes/pve1/tasks": (403, "Permission check failed (/nodes/pve1, Sys.Audit)")}
    lab.pve.job("nightly").run()
    for _ in range(3):
        assert "pve1" in asked(lab)
        assert node(lab, "pve1").blindness is Blindness.TASKS_HIDDEN
    lab.watch.errors = {}
    assert "pve1" in asked(lab)
    assert node(lab, "pve1").blindness is None


def test_however_quiet_it_is_a_node_is_asked_twice_a_day(lab: Lab) -> None:
    lab.pve.job("nightly").reschedule("sun 01:00")
    lab.live(hours=1, step=TEN_MINUTES)
    lab.watch.asked.clear()
    lab.live(hours=24, step=TEN_MINUTES)
    assert 2 <= sum(path == "/nodes/pve1/tasks" for path in lab.watch.asked) <= 6


def test_a_restore_is_noticed_within_the_hour_and_a_quiet_hour_needs_no_question(lab: Lab) -> None:
    lab.live(hours=3, step=TEN_MINUTES)
    known = node(lab, "pve1").all_tasks
    assert known is not None
    assert lab.now - known.until <= timedelta(hours=1)
