"""Rows G121 to G128: what a guest's copies come to, held against the rule that its user has chosen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.copies.rule import RuleState, RuleVerdict
from custom_components.proxmox_backup_checker.checker.copies.tally import Tally
from custom_components.proxmox_backup_checker.checker.model.copies_rule import CopiesRule
from custom_components.proxmox_backup_checker.checker.model.server_options import Place
from custom_components.proxmox_backup_checker.checker.model.standing import Standing
from custom_components.proxmox_backup_checker.texts.localizer import Localizer

from .linked_lab import NIGHTLY, OWNER, LinkedLab

HERE, ELSEWHERE, UNKNOWN = Place.HERE, Place.ELSEWHERE, Place.UNKNOWN


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    with LinkedLab() as made:
        yield made


def tally(lab: LinkedLab, vmid: int = 101) -> Tally:
    """Return what a guest's copies come to."""
    return lab.view(vmid).tally


def numbers(lab: LinkedLab, vmid: int = 101) -> tuple[int | None, int | None, int | None]:
    """Return how many copies, media and copies elsewhere a guest has, None where that is not known."""
    found = tally(lab, vmid)
    return found.copies.exact, found.media.exact, found.offsite.exact


def rule(lab: LinkedLab, vmid: int = 101) -> RuleVerdict:
    """Return what is held of a guest's copies."""
    found = lab.view(vmid).rule
    assert found is not None
    return found


def told(lab: LinkedLab, vmid: int = 101, language: str = "en") -> str:
    """Return the sentence about it."""
    found = rule(lab, vmid)
    return Localizer(language).with_cause(found.step, found.cause)


def say(lab: LinkedLab, **standings: str) -> None:
    """Let the user say where storages stand."""
    found = {name.replace("__", "/"): Standing.parse(text) for name, text in standings.items()}
    lab.watch.policy = replace(lab.watch.policy, standings={**lab.watch.policy.standings, **found})


def to_share(lab: LinkedLab, vmids: str, schedule: str = "22:00") -> None:
    """Back guests up to the share as well, which stands here."""
    lab.pve.add_job("backup-share", schedule, "nas", vmid=vmids, repeat_missed=0)
    say(lab, nas="here")


@pytest.mark.parametrize(("vmid", "direction"), [(101, "push"), (103, "pull")])
def test_g121_a_share_a_backup_server_and_a_copy_elsewhere_make_three(
    lab: LinkedLab, vmid: int, direction: str
) -> None:
    to_share(lab, "101,103")
    lab.push() if direction == "push" else lab.pull()
    lab.both()
    lab.nights(2)

    assert numbers(lab, vmid) == (3, 3, 1)
    assert rule(lab, vmid).state is RuleState.MET
    assert told(lab, vmid) == "3-2-1 is met."
    by_name = {share.copy.name: share.copy.good for share in tally(lab, vmid).shares}
    assert {name.partition(":")[0] for name in by_name} == {"nas", "pbs", "vault"}
    # Each has a date of its own: the share's job runs an hour after that to the server.
    assert by_name["nas"] == tally(lab, vmid).newest
    assert tally(lab, vmid).newest_offsite == by_name["vault: tank/copies"] == by_name["pbs: ds1/home"]
    assert lab.watch.held.below_rule == 1, "windows has the share alone"


def test_g121_without_a_place_that_anybody_has_named_no_rule_is_in_force(lab: LinkedLab) -> None:
    lab.push()
    lab.beside(lab.pbs)
    lab.beside(lab.vault)
    lab.nights(2)

    assert lab.view(101).rule is None
    assert lab.watch.held.below_rule is None
    assert tally(lab).copies.exact == 2


@pytest.mark.parametrize(("text", "state"), [("2-1-1", RuleState.MET), ("4-3-1", RuleState.BELOW)])
def test_g121_the_rule_is_the_one_that_was_chosen(lab: LinkedLab, text: str, state: RuleState) -> None:
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule.parse(text))
    lab.push()
    lab.both()
    lab.nights(2)

    assert rule(lab).state is state
    if state is RuleState.BELOW:
        assert told(lab) == "Only 2 copies of 3 besides the guest itself."


def test_g121_who_wants_no_rule_is_shown_none(lab: LinkedLab) -> None:
    lab.watch.policy = replace(lab.watch.policy, copies_rule=None)
    lab.both()
    lab.nights(1)
    assert lab.view(101).rule is None


@pytest.mark.parametrize("vmid", [101, 103])
def test_g122_two_storages_that_lead_to_one_namespace_are_one_copy(lab: LinkedLab, vmid: int) -> None:
    lab.pve.connect_storage("pbs-again", lab.ds1, namespace="home", owner=OWNER)
    lab.pve.add_job("backup-again", "23:30", "pbs-again", vmid="101,103", repeat_missed=0)
    lab.beside(lab.pbs, HERE)
    lab.nights(2)

    assert numbers(lab, vmid) == (1, 1, 0)
    assert lab.view(vmid).copies[0].storages == ("pbs", "pbs-again")


@pytest.mark.parametrize("vmid", [101, 103])
def test_g122_a_share_that_is_entered_twice_is_one_copy(lab: LinkedLab, vmid: int) -> None:
    to_share(lab, "101,103")
    lab.pve.add_storage("nas-again", "nfs", total=2**42, path=lab.pve.storage("nas").path)
    say(lab, **{"nas-again": "here"})
    lab.nights(2)
    assert numbers(lab, vmid)[:2] == (2, 2)


@pytest.mark.parametrize("removable", [False, True])
def test_g123_a_second_datastore_on_one_server_is_a_copy_and_no_second_medium(lab: LinkedLab, removable: bool) -> None:
    lab.pbs.add_datastore("ds2", removable=removable)
    lab.pbs.add_sync_job("twin", "ds2", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, HERE)
    say(lab, nas="here")
    lab.nights(2)

    found = tally(lab)
    assert found.copies.exact == 2
    assert (found.media.least, found.media.most) == ((2, 2) if removable else (1, 2))
    assert rule(lab).state is RuleState.BELOW
    assert told(lab) == "No copy outside this house: nobody has said of any place that it is elsewhere."


def test_g123_that_a_datastore_is_carried_to_another_house_makes_it_another_medium(lab: LinkedLab) -> None:
    lab.pbs.add_datastore("ds2")
    lab.pbs.add_sync_job("twin", "ds2", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, HERE)
    lab.decide("pbs", places={"datastore_ds2": ELSEWHERE})
    lab.nights(2)

    assert numbers(lab) == (2, 2, 1)
    assert rule(lab).state is RuleState.MET


@pytest.mark.parametrize("folders", [("local", "usb"), ("local", "local")])
def test_g123_two_folders_of_one_node_may_be_one_disk(lab: LinkedLab, folders: tuple[str, str]) -> None:
    for name in set(folders):
        lab.pve.add_storage(name, "dir", total=2**42)
    for number, name in enumerate(folders):
        lab.pve.add_job(f"backup-{number}", f"0{number + 2}:00", name, vmid="102", repeat_missed=0)
    lab.pve.job("backup-nas").change(vmid="103")
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule(copies=3, media=2, offsite=0))
    lab.beside(lab.pbs, HERE)
    lab.nights(2)

    if folders[0] == folders[1]:
        assert numbers(lab, 102) == (1, 1, 0)
        assert rule(lab, 102).state is RuleState.BELOW
    else:
        assert (tally(lab, 102).media.least, tally(lab, 102).media.most) == (1, 2)
        assert rule(lab, 102).state is RuleState.UNKNOWN
        assert told(lab, 102) == "Whether 3-2-0 is met is not known: local, usb may be on one and the same disk."


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"group_filter": ["exclude:group:vm/101"]}, "the sync job “offsite” leaves it out."),
        ({"group_filter": ["type:ct"]}, "the sync job “offsite” leaves it out."),
        ({"ns": "lab"}, "nothing backs it up there, and no sync job copies it there."),
    ],
)
def test_g124_who_is_left_out_by_a_job_that_is_well_has_nothing_elsewhere(
    lab: LinkedLab, options: dict[str, Any], step: str
) -> None:
    lab.ds1.add_namespace("lab")
    lab.push(**options)
    lab.both()
    lab.nights(2)

    assert tally(lab).offsite.exact == 0
    assert rule(lab).state is RuleState.BELOW
    assert told(lab) == f"No copy outside this house: {step}"
    is_filter = "group_filter" in options
    assert tally(lab, 103).offsite.exact == (1 if is_filter else 0)


def test_g124_in_german_it_is_a_sentence_too(lab: LinkedLab) -> None:
    lab.push(group_filter=["exclude:group:vm/101"])
    lab.both()
    lab.nights(1)
    assert told(lab, 101, "de") == "Keine Kopie außer Haus: Der Sync-Job „offsite“ lässt den Gast aus."


def test_g124_who_is_skipped_each_time_is_told_with_the_reason(lab: LinkedLab) -> None:
    lab.tank.add_group("copies", "ct", "103", "root@pam")
    lab.push()
    lab.both()
    lab.nights(2)

    assert rule(lab, 101).state is RuleState.MET
    assert told(lab, 103).startswith(
        "No copy outside this house that is good and new enough: the sync job “offsite” always skips ct/103"
    )


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_g125_a_copy_elsewhere_that_lags_counts_no_more_and_shows_its_age(lab: LinkedLab, direction: str) -> None:
    to_share(lab, "101")
    lab.push() if direction == "push" else lab.pull()
    lab.both()
    lab.nights(2)
    fresh = tally(lab).newest_offsite
    lab.hang(lab.pbs if direction == "push" else lab.vault)
    lab.nights(1)
    assert (numbers(lab), rule(lab).state) == ((3, 3, 1), RuleState.MET)

    lab.nights(2)

    assert numbers(lab) == (2, 2, 0)
    assert tally(lab).newest_offsite == fresh
    assert rule(lab).state is RuleState.BELOW
    assert "has been due since" in told(lab)


@pytest.mark.parametrize("schedule", ["sun 05:00", "mon 05:00"])
def test_g125_a_sync_that_comes_once_a_week_is_given_its_week(lab: LinkedLab, schedule: str) -> None:
    lab.push(schedule)
    lab.both()
    lab.nights(8)
    states = set()
    for _ in range(7):
        lab.nights(1)
        states.add(tally(lab).offsite.exact)
    assert states == {1}


@pytest.mark.parametrize("said", [None, HERE, ELSEWHERE])
def test_g126_nothing_is_taken_for_elsewhere_that_nobody_has_said_to_be(lab: LinkedLab, said: Place | None) -> None:
    lab.push()
    lab.beside(lab.pbs, HERE)
    lab.beside(lab.vault, said or UNKNOWN)
    say(lab, nas="here")
    lab.nights(2)

    expected = {None: (None, RuleState.UNKNOWN), HERE: (0, RuleState.BELOW), ELSEWHERE: (1, RuleState.MET)}[said]
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule.parse("3-2-1"))
    assert (tally(lab).offsite.exact, rule(lab).state) == expected
    if said is None:
        assert told(lab) == ("Whether 3-2-1 is met is not known: nobody has said where vault: tank/copies stands.")


@pytest.mark.parametrize(("language", "question"), [("en", "nobody has said where"), ("de", "Niemand hat gesagt, wo")])
def test_g126_who_has_said_only_what_stands_here_is_asked_for_the_rest_and_told_nothing_of_it(
    lab: LinkedLab, language: str, question: str
) -> None:
    say(lab, pbs="here")
    lab.beside(lab.pbs)
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule.parse("2-1-1"))
    lab.nights(2)

    assert tally(lab).offsite.exact == 0
    assert rule(lab).state is RuleState.UNKNOWN
    assert question in told(lab, language=language)
    assert lab.watch.held.below_rule == 0

    say(lab, nas="here")
    lab.look()
    # Now that all is said to be here, there is surely none elsewhere.
    assert rule(lab).state is RuleState.BELOW
    assert lab.watch.held.below_rule == 3


def test_g126_what_is_missing_anyway_is_told_also_while_a_place_is_not_said(lab: LinkedLab) -> None:
    say(lab, pbs="here")
    lab.beside(lab.pbs)
    lab.nights(2)
    assert rule(lab).state is RuleState.BELOW
    assert told(lab) == "Only one copy of 2 besides the guest itself."


@pytest.mark.parametrize(("server", "media"), [("nas.lan", (1, 2)), ("192.168.1.60", (1, 2)), ("192.168.1.9", (2, 2))])
def test_g123_a_share_may_be_the_server_that_is_told_by_its_name(
    lab: LinkedLab, server: str, media: tuple[int, int]
) -> None:
    to_share(lab, "101")
    lab.pve.add_storage("again", "nfs", total=2**42, server=server)
    lab.pve.add_job("backup-again", "20:00", "again", vmid="101", repeat_missed=0)
    lab.pve.job(NIGHTLY).change(vmid="103")
    lab.pve.storage("nas").server = {"nas.lan": "192.168.1.60", "192.168.1.60": "nas", "192.168.1.9": "192.168.1.60"}[
        server
    ]
    say(lab, again="here")
    lab.watch.policy = replace(lab.watch.policy, copies_rule=CopiesRule.parse("3-2-0"))
    lab.nights(2)

    assert (tally(lab).media.least, tally(lab).media.most) == media
    assert rule(lab).state is (RuleState.MET if media[0] == 2 else RuleState.UNKNOWN)


@pytest.mark.parametrize(("days", "counts"), [(3, True), (11, False)])
def test_g127_a_disk_that_is_away_counts_for_as_long_as_it_may_be(lab: LinkedLab, days: int, counts: bool) -> None:
    disk = lab.pbs.add_datastore("disk", removable=True)
    lab.pbs.add_sync_job("carry", "disk", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, HERE)
    lab.decide("pbs", places={"datastore_disk": ELSEWHERE}, asleep_limit={"disk": timedelta(days=7)})
    lab.nights(2)
    disk.unplug()
    lab.nights(days)

    found = tally(lab)
    assert found.copies.exact == (2 if counts else 1)
    assert found.offsite.exact == (1 if counts else 0)
    assert rule(lab).state is (RuleState.MET if counts else RuleState.BELOW)
    [away] = [share.copy for share in found.shares if share.copy.away]
    # Nobody can remove what is in a drawer.
    assert found.newest_locked == away.newest
    if not counts:
        assert "disk" in told(lab)


def test_g127_a_disk_that_was_put_in_again_has_an_hour_to_be_filled(lab: LinkedLab) -> None:
    disk = lab.pbs.add_datastore("disk", removable=True)
    lab.pbs.add_sync_job("carry", "disk", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, HERE)
    lab.decide("pbs", places={"datastore_disk": ELSEWHERE}, asleep_limit={"disk": timedelta(days=7)})
    lab.nights(2)
    disk.unplug()
    lab.nights(5)
    disk.plug()
    lab.after(minutes=30)
    assert numbers(lab) == (2, 2, 1)
    lab.after(hours=2)
    assert numbers(lab)[2] == 0
    lab.nights(1)
    assert numbers(lab) == (2, 2, 1)


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_g128_what_lies_on_a_server_that_is_out_of_sight_is_unknown_and_not_lost(
    lab: LinkedLab, direction: str
) -> None:
    to_share(lab, "101")
    lab.push() if direction == "push" else lab.pull()
    lab.both()
    lab.nights(2)
    lab.vault.power_off()
    lab.after(hours=20)
    assert (numbers(lab)[2], rule(lab).state) == (1, RuleState.MET)

    lab.after(hours=10)

    assert numbers(lab) == (None, None, None)
    assert (tally(lab).copies.least, tally(lab).offsite.least) == (2, 0)
    assert rule(lab).state is RuleState.UNKNOWN
    assert told(lab).startswith("Whether 3-2-1 is met is not known: vault: tank/copies has not been seen since ")
    assert lab.watch.held.below_rule == 1, "windows alone, which has nothing there"


def test_g128_where_jobs_may_be_hidden_nobody_is_below_the_rule(lab: LinkedLab) -> None:
    lab.push()
    assert lab.pbs.add_token("homeassistant@pbs!ha", {"/": "Audit"})
    say(lab, nas="here")
    lab.both()
    lab.nights(2)
    assert rule(lab, 102).state is RuleState.UNKNOWN
    assert "cannot be seen" in told(lab, 102)


@pytest.mark.parametrize(("hours", "state"), [(20, RuleState.MET), (30, RuleState.UNKNOWN)])
def test_g128_a_share_in_another_house_that_nobody_can_reach_is_unknown_too(
    lab: LinkedLab, hours: int, state: RuleState
) -> None:
    to_share(lab, "101")
    say(lab, nas="elsewhere")
    lab.beside(lab.pbs, HERE)
    lab.until("2026-09-15T20:10:00")
    for node in ("pve1", "pve2"):
        lab.pve.storage("nas").down[node] = "unable to reach the file server"
    lab.after(hours=hours)

    assert rule(lab).state is state
    assert (tally(lab).copies.least, tally(lab).copies.most) == ((2, 2) if state is RuleState.MET else (1, 2))


def test_a_new_guest_waits_and_is_not_below_the_rule(lab: LinkedLab) -> None:
    lab.push("05:00")
    lab.both()
    lab.until("2026-09-14T20:00:00")
    assert rule(lab).state is RuleState.PENDING
    assert lab.watch.held.below_rule == 0


def test_a_guest_that_needs_no_backup_needs_no_copies(lab: LinkedLab) -> None:
    lab.watch.policy = replace(lab.watch.policy, ignored_guests=frozenset({102}))
    lab.both()
    lab.nights(1)
    assert rule(lab, 102).state is RuleState.IGNORED


@pytest.mark.parametrize("vmid", [101, 103])
def test_a_copy_that_did_not_pass_its_verification_counts_by_the_last_good_one(lab: LinkedLab, vmid: int) -> None:
    to_share(lab, "101,103")
    lab.push()
    lab.both()
    lab.nights(3)
    kind = "vm" if vmid == 101 else "ct"
    target = lab.target(vmid, kind)
    check = lab.vault.add_verify_job("check", "tank", ignore_verified=False)
    target.snapshots[-1].corrupt = True
    check.start()
    lab.after(hours=2)
    assert numbers(lab, vmid)[2] == 1
    there = next(share.copy for share in tally(lab, vmid).shares if share.copy.place is ELSEWHERE)
    assert there.bad
    assert there.good == there.times[1]

    for snapshot in target.snapshots:
        snapshot.corrupt = True
    check.start()
    lab.after(hours=2)
    assert numbers(lab, vmid)[2] == 0
    assert "failed verification" in told(lab, vmid)


@pytest.mark.parametrize("seen_from", ["home", "cottage"])
def test_two_houses_may_back_up_to_each_other(lab: LinkedLab, seen_from: str) -> None:
    """The servers' own options say how the one house sees it; the other says in its options what is here and there."""
    to_share(lab, "101")
    lab.push()
    if seen_from == "home":
        lab.both()
    else:
        lab.beside(lab.pbs, ELSEWHERE)
        lab.beside(lab.vault, HERE)
        say(lab, pbs="here", vault__tank="elsewhere")
    lab.nights(2)

    assert [(share.copy.name, share.copy.place) for share in tally(lab).shares] == [
        ("nas", HERE),
        ("pbs: ds1/home", HERE),
        ("vault: tank/copies", ELSEWHERE),
    ]
    assert lab.offsite().code == "offsite_copied"
    assert rule(lab).state is RuleState.MET


def test_an_own_word_for_a_storage_is_one_for_the_datastore_behind_it(lab: LinkedLab) -> None:
    lab.pbs.add_sync_job("down", "ds1", schedule="01:00", remote_store="ds1", remote_ns="home", ns="older")
    lab.beside(lab.pbs, ELSEWHERE)
    say(lab, pbs="here")
    lab.nights(2)
    assert {share.copy.place for share in tally(lab).shares} == {HERE}
