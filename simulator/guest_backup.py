"""The backup of one guest within a run: the frame around the transfer (PVE::VZDump, VZDump::QemuServer, VZDump::LXC)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .archiving import Archiving
from .engine import Process
from .errors import BackupFailedError, StoppedError
from .guests import Guest
from .log_text import clock_text
from .outcomes import Outcome, Stage, failed, no_space
from .storages import Storage
from .transfer import transfer

if TYPE_CHECKING:
    from .vzdump import Run


@dataclass(eq=False)
class GuestBackup:
    """One guest's turn."""

    run: Run
    guest: Guest
    storage: Storage
    outcome: Outcome
    lines: list[str] = field(default_factory=list)
    began: float = 0.0

    def __post_init__(self) -> None:
        """Look after the archive."""
        self.archiving = Archiving(self)

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

    def fails_at(self, stage: Stage) -> bool:
        """Tell whether the backup is to fail at a stage; what a guest of its type never comes to is the next one."""
        chosen = self.outcome.stage
        if chosen is Stage.SNAPSHOT and not (self.guest.type == "lxc" and self.mode == "snapshot"):
            chosen = Stage.STARTING
        if chosen is Stage.STARTING and self.guest.type == "lxc":
            chosen = Stage.TRANSFERRING
        return self.outcome.error is not None and chosen is stage

    def both(self, line: str) -> None:
        """Write a line to the task log and, with the time, to the per-guest log."""
        self.run.say(line)
        text = f"{self.run.stamp()} {line}\n"
        self.lines.append(text)
        self.run.cluster.files.append(self._log_path, text, self.now)

    def info(self, text: str) -> None:
        """Write an INFO line to both logs."""
        self.both(f"INFO: {text}")

    def warn(self) -> None:
        """Write the warnings that this backup is to have."""
        for text in self.outcome.warnings:
            self.run.warnings += 1
            self.both(f"WARN: {text}")

    def failure(self, reason: str | None = None) -> BackupFailedError:
        """Return the failure with `reason`, or the chosen one, to be raised."""
        return BackupFailedError(reason or self.outcome.error or "", self.both)

    def abort(self, reason: str) -> None:
        """Write what follows a failure in the middle of the data, and drop what was written."""
        self.archiving.drop()
        if self.guest.type == "qemu":
            self.both(f"ERROR: {reason}")
            self.info("aborting backup job")
            if not self.stopped:
                self.info("resuming VM again")
        elif self.mode == "snapshot":
            self.info("cleanup temporary 'vzdump' snapshot")

    def process(self) -> Process:
        """Play the backup.

        Raises BackupFailedError, PowerLossError.
        """
        guest = self.guest
        managed = guest.hastate not in (None, "ignored", "disabled")
        if managed and self.mode == "stop" and not self.stopped:
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
            raise self.failure(f"{'VM' if guest.type == 'qemu' else 'CT'} is locked ({guest.lock})")
        if self.fails_at(Stage.PREPARING):
            raise self.failure()
        if not self.run.node.can_write:
            folder = "qemu-server" if guest.type == "qemu" else "lxc"
            path = f"/etc/pve/nodes/{self.run.node.name}/{folder}/{guest.vmid}.conf.tmp.{self.run.task.pid}"
            raise self.failure(f"unable to open file '{path}' - Permission denied")
        yield from self._with_lock()
        self.info(f"Finished Backup of VM {guest.vmid} ({clock_text(round(self.now - self.began))})")
        self.run.say(f"INFO: Backup finished at {self.run.stamp()}")
        self.archiving.keep_log(self.lines)

    def _with_lock(self) -> Process:
        """Hold the guest's lock; after a loss of power it stays."""
        self.guest.lock = "backup"
        try:
            yield from self._write_archive()
        except StoppedError as error:
            self.guest.lock = None
            self.abort("interrupted by signal")
            raise BackupFailedError("interrupted by signal", self.both, signal=True) from error
        except BackupFailedError:
            self.guest.lock = None
            raise
        self.guest.lock = None

    def _write_archive(self) -> Process:
        self._announce()
        snapshot = self.guest.type == "lxc" and self.mode == "snapshot"
        if snapshot:
            self.info("create storage snapshot 'vzdump'")
            yield 1
            if self.fails_at(Stage.SNAPSHOT):
                self.run.say("snapshot create failed: starting cleanup")
                raise self.failure()
        if objection := self.storage.objection(self.guest, self.run.node.epoch(self.began)):
            self.outcome = failed(self._refused(objection))
            raise self.failure()
        self.archiving.begin()
        available = self.storage.available_on(self.run.node.name)
        if self.outcome == Outcome() and self.archiving.stored > available:
            self.outcome = no_space(percent=available * 100 // self.archiving.stored)
        yield from transfer(self)
        self.archiving.finish()
        if snapshot:
            self.info("cleanup temporary 'vzdump' snapshot")
            yield 0.4
        if self.fails_at(Stage.PRUNING) and self.archiving.pruned:
            raise self.failure()

    def _refused(self, objection: str) -> str:
        """Return how a backup fails that a backup server lets not begin."""
        if self.guest.type == "lxc":
            self.info(f"Error: {objection}")
            client = "lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- /usr/bin/proxmox-backup-client"
            target = f"--backup-type ct --backup-id {self.guest.vmid} --backup-time {int(self.began)}"
            return f"command '{client} backup --crypt-mode=none root.pxar:/mnt/vzsnap0 {target}' failed: exit code 255"
        reason = f"VM {self.guest.vmid} qmp command 'backup' failed - backup connect failed: command error: {objection}"
        self.both(f"ERROR: {reason}")
        self.info("aborting backup job")
        if not self.stopped:
            self.info("resuming VM again")
        return reason

    def _announce(self) -> None:
        """Write mode and disks; in snapshot mode the disks come first."""
        mode = [f"backup mode: {self.mode}", "ionice priority: 7"]
        if limit := self.run.options.get("bwlimit"):
            unit = "KiB/s" if self.run.cluster.release >= (8, 0) else "KB/s"
            mode.insert(1, f"bandwidth limit: {limit} {unit}")
        disks = self._vm_disks() if self.guest.type == "qemu" else self._mount_points()
        for line in disks + mode if self.mode == "snapshot" else mode + disks:
            self.info(line)
        if self.mode == "stop" and not self.stopped:
            self.info("stopping virtual guest")

    def _vm_disks(self) -> list[str]:
        return [f"VM Name: {self.guest.name}"] + [
            f"include disk '{disk.key}' '{disk.volume}' {disk.size_label}"
            if disk.included
            else f"exclude disk '{disk.key}' '{disk.volume}' ({disk.reason})"
            for disk in self.guest.disks
        ]

    def _mount_points(self) -> list[str]:
        lines = [f"CT Name: {self.guest.name}"]
        for disk in self.guest.disks:
            place = f"mount point {disk.key} ('{disk.mount}')"
            if disk.included:
                lines.append(f"including {place} in backup")
            else:
                sort = "bind" if disk.reason == "not a volume" else "volume"
                lines.append(f"excluding {sort} {place} from backup ({disk.reason})")
        return lines

    @property
    def _log_path(self) -> str:
        return f"{self.run.node.tasks.root}/var/log/vzdump/{self.guest.type}-{self.guest.vmid}.log"
