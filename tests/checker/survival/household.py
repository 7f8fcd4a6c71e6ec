"""Three nodes with disks of their own and a NAS, whose guests have been backed up last night."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from custom_components.proxmox_backup_checker.checker.model.standing import Standing
from custom_components.proxmox_backup_checker.checker.survival.death import Death
from custom_components.proxmox_backup_checker.checker.survival.what_if import Survival, Survivals
from simulator.guests import GIB, Disk
from simulator.storages import Archive, Storage
from tests.watch import Watch

PVE1, PVE2, HOUSE = "node:pve1", "node:pve2", "place:here"


class Household(Watch):
    """101 and 102 are containers on pve1, 201 is one on pve2, 301 on pve3; all tell their addresses.

    Each node has `local` for backups and `local-lvm` for disks; `nas` is at an address that nobody of the cluster has.
    """

    def __init__(self, **changes: Any) -> None:
        """Build it, before the first look."""
        super().__init__(**changes)
        cluster = self.cluster
        for name in ("pve1", "pve2", "pve3"):
            cluster.add_node(name)
        cluster.add_storage("local", "dir", content="iso,backup")
        cluster.add_storage("local-lvm", "lvmthin", content="rootdir,images")
        cluster.add_storage("nas", "nfs", server="192.168.1.20")
        for vmid, node in ((101, "pve1"), (102, "pve1"), (201, "pve2"), (301, "pve3")):
            cluster.add_ct(vmid, f"ct{vmid}", node).address = f"192.168.1.{vmid % 250}"

    def see_all(self) -> None:
        """Look with a token that sees of backup servers which snapshots are complete."""
        self.token = self.cluster.add_token("full@pve!ha", {"/": "PVEAuditor VM.Backup Datastore.AllocateSpace"})

    def archive(self, vmid: int, storage: str, *, hours: float = 10, **fields: Any) -> Archive:
        """Let a guest have been backed up to a storage some hours ago."""
        guest, target = self.cluster.guest(vmid), self.cluster.storage(storage)
        node = self.cluster.node(str(fields.pop("node", guest.node)))
        moment = (self.now - timedelta(hours=hours)).timestamp()
        made = Archive(
            name=target.new_name(guest, moment, node.zone, "zstd"),
            vmid=vmid,
            type=guest.type,
            ctime=int(moment),
            size=GIB,
            stored=GIB,
            node=None if target.shared else node.name,
            **fields,
        )
        target.archives.append(made)
        return made

    def serve(self, vmid: int, storage: str) -> Storage:
        """Let a guest be the server of a storage."""
        served = self.cluster.storage(storage)
        served.server = self.cluster.guest(vmid).address or ""
        return served

    def move_disks(self, vmid: int, storage: str) -> None:
        """Let the disks of a guest lie on a storage."""
        guest = self.cluster.guest(vmid)
        guest.disks = [replace(disk, volume=f"{storage}:vm-{vmid}-disk-0") for disk in guest.disks]

    def add_path(self, vmid: int, path: str) -> None:
        """Let a container use a folder of its node besides."""
        self.cluster.guest(vmid).disks.append(Disk(key="mp0", volume=path, size=GIB, included=False, mount="/data"))

    def say(self, **standings: str) -> None:
        """Let the user say where storages stand; `__` in a name stands for a slash."""
        told = {name.replace("__", "/"): Standing.parse(text) for name, text in standings.items()}
        self.policy = replace(self.policy, standings=told)

    @property
    def survivals(self) -> Survivals:
        """What answers, by the last look."""
        return Survivals(self.held)

    def if_died(self, what: str, *, look: bool = True) -> dict[int, Survival]:
        """Return what becomes of each guest if something died now."""
        if look:
            self.look()
        return {one.vmid: one for one in self.survivals.what_if(Death.parse(what))}

    def answers(self, what: str) -> dict[int, str]:
        """Return the same in a word each."""
        return {vmid: one.answer.value for vmid, one in self.if_died(what).items()}

    def copy_of(self, vmid: int, what: str) -> tuple[str, datetime] | None:
        """Return on which storage the newest copy lies that is surely left, and of when it is."""
        copy = self.if_died(what)[vmid].copy
        return (copy.key, copy.written) if copy is not None else None

    def doubt(self, vmid: int, what: str) -> str | None:
        """Return why it is not known what would be left of a guest."""
        found = self.if_died(what)[vmid].doubt
        return found.code.value if found is not None else None
