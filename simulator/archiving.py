"""What a backup leaves on the storage: the archive, its notes, and what the prune after it removes."""

from typing import TYPE_CHECKING

from . import retention
from .log_text import archive_size_text
from .outcomes import Stage
from .storages import Archive

if TYPE_CHECKING:
    from .guest_backup import GuestBackup

COMPRESSED = 0.45
"""Share of the data that is left after compression."""
NEW_ON_SERVER = 0.02
"""Share of the data that a backup server has to store for a guest that it knows."""


class Archiving:
    """The archive of one guest's turn."""

    def __init__(self, backup: GuestBackup) -> None:
        """Name nothing yet."""
        self._backup = backup
        self.archive: Archive | None = None
        self.first = True
        self.name = ""
        self.size = self.stored = 0
        self.pruned = False
        """Whether older backups were to be removed."""

    def begin(self) -> None:
        """Announce the archive; a backup server lists its snapshot while it is written, with size 1."""
        backup, storage, run = self._backup, self._backup.storage, self._backup.run
        guest = backup.guest
        compress = str(run.options.get("compress", "0"))
        began = run.node.epoch(backup.began)
        self.name = storage.new_name(guest, began, run.node.zone, compress)
        self.first = not storage.archive(guest)
        data = int(guest.size * guest.filled)
        if backup.to_pbs:
            self.size = guest.size if guest.type == "qemu" else data
            self.stored = int(data * (COMPRESSED if self.first else NEW_ON_SERVER))
            backup.info(f"creating Proxmox Backup Server archive '{self.name}'")
            self._store(unfinished=True)
            return
        share = COMPRESSED if compress != "0" else 1.0
        self.size = self.stored = int(data * share * run.random.uniform(0.98, 1.02)) or 2048
        backup.info(f"creating vzdump archive '{storage.path}/dump/{self.name}'")

    def drop(self) -> None:
        """Remove what an aborted backup has written."""
        if self.archive is not None and self.archive in self._backup.storage.archives:
            self._backup.storage.remove(self.archive)

    def finish(self) -> None:
        """Put the archive in place, write its notes, protect it, and prune."""
        backup = self._backup
        archive = self._store(unfinished=False)
        if error := backup.storage.finish(archive):
            raise backup.failure(error)
        options = backup.run.options
        if not backup.to_pbs:
            backup.info(f"archive file size: {archive_size_text(archive.size)}")
        if template := options.get("notes-template"):
            backup.info("adding notes to backup")
            archive.notes = self._notes(str(template))
        if options.get("protected"):
            backup.info("marking backup as protected")
            archive.protected = True
        keep = backup.run.keep(backup.storage)
        if not retention.unlimited(keep) and str(options.get("remove", "1")) != "0":
            self._prune(keep)

    def keep_log(self, lines: list[str]) -> None:
        """Leave a copy of the log beside the archive, as vzdump does on file storages."""
        if not self._backup.to_pbs and self.archive is not None:
            path = self._backup.storage.log_of(self.archive)
            self._backup.run.cluster.files.write(path, "".join(lines), self._backup.now)

    def _store(self, *, unfinished: bool) -> Archive:
        storage, node, guest = self._backup.storage, self._backup.run.node, self._backup.guest
        if self.archive is None:
            began = self._backup.began
            self.archive = Archive(
                name=self.name,
                vmid=guest.vmid,
                type=guest.type,
                ctime=node.epoch(began),
                size=1 if unfinished else self.size,
                stored=0 if unfinished else self.stored,
                node=None if storage.shared else node.name,
                unfinished=unfinished,
            )
            storage.store(self.archive, node)
        elif not unfinished:
            self.archive.unfinished = False
            self.archive.size, self.archive.stored = self.size, self.stored
        if not unfinished:
            self.archive.encrypted = storage.encryption_key
            self.archive.verification = "ok" if storage.verifies and storage.place is None else None
        return self.archive

    def _prune(self, keep: dict[str, int]) -> None:
        backup, storage, node = self._backup, self._backup.storage, self._backup.run.node
        guest = backup.guest
        self.pruned = True
        backup.info(f"prune older backups with retention: {retention.describe(keep)}")
        group = f"{guest.kind}/{guest.vmid}"
        if backup.to_pbs:
            backup.info(f"running 'proxmox-backup-client prune' for '{group}'")
        if backup.fails_at(Stage.PRUNING):
            for line in backup.outcome.output:
                backup.both(line.format(group=group))
            return
        own = [
            entry for entry in storage.archives_on(node.name) if (entry.vmid, entry.type) == (guest.vmid, guest.type)
        ]
        listed = retention.marks(own, keep, node.zone, lambda entry: storage.ctime(entry, node.zone))
        gone = [entry for entry, mark in listed.items() if mark == "remove"]
        for entry in sorted(gone, key=lambda archive: archive.ctime):
            if not backup.to_pbs:
                backup.info(f"removing backup '{storage.volid(entry)}'")
            storage.remove(entry)
        if own:
            storage.pruned(own[0])
        suffix = " not covered by keep-retention policy" if gone else ""
        backup.info(f"pruned {len(gone)} backup(s){suffix}")

    def _notes(self, template: str) -> str:
        cluster = self._backup.run.cluster
        values = {
            "cluster": cluster.name or "standalone node",
            "guestname": self._backup.guest.name,
            "node": self._backup.run.node.name,
            "vmid": str(self._backup.guest.vmid),
        }
        for name, value in values.items():
            template = template.replace("{{" + name + "}}", value)
        return template
