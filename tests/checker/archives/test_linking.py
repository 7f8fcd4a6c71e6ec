"""A storage and a server belong together by the server's id, else by certificate, address, or what lies there."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.archives.linking import Sign, link_of
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.linked_servers import (
    KnownGroup,
    KnownServer,
    KnownStore,
    SyncRoute,
)
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive, BackupServerPlace

NOW = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
OWN, OTHER = ":".join(["0A"] * 32), ":".join(["0B"] * 32)
TIMES = (1_789_000_001, 1_789_086_401, 1_789_172_801)


def server(name: str = "pbs", **values: Any) -> KnownServer:
    return KnownServer(**{
        "server": name, "name": name, "host": f"{name}.lan", "port": 8007, "read_at": NOW,
        "stores": {"ds1": KnownStore()}, **values,
    })  # fmt: skip


def storage(times: tuple[int, ...] = (), **values: Any) -> StorageFacts:
    place = BackupServerPlace(
        **{"host": "192.168.1.50", "port": 8007, "datastore": "ds1", "namespace": "home", "fingerprint": None, **values}
    )
    archives = tuple(
        Archive(
            volid=f"pbs:backup/vm/101/{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}",
            storage="pbs", vmid=101, guest_type="qemu", ctime=time,
        )
        for time in times
    )  # fmt: skip
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True)
    return StorageFacts(
        storage="pbs", node=None, plugin_type="pbs", backup_server=place, listing=listing if times else None
    )


def group(*times: int, owner: str = "backup@pbs") -> dict[str, KnownGroup]:
    return {"ds1:home:vm/101": KnownGroup(times=times, owner=owner)}


@pytest.mark.parametrize(
    ("place", "known", "sign"),
    [
        ({"instance_id": "a1"}, {"instance_id": "a1"}, Sign.IDENTITY),
        ({"instance_id": "a1", "fingerprint": OTHER}, {"instance_id": "a1", "fingerprint": OWN}, Sign.IDENTITY),
        ({"instance_id": "a1", "fingerprint": OWN}, {"instance_id": "b2", "fingerprint": OWN}, None),
        ({"fingerprint": OWN}, {"fingerprint": OWN}, Sign.CERTIFICATE),
        ({"fingerprint": OWN, "instance_id": "a1"}, {"fingerprint": OWN}, Sign.CERTIFICATE),
        ({"fingerprint": OTHER}, {"host": "192.168.1.50", "fingerprint": OWN}, Sign.ADDRESS),
        ({"port": 8008}, {"host": "192.168.1.50"}, None),
        ({}, {}, None),
    ],
)
def test_the_strongest_sign_decides(place: dict[str, Any], known: dict[str, Any], sign: Sign | None) -> None:
    link = link_of(storage(**place), [server(**known)])
    assert (link.sign if link is not None else None) == sign


def test_of_two_machines_with_one_id_the_one_with_the_certificate_is_meant() -> None:
    clones = [server("a", instance_id="a1"), server("b", instance_id="a1", fingerprint=OWN)]
    link = link_of(storage(instance_id="a1", fingerprint=OWN), clones)
    assert link is not None
    assert link.server.server == "b"


def test_a_server_that_has_the_clusters_own_snapshots_is_the_one_behind_the_storage() -> None:
    link = link_of(storage(TIMES, username="backup@pbs"), [server(groups=group(*TIMES))])
    assert link is not None
    assert (link.sign, link.namespace) == (Sign.SNAPSHOTS, "ds1:home")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"groups": group(*TIMES, owner="sync@pbs")}, "a copy belongs to somebody else"),
        ({"groups": group(*TIMES[:1])}, "a copy lags behind"),
        ({"groups": {}}, "nothing lies there"),
        (
            {
                "groups": group(*TIMES),
                "routes": (SyncRoute(job="pull", pushes=False, store="ds1", ns="", remote_store="tank", remote_ns=""),),
            },
            "it is filled from elsewhere",
        ),
    ],
)
def test_a_server_to_which_they_are_copied_is_not(values: dict[str, Any], why: str) -> None:
    assert link_of(storage(TIMES, username="backup@pbs"), [server(**values)]) is None, why


def test_the_newest_snapshot_may_still_be_written() -> None:
    link = link_of(storage(TIMES, username="backup@pbs"), [server(groups=group(*TIMES[:2]))])
    assert link is not None


def test_what_belongs_to_root_may_be_a_copy_as_well() -> None:
    known = server(groups=group(*TIMES, owner="root@pam"))
    assert link_of(storage(TIMES, username="root@pam"), [known]) is None


def test_two_servers_with_the_same_snapshots_are_no_link() -> None:
    twins = [server("a", groups=group(*TIMES)), server("b", groups=group(*TIMES))]
    assert link_of(storage(TIMES, username="backup@pbs"), twins) is None


def test_too_few_snapshots_are_no_sign() -> None:
    assert link_of(storage(TIMES[:2], username="backup@pbs"), [server(groups=group(*TIMES[:2]))]) is None


def test_a_storage_of_files_has_no_server() -> None:
    nas = StorageFacts(storage="nas", node=None, plugin_type="nfs")
    assert link_of(nas, [server(host="nas")]) is None
