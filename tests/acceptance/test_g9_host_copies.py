"""Row G129: hosts that back up to a linked server are held against the rule as guests are, without a cluster that runs them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.copies.host_groups import HostView
from custom_components.proxmox_backup_checker.checker.copies.rule import RuleState
from custom_components.proxmox_backup_checker.checker.model.copies_rule import CopiesRule
from custom_components.proxmox_backup_checker.checker.model.server_options import Place
from custom_components.proxmox_backup_checker.texts.localizer import Localizer

from .linked_lab import LinkedLab

DAY = 86_400


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    with LinkedLab() as made:
        yield made


def backed_up(lab: LinkedLab, name: str = "nas", *, count: int = 20) -> None:
    """Have had a host back up every evening, four hours before the sync job."""
    group = lab.ds1.add_group("home", "host", name, "root@pam")
    for ago in range(count, 0, -1):
        group.add(int(lab.now.timestamp()) - ago * DAY + 9 * 3_600)


def nights(lab: LinkedLab, count: int, name: str = "nas") -> None:
    """Let the host go on backing up, with a look every hour."""
    for _ in range(count):
        lab.until(lab.now + timedelta(hours=9), step=timedelta(hours=1))
        assert lab.pbs.backup("ds1", f"host/{name}", ns="home") is not None
        lab.until(lab.now + timedelta(hours=15), step=timedelta(hours=1))


def host(lab: LinkedLab, name: str = "nas") -> HostView:
    """Return what is shown of a host."""
    [found] = [one for one in lab.watch.held.hosts if one.name == name]
    return found


def numbers(lab: LinkedLab, name: str = "nas") -> tuple[int | None, int | None, int | None]:
    """Return how many copies, media and copies elsewhere a host has, None where that is not known."""
    tally = host(lab, name).tally
    return tally.copies.exact, tally.media.exact, tally.offsite.exact


def told(lab: LinkedLab, language: str = "en") -> str:
    """Return the sentence about the host's copies."""
    rule = host(lab).rule
    assert rule is not None
    return Localizer(language).with_cause(rule.step, rule.cause)


def state(lab: LinkedLab) -> RuleState:
    """Return whether the host has what the rule asks for."""
    rule = host(lab).rule
    assert rule is not None
    return rule.state


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_g129_a_host_whose_backups_come_elsewhere_has_what_the_rule_asks_for(lab: LinkedLab, direction: str) -> None:
    backed_up(lab)
    lab.push() if direction == "push" else lab.pull()
    lab.both()
    nights(lab, 2)

    assert numbers(lab) == (2, 2, 1)
    assert state(lab) is RuleState.MET
    assert told(lab) == "3-2-1 is met."
    assert lab.watch.held.hosts_below_rule == ()


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"group_filter": ["exclude:group:host/nas"]}, "the sync job “offsite” leaves it out."),
        ({"group_filter": ["type:vm"]}, "the sync job “offsite” leaves it out."),
        (None, "nothing backs it up there, and no sync job copies it there."),
    ],
)
def test_g129_a_host_that_the_sync_job_leaves_out_has_nothing_elsewhere(
    lab: LinkedLab, options: dict[str, Any] | None, step: str
) -> None:
    backed_up(lab)
    if options is not None:
        lab.push(**options)
    lab.both()
    nights(lab, 1)

    assert numbers(lab) == (1, 1, 0)
    assert state(lab) is RuleState.BELOW
    assert told(lab) == f"No copy outside this house: {step}"
    assert lab.watch.held.hosts_below_rule == ("nas",)


@pytest.mark.parametrize("text", ["3-1-0", "4-1-0"])
def test_g129_the_host_itself_is_the_first_copy(lab: LinkedLab, text: str) -> None:
    backed_up(lab)
    lab.push()
    lab.both()
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule.parse(text))
    nights(lab, 2)
    if text == "3-1-0":
        assert state(lab) is RuleState.MET
    else:
        assert told(lab) == "Only 2 copies of 3 besides the host itself."
        assert told(lab, "de") == "Nur 2 Kopien von 3 neben dem Host selbst."


@pytest.mark.parametrize("days", [1, 10])
def test_g129_a_host_that_has_stopped_has_no_copy_that_is_new_enough(lab: LinkedLab, days: int) -> None:
    backed_up(lab)
    lab.push()
    lab.both()
    nights(lab, 1)
    lab.nights(days)
    if days == 1:
        # The copy elsewhere may be as much older as the sync job needs.
        assert host(lab).tally.copies.exact == 1
    else:
        assert numbers(lab) == (0, 0, 0)
        assert told(lab).startswith("No copy that is good and new enough: the newest one on ")
        assert told(lab).endswith("older than is usual for this host.")
    assert state(lab) is RuleState.BELOW


def test_g129_a_host_that_has_just_begun_is_waited_for(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    nights(lab, 1)
    assert state(lab) is not RuleState.BELOW


def test_g129_two_hosts_of_one_name_are_two(lab: LinkedLab) -> None:
    backed_up(lab)
    other = lab.tank.add_group("", "host", "nas", "root@pam")
    for ago in range(20, 0, -1):
        other.add(int(lab.now.timestamp()) - ago * DAY + 1_234)
    lab.both()
    lab.look()
    # The other one backs up to a server to which no storage of the cluster leads.
    assert numbers(lab)[0] == 1


@pytest.mark.parametrize("by", ["choice", "comment"])
def test_g129_an_ignored_host_is_not_counted(lab: LinkedLab, by: str) -> None:
    backed_up(lab)
    lab.both()
    if by == "choice":
        lab.decide("pbs", ignored_groups=frozenset({"ds1:home:host/nas"}))
    else:
        group = lab.ds1.group("home", "host", "nas")
        assert group is not None
        group.comment = "no-monitor"
        lab.decide("pbs", honours_no_monitor=True)
    nights(lab, 1)
    assert state(lab) is RuleState.IGNORED
    assert lab.watch.held.hosts_below_rule == ()


def test_g129_what_the_token_is_not_shown_is_unknown(lab: LinkedLab) -> None:
    backed_up(lab)
    lab.push()
    lab.beside(lab.pbs, Place.HERE)
    lab.decide("pbs", places={"remote_vault": Place.ELSEWHERE})
    nights(lab, 2)
    # The vault is not watched: that the host came there only the job's log proves.
    assert numbers(lab) == (2, 2, 1)
    assert state(lab) is RuleState.MET
