"""Reader of vzdump's logs: a run's task log, and the log that each guest's last run leaves on the node.

Line forms as in PVE/VZDump/Plugin.pm (debugmsg): `INFO: text` in task logs, `2025-08-20 21:00:03 INFO: text` in guests' logs, and
`100: 2025-08-20 21:00:03 INFO: text` in Proxmox's mails. Everything else (LVM, zstd, lock messages) has no such prefix and counts
only as the continuation of a warning, or as the closing TASK line.
"""

import codecs
from dataclasses import replace
import re

from . import guest_lines
from .guest_section import SAID_STARTS, GuestDraft
from .job_section import JobLines
from .line_patterns import FAILED, PREFIXED, STAMP, STARTED
from .mail_table import MailTable
from .progress import progress_of
from .records import DirtyBitmap, ExcludedDisk, FreezeState, GuestResult, GuestRun, LogResult, PruneState, VzdumpLog

__all__ = [
    "DirtyBitmap",
    "ExcludedDisk",
    "FreezeState",
    "GuestResult",
    "GuestRun",
    "LogResult",
    "PruneState",
    "VzdumpLog",
    "VzdumpLogReader",
    "parse",
]

# Longer lines are cut; no line of vzdump comes near it, but a damaged file may have no line ends at all.
_MAX_LINE = 65_536
_CHUNK = 1 << 20
# Among so many last lines there is one of progress while a backup goes on.
_TAIL = 20
_MAX_CONTINUATION = 20

# Nearly all lines of a large log are progress: "INFO:  57% (...", in a guest's log after its time.
_PROGRESS = frozenset(f"INFO: {char}" for char in " 0123456789")
_HEAD, _STAMPED_HEAD = slice(0, 7), slice(20, 27)
# "INFO:     error connecting to ..." is no progress, but one of the causes that a program told.
_INDENTED = "INFO:     "
_INDENT, _STAMPED_INDENT = slice(0, 10), slice(20, 30)

_STAMP = re.compile(STAMP)
_FINISHED = re.compile(r"Finished Backup of VM (\d{1,12}) \((\d{2,9}):(\d\d):(\d\d)\)")
_TIMES = re.compile(rf"(Backup started|Backup finished|Failed) at ({STAMP})")
_MILESTONES = JobLines.INFO_STARTS | {"Star", "Fini", "Fail"}
_INTERESTING = guest_lines.INFO_STARTS | _MILESTONES | SAID_STARTS


def parse(text: str, *, finished: bool | None = None) -> VzdumpLog:
    """Read a whole log, task log or guest's log; never raises.

    A log that stops in the midst of a guest looks the same whether vzdump is still at work or died. Who knows more than the log,
    from the task's status for example, says so with `finished`: with True such a guest is `interrupted` and the run `aborted`,
    otherwise the guest is `running` and the run's result None. A closing TASK line needs no such help.
    """
    reader = VzdumpLogReader()
    for start in range(0, len(text), _CHUNK):
        reader.feed(text[start : start + _CHUNK])
    reader.end()
    return reader.log(finished=finished)


class VzdumpLogReader:
    """Reads a log piece by piece, in memory that does not grow with its size.

    `position` is the number of bytes taken: where to read on in a growing file.
    """

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        self.position = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._number = 0
        self._job = JobLines()
        self._mail = MailTable()
        self._guests: list[GuestRun] = []
        self._guest: GuestDraft | None = None
        self._headless: GuestDraft | None = GuestDraft(0)
        self._stamped: bool | None = None  # whether lines carry their time, as in guests' logs and mails
        self._continue_warning_at = self._continue_error_at = -1
        self._continued = 0
        self._tail: list[str] = []

    def feed(self, chunk: str | bytes) -> None:
        """Take the next piece, cut anywhere; a last line without end waits for the rest of it."""
        if isinstance(chunk, bytes):
            self.position += len(chunk)
            chunk = self._decoder.decode(chunk)
        if "\0" in chunk:
            # Where a node crashed, its file system may have left blocks of NULs.
            chunk = chunk.replace("\0", "")
        lines = (self._rest + chunk).split("\n")
        self._rest = lines.pop()[:_MAX_LINE]
        self._lines(lines)

    def end(self) -> None:
        """Take the last line as complete."""
        if last := self._rest + self._decoder.decode(b"", final=True):
            self._rest = ""
            self._lines([last])

    def _lines(self, lines: list[str]) -> None:
        before = self._number
        self._number += len(lines)
        self._tail = [*self._tail, *lines[-_TAIL:]][-_TAIL:]
        head, indent = (_STAMPED_HEAD, _STAMPED_INDENT) if self._stamped else (_HEAD, _INDENT)
        telling = [
            (number, line)
            for number, line in enumerate(lines, before)
            if line[head] not in _PROGRESS or line[indent] == _INDENTED
        ]
        for number, line in telling:
            if line[:6] == "INFO: ":
                if line[6:10] in _INTERESTING:
                    self._info(line[6:_MAX_LINE].rstrip(), None)
            elif line[19:26] == " INFO: " and _STAMP.match(line):
                if line[26:30] in _INTERESTING:
                    self._info(line[26:_MAX_LINE].rstrip(), line[:19])
            elif line and line[0] != " ":
                self._other(line[:_MAX_LINE].rstrip().removeprefix("\ufeff"), number)

    def _other(self, line: str, number: int) -> None:
        match = PREFIXED.fullmatch(line) if "INFO:" in line or "WARN:" in line or "ERROR:" in line else None
        if match is None:
            self._bare(line, number)
            return
        stamp, level, text = match[1], match[2], match[3] or ""
        if level == "INFO":
            self._info(text, stamp)
        elif level == "WARN":
            self._warning(text, stamp, number)
        else:
            self._error(text, stamp, number)

    def _info(self, text: str, stamp: str | None) -> None:
        if text[:4] in _MILESTONES and self._milestone(text, stamp):
            self._seen(stamp)
        elif (guest := self._guest or self._headless) is not None and guest.open and not guest.said(text):
            guest_lines.info(guest.notes, text)

    def _milestone(self, text: str, stamp: str | None) -> bool:
        """Take a line that begins or ends something; False where it is none of them."""
        if match := STARTED.fullmatch(text):
            self._begin(GuestDraft(int(match[1]), match[2])).start(stamp)
        elif match := _FINISHED.fullmatch(text):
            self._finish(match, stamp)
        elif match := _TIMES.fullmatch(text):
            if self._guest is not None:
                (self._guest.start if match[1] == "Backup started" else self._guest.stop)(match[2])
        elif self._job.info(text, guest_open=self._guest is not None and self._guest.open):
            self._headless = None
        else:
            return False
        return True

    def _finish(self, match: re.Match[str], stamp: str | None) -> None:
        vmid = int(match[1])
        if self._guest is not None and self._guest.vmid == vmid:
            if not self._guest.failed:
                self._guest.finish(match, stamp)
        elif self._guest is None or not self._guest.open:
            self._begin(self._adopt(vmid)).finish(match, stamp)
        # Guests come strictly one after the other: with another guest open, this is a hook script talking.

    def _error(self, text: str, stamp: str | None, number: int) -> None:
        self._seen(stamp)
        if match := FAILED.fullmatch(text):
            self._fail(match, stamp, number)
        elif self._guest is not None and self._continue_error_at == number and not text.startswith("Backup job failed"):
            self._continue_error_at = number + 1
            self._guest.continue_error(text)
        elif not self._job.error(text, number, has_guests=self._guest is not None):
            if (guest := self._guest or self._headless) is not None:
                guest.error(text)

    def _fail(self, match: re.Match[str], stamp: str | None, number: int) -> None:
        vmid = int(match[1])
        guest = self._guest
        if guest is not None and guest.open and guest.vmid != vmid:
            return
        if guest is None or guest.vmid != vmid or guest.failed:
            guest = self._begin(self._adopt(vmid))
        guest.fail(match[2], stamp)
        self._continue_error_at = number + 1

    def _warning(self, text: str, stamp: str | None, number: int) -> None:
        self._seen(stamp)
        self._job.warning(text)
        if (guest := self._guest or self._headless) is not None:
            guest.warning(text)
        self._continue_warning_at = number + 1
        self._continued = 0

    def _bare(self, line: str, number: int) -> None:
        if self._continue_warning_at == number and line and not line[0].isspace() and not line.startswith("TASK "):
            self._continued += 1
            if self._continued <= _MAX_CONTINUATION:
                self._continue_warning_at = number + 1
                self._job.continue_warning(line)
                if (guest := self._guest or self._headless) is not None:
                    guest.continue_warning(line)
        elif line.startswith("TASK "):
            self._job.task(line)
        elif command := self._mail.line(line, number):
            self._job.mailed_command(command)
        elif (guest := self._guest or self._headless) is not None and guest.open:
            guest.said(line)

    def _seen(self, stamp: str | None) -> None:
        if self._stamped is None:
            self._stamped = stamp is not None
        self._job.went_on()

    def _begin(self, guest: GuestDraft) -> GuestDraft:
        if self._guest is not None:
            self._guests.append(self._guest.run(ended=True))
        self._guest = guest
        self._headless = None
        return guest

    def _adopt(self, vmid: int) -> GuestDraft:
        """Take a guest without a first line: the log's beginning is missing, or the guest failed before its backup began."""
        guest = self._headless or GuestDraft(vmid)
        guest.identify(vmid)
        return guest

    def log(self, *, finished: bool | None = None) -> VzdumpLog:
        """What the lines so far say; `finished` as for `parse`."""
        runs = list(self._guests)
        ended = self._job.ended or finished is True
        if self._guest is not None:
            runs.append(self._guest.run(ended=ended))
        log = self._job.log(
            tuple(runs),
            lines=self._number,
            finished=ended,
            died=finished is True and self._stamped is False,
            mail_result=self._mail.result(self._number),
        )
        goes_on = not ended and self._guest is not None and self._guest.open
        return replace(log, progress=progress_of(self._tail)) if goes_on else log
