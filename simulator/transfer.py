"""How a backup's data flows, and what is printed meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, override
from uuid import UUID

from .engine import Process
from .errors import GoOnError, PowerLossError, StoppedError
from .guests import Guest
from .log_text import bytes_text, span_text, tar_size_text
from .outcomes import Stage

if TYPE_CHECKING:
    from .guest_backup import GuestBackup

FOREVER = 3650 * 86400.0
MIB = 1024**2
FULL_FOR_VMA = "vma_queue_write: write error - Broken pipe"
FULL_ON_SERVER = (
    "backup write data failed: command error: write_data upload error: pipelined request failed:"
    " inserting chunk on store 'ds1' failed - mkstemp failed: ENOSPC: No space left on device"
)
ZSTD_FULL = "zstd: error 70 : Write error : cannot write block : No space left on device"
ID_MAP = "lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 --"


def transfer(backup: GuestBackup) -> Process:
    """Play the transfer of a guest's data.

    Raises BackupFailedError, StoppedError, PowerLossError.
    """
    if backup.guest.type == "qemu":
        return _Qemu(backup).process()
    return _LxcToServer(backup).process() if backup.to_pbs else _LxcToFile(backup).process()


def seconds_for(guest: Guest, amount: int) -> int:
    """Return how long the transfer of `amount` bytes takes."""
    return max(1, round(amount / (guest.speed * MIB)))


@dataclass(eq=False)
class _Transfer:
    """A transfer that may meet its fate on the way."""

    backup: GuestBackup
    elapsed: int = 0

    def go_to(self, second: int, duration: int) -> Process:
        """Let the transfer reach `second`, unless what was chosen for it comes first."""
        outcome = self.backup.outcome
        turn = duration * outcome.percent // 100
        eventful = outcome.hangs or outcome.signal or outcome.power_loss or self.backup.fails_at(Stage.TRANSFERRING)
        if eventful and self.elapsed <= turn < second:
            yield turn - self.elapsed
            self.elapsed = turn
            yield from self._fate()
        yield second - self.elapsed
        self.elapsed = second

    def _fate(self) -> Process:
        backup, outcome = self.backup, self.backup.outcome
        if outcome.power_loss:
            raise PowerLossError
        if outcome.signal:
            raise StoppedError
        if outcome.hangs:
            backup.run.hangs = True
            try:
                yield FOREVER
            except GoOnError:
                return
            finally:
                backup.run.hangs = False
        reason = self.full() if outcome.full else str(outcome.error)
        for line in outcome.output:
            backup.both(line)
        backup.abort(reason)
        raise backup.failure(reason)

    def full(self) -> str:
        """Print what comes of a full storage, and return the reason."""
        raise NotImplementedError


class _Qemu(_Transfer):
    """A virtual machine: its disks are read through QEMU; `changed` are the bytes that a backup server does not have yet."""

    changed: int = 0

    def process(self) -> Process:
        backup, guest = self.backup, self.backup.guest
        if not guest.size:
            backup.info("backup contains no disks")
            backup.info("starting diskless backup")
            if backup.outcome.error is not None and not backup.fails_at(Stage.PRUNING):
                raise backup.failure()
            return
        extra_kvm = backup.mode == "stop"
        if extra_kvm:
            backup.info("starting kvm to execute backup task")
            yield 1
        backup.warn()
        self._freeze()
        if backup.fails_at(Stage.STARTING):
            backup.abort(str(backup.outcome.error))
            raise backup.failure()
        random = backup.run.random
        backup.info(f"started backup task '{UUID(int=random.getrandbits(128), version=4)}'")
        if not backup.stopped:
            backup.info("resuming VM again")
        total = self._dirty_bitmaps() if backup.to_pbs else guest.size
        yield from self._progress(total)
        self._sum_up(total)
        if extra_kvm and backup.stopped:
            backup.info("stopping kvm after backup task")

    @override
    def full(self) -> str:
        if self.backup.to_pbs:
            return FULL_ON_SERVER
        self.backup.run.say(f"{ZSTD_FULL} ")
        return FULL_FOR_VMA

    def _freeze(self) -> None:
        backup, agent = self.backup, self.backup.guest.agent
        if backup.mode == "stop":
            return
        newer = backup.run.cluster.release >= (9, 2)
        if agent:
            backup.info("issuing guest-agent 'fs-freeze' command")
        elif agent is False and newer:
            backup.info("skipping guest filesystem freeze - agent configured but not running?")
        elif agent is False:
            backup.info("skipping guest-agent 'fs-freeze', agent configured but not running?")
        elif newer:
            backup.info("skipping guest filesystem freeze - disabled in VM options")
        if newer:
            backup.info("starting backup via QMP command")
        if agent and backup.guest.freeze_error is not None:
            backup.both(
                f"ERROR: VM {backup.guest.vmid} qga command 'guest-fsfreeze-freeze' failed - {backup.guest.freeze_error}"
            )
        if agent:
            backup.info("issuing guest-agent 'fs-thaw' command")

    def _dirty_bitmaps(self) -> int:
        """Print what changed on each disk since the last backup, and return the sum."""
        backup, first = self.backup, self.backup.archiving.first
        share = 1.0 if first else backup.run.random.uniform(0.01, 0.05)
        if not first and backup.guest.changes is not None:
            share = backup.guest.changes
        self.changed = int(backup.guest.size * share)
        if lost := backup.guest.loses_bitmap and not first:
            backup.guest.loses_bitmap, share = False, 1.0
        first = first or lost
        dirty = 0
        for disk in backup.guest.disks:
            if not disk.included:
                continue
            changed = int(disk.size * share)
            dirty += changed
            part = f"{bytes_text(changed)} of {bytes_text(disk.size)} dirty"
            backup.info(f"{disk.key}: dirty-bitmap status: {'created new' if first else f'OK ({part})'}")
        if not first:
            size = bytes_text(backup.guest.size)
            backup.info(f"using fast incremental mode (dirty-bitmap), {bytes_text(dirty)} dirty of {size} total")
        return dirty

    def _progress(self, total: int) -> Process:
        if not total:
            return
        duration = seconds_for(self.backup.guest, total)
        random = self.backup.run.random
        for second in _report_times(duration):
            previous = self.elapsed
            yield from self.go_to(second, duration)
            done = total * second // duration
            rate = (done - total * previous // duration) / max(1, second - previous)
            written = rate * self.backup.guest.filled * random.uniform(0.7, 1.0)
            self.backup.info(
                f"{done * 100 // total:3d}% ({bytes_text(done)} of {bytes_text(total)}) in"
                f" {span_text(second)}, read: {bytes_text(rate)}/s, write: {bytes_text(written)}/s"
            )

    def _sum_up(self, total: int) -> None:
        backup, size = self.backup, self.backup.guest.size
        if backup.to_pbs:
            backup.info("Waiting for server to finish backup validation...")
            reused = size - self.changed
            share = reused * 100 // size
            backup.info(f"backup was done incrementally, reused {bytes_text(reused, 2)} ({share}%)")
        else:
            zero = int(size * (1 - backup.guest.filled))
            backup.info(f"backup is sparse: {bytes_text(zero, 2)} ({zero * 100 // size}%) total zero data")
        if not total:
            return
        seconds = seconds_for(backup.guest, total)
        rate = bytes_text(total / seconds)
        backup.info(f"transferred {bytes_text(total, 2)} in {seconds} seconds ({rate}/s)")


class _LxcToFile(_Transfer):
    """A container, packed by tar."""

    def process(self) -> Process:
        backup, guest = self.backup, self.backup.guest
        size = int(guest.size * guest.filled)
        seconds = seconds_for(guest, size)
        backup.warn()
        yield from self.go_to(seconds, seconds)
        rate = tar_size_text(size // seconds)
        backup.info(f"Total bytes written: {size // 10240 * 10240} ({tar_size_text(size)}, {rate}/s)")

    @override
    def full(self) -> str:
        backup = self.backup
        path = f"{backup.storage.path}/dump/{backup.archiving.name}"
        stem, ending = path.split(".tar", 1)
        backup.info(ZSTD_FULL)
        pack = f"zstd '--threads=1' >{stem}.tar.dat" if ending else f"cat >{stem}.tar.dat"
        return (
            f"command 'set -o pipefail && {ID_MAP} tar cpf - --totals --one-file-system -p --sparse --numeric-owner"
            " --acls --xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability'"
            " '--warning=no-file-ignored' '--warning=no-xattr-write' --one-file-system '--warning=no-file-ignored'"
            f" '--directory={stem}.tmp' ./etc/vzdump/pct.conf ./etc/vzdump/pct.fw '--directory=/mnt/vzsnap0'"
            " --no-anchored '--exclude=lost+found' --anchored '--exclude=./tmp/?*' '--exclude=./var/tmp/?*'"
            f" '--exclude=./var/run/?*.pid' ./ | {pack}' failed: exit code 70"
        )


class _LxcToServer(_Transfer):
    """A container, sent by the client of the backup server."""

    def process(self) -> Process:
        backup, guest = self.backup, self.backup.guest
        self._call_client()
        backup.warn()
        size = int(guest.size * guest.filled)
        seconds = seconds_for(guest, size)
        for minute in range(1, seconds // 60 + 1):
            yield from self.go_to(minute * 60, seconds)
            done = size * minute * 60 / seconds
            backup.info(f"processed {bytes_text(done, 3)} in {minute}m, uploaded {bytes_text(done * 0.04, 3)}")
        yield from self.go_to(seconds, seconds)
        self._sum_up(size, seconds)

    @override
    def full(self) -> str:
        return f"command '{self._command()}' failed: exit code 255"

    def _command(self) -> str:
        backup, storage = self.backup, self.backup.storage
        space = f" --ns {storage.namespace}" if storage.namespace else ""
        return (
            f"{ID_MAP} /usr/bin/proxmox-backup-client backup --crypt-mode=none"
            f" pct.conf:{self._folder}/etc/vzdump/pct.conf root.pxar:/mnt/vzsnap0 --include-dev /mnt/vzsnap0/./"
            " --skip-lost-and-found --exclude=/tmp/?* --exclude=/var/tmp/?* --exclude=/var/run/?*.pid"
            f" --backup-type ct --backup-id {backup.guest.vmid} --backup-time {int(backup.began)}"
            f" --entries-max 1048576 --repository backup@pbs@{storage.server}:{storage.datastore}{space}"
        )

    @property
    def _folder(self) -> str:
        return f"/var/tmp/vzdumptmp{self.backup.run.task.pid}_{self.backup.guest.vmid}"  # noqa: S108 - as vzdump names it

    def _call_client(self) -> None:
        backup, storage = self.backup, self.backup.storage
        remote = f"backup@pbs@{storage.server}:8007:{storage.datastore}"
        backup.info("set max number of entries in memory for file-based backups to 1048576")
        backup.info(f"run: {self._command()}")
        name = backup.archiving.name
        backup.info(f"Starting backup: {f'[{storage.namespace}]:{name}' if storage.namespace else name}")
        backup.info(f"Client name: {backup.run.node.name}")
        backup.info(f"Starting backup protocol: {backup.run.local_moment():%a %b %e %H:%M:%S %Y}")
        earlier = [entry for entry in storage.archive(backup.guest) if not entry.unfinished]
        if earlier:
            moment = datetime.fromtimestamp(earlier[0].ctime, backup.run.node.zone)
            backup.info(f"Downloading previous manifest ({moment:%a %b %e %H:%M:%S %Y})")
        else:
            backup.info("No previous manifest available.")
        backup.info(f"Upload config file '{self._folder}/etc/vzdump/pct.conf' to '{remote}' as pct.conf.blob")
        backup.info(f"Upload directory '/mnt/vzsnap0' to '{remote}' as root.pxar.didx")

    def _sum_up(self, size: int, seconds: int) -> None:
        backup = self.backup
        first = backup.archiving.first
        fresh = size if first else int(size * backup.run.random.uniform(0.02, 0.1))
        if not first and backup.guest.changes is not None:
            fresh = int(size * backup.guest.changes)
        backup.info(
            f"root.pxar: had to backup {bytes_text(fresh, 3)} of {bytes_text(size, 3)}"
            f" (compressed {bytes_text(fresh * 0.4, 3)}) in {seconds:.2f} s (average {bytes_text(fresh / seconds, 3)}/s)"
        )
        if not first:
            reused = f"{bytes_text(size - fresh, 3)} ({(size - fresh) * 100 / size:.1f}%)"
            backup.info(f"root.pxar: backup was done incrementally, reused {reused}")
        backup.info(f"Uploaded backup catalog ({bytes_text(size / 3000, 3)})")
        backup.info(f"Duration: {seconds + 0.6:.2f}s")
        backup.info(f"End Time: {backup.run.local_moment():%a %b %e %H:%M:%S %Y}")


def _report_times(duration: int) -> list[int]:
    """Return the seconds at which progress is printed: often at first, then at most about forty times."""
    step = max(10, duration // 36)
    times = [second for second in (3, 6, 9) if second < duration]
    return [*times, *range(10 + step, duration, step), duration]
