"""Reader of the logs of prune jobs and of prunes by hand (src/server/prune_job.rs, src/api2/admin/datastore.rs)."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final, override

from ...retention import Mark
from ..namespace import ROOT, SnapshotId, components
from .task_log import TaskLogReader, short

MOST_SNAPSHOTS: Final = 2_000
"""Removed or failed ones that are kept by name; all are counted."""
_JOB: Final = re.compile(r"prune job '([^']{1,200})'")
_START: Final = re.compile(
    r"Starting (?:datastore )?prune on datastore '([^']{1,200})', (?:root namespace|namespace '([^']{0,300})')"
)
_GROUP: Final = re.compile(r'Pruning group ([^:"]{0,300}):"([^"]{1,300})"')
_MARK: Final = re.compile(r"(would )?(keep protected|keep[ -]partial|protected|keep|remove) ((?:vm|ct|host)/\S{1,300})")
_FAILED: Final = re.compile(
    r'failed to remove dir "?((?:ns/[^/" ]{1,256}/)*(?:vm|ct|host)/[^":\s]{1,256}(?::[0-9]{2}){0,2}Z?)"?: (.*)'
)
_NO_SELECTION: Final = "No prune selection - keeping all files."
_MARKS: Final[Mapping[str, Mark]] = {
    "keep": Mark.KEEP,
    "keep protected": Mark.PROTECTED,
    "protected": Mark.PROTECTED,
    "keep partial": Mark.KEEP_PARTIAL,
    "keep-partial": Mark.KEEP_PARTIAL,
    "remove": Mark.REMOVE,
}


@dataclass(frozen=True, slots=True)
class Pruned:
    """A snapshot that was to be removed; `error` is why it could not be."""

    ns: str
    snapshot: SnapshotId
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneLog:
    """What a prune did; `groups` and `marks` count, and `complete` is False where some names were left out.

    `keeps_all` tells of one without any rule.
    """

    job_id: str | None
    store: str | None
    ns: str
    keeps_all: bool
    groups: int
    marks: Mapping[Mark, int]
    removed: tuple[Pruned, ...]
    failed: tuple[Pruned, ...]
    complete: bool


class PruneLogReader(TaskLogReader):
    """Reads the log of a `prunejob` or `prune` task."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._job_id: str | None = None
        self._store: str | None = None
        self._start_ns = self._ns = ROOT
        self._dry_run = self._keeps_all = False
        self._groups = 0
        self._marks: dict[Mark, int] = {}
        self._removed: dict[tuple[str, SnapshotId], Pruned] = {}
        self._failed: dict[tuple[str, SnapshotId], Pruned] = {}
        self._complete = True

    @override
    def _take(self, text: str) -> None:
        if match := _MARK.fullmatch(text):
            self._mark(match)
        elif match := _GROUP.fullmatch(text):
            self._groups += 1
            self._ns = _namespace(match[1])
        elif match := _FAILED.match(text):
            self._fail(match[1], short(match[2]))
        elif match := _START.match(text):
            self._store, self._start_ns = match[1], _namespace(match[2] or ROOT)
            self._ns = self._start_ns
            if not text.startswith("Starting datastore"):
                self._groups += 1
        elif match := _JOB.fullmatch(text):
            self._job_id = match[1]
        elif text == _NO_SELECTION:
            self._keeps_all = True
        elif text == "(dry test run)":
            self._dry_run = True

    def _mark(self, match: re.Match[str]) -> None:
        mark = _MARKS[match[2]]
        self._dry_run = self._dry_run or match[1] is not None
        self._marks[mark] = self._marks.get(mark, 0) + 1
        if mark is Mark.REMOVE and not self._keeps_all and not self._dry_run:
            snapshot = _snapshot(match[3])
            if snapshot is None or len(self._removed) >= MOST_SNAPSHOTS:
                self._complete = False
            else:
                self._removed[self._ns, snapshot] = Pruned(self._ns, snapshot)

    def _fail(self, path: str, error: str) -> None:
        """Take it that a snapshot is still there; its path may begin with the namespace, of which the group is known already."""
        snapshot = _snapshot("/".join(path.split("/")[-3:]))
        if snapshot is None or len(self._failed) >= MOST_SNAPSHOTS:
            self._complete = False
            return
        self._removed.pop((self._ns, snapshot), None)
        self._failed[self._ns, snapshot] = Pruned(self._ns, snapshot, error)

    def log(self) -> PruneLog:
        """Return what has been read."""
        return PruneLog(
            job_id=self._job_id,
            store=self._store,
            ns=self._start_ns,
            keeps_all=self._keeps_all,
            groups=self._groups,
            marks=dict(self._marks),
            removed=tuple(self._removed.values()),
            failed=tuple(self._failed.values()),
            complete=self._complete,
        )


def _namespace(text: str) -> str:
    try:
        components(text)
    except ValueError:
        return ROOT
    return text


def _snapshot(text: str) -> SnapshotId | None:
    try:
        return SnapshotId.parse(text)
    except ValueError:
        return None
