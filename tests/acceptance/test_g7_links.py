"""Rows G67, G77, G78 and G90 to G104: a cluster and the backup servers behind its storages are one thing to look at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.archives.linking import Sign, link_of
from custom_components.proxmox_backup_checker.checker.model.standing import Standing

from .linked_lab import NIGHTLY, LinkedLab


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    with LinkedLab() as made:
        yield made


def sign(lab: LinkedLab, storage: str = "pbs") -> Sign | None:
    """Return by what a storage and a server were found to belong together."""
    held = lab.watch.held
    link = link_of(held.storages[storage].storage, held.context.servers.values())
    return link.sign if link is not None else None


@pytest.mark.parametrize(
    ("version", "pinned", "expected"),
    [
        ("4.2.3", True, Sign.IDENTITY),
        ("4.2.3", False, Sign.IDENTITY),
        ("4.1.9", True, Sign.CERTIFICATE),
        ("4.1.9", False, Sign.SNAPSHOTS),
        ("3.4.8", False, Sign.SNAPSHOTS),
    ],
)
def test_g90_a_storage_that_names_another_address_is_linked_all_the_same(
    version: str, pinned: bool, expected: Sign
) -> None:
    with LinkedLab(version=version) as lab:
        if not pinned:
            lab.pve.storage("pbs").fingerprint = None
        lab.beside(lab.pbs, host="pbs.lan")
        lab.nights(2)
        assert sign(lab) is expected
        assert lab.watch.servers.behind == {"pbs": "pbs"}


def test_g90_another_server_at_the_same_address_is_not_the_one_behind_the_storage(lab: LinkedLab) -> None:
    stranger = lab.beside(lab.vault, host=lab.pbs.ip)
    assert stranger
    lab.nights()
    assert sign(lab) is None
    assert lab.guest(101).brief == ("off", "ok")


@pytest.mark.parametrize("linked", [True, False])
def test_g91_a_restore_point_is_one_however_it_was_seen(lab: LinkedLab, linked: bool) -> None:
    if linked:
        lab.beside(lab.pbs)
    lab.nights()
    lab.source().by_age[-1].archive.protected = True
    lab.nights()

    assert lab.guest(101).brief == ("off", "ok")
    [copy] = lab.view(101).copies
    assert copy.count == 2
    # The token may audit only: what is finished, Proxmox VE does not tell, and the server does.
    assert lab.view(101).figures.restore_points == (2 if linked else None)
    assert [archive.protected for archive in lab.view(101).archives] == ([False, True] if linked else [])


def test_g91_what_the_server_checks_is_added(lab: LinkedLab) -> None:
    lab.ds1.verify_new = True
    lab.beside(lab.pbs)
    lab.nights(2)

    view = lab.view(101)
    assert view.figures.verification == "ok"
    assert view.copies[0].verified == view.copies[0].newest
    assert {archive.verification for archive in view.archives} == {"ok"}


def test_g91_a_check_that_fails_is_shown_within_a_poll_and_is_the_guests_problem(lab: LinkedLab) -> None:
    job = lab.pbs.add_verify_job("check", "ds1", schedule=None)
    lab.beside(lab.pbs)
    lab.nights(2)
    lab.source().by_age[-1].corrupt = True
    job.start()
    lab.after(minutes=40)

    assert (lab.guest(101).brief, lab.guest(101).code) == (("on", "failed"), "verification_failed")
    assert lab.guest(103).brief == ("off", "ok")
    assert lab.view(101).copies[0].bad


@pytest.mark.parametrize("notes", ["web", "mail"])
def test_g92_what_another_cluster_leaves_in_the_same_namespace_does_not_count(lab: LinkedLab, notes: str) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    foreign = int((lab.now + timedelta(hours=2)).timestamp())
    lab.source().add(foreign, comment=notes)
    lab.nights()

    assert lab.guest(101).brief == ("off", "ok")
    assert "archives_of_several_clusters" in lab.guest(101).findings
    assert foreign not in [archive.ctime for archive in lab.view(101).archives]
    assert lab.view(101).copies[0].count == 3
    assert lab.guest(103).findings == set()


def test_g92_nor_do_the_copies_of_what_another_cluster_leaves_there(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    lab.nights(2)
    foreign = lab.now + timedelta(hours=2)
    lab.source().add(int(foreign.timestamp()), comment="mail")
    lab.nights()

    assert int(foreign.timestamp()) in [snapshot.time for snapshot in lab.target().snapshots]
    assert all(foreign not in copy.times for copy in lab.view(101).copies)


@pytest.mark.parametrize("vmids", [(101,), (101, 103)])
def test_g93_two_clusters_in_two_namespaces_do_not_mix(lab: LinkedLab, vmids: tuple[int, ...]) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    for vmid in vmids:
        group = lab.ds1.add_group("other", "vm" if vmid == 101 else "ct", str(vmid), "other@pbs")
        group.add(int(lab.now.timestamp()) - 60, comment="somebody else's")
    lab.leap(hours=26)

    for vmid in (101, 103):
        assert lab.guest(vmid).findings == set()
        assert [copy.name for copy in lab.view(vmid).copies] == ["pbs: ds1/home"]


@pytest.mark.parametrize("nights", [1, 4])
def test_g94_a_storage_with_another_namespace_has_left_its_restore_points_behind(lab: LinkedLab, nights: int) -> None:
    lab.beside(lab.pbs)
    lab.nights(nights)
    storage = lab.pve.storage("pbs")
    assert storage.place is not None
    storage.namespace = storage.place.namespace = "new"
    lab.ds1.add_namespace("new")
    problems = lab.watch.live(step=timedelta(hours=1), hours=30)
    lab.nights()

    assert problems == set()
    assert lab.guest(101).brief == ("off", "ok")
    assert lab.view(101).figures.restore_points == nights + 2
    [left] = [finding for finding in lab.guest(101).verdict.findings if finding.code == "points_left_behind"]
    assert (left.values["count"], left.values["place"]) == (str(nights), "ds1/home")
    assert "archives_vanished" not in lab.watch.happened


@pytest.mark.parametrize("nights", [1, 3])
def test_g95_groups_that_were_moved_are_no_new_backups_and_none_is_missing(lab: LinkedLab, nights: int) -> None:
    lab.beside(lab.pbs)
    lab.nights(nights)
    storage = lab.pve.storage("pbs")
    assert storage.place is not None
    before = lab.guest(101).verdict.last_success
    for group in list(lab.ds1.groups_in("home")):
        name = group.name
        lab.ds1.move_group(group, "new")
        lab.pbs.tasks.by_hand("move-group", f"ds1:ns/home/{name}:new", "root@pam")
    storage.namespace = storage.place.namespace = "new"
    lab.after(hours=2)

    assert lab.guest(101).verdict.last_success == before
    assert lab.view(101).figures.restore_points == nights
    assert lab.problems() == []
    assert lab.guest(101).findings == set()


@pytest.mark.parametrize(("vmid", "type_"), [(101, "vm"), (103, "ct")])
def test_g96_a_group_that_belongs_to_somebody_else_fails_with_its_cause(lab: LinkedLab, vmid: int, type_: str) -> None:
    lab.beside(lab.pbs)
    lab.nights()
    lab.source(vmid, type_).owner = "other@pbs"
    lab.nights()

    held = lab.guest(vmid)
    assert held.brief == ("on", "failed")
    assert held.verdict.cause is not None
    assert (held.verdict.cause.code, held.verdict.cause.values["owner"]) == ("pbs_other_owner", "other@pbs")
    assert [one.brief for one in map(lab.guest, {101, 103} - {vmid})] == [("off", "ok")]
    # No task of the server tells of it, and the server is not to blame.
    assert lab.storage().problem == "off"


@pytest.mark.parametrize(("ahead", "skew"), [(0, "0 min"), (2 * 3_600, "+120 min")])
def test_g97_a_backup_that_is_no_newer_fails_with_its_cause_and_both_clocks(
    lab: LinkedLab, ahead: int, skew: str
) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    lab.pbs.skew = ahead
    lab.source().add(int((lab.now + timedelta(hours=12)).timestamp()), comment="web")
    lab.nights()

    held = lab.guest(101)
    assert held.brief == ("on", "failed")
    assert held.verdict.cause is not None
    assert held.verdict.cause.code == "pbs_clock_wrong"
    [clocks] = [finding for finding in held.verdict.findings if finding.code == "clocks_of_node_and_server"]
    assert (clocks.values["node_skew"], clocks.values["server_skew"]) == ("0 min", skew)


@pytest.mark.parametrize(("renewed", "code"), [
    (False, "storage_unreachable_server_answers"), (True, "storage_fingerprint_outdated"),
])  # fmt: skip
def test_g67_a_storage_that_only_proxmox_ve_cannot_reach_is_told_with_its_cause(
    lab: LinkedLab, renewed: bool, code: str
) -> None:
    watched = lab.beside(lab.pbs)
    lab.nights()
    if renewed:
        lab.pbs.fingerprint = ":".join(["1E"] * 32)
        watched.watch.wire.confirmed = lab.pbs.fingerprint
    lab.pve.storage("pbs").go_offline()
    lab.after(minutes=30)
    assert (lab.storage().brief, lab.storage().code) == (("on", "failed"), code)
    assert lab.guest(101).brief == ("off", "ok")

    lab.nights()
    assert lab.guest(101).brief == ("on", "failed")
    assert code in lab.guest(101).findings
    assert lab.guest(102).brief == ("off", "ok")


def test_g67_where_the_server_is_off_nobody_says_that_it_answers(lab: LinkedLab) -> None:
    lab.beside(lab.pbs)
    lab.nights()
    lab.pbs.power_off()
    lab.after(hours=2)
    assert lab.storage().code == "storage_away_until_needed"


@pytest.mark.parametrize("host", ["address", "localhost"])
def test_g78_a_server_on_a_node_itself_shares_its_disks_and_is_one_place(host: str) -> None:
    with LinkedLab() as lab:
        node = lab.pve.node("pve1")
        lab.pbs.ip = node.ip
        lab.pve.storage("pbs").server = node.ip if host == "address" else "127.0.0.1"
        again = lab.pve.connect_storage("pbs-again", lab.ds1, namespace="home")
        again.server = "pve1.lan"
        lab.pve.add_storage("local", "dir", total=2**40)
        lab.beside(lab.pbs)
        lab.nights()
        lab.pve.backup_by_hand([101], "local")
        lab.after(hours=1)

        copies = lab.view(101).copies
        assert sorted(copy.storages for copy in copies) == [("local",), ("pbs", "pbs-again")]
        assert {copy.medium for copy in copies} == {"node/pve1"}
        assert lab.view(103).copies[0].medium == "node/pve1"


def test_g78_a_server_elsewhere_is_another_medium(lab: LinkedLab) -> None:
    lab.beside(lab.pbs)
    lab.pve.add_storage("local", "dir", total=2**40)
    lab.nights()
    lab.pve.backup_by_hand([101], "local")
    lab.after(hours=1)
    assert {copy.medium for copy in lab.view(101).copies} == {"node/pve1", f"host/{lab.pbs.ip}"}


@pytest.mark.parametrize("told_by", ["address", "user"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_g77_a_server_that_is_a_guest_of_the_cluster_is_known_and_does_not_rely_on_itself(
    lab: LinkedLab, told_by: str, elsewhere: bool
) -> None:
    guest = lab.pve.add_ct(104, "backup", "pve2", size=4)
    if told_by == "address":
        guest.address = lab.pbs.ip
    else:
        lab.watch.policy = replace(lab.watch.policy, standings={"pbs": Standing("guest", "104")})
    lab.pve.job(NIGHTLY).change(vmid="101,103,104")
    lab.beside(lab.pbs)
    lab.nights(2)
    if elsewhere:
        lab.pve.backup_by_hand([104], "nas")
        lab.after(hours=1)

    held = lab.guest(104)
    assert "backup_server_on_its_cluster" in held.findings
    assert held.brief == ("off", "ok" if elsewhere else "warning")
    assert ("backed_up_on_itself" in held.findings) is not elsewhere
    assert lab.guest(101).brief == ("off", "ok")
    assert lab.view(101).copies[0].medium == "node/pve2"
