"""Rows H01 to H26: what would be left if a node, a storage or the house died now."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.survival.death import Death
from simulator.cluster import Cluster
from simulator.nodes import Node
from tests.checker.survival.household import HOUSE, PVE1, PVE2, Household


@pytest.fixture
def house() -> Iterator[Household]:
    """The household, before the first look."""
    with Household() as made:
        yield made


def backup_server_guest(cluster: Cluster, node: str) -> None:
    """Let a backup server be a guest, at an address that its cloud-init configuration tells."""
    cluster.add_vm(900, "pbs", node).address = "192.168.1.90"
    cluster.add_storage("pbs", "pbs", server="192.168.1.90")


@pytest.mark.parametrize("others", [(), (102,)], ids=["alone", "beside others who are fine"])
def test_h01_an_archive_on_the_nodes_own_disk_dies_with_the_node(house: Household, others: tuple[int, ...]) -> None:
    house.archive(101, "local")
    for vmid in others:
        house.archive(vmid, "nas")

    answers = house.answers(PVE1)

    assert answers[101] == "none"
    assert {answers[vmid] for vmid in others} <= {"copy"}
    assert answers[201] == answers[301] == "lives"


@pytest.mark.parametrize("hours", [-60, -24 * 300])
def test_h02_an_archive_whose_date_is_yet_to_come_may_be_a_copy_and_is_not_called_none(
    house: Household, hours: int
) -> None:
    house.archive(201, "nas", hours=hours)

    found = house.if_died(PVE2)[201]

    assert (found.answer.value, found.doubt and found.doubt.code.value) == ("unknown", "whose")
    assert found.perhaps is not None
    assert found.perhaps.written <= house.now


@pytest.mark.parametrize("hours", [1, 200])
def test_h02_a_copy_on_a_share_with_an_address_of_nobody_here_is_left(house: Household, hours: int) -> None:
    house.archive(101, "local", hours=0.5)
    house.archive(101, "nas", hours=hours)
    house.archive(101, "nas", hours=hours + 24)

    assert house.copy_of(101, PVE1) == ("nas", house.now - timedelta(hours=hours))


@pytest.mark.parametrize("kind", ["vm", "ct"])
def test_h03_who_tells_no_address_may_be_the_server_of_the_share(house: Household, kind: str) -> None:
    add = house.cluster.add_vm if kind == "vm" else house.cluster.add_ct
    add(500, "secret", "pve1")
    house.archive(101, "nas")

    found = house.if_died(PVE1)[101]

    assert (found.answer.value, found.doubt and found.doubt.code.value) == ("unknown", "may_be_guest")
    assert found.doubt is not None
    assert found.doubt.vmids == (500,)
    assert found.perhaps is not None


@pytest.mark.parametrize("kind", ["vm", "ct"])
def test_h04_who_tells_no_address_on_another_node_casts_no_doubt(house: Household, kind: str) -> None:
    add = house.cluster.add_vm if kind == "vm" else house.cluster.add_ct
    add(500, "secret", "pve2")
    house.archive(101, "nas")

    assert house.answers(PVE1)[101] == "copy"
    assert house.answers(PVE2)[500] == "none"


@pytest.mark.parametrize("hour", [1, 30])
def test_h05_a_backup_server_that_is_a_guest_dies_with_its_node_and_not_with_another(
    house: Household, hour: int
) -> None:
    house.see_all()
    backup_server_guest(house.cluster, "pve1")
    house.archive(101, "pbs", hours=hour)
    house.archive(201, "pbs", hours=hour)

    assert house.answers(PVE1)[101] == "none"
    assert house.copy_of(201, PVE2) == ("pbs", house.now - timedelta(hours=hour))


@pytest.mark.parametrize("server", [102, 301])
def test_h06_a_share_of_a_guest_dies_with_the_node_of_that_guest(house: Household, server: int) -> None:
    house.serve(server, "nas")
    house.archive(101, "nas")

    expected = {102: "none", 301: "copy"}
    assert house.answers(PVE1)[101] == expected[server]


@pytest.mark.parametrize("address", ["10.10.10.1", "fd00::1"])
def test_h07_a_share_of_a_node_is_told_by_each_of_its_addresses(house: Household, address: str) -> None:
    house.cluster.node("pve1").other_addresses = (address,)
    house.cluster.storage("nas").server = address
    house.archive(101, "nas")
    house.archive(201, "nas")

    assert house.answers(PVE1)[101] == "none"
    assert house.answers(PVE2)[201] == "copy"


def unread(house: Household, node: Node) -> None:
    """Let the network of a node be hidden by an error."""
    house.errors = {f"/nodes/{node.name}/network": (500, "cannot read interfaces")}


def by_dhcp(house: Household, node: Node) -> None:
    """Let a node have another address from elsewhere."""
    node.other_addresses = ("dhcp",)


@pytest.mark.parametrize("hide", [unread, by_dhcp])
def test_h08_a_node_that_does_not_tell_its_addresses_may_be_the_server(
    house: Household, hide: Callable[[Household, Node], None]
) -> None:
    hide(house, house.cluster.node("pve1"))
    house.archive(101, "nas")
    house.archive(201, "nas")

    assert house.doubt(101, PVE1) == "may_be_node"
    assert house.answers(PVE2)[201] == "copy"


@pytest.mark.parametrize(("said", "answer"), [(None, "unknown"), ("here", "copy"), ("elsewhere", "copy")])
def test_h09_a_directory_that_is_marked_shared_stands_where_its_user_says(
    house: Household, said: str | None, answer: str
) -> None:
    house.cluster.add_storage("mounted", "dir").marked_shared = True
    house.archive(101, "mounted")
    if said is not None:
        house.say(mounted=said)

    assert house.answers(PVE1)[101] == answer
    assert house.doubt(101, PVE1) == (None if said else "standing")


@pytest.mark.parametrize(("said", "answer"), [(None, "unknown"), ("here", "lives")])
def test_h10_disks_on_ceph_outlive_a_node_only_where_its_user_says_so(
    house: Household, said: str | None, answer: str
) -> None:
    house.cluster.add_storage("ceph", "rbd", content="images", server="")
    house.move_disks(101, "ceph")
    if said is not None:
        house.say(ceph=said)

    assert house.answers(PVE1)[101] == answer
    assert house.answers(PVE1)[102] == "none"


@pytest.mark.parametrize("said", ["node:pve1", "guest:102"])
def test_h11_a_storage_dies_with_the_node_or_guest_on_which_its_user_says_it_stands(
    house: Household, said: str
) -> None:
    house.archive(101, "nas")
    house.archive(201, "nas")
    house.say(nas=said)

    assert house.answers(PVE1)[101] == "none"
    assert house.answers(PVE2)[201] == "copy"


@pytest.mark.parametrize("said", ["here", "elsewhere"])
def test_h12_a_folder_of_a_node_that_is_a_mount_of_something_else_is_left(house: Household, said: str) -> None:
    house.cluster.add_storage("usb", "dir", nodes=("pve1",), path="/mnt/nas")
    house.archive(101, "usb")
    assert house.answers(PVE1)[101] == "none"

    house.say(usb=said)

    assert house.answers(PVE1)[101] == "copy"


@pytest.mark.parametrize(("name", "answer"), [("nas.lan", "unknown"), ("pve1.lan", "none"), ("pve1", "none")])
def test_h13_a_name_is_no_address_unless_it_is_that_of_a_node(house: Household, name: str, answer: str) -> None:
    house.cluster.storage("nas").server = name
    house.archive(101, "nas")

    assert house.answers(PVE1)[101] == answer
    assert house.doubt(101, PVE1) == ("name" if answer == "unknown" else None)


@pytest.mark.parametrize("server", ["pve1", "a guest on pve1"])
def test_h14_what_rests_on_something_that_rests_on_the_dead_node_dies_too(house: Household, server: str) -> None:
    backup_server_guest(house.cluster, "pve2")
    share = house.cluster.add_storage("share", "nfs", content="images", server="127.0.0.1")
    if server != "pve1":
        house.serve(102, "share")
    house.move_disks(900, share.id)
    house.archive(101, "pbs")

    assert house.answers(PVE1)[101] == "none"
    assert house.answers(PVE1)[900] == "none"
    assert house.answers("node:pve3")[900] == "lives"


@pytest.mark.parametrize("dying", ["pve1", "pve2"])
def test_h15_guests_that_serve_each_other_die_together_and_bring_no_endless_search(
    house: Household, dying: str
) -> None:
    for storage, server in (("a", 102), ("b", 201)):
        house.cluster.add_storage(storage, "nfs", content="images,backup")
        house.serve(server, storage)
    house.move_disks(102, "b")
    house.move_disks(201, "a")
    house.add_path({"pve1": 102, "pve2": 201}[dying], "/srv/data")
    house.archive(301, "a")

    answers = house.answers(f"node:{dying}")

    assert (answers[102], answers[201], answers[301]) == ("none", "none", "lives")
    assert house.if_died(f"node:{dying}")[301].copies.value == "none"


def test_h16_with_a_storage_die_the_disks_and_the_archives_on_it(house: Household) -> None:
    house.archive(101, "nas", hours=3)
    house.archive(102, "local")

    found = house.if_died("storage:nas")
    assert {one.answer.value for one in found.values()} == {"lives"}
    assert (found[101].copies.value, found[102].copies.value) == ("none", "copy")


def test_h16_with_a_disk_pool_die_the_guests_on_it_and_nobody_on_another_node(house: Household) -> None:
    house.archive(101, "nas", hours=3)

    answers = house.answers("storage:pve1/local-lvm")

    assert (answers[101], answers[102], answers[201]) == ("copy", "none", "lives")


@pytest.mark.parametrize(("same", "answer"), [(True, "none"), (False, "unknown")])
def test_h17_storages_on_one_datastore_die_together_and_on_one_server_perhaps(
    house: Household, same: bool, answer: str
) -> None:
    first = house.cluster.add_storage("pbs", "pbs", content="backup,images", server="192.168.1.60")
    second = house.cluster.add_storage("pbs-lab", "pbs", server="192.168.1.60")
    second.datastore = first.datastore if same else "other"
    house.move_disks(101, "pbs")
    house.archive(101, "pbs-lab")

    assert house.answers("storage:pbs")[101] == answer
    assert house.answers("storage:nas")[101] == "lives"


@pytest.mark.parametrize(("said", "answer"), [(None, "unknown"), ("here", "copy")])
def test_h18_two_storages_of_a_node_may_be_one_disk(house: Household, said: str | None, answer: str) -> None:
    house.archive(101, "local")
    if said is not None:
        house.say(pve1__local=said)

    assert house.answers("storage:pve1/local-lvm")[101] == answer
    assert house.answers("storage:pve1/local")[101] == ("unknown" if said is None else "lives")
    assert house.answers("storage:pve2/local-lvm")[101] == "lives"


@pytest.mark.parametrize("older", [True, False], ids=["and an older one elsewhere", "alone"])
def test_h19_a_copy_on_a_storage_out_of_reach_is_not_promised(house: Household, older: bool) -> None:
    house.archive(101, "nas", hours=5)
    house.cluster.add_storage("second", "nfs", server="192.168.1.21")
    if older:
        house.archive(101, "second", hours=50)
    house.look()
    house.cluster.storage("nas").go_offline()
    house.after(hours=1)

    found = house.if_died(PVE1, look=False)[101]

    assert found.answer.value == ("copy" if older else "unknown")
    assert found.doubt is not None
    assert found.doubt.code.value == "out_of_reach"
    assert found.perhaps is not None
    assert found.perhaps.key == "nas"


@pytest.mark.parametrize("older", [True, False])
def test_h20_a_copy_that_failed_its_verification_is_none(house: Household, older: bool) -> None:
    house.see_all()
    house.cluster.add_storage("pbs", "pbs", server="192.168.1.60").verifies = True
    house.archive(101, "pbs", hours=5, verification="failed")
    if older:
        house.archive(101, "pbs", hours=29, verification="ok")

    assert house.answers(PVE1)[101] == ("copy" if older else "none")
    assert house.copy_of(101, PVE1) == (("pbs", house.now - timedelta(hours=29)) if older else None)


def test_h21_an_unfinished_snapshot_is_no_copy(house: Household) -> None:
    house.see_all()
    house.cluster.add_storage("pbs", "pbs", server="192.168.1.60")
    house.archive(101, "pbs", unfinished=True)

    assert house.answers(PVE1)[101] == "none"


def test_h21_a_snapshot_that_may_be_unfinished_is_not_promised(house: Household) -> None:
    house.cluster.add_storage("pbs", "pbs", server="192.168.1.60")
    house.archive(101, "pbs")

    assert house.doubt(101, PVE1) == "unproven"


def test_h22_an_archive_of_a_guest_of_the_other_kind_is_no_copy_of_this_one(house: Household) -> None:
    house.archive(101, "nas").type = "qemu"
    stranger = house.cluster.storage("nas").archives[0]
    stranger.name = stranger.name.replace("lxc", "qemu")

    assert house.answers(PVE1)[101] == "none"


@pytest.mark.parametrize("hours", [1, 100])
def test_h22_a_copy_of_before_the_guest_was_made_anew_is_none(house: Household, hours: int) -> None:
    house.archive(101, "nas", hours=hours)
    house.look()
    house.cluster.guest(101).delete()
    house.after(hours=1)
    house.cluster.add_vm(101, "new", "pve1").address = "192.168.1.101"
    house.after(hours=1)

    assert house.if_died(PVE1, look=False)[101].answer.value == "none"


@pytest.mark.parametrize(("said", "answer"), [(None, "unknown"), ("here", "none"), ("elsewhere", "copy")])
def test_h23_if_the_house_died_only_what_is_elsewhere_is_left(house: Household, said: str | None, answer: str) -> None:
    house.archive(101, "nas")
    house.archive(201, "local")
    if said is not None:
        house.say(nas=said)

    assert house.answers(HOUSE)[101] == answer
    assert house.answers(HOUSE)[201] == "none"


@pytest.mark.parametrize("said", ["here", "elsewhere"])
def test_h23_if_the_other_house_died_only_what_stands_there_is_gone(house: Household, said: str) -> None:
    house.archive(101, "nas")
    house.say(nas=said)

    found = house.if_died("place:elsewhere")[101]

    assert (found.answer.value, found.copies.value) == ("lives", "copy" if said == "here" else "none")


@pytest.mark.parametrize("target", ["pve2", "pve3"])
def test_h24_a_guest_that_moved_leaves_its_archives_on_the_disk_of_the_node_before(
    house: Household, target: str
) -> None:
    house.archive(101, "local")
    house.look()
    house.cluster.guest(101).migrate(target)
    house.after(hours=1)

    assert house.if_died(f"node:{target}", look=False)[101].answer.value == "copy"
    assert house.if_died(PVE1, look=False)[101].answer.value == "lives"
    assert house.if_died(PVE1, look=False)[101].copies.value == "none"


@pytest.mark.parametrize("right", ["VM.Audit", "Datastore.Audit"])
def test_h25_what_the_token_may_not_see_is_never_nothing(house: Household, right: str) -> None:
    house.archive(101, "nas")
    if right == "VM.Audit":
        audit = "Sys.Audit Datastore.Audit Pool.Audit"
        house.token = house.cluster.add_token(
            "few@pve!ha", {"/": audit, "/vms/101": "VM.Audit", "/vms/201": "VM.Audit"}
        )
        expected = "hidden_guests"
    else:
        house.cluster.add_storage("hidden", "nfs", server="192.168.1.22")
        audit = "Sys.Audit VM.Audit Pool.Audit"
        local = {f"/storage/{name}": "Datastore.Audit" for name in ("local", "local-lvm")}
        house.token = house.cluster.add_token("few@pve!ha", {"/": audit, **local})
        house.cluster.add_job("nightly", "02:00", "nas", all=1)
        house.look()
        house.after(hours=20)
        expected = "unseen"

    assert house.doubt(101, PVE1) == expected


@pytest.mark.parametrize("kept", ["local", "nothing"])
def test_h26_the_worst_case_is_the_guest_that_would_lose_most(house: Household, kept: str) -> None:
    for vmid, hours in ((101, 3), (102, 60), (201, 5), (301, 4)):
        house.archive(vmid, "nas", hours=hours)
    house.look()
    worst = house.survivals.worst_case
    assert worst is not None
    assert (worst.death, worst.survival.vmid) == (Death("node", "pve1"), 102)
    assert worst.moment == house.now - timedelta(hours=60)

    house.cluster.add_ct(202, "late", "pve2").address = "192.168.1.202"
    if kept == "local":
        house.archive(202, "local")
    house.after(hours=25)
    worst = house.survivals.worst_case
    assert worst is not None
    assert (worst.death, worst.survival.vmid, worst.moment) == (Death("node", "pve2"), 202, None)


def test_h26_who_needs_no_backup_is_no_worst_case(house: Household) -> None:
    for vmid in (101, 102, 201, 301):
        house.archive(vmid, "nas", hours=vmid)
    house.policy = replace(house.policy, ignored_guests=frozenset({301}))
    house.look()

    worst = house.survivals.worst_case
    assert worst is not None
    assert worst.survival.vmid == 201


def test_h26_a_poll_without_news_leaves_the_worst_case_as_it_was(house: Household) -> None:
    for vmid in (101, 102, 201, 301):
        house.archive(vmid, "nas", hours=vmid)
    house.look()
    before = house.survivals.worst_case
    house.after(hours=2)

    after = house.survivals.worst_case
    assert before is not None
    assert after is not None
    assert before.moment == after.moment
