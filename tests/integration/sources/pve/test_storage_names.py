"""How the storages are called that nodes have for themselves, over restarts and as nodes come and go."""

from custom_components.proxmox_backup_checker.checker.model.records import StorageRecord
from custom_components.proxmox_backup_checker.sources.pve.storage_names import StorageNames


def restored(nodes: tuple[str, ...], **owners: str | None) -> StorageNames:
    """Return the names after a restart; `owners` tells whose storages are, by their keys."""
    names = StorageNames()
    records = {}
    for name, owner in owners.items():
        key = name.replace("_", "/")
        node, _, storage = key.rpartition("/")
        records[key] = StorageRecord(storage=storage, node=node or None, owner=owner)
    names.restore(records, nodes)
    return names


def test_the_storage_of_a_single_host_keeps_its_name_when_others_join() -> None:
    names = StorageNames()
    assert names.owner("local", {"pve1"}) == "pve1"
    assert names.owner("local", {"pve1", "pve2"}) == "pve1"


def test_so_it_does_where_they_joined_while_nobody_looked() -> None:
    assert restored(("pve1",), local="pve1").owner("local", {"pve1", "pve2"}) == "pve1"


def test_of_what_0_1_0_kept_the_only_node_tells_whose_it_is() -> None:
    assert restored(("pve1",), local=None).owner("local", {"pve1", "pve2"}) == "pve1"


def test_what_0_1_0_already_called_by_the_nodes_names_stays_so() -> None:
    names = restored(("pve1", "pve2"), local=None, pve1_local=None, pve2_local=None)
    assert names.owner("local", {"pve1", "pve2"}) is None


def test_several_that_are_seen_first_together_bear_their_nodes_names_also_once_one_is_left() -> None:
    names = StorageNames()
    assert names.owner("local", {"pve1", "pve2"}) is None
    assert names.owner("local", {"pve2"}) is None
    assert restored(("pve2",), pve2_local="pve2").owner("local", {"pve2"}) is None


def test_the_second_one_keeps_its_nodes_name_when_the_first_has_left() -> None:
    names = StorageNames()
    names.owner("local", {"pve1"})
    names.owner("local", {"pve1", "pve2"})
    assert names.owner("local", {"pve2"}) is None
    assert names.owner("local", {"pve1", "pve2"}) == "pve1"


def test_a_disk_that_moves_to_another_node_and_a_host_that_is_renamed_keep_the_name() -> None:
    names = StorageNames()
    names.owner("local", {"pve1"})
    assert names.owner("local", {"pve2"}) == "pve2"
    assert restored(("pve1",), local="pve1").owner("local", {"host"}) == "host"


def test_each_name_is_for_itself() -> None:
    names = StorageNames()
    names.owner("local", {"pve1", "pve2"})
    assert names.owner("usb", {"pve2"}) == "pve2"
