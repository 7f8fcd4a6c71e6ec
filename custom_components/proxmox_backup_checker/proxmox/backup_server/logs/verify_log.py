"""Reader of the logs of verify jobs and of checks by hand (src/backup/verify.rs, src/server/verify_job.rs)."""

from dataclasses import dataclass
import re
from typing import Final, override

from ..namespace import GroupId, SnapshotId, parse_group_path, parse_snapshot_path
from .task_log import TaskLogReader, short

MOST_FAILED: Final = 1_000
"""Snapshots that are kept by name; all are counted."""
_STORE: Final = re.compile(r"verify datastore (\S{1,200})")
_JOB: Final = re.compile(r"Starting datastore verify job '[^':]{1,200}:([^']{1,200})'")
_FOUND: Final = re.compile(r"found ([0-9]{1,9}) groups")
_GROUP: Final = re.compile(r"verify group [^:\s]{1,200}:\S{1,300} \([0-9]{1,9} snapshots\)")
_SNAPSHOT: Final = re.compile(
    r"verify [^:\s]{1,200}:((?:vm|ct|host)/[^/\s]{1,200}/[0-9TZ:-]{20})(/[^ ]{1,300})?(?: - ([a-z ]{5,40}): (.*)| failed: (.*))?"
)
_LIST: Final = re.compile(r"Failed to verify the following snapshots/groups:")
_ABORTED: Final = "verification failed - job aborted"
_MANIFEST: Final = "manifest load error"


@dataclass(frozen=True, slots=True)
class VerifyFailure:
    """What could not be verified: a snapshot, or a whole group where `snapshot` is None.

    `ns` is None where the log does not tell it, since the task broke off before its list. `unreadable` is a snapshot without a
    manifest: one that is unfinished counts as failed here.
    """

    ns: str | None
    group: GroupId
    snapshot: SnapshotId | None
    error: str | None = None
    unreadable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyLog:
    """What a check did: how many snapshots it looked at; `failures` counts all that failed, and `failed` names them."""

    job_id: str | None
    store: str | None
    groups: int
    checked: int
    failures: int
    failed: tuple[VerifyFailure, ...]
    aborted: bool


class VerifyLogReader(TaskLogReader):
    """Reads the log of a `verificationjob`, `verify`, `verify_group` or `verify_snapshot` task."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._job_id: str | None = None
        self._store: str | None = None
        self._groups = self._checked = 0
        self._errors: dict[SnapshotId, tuple[str, bool]] = {}
        self._listed: list[VerifyFailure] | None = None
        self._listed_count = 0

    @override
    def _take(self, text: str) -> None:
        if self._listed is not None and text.startswith("\t"):
            self._take_listed(text.strip())
        elif text.startswith("verify "):
            self._take_verify(text)
        elif _LIST.match(text):
            self._listed = []
        elif match := _JOB.match(text):
            self._job_id = match[1]

    def _take_verify(self, text: str) -> None:
        if _GROUP.fullmatch(text):
            self._groups += 1
        elif match := _STORE.fullmatch(text):
            self._store = match[1]
        elif (match := _SNAPSHOT.fullmatch(text)) and (snapshot := _snapshot(match[1])):
            if match[3]:
                self._error(snapshot, f"{match[3]}: {match[4]}", unreadable=match[3] == _MANIFEST)
            elif match[5] is not None:
                self._error(snapshot, f"{(match[2] or '').lstrip('/')} {match[5]}", unreadable=False)
            else:
                self._checked += 1

    def _error(self, snapshot: SnapshotId, text: str, *, unreadable: bool) -> None:
        if snapshot in self._errors or len(self._errors) < MOST_FAILED:
            self._errors.setdefault(snapshot, (short(text), unreadable))

    def _take_listed(self, path: str) -> None:
        """Take a line of the list at the end, which alone names the namespace."""
        assert self._listed is not None
        self._listed_count += 1
        if len(self._listed) >= MOST_FAILED:
            return
        try:
            ns, snapshot = parse_snapshot_path(path)
        except ValueError:
            try:
                ns, group = parse_group_path(path)
            except ValueError:
                return
            self._listed.append(VerifyFailure(ns, group, None))
            return
        error, unreadable = self._errors.get(snapshot, (None, False))
        self._listed.append(VerifyFailure(ns, snapshot.group, snapshot, error, unreadable))

    def log(self) -> VerifyLog:
        """Return what has been read; without a list at the end, the failures named on the way."""
        failed = self._listed
        if failed is None:
            failed = [
                VerifyFailure(None, snapshot.group, snapshot, error, unreadable)
                for snapshot, (error, unreadable) in self._errors.items()
            ]
        return VerifyLog(
            job_id=self._job_id,
            store=self._store,
            groups=self._groups,
            checked=self._checked,
            failures=max(self._listed_count, len(failed)),
            failed=tuple(failed),
            aborted=self.state is not None and self.state.error == _ABORTED,
        )


def _snapshot(text: str) -> SnapshotId | None:
    try:
        return SnapshotId.parse(text)
    except ValueError:
        return None
