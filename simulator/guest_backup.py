"""The backup of one guest within a run: what it writes to both logs, and when (PVE::VZDump, VZDump::QemuServer, VZDump::LXC)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from . import retention
from .engine import Process
from .guests import Guest
from .log_text import archive_size_text, bytes_text, clock_text, span_text, tar_size_text
from .outcomes import Outcome, Stage
from .storages import Archive, Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from .vzdump import Run

FOREVER = 3650 * 86400.0
MIB = 1024**2


class StoppedError(Exception):
    """The task was stopped by a user or a shutdown."""


class PowerLossError(Exception):
    """The node lost its power."""


class GoOnError(Exception):
    """A backup that hangs may go on."""


class BackupFailedError(Exception):
    """The backup of a guest failed; `both` writes to both logs, where the per-guest log is open."""

    def __init__(self, reason: str, both: Callable[[str], None] | None = None, *, signal: bool = False) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.both = both
        self.signal = signal


@dataclass(eq=False)
class GuestBackup:
    """One guest's turn."""

    run: Run
    guest: Guest
    storage: Storage
    outcome: Outcome
    lines: list[str] = field(default_factory=list)
    began: float = 0.0
    archive: Archive | None = None

    @property
    def to_pbs(self) -> bool:
        """Tell whether the target is a Proxmox Backup Server."""
        return self.storage.type == "pbs"

    @property
    def stopped(self) -> bool:
        """Tell whether the guest does not run."""
        return self.guest.status == "stopped"

    @property
    def mode(self) -> str:
        """Return the mode that this guest gets."""
        return "stop" if self.stopped else str(self.run.options.get("mode", "snapshot"))

    @property
    def now(self) -> float:
        """Return the present, in epoch seconds."""
        return self.run.cluster.engine.time

    def both(self, line: str) -> None:
        """Write a line to the task log and, with the time, to the per-guest log."""
        self.run.say(line)
        text = f"{self.run.stamp()} {line}\n"
        self.lines.append(text)
        self.run.cluster.files.append(self._log_path, text, self.now)

    def info(self, text: str) -> None:
        """Write an INFO line to both logs."""
        self.both(f"INFO: {text}")

    def fail(self, reason: str) -> BackupFailedError:
        """Return the failure with `reason`, to be raised."""
        return BackupFailedError(reason, self.both)

    def process(self) -> Process:
        """Play the backup."""
        guest = self.guest
        if guest.hastate not in (None, "ignored", "disabled") and self.mode == "stop" and not self.stopped:
            raise BackupFailedError(
                "Cannot execute a backup with stop mode on a HA managed and enabled Service."
                " Use snapshot mode or disable the Service."
            )
        self.began = self.now
        self.run.cluster.files.write(self._log_path, "", self.now)
        self.info(f"Starting Backup of VM {guest.vmid} ({guest.type})")
        self.run.say(f"INFO: Backup started at {self.run.stamp()}")
        self.info(f"status = {guest.status}")
        if guest.lock is not None:
            kind = "VM" if guest.type == "qemu" else "CT"
            raise self.fail(f"{kind} is locked ({guest.lock})")
        if self.outcome.stage is Stage.PREPARING and self.outcome.error:
            raise self.fail(self.outcome.error)
        guest.lock = "backup"
        try:
            yield from self._locked()
        except StoppedError as error:
            guest.lock = None
            self._abort("interrupted by signal")
            reason = "interrupted by signal"
            raise BackupFailedError(reason, self.both, signal=True) from error
        except BackupFailedError:
            guest.lock = None
            raise
        guest.lock = None
        seconds = round(self.now - self.began)
        self.info(f"Finished Backup of VM {guest.vmid} ({clock_text(seconds)})")
        self.run.say(f"INFO: Backup finished at {self.run.stamp()}")
        self._copy_log()

    def _locked(self) -> Process:
        self._announce()
        if self.guest.type == "lxc" and self.mode == "snapshot":
            self.info("create storage snapshot 'vzdump'")
            yield 1
        name = self.storage.new_name(self.guest, self.run.node.epoch(self.began), self.run.node.zone, self._compress)
        what = "Proxmox Backup Server" if self.to_pbs else "vzdump"
        self.info(f"creating {what} archive '{name if self.to_pbs else self._target(name)}'")
        if self.to_pbs:
            self._begin_snapshot(name)
        if self.guest.type == "qemu":
            yield from self._transfer_qemu()
        elif self.to_pbs:
            yield from self._transfer_lxc_pbs(name)
        else:
            yield from self._transfer_lxc()
        self._keep_archive(name)
        self._finish_archive()
        if self.guest.type == "lxc" and self.mode == "snapshot":
            self.info("cleanup temporary 'vzdump' snapshot")
            yield 0.4
        if self.outcome.stage is Stage.PRUNING and self.outcome.error:
            raise self.fail(self.outcome.error)

    def _announce(self) -> None:
        mode = [f"backup mode: {self.mode}", "ionice priority: 7"]
        guest = self.guest
        kind = "VM" if guest.type == "qemu" else "CT"
        config = [f"{kind} Name: {guest.name}"]
        for disk in guest.disks:
            if guest.type == "qemu" and disk.included:
                config.append(f"include disk '{disk.key}' '{disk.volume}' {disk.size_label}")
            elif guest.type == "qemu":
                config.append(f"exclude disk '{disk.key}' '{disk.volume}' ({disk.reason})")
            elif disk.included:
                config.append(f"including mount point {disk.key} ('{disk.mount}') in backup")
            else:
                sort = "bind" if disk.reason == "not a volume" else "volume"
                config.append(f"excluding {sort} mount point {disk.key} ('{disk.mount}') from backup ({disk.reason})")
        for line in config + mode if self.mode == "snapshot" else mode + config:
            self.info(line)
        if self.mode == "stop" and not self.stopped:
            self.info("stopping virtual guest")

    def _transfer_qemu(self) -> Process:
        guest = self.guest
        if not guest.size:
            self.info("backup contains no disks")
            self.info("starting diskless backup")
            return
        if self.stopped or self.mode == "stop":
            self.info("starting kvm to execute backup task")
            yield 1
        for text in self.outcome.warnings:
            self.run.warnings += 1
            self.both(f"WARN: {text}")
        if not self.stopped and guest.agent:
            self.info("issuing guest-agent 'fs-freeze' command")
            self.info("issuing guest-agent 'fs-thaw' command")
        elif not self.stopped and guest.agent is False:
            self.info("skipping guest-agent 'fs-freeze', agent configured but not running?")
        task = UUID(int=self.run.random.getrandbits(128), version=4)
        self.info(f"started backup task '{task}'")
        if not self.stopped:
            self.info("resuming VM again")
        total = guest.size
        if self.to_pbs:
            total = yield from self._dirty_bitmaps()
        yield from self._progress(total)
        if self.to_pbs:
            self.info("Waiting for server to finish backup validation...")
            reused = guest.size - total
            self.info(f"backup was done incrementally, reused {bytes_text(reused, 2)} ({reused * 100 // guest.size}%)")
        else:
            zero = int(guest.size * (1 - guest.filled))
            self.info(f"backup is sparse: {bytes_text(zero, 2)} ({zero * 100 // guest.size}%) total zero data")
        seconds = max(1, round(total / (guest.speed * MIB)))
        rate = bytes_text(total / seconds)
        self.info(f"transferred {bytes_text(total, 2)} in {seconds} seconds ({rate}/s)")
        if self.stopped or self.mode == "stop":
            self.info("stopping kvm after backup task")

    def _dirty_bitmaps(self) -> Process:
        yield 0.3
        first = not any(
            archive.vmid == self.guest.vmid for archive in self.storage.archives if archive is not self.archive
        )
        share = 1.0 if first else self.run.random.uniform(0.01, 0.05)
        dirty = 0
        for disk in self.guest.disks:
            if not disk.included:
                continue
            changed = int(disk.size * share)
            dirty += changed
            status = "created new" if first else f"OK ({bytes_text(changed)} of {bytes_text(disk.size)} dirty)"
            self.info(f"{disk.key}: dirty-bitmap status: {status}")
        if not first:
            size = bytes_text(self.guest.size)
            self.info(f"using fast incremental mode (dirty-bitmap), {bytes_text(dirty)} dirty of {size} total")
        return dirty

    def _progress(self, total: int) -> Process:
        duration = max(1, round(total / (self.guest.speed * MIB)))
        for second in _report_times(duration):
            previous = self._elapsed
            yield from self._go_to(second, duration)
            done = total * second // duration
            rate = (done - total * previous // duration) / max(1, second - previous)
            written = rate * self.guest.filled * self.run.random.uniform(0.7, 1.0)
            self.info(
                f"{done * 100 // total:3d}% ({bytes_text(done)} of {bytes_text(total)}) in"
                f" {span_text(second)}, read: {bytes_text(rate)}/s, write: {bytes_text(written)}/s"
            )

    _elapsed: int = 0

    def _go_to(self, second: int, duration: int) -> Process:
        """Let the transfer reach `second`, unless its outcome comes first."""
        turn = duration * self.outcome.percent // 100
        outcome = self.outcome
        special = outcome.hangs or outcome.signal or outcome.power_loss
        special = special or (outcome.error is not None and outcome.stage is Stage.TRANSFERRING)
        if special and self._elapsed <= turn < second:
            yield turn - self._elapsed
            self._elapsed = turn
            yield from self._turn()
        yield second - self._elapsed
        self._elapsed = second

    def _turn(self) -> Process:
        outcome = self.outcome
        if outcome.power_loss:
            raise PowerLossError
        if outcome.signal:
            raise StoppedError
        if outcome.hangs:
            self.run.hangs = True
            try:
                yield FOREVER
            except GoOnError:
                return
            finally:
                self.run.hangs = False
        reason = outcome.error or ""
        if reason == "no space":
            self.run.say("zstd: error 70 : Write error : cannot write block : No space left on device ")
            reason = "vma_queue_write: write error - Broken pipe"
        for line in outcome.output:
            self.both(line)
        self._abort(reason)
        raise self.fail(reason)

    def _abort(self, reason: str) -> None:
        if self.to_pbs and self.archive is not None and self.archive in self.storage.archives:
            self.storage.remove(self.archive)
        if self.guest.type == "qemu":
            self.both(f"ERROR: {reason}")
            self.info("aborting backup job")
            if not self.stopped:
                self.info("resuming VM again")
        elif self.mode == "snapshot":
            self.info("cleanup temporary 'vzdump' snapshot")

    def _transfer_lxc(self) -> Process:
        size = int(self.guest.size * self.guest.filled)
        seconds = max(1, round(size / (self.guest.speed * MIB)))
        for text in self.outcome.warnings:
            self.run.warnings += 1
            self.both(f"WARN: {text}")
        yield from self._go_to(seconds, seconds)
        rate = tar_size_text(size // seconds)
        self.info(f"Total bytes written: {size // 10240 * 10240} ({tar_size_text(size)}, {rate}/s)")

    def _transfer_lxc_pbs(self, name: str) -> Process:
        guest, storage = self.guest, self.storage
        repository = f"backup@pbs@{storage.server}:{storage.datastore}"
        space = f" --ns {storage.namespace}" if storage.namespace else ""
        folder = f"/var/tmp/vzdumptmp{self.run.task.pid}_{guest.vmid}"
        remote = f"backup@pbs@{storage.server}:8007:{storage.datastore}"
        self.info("set max number of entries in memory for file-based backups to 1048576")
        self.info(
            "run: lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- /usr/bin/proxmox-backup-client backup"
            f" --crypt-mode=none pct.conf:{folder}/etc/vzdump/pct.conf root.pxar:/mnt/vzsnap0 --include-dev"
            " /mnt/vzsnap0/./ --skip-lost-and-found --exclude=/tmp/?* --exclude=/var/tmp/?* --exclude=/var/run/?*.pid"
            f" --backup-type ct --backup-id {guest.vmid} --backup-time {int(self.began)} --entries-max 1048576"
            f" --repository {repository}{space}"
        )
        group = f"[{storage.namespace}]:{name}" if storage.namespace else name
        self.info(f"Starting backup: {group}")
        self.info(f"Client name: {self.run.node.name}")
        self.info(f"Starting backup protocol: {self.run.local_moment():%a %b %e %H:%M:%S %Y}")
        earlier = [entry for entry in storage.archive(guest) if entry is not self.archive]
        if earlier:
            moment = datetime.fromtimestamp(earlier[0].ctime, self.run.node.zone)
            self.info(f"Downloading previous manifest ({moment:%a %b %e %H:%M:%S %Y})")
        else:
            self.info("No previous manifest available.")
        self.info(f"Upload config file '{folder}/etc/vzdump/pct.conf' to '{remote}' as pct.conf.blob")
        self.info(f"Upload directory '/mnt/vzsnap0' to '{remote}' as root.pxar.didx")
        yield from self._upload_lxc(reusing=bool(earlier))

    def _upload_lxc(self, *, reusing: bool) -> Process:
        size = int(self.guest.size * self.guest.filled)
        seconds = max(1, round(size / (self.guest.speed * MIB)))
        for text in self.outcome.warnings:
            self.run.warnings += 1
            self.both(f"WARN: {text}")
        for minute in range(1, seconds // 60 + 1):
            yield from self._go_to(minute * 60, seconds)
            done = size * minute * 60 / seconds
            self.info(f"processed {bytes_text(done, 3)} in {minute}m, uploaded {bytes_text(done * 0.04, 3)}")
        yield from self._go_to(seconds, seconds)
        fresh = int(size * self.run.random.uniform(0.02, 0.1)) if reusing else size
        rate = bytes_text(fresh / seconds, 3)
        self.info(
            f"root.pxar: had to backup {bytes_text(fresh, 3)} of {bytes_text(size, 3)}"
            f" (compressed {bytes_text(fresh * 0.4, 3)}) in {seconds:.2f} s (average {rate}/s)"
        )
        if reusing:
            share = (size - fresh) * 100 / size
            self.info(f"root.pxar: backup was done incrementally, reused {bytes_text(size - fresh, 3)} ({share:.1f}%)")
        self.info(f"Uploaded backup catalog ({bytes_text(size / 3000, 3)})")
        self.info(f"Duration: {seconds + 0.6:.2f}s")
        self.info(f"End Time: {self.run.local_moment():%a %b %e %H:%M:%S %Y}")

    def _keep_archive(self, name: str) -> None:
        """Put the finished archive on the storage."""
        guest, storage, run = self.guest, self.storage, self.run
        data = int(guest.size * guest.filled)
        size = int(guest.size if self.to_pbs else data * 0.45 * run.random.uniform(0.98, 1.02)) or 2048
        if self.archive is None:
            if size > storage.available_on(run.node.name):
                self.outcome = Outcome(error="no space", percent=99)
            self.archive = Archive(
                name=name,
                vmid=guest.vmid,
                type=guest.type,
                ctime=run.node.epoch(self.began),
                size=size,
                stored=size,
                node=None if storage.shared else run.node.name,
            )
            storage.store(self.archive)
        else:
            earlier = len(storage.archive(guest)) > 1
            self.archive.unfinished = False
            self.archive.size = size
            self.archive.stored = int(data * (0.02 if earlier else 0.5))
        self.archive.encrypted = storage.encryption_key
        self.archive.verification = "ok" if storage.verifies else None

    def _begin_snapshot(self, name: str) -> None:
        """Put the unfinished snapshot on the backup server: it is listed while it is written."""
        self.archive = Archive(
            name=name,
            vmid=self.guest.vmid,
            type=self.guest.type,
            ctime=int(self.began),
            size=1,
            stored=0,
            unfinished=True,
        )
        self.storage.store(self.archive)

    def _finish_archive(self) -> None:
        """Size, notes, protection and prune."""
        assert self.archive is not None
        options = self.run.options
        if not self.to_pbs:
            self.info(f"archive file size: {archive_size_text(self.archive.size)}")
        if template := options.get("notes-template"):
            self.info("adding notes to backup")
            self.archive.notes = self._notes(str(template))
        if options.get("protected"):
            self.info("marking backup as protected")
            self.archive.protected = True
        keep = self.run.keep(self.storage)
        if retention.unlimited(keep) or str(options.get("remove", "1")) == "0":
            return
        self.info(f"prune older backups with retention: {retention.describe(keep)}")
        group = f"{self.guest.kind}/{self.guest.vmid}"
        if self.to_pbs:
            self.info(f"running 'proxmox-backup-client prune' for '{group}'")
        if self.outcome.stage is Stage.PRUNING and self.outcome.error:
            for line in self.outcome.output:
                self.both(line.format(group=group))
            return
        self._prune(keep)

    def _prune(self, keep: dict[str, int]) -> None:
        storage, node = self.storage, self.run.node
        own = [
            entry
            for entry in storage.archives_on(node.name)
            if (entry.vmid, entry.type) == (self.guest.vmid, self.guest.type)
        ]
        gone = [entry for entry, mark in retention.marks(own, keep, node.zone).items() if mark == "remove"]
        for entry in sorted(gone, key=lambda archive: archive.ctime):
            if not self.to_pbs:
                self.info(f"removing backup '{storage.volid(entry)}'")
            storage.remove(entry)
        suffix = " not covered by keep-retention policy" if gone else ""
        self.info(f"pruned {len(gone)} backup(s){suffix}")

    def _notes(self, template: str) -> str:
        cluster = self.run.cluster
        values = {
            "cluster": cluster.name or "standalone node",
            "guestname": self.guest.name,
            "node": self.run.node.name,
            "vmid": str(self.guest.vmid),
        }
        for name, value in values.items():
            template = template.replace("{{" + name + "}}", value)
        return template

    @property
    def _compress(self) -> str:
        return str(self.run.options.get("compress", "0"))

    @property
    def _log_path(self) -> str:
        return f"{self.run.node.tasks.root}/var/log/vzdump/{self.guest.type}-{self.guest.vmid}.log"

    def _target(self, name: str) -> str:
        return f"{self.storage.path}/dump/{name}"

    def _copy_log(self) -> None:
        """Leave a copy of the log beside the archive, as vzdump does on file storages."""
        if self.to_pbs or self.archive is None:
            return
        path = self.storage.file_of(self.archive).split(".", 1)[0]
        self.run.cluster.files.write(f"{path}.log", "".join(self.lines), self.now)


def _report_times(duration: int) -> list[int]:
    """Return the seconds at which the progress is printed: often at first, then at most forty times."""
    step = max(10, duration // 36)
    times = [second for second in (3, 6, 9) if second < duration]
    return [*times, *range(10 + step, duration, step), duration]
