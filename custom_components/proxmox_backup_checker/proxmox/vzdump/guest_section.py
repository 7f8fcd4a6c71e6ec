"""One guest's part of a log while it is being read."""

import re

from . import guest_lines
from .failure_cause import cause_of, explanation
from .guest_lines import GuestNotes
from .line_patterns import Stamps, parse_clock
from .records import GuestRun

# A failure's text has as many lines as the command that failed had to say; more is noise.
_MAX_ERROR_LINES = 30
# What programs said before a failure; of a longer text only the beginning can explain anything.
_MAX_SAID = 100
_LONGEST_SAID = 1000

# The programs that pack, copy or send an archive, and QEMU with what joins it to its bridge.
_SAID_BY_PROGRAM = re.compile(
    r"(?:zstd|gzip|pigz|lzop|tar|rsync|/bin/(?:ba)?sh|Error): .+|kvm: (?!warning: ).+|bridge '[^']+' does not exist"
)
# What vzdump says last before it leaves a step to others, who may fail in words of their own, and what it says after it.
_STEPS = {
    "starting kvm to execute backup task": ("started backup task ",),
    "create storage snapshot 'vzdump'": ("creating ", "sending archive to stdout"),
}
SAID_STARTS = frozenset(
    {
        "zstd",
        "gzip",
        "pigz",
        "lzop",
        "tar:",
        "rsyn",
        "/bin",
        "Erro",
        "star",
        "crea",
        "send",
        "kvm:",
        "brid",
        "cert",
        "Caus",
        "    ",
    }
)
# The client of Proxmox VE 9 tells why it could not connect on lines of their own: in one before, and as causes of its error.
_REFUSED_BY_CLIENT = "certificate validation failed - "
_BECAUSE = "Caused by:"
_ONE_CAUSE = re.compile(r" {4}(?:\d+: )?(\S.*)")

_ARCHIVE_TYPE = re.compile(r"(?:^|/)(?:vzdump-(qemu|lxc)-|(vm|ct)/)")


class GuestDraft:
    """A guest's run, line by line. `open` until vzdump said how it ended; `notes` is what was said."""

    def __init__(self, vmid: int, guest_type: str | None = None) -> None:
        """Begin with what the first line told."""
        self.open = True
        self.notes: GuestNotes = {"vmid": vmid, "guest_type": guest_type}
        self._start: str | None = None
        self._stop: str | None = None
        self._error_lines = 0
        self._said: list[str] = []
        self._because = False

    @property
    def vmid(self) -> int:
        """The guest."""
        return self.notes["vmid"]

    @property
    def failed(self) -> bool:
        """Whether vzdump said that it failed."""
        return self.notes.get("result") == "failed"

    def run(self, *, ended: bool) -> GuestRun:
        """What is known; `ended` where nothing further is to come."""
        notes: GuestNotes = {**self.notes}
        if ended and self.open:
            notes["result"] = "interrupted"
        if (error := notes.get("error")) is not None:
            notes["explanation"] = explanation(cause_of(error), self._said)
        stamps = Stamps(notes.get("archive"))
        notes["started"] = stamps.read(self._start)
        notes["finished"] = stamps.read(self._stop, after=notes["started"])
        return GuestRun(**notes)

    def start(self, stamp: str | None) -> None:
        """Take the time of the first line, or of "Backup started at"."""
        self._start = stamp or self._start

    def stop(self, stamp: str | None) -> None:
        """Take the time of the last line, or of "Backup finished at" or "Failed at"."""
        self._stop = stamp or self._stop

    def warning(self, text: str) -> None:
        """Take a WARN line."""
        guest_lines.warning(self.notes, text)

    def continue_warning(self, text: str) -> None:
        """Take a further line of the last warning."""
        *earlier, last = self.notes["warnings"]
        self.notes["warnings"] = (*earlier, f"{last}\n{text}")

    def error(self, text: str) -> None:
        """Take an ERROR line that is not the failure."""
        guest_lines.error(self.notes, text)
        if text and not self._cause(text):
            self._keep(text)

    def said(self, text: str) -> bool:
        """Take a line of a program that may explain a failure; False where it is none."""
        if self._cause(text):
            return True
        if text.startswith(_REFUSED_BY_CLIENT):
            text = f"Error: {text}"
        if text in _STEPS or _SAID_BY_PROGRAM.fullmatch(text):
            self._keep(text)
            return True
        for step, done in _STEPS.items():
            if text.startswith(done) and step in self._said:
                self._said.remove(step)
        return False

    def _cause(self, text: str) -> bool:
        """Add a cause of an error that a program told to the line of that error; False where the text is none."""
        is_first = text == _BECAUSE
        match = _ONE_CAUSE.fullmatch(text) if self._because else None
        self._because = is_first or match is not None
        if match is not None and self._said and "Error: " in self._said[-1]:
            self._said[-1] = f"{self._said[-1]}: {match[1]}"[:_LONGEST_SAID]
        return self._because

    def _keep(self, text: str) -> None:
        if len(self._said) < _MAX_SAID:
            self._said.append(text[:_LONGEST_SAID])

    def finish(self, clock: re.Match[str], stamp: str | None) -> None:
        """Take "Finished Backup of VM"; groups 2 to 4 are hours, minutes and seconds."""
        self.open = False
        self.notes["result"] = "ok"
        self.notes["duration"] = parse_clock(clock[2], clock[3], clock[4])
        self.notes["archive_complete"] = True
        if "pruned" in self.notes:
            # Before 6.4 the deletions are all that is said of the clean-up, and it had to succeed for this line.
            self.notes.setdefault("prune", "done")
        self.stop(stamp)

    def fail(self, error: str | None, stamp: str | None) -> None:
        """Take "Backup of VM failed"; it holds against anything said before."""
        self.open = False
        self._error_lines = 1
        self.notes["result"] = "failed"
        self.notes["error"] = error or None
        self.notes["duration"] = None
        self.stop(stamp)

    def continue_error(self, text: str) -> None:
        """Take a further line of the failure's text."""
        if self._error_lines < _MAX_ERROR_LINES:
            self._error_lines += 1
            self.notes["error"] = f"{self.notes['error'] or ''}\n{text}".strip("\n") or None

    def identify(self, vmid: int) -> None:
        """Take the VMID of a guest whose first line was cut off; its archive's name tells what it is."""
        self.notes["vmid"] = vmid
        if found := _ARCHIVE_TYPE.search(self.notes.get("archive", "")):
            self.notes["guest_type"] = found[1] or {"vm": "qemu", "ct": "lxc"}[found[2]]
