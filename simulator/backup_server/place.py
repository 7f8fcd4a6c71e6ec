"""A storage of type `pbs` of a cluster: the datastore and namespace on a backup server that it stands for."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.engine import Process
from simulator.storages import Archive

from .content import BackupType, Datastore, Group, Snapshot
from .tasks import Worker

if TYPE_CHECKING:
    from simulator.nodes import Node

KINDS: dict[str, BackupType] = {"qemu": "vm", "lxc": "ct"}
WATCH = 60.0
"""Seconds after which the server gives up a client that is gone."""
BROKEN = "backup close image failed: command error: broken pipe"


@dataclass(eq=False)
class Place:
    """Where the archives of a storage lie; Proxmox VE and the server see the same ones."""

    datastore: Datastore
    namespace: str = ""
    owner: str = "backup@pbs"
    running: dict[Archive, tuple[Worker, Snapshot]] = field(default_factory=dict)

    def archives(self) -> list[Archive]:
        """Return what Proxmox VE lists: no clients' backups, and nothing whose id is no number."""
        return [
            snapshot.archive
            for group in self.datastore.groups_in(self.namespace)
            if group.type != "host" and group.id.isdecimal()
            for snapshot in group.by_age
        ]

    @property
    def used(self) -> int:
        """Return the bytes in use."""
        return self.datastore.used

    def refusal(self, storage: str) -> str | None:
        """Return why the storage cannot be activated."""
        server = self.datastore.server
        if not server.online:
            return f"{storage}: error fetching datastores - 500 Can't connect to {server.ip}:8007 (No route to host)"
        if self.datastore.name not in server.datastores:
            return f"{storage}: Cannot find datastore '{self.datastore.name}', check permissions and existence!"
        return None

    def objection(self, type_: str, vmid: int, time: int) -> str | None:
        """Return why the server lets no backup of a guest begin, in the words of its answer; no task tells of it."""
        if refusal := self.datastore.refusal(writing=True):
            return refusal
        if self.namespace not in self.datastore.namespaces:
            return "namespace not found"
        group = self.datastore.group(self.namespace, KINDS[type_], str(vmid))
        if group is not None and group.owner != self.owner:
            return f"backup owner check failed ({self.owner} != {group.owner})"
        newest = group.newest_finished if group is not None else None
        if newest is not None and newest.time >= time:
            return "backup timestamp is older than last backup."
        return None

    def _group(self, archive: Archive) -> Group:
        return self.datastore.add_group(self.namespace, KINDS[archive.type], str(archive.vmid), self.owner)

    def take(self, archive: Archive, node: Node | None) -> None:
        """Begin to receive an archive; one that is finished was there before."""
        server = self.datastore.server
        group = self._group(archive)
        snapshot = group.take(archive)
        if archive.unfinished:
            worker = server.tasks.start("backup", f"{self.datastore.name}:{group.name}", self.owner, None)
            server.begin_backup(worker, snapshot)
            self.running[archive] = worker, snapshot
            if node is not None:
                server.world.engine.spawn(self._watch(archive, node), server.world.moment())

    def _watch(self, archive: Archive, node: Node) -> Process:
        while archive in self.running:
            yield WATCH
            if archive in self.running and not node.online:
                self.drop(archive, "connection error: Connection timed out (os error 110)")

    def finish(self, archive: Archive) -> str | None:
        """Take an archive as complete; return why it is not, where the server has gone meanwhile."""
        worker, snapshot = self.running.pop(archive)
        if not worker.task.running or not self.datastore.server.online:
            archive.unfinished = True
            return BROKEN
        archive.verification = None
        self.datastore.server.end_backup(worker, snapshot)
        worker.end("OK")
        return None

    def drop(self, archive: Archive, reason: str = "connection error: connection reset") -> None:
        """Give up an archive that its client has not finished."""
        worker, snapshot = self.running.pop(archive)
        if worker.task.running:
            self.datastore.server.fail_backup(worker, snapshot, reason)
            worker.end("backup ended but finished state is not set.")

    def remove(self, archive: Archive) -> None:
        """Delete an archive, as the client's prune does."""
        if archive in self.running:
            self.drop(archive)
            return
        group = self._group(archive)
        if (snapshot := group.snapshot(archive.ctime)) is not None:
            group.remove(snapshot)

    def pruned(self, archive: Archive) -> None:
        """Leave the task of a prune that a client asked for."""
        name = f"{self.datastore.name}:{self.namespace}:{self._group(archive).name}"
        self.datastore.server.tasks.by_hand("prune", name, self.owner)
