"""The lines that vzdump writes about a run as a whole, and its result.

Sources: PVE/VZDump.pm (new, getlock, exec_backup, send_notification), PVE/RESTEnvironment.pm (fork_worker) for the TASK line.
"""

import re
from typing import ClassVar, Literal

from .guest_lines import MAX_ITEMS
from .records import SIGNAL_ERRORS, GuestRun, LogResult, VzdumpLog, is_signal

_HEADER = re.compile(r"starting new backup job: (vzdump\b.*)", re.DOTALL)
_COMMAND_VMIDS = re.compile(r"vzdump((?: \d{1,12})+)(?: |$)")
_SKIPPED = re.compile(r"skip external VMs: (\d{1,12}(?:, ?\d{1,12})*)")
_FINISHED = re.compile(r"Backup job finished (successfull?y|with errors)")
_NOTIFIED = re.compile(r"notified via target `(.*)`")
_JOB_FAILED = re.compile(r"Backup job failed(?: -(?: (.*))?)?", re.DOTALL)
# Up to 7.4 spelled "aquire".
_LOCK_FAILED = re.compile(r"(can't (?:ac?quire|open) lock .*)", re.DOTALL)
_NOT_NOTIFIED = re.compile(r"could not notify via .*", re.DOTALL)
_TASK = re.compile(r"TASK (?:(OK)|WARNINGS: (\d{1,9})|ERROR:(?: (.*))?)", re.DOTALL)

# A failure's text has a few lines; more is noise.
_MAX_ERROR = 10_000
# The worker of a run from a command line leaves without a word when it does not get the lock (PVE/API2/VZDump.pm).
_NO_LAST_WORD = "got unexpected control message:"
_UNUSABLE_STORAGE = re.compile(r"could not (?:activate storage|get storage information for) '([^']+)'")


class JobLines:
    """The run as far as its log was read."""

    INFO_STARTS: ClassVar[frozenset[str]] = frozenset({"star", "skip", "tryi", "got ", "Back", "noti"})

    def __init__(self) -> None:
        """Start before the first line."""
        self._command: str | None = None
        self._skipped: tuple[int, ...] = ()
        self._lock: Literal["free", "waiting", "got"] = "free"
        self._lock_error: str | None = None
        self._end: Literal["successfully", "with errors", "failed"] | None = None
        self._job_error: str | None = None
        self._error_at = -2
        self._task: re.Match[str] | None = None
        self._warnings: list[str] = []
        self._warning_count = 0
        self._notified: list[str] = []
        self._not_notified: list[str] = []
        self._taken = 0

    @property
    def ended(self) -> bool:
        """Whether the log says that no further guest follows."""
        return self._task is not None or self._end is not None or self._lock_error is not None

    def went_on(self) -> None:
        """Note a line of vzdump: a TASK line before it was not the closing one."""
        self._task = None

    def info(self, text: str, *, guest_open: bool) -> bool:
        """Take an INFO line if it is about the run."""
        if guest_open:
            # Within a guest's backup vzdump says nothing of the run: this is a hook script talking.
            return False
        if match := _HEADER.fullmatch(text):
            self._command = self._command or match[1]
        elif match := _SKIPPED.fullmatch(text):
            self._skipped = tuple(int(vmid) for vmid in match[1].replace(",", " ").split())
        elif text == "trying to get global lock - waiting...":
            self._lock = "waiting"
        elif text == "got global lock":
            self._lock = "got"
        elif match := _FINISHED.fullmatch(text):
            self._end = "with errors" if match[1] == "with errors" else "successfully"
        elif match := _NOTIFIED.fullmatch(text):
            self._notified.append(match[1])
        else:
            return False
        self._taken += 1
        return True

    def error(self, text: str, number: int, *, has_guests: bool) -> bool:
        """Take an ERROR line if it is about the run; the line's number tells whether it goes on with the one before."""
        if match := _JOB_FAILED.fullmatch(text):
            self._end, self._job_error, self._error_at = "failed", match[1] or "", number
        elif self._error_at == number - 1 and not _NOT_NOTIFIED.fullmatch(text):
            self._error_at = number
            if len(self._job_error or "") < _MAX_ERROR:
                self._job_error = f"{self._job_error}\n{text}"
        elif not has_guests and self._command is None and (match := _LOCK_FAILED.fullmatch(text)):
            self._lock_error = match[1]
        elif self._end is not None or _NOT_NOTIFIED.fullmatch(text):
            # After the end of the run only its notification is left to fail.
            if len(self._not_notified) < MAX_ITEMS:
                self._not_notified.append(text)
        else:
            return False
        return True

    def warning(self, text: str) -> None:
        """Take a WARN line; Proxmox counts each one."""
        self._warning_count += 1
        if len(self._warnings) < MAX_ITEMS:
            self._warnings.append(text)

    def continue_warning(self, text: str) -> None:
        """Take a further line of the last warning."""
        if self._warning_count <= MAX_ITEMS:
            self._warnings[-1] += f"\n{text}"

    def task(self, line: str) -> None:
        """Take what may be the closing line."""
        self._task = _TASK.fullmatch(line)
        self._taken += self._task is not None

    def mailed_command(self, command: str) -> None:
        """Take the command from a mail, which has no header line."""
        self._command = self._command or command

    def log(
        self, guests: tuple[GuestRun, ...], *, lines: int, finished: bool, died: bool, mail_result: LogResult | None
    ) -> VzdumpLog:
        """Put the run together, of which the log has so many `lines`; `died` where it ended without a last word."""
        error = self._error
        has_failures = any(guest.result == "failed" for guest in guests)
        result = self._result(error, has_failures)
        if result is None:
            result = "aborted" if died else mail_result
        if result == "ok" and has_failures:
            result = "failed"
        task_warnings = int(self._task[2]) if self._task is not None and self._task[2] else None
        storage = _UNUSABLE_STORAGE.search(error) if error and not guests and self._command is None else None
        return VzdumpLog(
            command=self._command,
            skipped_vmids=self._skipped,
            guests=guests,
            result=result,
            error=error or None,
            ended=finished,
            warning_count=self._warning_count if task_warnings is None else task_warnings,
            warnings=tuple(self._warnings),
            unreached_vmids=self._unreached(guests),
            nothing_to_do=self._end == "successfully" and self._command is not None and lines == self._taken,
            unusable_storage=storage[1] if storage else None,
            waited_for_lock=self._lock != "free",
            waiting_for_lock=self._lock == "waiting" and not finished,
            lock_error=self._lock_error or (error if self._gave_up_waiting(error, guests) else None),
            notified_targets=tuple(self._notified),
            notification_errors=tuple(self._not_notified),
        )

    @property
    def _error(self) -> str | None:
        """Text of the run's failure, empty where a line was cut before it; None where no failure is told."""
        if self._task is not None:
            return None if self._task[1] or self._task[2] else self._task[3] or ""
        return self._lock_error or self._job_error

    def _gave_up_waiting(self, error: str | None, guests: tuple[GuestRun, ...]) -> bool:
        """Tell whether the run ended as it does without the node's lock, though its log does not name the lock."""
        return error is not None and error.startswith(_NO_LAST_WORD) and not guests and self._command is None

    def _result(self, error: str | None, has_failures: bool) -> LogResult | None:
        if error is not None:
            if is_signal(error) or error.endswith(SIGNAL_ERRORS):
                return "aborted"
            # A last line that breaks off could still become either.
            return None if any(signal.startswith(error) for signal in SIGNAL_ERRORS) else "failed"
        if self._task is not None and self._task[2]:
            result: LogResult = "warnings"
        elif self._task is not None:
            result = "ok"
        elif self._end is not None:
            result = "warnings" if self._warning_count else "ok"
        else:
            return None
        # A guest's failure holds against a friendly last line.
        return "failed" if has_failures or self._end == "with errors" else result

    def _unreached(self, guests: tuple[GuestRun, ...]) -> tuple[int, ...]:
        match = _COMMAND_VMIDS.match(self._command or "")
        if match is None:
            return ()
        wanted = {int(vmid) for vmid in match[1].split()}
        return tuple(sorted(wanted - set(self._skipped) - {guest.vmid for guest in guests}))
