"""Sync jobs: from another datastore, or to it (src/server/sync.rs, pull.rs, push.rs)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
import re
from typing import TYPE_CHECKING, override

from simulator.engine import Process

from .content import Datastore, Group, Snapshot
from .names import human_byte, store_and_ns, time_text
from .tasks import Worker, WorkerError

if TYPE_CHECKING:
    from .jobs import SyncJob

SPEED = 50 * 1024**2
"""Bytes a second."""
CHUNK = 4 * 1024**2
CONNECT = "error trying to connect: tcp connect error: No route to host (os error 113)"
UNTRUSTED = (
    "error trying to connect: error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed"
)
UNAUTHORIZED = "authentication failed"


class GroupError(Exception):
    """What ends the sync of one group."""


@dataclass(eq=False)
class Side:
    """One end of a sync: a datastore, a namespace, and as whom it is entered."""

    datastore: Datastore
    ns: str
    auth_id: str
    remote: bool

    def sees(self, group: Group, *privileges: str) -> bool:
        """Tell whether a group of this end can be seen: a remote user may have rights to its own ones only."""
        access = self.datastore.server.access
        path = f"/datastore/{self.datastore.name}/{group.ns}".rstrip("/")
        return (
            not self.remote
            or access.may(self.auth_id, path, "Datastore.Audit", "Datastore.Read", *privileges)
            or (access.may(self.auth_id, path, "Datastore.Backup") and access.owns(self.auth_id, group.owner))
        )


class Sync:
    """One run of a job."""

    pushes = False

    def __init__(self, job: SyncJob, worker: Worker) -> None:
        """Find both ends; raises WorkerError where the other one cannot be reached."""
        self.job, self.worker = job, worker
        local = Side(job.datastore, job.ns, job.owner or "root@pam", remote=False)
        other = self._other()
        self.source, self.target = (local, other) if self.pushes else (other, local)
        self.copied = self.removed_snapshots = self.removed_groups = 0
        self.errors = False
        self.labelled = job.server.release >= (4, 1, 8)

    def _other(self) -> Side:
        job = self.job
        if job.remote is None:
            return Side(self._store(job.server.datastores.get(job.remote_store)), job.remote_ns, "", remote=False)
        remote = job.server.remotes[job.remote]
        server = remote.server
        if server is None or not server.online:
            raise WorkerError(CONNECT)
        if remote.fingerprint is not None and remote.fingerprint != server.fingerprint:
            raise WorkerError(UNTRUSTED)
        if server.access.users.get(remote.auth_id.split("!")[0]) is not True:
            raise WorkerError(UNAUTHORIZED)
        return Side(self._store(server.datastores.get(job.remote_store)), job.remote_ns, remote.auth_id, remote=True)

    def _store(self, datastore: Datastore | None) -> Datastore:
        if datastore is None:
            raise WorkerError(f"no such datastore '{self.job.remote_store}'")
        if refusal := datastore.refusal(writing=self.pushes):
            raise WorkerError(refusal)
        return datastore

    def say(self, group: Group, text: str, *, warning: bool = False) -> None:
        """Write a line about a group, which since 4.1.8 has a label."""
        line = f"[{group.name}]: {text}" if self.labelled else text
        if warning:
            self.worker.warn(line)
        else:
            self.worker.log(line)

    def namespaces(self) -> Iterator[tuple[str, str]]:
        """Yield the namespaces of the source with where each of them goes."""
        for ns in self.source.datastore.below(self.source.ns, self.job.max_depth):
            rest = ns.removeprefix(self.source.ns).lstrip("/")
            yield ns, "/".join(part for part in (self.target.ns, rest) if part)

    def play(self) -> Process:
        """Go through the namespaces, one after the other."""
        for ns, target_ns in self.namespaces():
            worker = self.worker
            worker.log("----")
            places = store_and_ns(self.source.datastore.name, ns), store_and_ns(self.target.datastore.name, target_ns)
            worker.log(f"Syncing {places[0]} into {places[1]}")
            self.target.datastore.add_namespace(target_ns)
            visible = [group for group in self.source.datastore.groups_in(ns) if self.source.sees(group)]
            wanted = [group for group in visible if takes(self.job.group_filter, group)]
            found = "Found" if self.labelled or self.pushes else "found"
            worker.log(f"{found} {len(wanted)} groups to sync (out of {len(visible)} total)")
            before = self.copied
            for number, group in enumerate(wanted, start=1):
                yield from self._attempt(group, target_ns)
                self.say(group, f"percentage done: {100 * number / len(wanted):.2f}% ({number}/{len(wanted)} groups)")
                yield 1
            if self.job.remove_vanished:
                self._remove_vanished_groups(target_ns, wanted)
            name = f"namespace {ns}" if ns else "root namespace"
            if self.job.max_depth != 0:
                count = self.copied - before
                worker.log(f"Finished syncing {name}, current progress: {len(wanted)} groups, {count} snapshots")

    def _attempt(self, group: Group, target_ns: str) -> Process:
        try:
            yield from self.copy_group(group, target_ns)
        except GroupError as error:
            self.errors = True
            self.group_failed(group, str(error))

    def group_failed(self, group: Group, error: str) -> None:
        """Say that the sync of a group broke off."""
        raise NotImplementedError

    def copy_group(self, group: Group, target_ns: str) -> Process:
        """Copy what the target does not have of a group."""
        raise NotImplementedError

    def candidates(self, group: Group, newest: int | None) -> list[Snapshot]:
        """Return the snapshots that are newer than the newest of the target, and say which ones are left out."""
        finished = []
        for snapshot in group.by_age:
            if snapshot.finished:
                finished.append(snapshot)
            else:
                self.say(group, f"skipping snapshot {snapshot.name} - in-progress backup")
        older = [snapshot for snapshot in finished if newest is not None and snapshot.time < newest]
        self._skipped(group, older, "older than the newest snapshot present on sync target")
        left = finished[len(older) :]
        if self.job.transfer_last is not None:
            beyond = left[: max(0, len(left) - self.job.transfer_last)]
            beyond = [snapshot for snapshot in beyond if snapshot.time != newest]
            self._skipped(group, beyond, "due to transfer-last")
            left = [snapshot for snapshot in left if snapshot not in beyond]
        return left

    def _skipped(self, group: Group, snapshots: Sequence[Snapshot], reason: str) -> None:
        if snapshots:
            times = [time_text(snapshot.time) for snapshot in (snapshots[0], snapshots[-1])]
            span = times[0] if len(snapshots) == 1 else " .. ".join(times)
            prefix = f"{group.name}: " if self.labelled and not self.pushes else ""
            self.say(group, f"{prefix}skipped: {len(snapshots)} snapshot(s) ({span}) - {reason}")

    def passes(self, snapshot: Snapshot) -> bool:
        """Tell whether a snapshot is one of those that the job wants."""
        if self.job.verified_only and snapshot.archive.verification != "ok":
            return False
        return not self.job.encrypted_only or snapshot.encrypted

    def put(self, snapshot: Snapshot, group: Group) -> Process:
        """Write a copy; protection does not come along, and the check does."""
        if snapshot.missing:
            raise GroupError(f"{time_text(snapshot.time)}: No such file or directory (os error 2)")
        stored = int(snapshot.archive.stored)
        if stored > group.datastore.available:
            raise GroupError("unable to write chunk: No space left on device (os error 28)")
        yield max(1.0, stored / SPEED)
        group.take(replace(snapshot.archive, protected=False, name=snapshot.name))
        self.copied += 1
        self.bytes += stored

    bytes = 0

    def _remove_vanished_groups(self, target_ns: str, wanted: list[Group]) -> None:
        there = {(group.type, group.id) for group in wanted}
        for group in self.target.datastore.groups_in(target_ns):
            mine = self.target.auth_id == group.owner
            if (group.type, group.id) not in there and takes(self.job.group_filter, group) and mine:
                self.worker.log(
                    f"Removed vanished group {group.name} from remote"
                    if self.pushes
                    else f"{'D' if self.labelled else 'd'}elete vanished group '{group.name}'"
                )
                self.removed_groups += 1
                self.removed_snapshots += len(group.snapshots)
                self.target.datastore.remove_group(group)

    def remove_vanished(self, source: Group, target: Group) -> None:
        """Delete what is no longer at the source; since 4.0.11 what a filter leaves out counts as gone."""
        strict = self.job.server.release >= (4, 0, 11)
        there = {entry.time for entry in source.snapshots if not strict or self.passes(entry) or not entry.finished}
        for snapshot in target.by_age:
            if snapshot.time in there:
                continue
            if snapshot.archive.protected:
                text = f"Kept protected snapshot {snapshot.name} on remote"
                self.say(source, text if self.pushes else f"don't delete vanished snapshot {snapshot.name} (protected)")
                continue
            removed = f"Removed vanished snapshot {snapshot.name} from remote"
            self.say(source, removed if self.pushes else f"delete vanished snapshot {snapshot.name}")
            target.remove(snapshot)
            self.removed_snapshots += 1


class Pull(Sync):
    """A run that fetches."""

    @override
    def group_failed(self, group: Group, error: str) -> None:
        self.say(group, f"sync group {group.name} failed - {error}")

    @override
    def copy_group(self, group: Group, target_ns: str) -> Process:
        target = self.target.datastore.group(target_ns, group.type, group.id)
        owner = self.target.auth_id
        if target is not None and target.owner != owner:
            raise GroupError(f"owner check failed ({owner} != {target.owner})")
        target = target or self.target.datastore.add_group(target_ns, group.type, group.id, owner)
        newest = target.newest_finished
        for snapshot in self.candidates(group, newest.time if newest else None):
            known = target.snapshot(snapshot.time)
            if known is None:
                yield from self._fetch(snapshot, target)
            else:
                self._check_again(snapshot, known)
                yield 1
        if self.job.resync_corrupt:
            self._fetch_corrupt(group, target)
        if self.job.remove_vanished:
            self.remove_vanished(group, target)

    def _fetch(self, snapshot: Snapshot, target: Group) -> Process:
        moment = time_text(snapshot.time)
        if not self.passes(snapshot):
            text = f"{moment}: skipped, did not match verified-only/encrypted-only filter"
            self.say(
                snapshot.group,
                text
                if self.labelled
                else f"Snapshot {snapshot.name} not verified but verified-only set, snapshot skipped",
            )
            return
        self.say(snapshot.group, f"{moment}: start sync" if self.labelled else f"sync snapshot {snapshot.name}")
        yield from self.put(snapshot, target)
        self.say(snapshot.group, f"{moment}: sync done" if self.labelled else f"sync snapshot {snapshot.name} done")

    def _check_again(self, snapshot: Snapshot, known: Snapshot) -> None:
        """Compare the newest one: its manifest, and with it its check, becomes that of the source."""
        name = time_text(snapshot.time) if self.labelled else snapshot.name
        self.say(snapshot.group, f"re-sync snapshot {name}")
        same = known.archive.verified_by == snapshot.archive.verified_by
        if same:
            self.say(snapshot.group, f"{name}: no data changes" if self.labelled else "no data changes")
        known.archive.verification = snapshot.archive.verification
        known.archive.verified_by = snapshot.archive.verified_by
        known.archive.notes = snapshot.archive.notes

    def _fetch_corrupt(self, group: Group, target: Group) -> None:
        for snapshot in target.by_age:
            source = group.snapshot(snapshot.time)
            if snapshot.archive.verification == "failed" and source is not None and not source.corrupt:
                name = time_text(snapshot.time) if self.labelled else snapshot.name
                self.say(group, f"re-sync snapshot {name} due to corruption")
                snapshot.corrupt = False
                snapshot.archive.verification = source.archive.verification
                snapshot.archive.verified_by = source.archive.verified_by


class Push(Sync):
    """A run that sends; on the other server each snapshot arrives as a backup of the remote's user."""

    pushes = True

    @override
    def group_failed(self, group: Group, error: str) -> None:
        self.say(group, f"Encountered errors: {error}", warning=True)
        self.say(group, f"Failed to push group {group.name} to remote!", warning=True)

    @override
    def copy_group(self, group: Group, target_ns: str) -> Process:
        target = self.target.datastore.group(target_ns, group.type, group.id)
        user = self.target.auth_id
        if target is not None and target.owner != user:
            self.say(
                group,
                f"Group '{group.name}' not owned by remote user '{user}' on target, skipping upload",
                warning=True,
            )
            return
        target = target or self.target.datastore.add_group(target_ns, group.type, group.id, user)
        newest = max((snapshot.time for snapshot in target.snapshots), default=None)
        for snapshot in self.candidates(group, newest):
            if snapshot.time != newest and self.passes(snapshot):
                yield from self._send(snapshot, target)
        if self.job.remove_vanished:
            self.remove_vanished(group, target)

    def _send(self, snapshot: Snapshot, target: Group) -> Process:
        moment = time_text(snapshot.time)
        if self.labelled:
            self.say(snapshot.group, f"{moment}: start sync")
        if snapshot.partly_encrypted and self.job.server.release >= (4, 1, 9):
            text = f"Encountered partially encrypted snapshot '{snapshot.name}', refuse to re-encrypt and skip"
            self.say(snapshot.group, text, warning=True)
        else:
            yield from self.put(snapshot, target)
            task_id = f"{target.datastore.name}:{target.name}"
            target.datastore.server.tasks.by_hand("backup", task_id, self.target.auth_id)
        if self.labelled:
            self.say(snapshot.group, f"{moment}: sync done")


def takes(filters: Sequence[str], group: Group) -> bool:
    """Tell whether a job takes a group: one filter that includes has to take it, and none that excludes."""

    def about(text: str) -> bool:
        kind, _, value = text.removeprefix("exclude:").removeprefix("include:").partition(":")
        if kind == "regex":
            return re.search(value, group.name) is not None
        return group.name == value if kind == "group" else group.type == value

    including = [text for text in filters if not text.startswith("exclude:")]
    excluding = [text for text in filters if text.startswith("exclude:")]
    return (not including or any(map(about, including))) and not any(map(about, excluding))


def sync(job: SyncJob, worker: Worker) -> Process:
    """Play a run."""
    where = f"{job.remote}/{job.remote_store}" if job.remote else job.remote_store
    word = "to" if job.direction == "push" else "from"
    worker.log(f"sync datastore '{job.store}' {word} '{where}'")
    if refusal := job.datastore.refusal(writing=job.direction == "pull"):
        raise WorkerError(refusal)
    yield 1
    run: Sync = Push(job, worker) if job.direction == "push" else Pull(job, worker)
    began = job.server.world.engine.time
    yield from run.play()
    if run.errors:
        raise WorkerError("Sync failed with some errors!" if run.pushes else "sync failed with some errors.")
    if run.bytes:
        rate = human_byte(run.bytes / max(1.0, job.server.world.engine.time - began))
        chunks = run.bytes // CHUNK + 1
        worker.log(
            f"Summary: sync job {job.direction}ed {human_byte(run.bytes)} in {chunks} chunks (average rate: {rate}/s)"
        )
    else:
        worker.log(f"Summary: sync job found no new data to {job.direction}")
    if job.remove_vanished:
        worker.log(
            f"Summary: removed vanished: snapshots: {run.removed_snapshots}, groups: {run.removed_groups}, namespaces: 0"
        )
