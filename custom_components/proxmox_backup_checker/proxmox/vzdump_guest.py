"""One guest's part of a log while it is being read."""

from dataclasses import replace
import re

from . import vzdump_guest_lines as guest_lines
from .vzdump_records import GuestRun
from .vzdump_units import Stamps, parse_clock

# A failure's text has as many lines as the command that failed had to say; more is noise.
_MAX_ERROR_LINES = 30


class GuestDraft:
    """A guest's run, line by line. `open` until vzdump said how it ended."""

    def __init__(self, vmid: int, guest_type: str | None = None) -> None:
        """Begin with what the first line told."""
        self.run = GuestRun(vmid=vmid, guest_type=guest_type)
        self.open = True
        self._stamps = Stamps()
        self._start_text: str | None = None
        self._error_lines = 0

    def start(self, stamp: str | None) -> None:
        """Take the time of the first line, or of "Backup started at"."""
        if stamp is None:
            return
        self._start_text = stamp
        self.run = replace(self.run, started=self._stamps.read(stamp))

    def info(self, text: str) -> None:
        """Take an INFO line."""
        before = self.run.archive
        self.run = guest_lines.info(self.run, text)
        if before is None and self.run.archive is not None:
            self._stamps.learn(self.run.archive)
            if self.run.started is None:
                self.run = replace(self.run, started=self._stamps.read(self._start_text))

    def warning(self, text: str) -> None:
        """Take a WARN line."""
        self.run = guest_lines.warning(self.run, text)

    def continue_warning(self, text: str) -> None:
        """Take a further line of the last warning."""
        if self.run.warnings:
            *earlier, last = self.run.warnings
            self.run = replace(self.run, warnings=(*earlier, f"{last}\n{text}"))

    def error(self, text: str) -> None:
        """Take an ERROR line that is not the failure."""
        self.run = guest_lines.error(self.run, text)

    def finish(self, clock: re.Match[str], stamp: str | None) -> None:
        """Take "Finished Backup of VM"; groups 2 to 4 are hours, minutes and seconds."""
        self.open = False
        # Before 6.4 the deletions are all that is said of the clean-up, and it had to succeed for this line.
        prune = self.run.prune or ("done" if self.run.pruned is not None else None)
        self.run = replace(
            self.run,
            result="ok",
            error=None,
            duration=parse_clock(clock[2], clock[3], clock[4]),
            archive_complete=True,
            prune=prune,
        )
        self.stop(stamp)

    def fail(self, error: str | None, stamp: str | None) -> None:
        """Take "Backup of VM failed"; it holds against anything said before."""
        self.open = False
        self._error_lines = 1
        self.run = replace(self.run, result="failed", error=error or None, duration=None)
        self.stop(stamp)

    def continue_error(self, text: str) -> None:
        """Take a further line of the failure's text."""
        if self._error_lines < _MAX_ERROR_LINES:
            self._error_lines += 1
            self.run = replace(self.run, error=f"{self.run.error or ''}\n{text}".strip("\n"))

    def stop(self, stamp: str | None) -> None:
        """Take the time of the last line, or of "Backup finished at" or "Failed at"."""
        if stamp is not None:
            self.run = replace(self.run, finished=self._stamps.read(stamp, after=self.run.started))

    def rename(self, vmid: int) -> None:
        """Take the VMID of a guest whose first line was cut off; its archive's name tells what it is."""
        found = re.search(r"(?:^|/)(?:vzdump-(qemu|lxc)-|(vm|ct)/)", self.run.archive or "")
        guest_type = (found[1] or {"vm": "qemu", "ct": "lxc"}[found[2]]) if found else None
        self.run = replace(self.run, vmid=vmid, guest_type=guest_type)

    @property
    def final_run(self) -> GuestRun:
        """The run as it stands once nothing further is to come."""
        return replace(self.run, result="interrupted") if self.open else self.run
