"""Another retention, tried out on the archives that are there: rows H61 to H64."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, NodeFacts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.views.tried_retention import TriedRetention, try_retention
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from .. import builders
from ..builders import NOW

GIB = 1024**3
BERLIN = ZoneInfo("Europe/Berlin")


def archive(days: int, vmid: int = 101, *, storage: str = "nas", size: int | None = GIB, **how: Any) -> Archive:
    begun = datetime(2026, 1, 12, 1, tzinfo=UTC) - timedelta(days=days)
    name = (
        f"vm/{vmid}/{begun:%Y-%m-%dT%H:%M:%SZ}"
        if storage == "pbs"
        else f"vzdump-qemu-{vmid}-{begun:%Y_%m_%d-%H_%M_%S}.vma.zst"
    )
    return Archive(
        volid=f"{storage}:backup/{name}",
        storage=storage,
        vmid=vmid,
        guest_type="qemu",
        ctime=int(begun.timestamp()),
        size=size,
        **how,
    )


def tried(keep: str, *archives: Archive, storage: str = "nas", visible: set[int] | None = None) -> TriedRetention:
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True, zone=BERLIN)
    kind = "pbs" if storage == "pbs" else "nfs"
    options: dict[str, Any] = {"prune-backups": {"keep-last": "3"}}
    job = builders.job("nightly", 101, 102, storage=storage, **options)
    facts = builders.facts(
        jobs=(job, builders.job("weekly", 102, storage=storage)),
        guests=(builders.guest(101), builders.guest(102)),
        storages=(StorageFacts(storage=storage, node=None, plugin_type=kind, listing=listing),),
        nodes={"pve1": NodeFacts(name="pve1", zone=BERLIN)},
    )
    return try_retention(job, KeepOptions.parse(keep), judge(facts, History()).context, visible)


def stays(found: TriedRetention, vmid: int = 101) -> list[bool]:
    [guest] = [guest for guest in found.guests if guest.guest.vmid == vmid]
    assert guest.archives is not None
    return [entry.stays for entry in guest.archives]


@pytest.mark.parametrize(
    ("keep", "kept"), [("keep-last=2", 2), ("keep-daily=4", 4), ("keep-weekly=1", 1), ("keep-all=1", 10)]
)
def test_h61_the_archives_that_stay_and_go_are_those_of_proxmox_own_rule(keep: str, kept: int) -> None:
    found = tried(keep, *(archive(day) for day in range(10)))

    assert stays(found) == [True] * kept + [False] * (10 - kept)
    assert (found.count(stays=True), found.count(stays=False)) == (kept, 10 - kept)
    assert (found.size(stays=True), found.size(stays=False)) == (kept * GIB, (10 - kept) * GIB)


@pytest.mark.parametrize(
    ("keep", "now"), [("keep-last=1", [True, True, True, False]), ("keep-last=5", [True, True, True, False])]
)
def test_h61_it_is_told_what_the_present_retention_keeps(keep: str, now: list[bool]) -> None:
    found = tried(keep, *(archive(day) for day in range(4)))

    [guest] = [guest for guest in found.guests if guest.guest.vmid == 101]
    assert [entry.stays_now for entry in guest.archives or ()] == now
    assert found.present == KeepOptions(last=3)


@pytest.mark.parametrize("how", ["protected", "renamed"])
def test_h62_what_prune_never_removes_stays_and_takes_nobodys_place(how: str) -> None:
    found = tried(
        "keep-last=1", archive(0), archive(1, protected=how == "protected", renamed=how == "renamed"), archive(2)
    )

    assert stays(found) == [True, True, False]


@pytest.mark.parametrize(("storage", "size"), [("pbs", GIB), ("nas", None)])
def test_h63_bytes_are_told_only_where_sizes_are_known_and_add_up(storage: str, size: int | None) -> None:
    found = tried("keep-last=1", archive(0, storage=storage), archive(1, storage=storage, size=size), storage=storage)

    assert stays(found) == [True, False]
    assert found.size(stays=False) is None
    assert (found.size(stays=True) is None) == (storage == "pbs")


def test_h64_each_guest_has_archives_of_its_own_and_of_its_kind() -> None:
    foreign = Archive(volid="nas:backup/vzdump-lxc-101-x.tar", storage="nas", vmid=101, guest_type="lxc", ctime=1)
    found = tried("keep-last=1", archive(0), archive(1), archive(0, 102), archive(1, 102), foreign)

    assert (stays(found), stays(found, 102)) == ([True, False], [True, False])


def test_h64_jobs_that_prune_the_same_archives_are_named_and_guests_out_of_sight_are_not() -> None:
    found = tried("keep-last=1", archive(0), archive(0, 102))
    assert len(found.others) == 1
    assert [guest.guest.vmid for guest in tried("keep-last=1", archive(0), archive(0, 102), visible={101}).guests] == [
        101
    ]
    assert tried("keep-last=1", archive(0), visible={101}).others == ()
