"""Reader of the logs of sync jobs (src/server/sync.rs, pull.rs, push.rs).

Since 4.1.8 every line about a group begins with its label, `[vm/100]: `, for groups are copied side by side. Before, a group is known by
the lines that name it.
"""

from collections.abc import Callable
import re
from typing import Final, override

from ..namespace import ROOT, GroupId, components, epoch_of
from .human_byte import parse_bytes
from .sync_records import GroupSync, NamespaceSync, SkipReason, SyncLog
from .task_log import TaskLogReader, short

MOST_GROUPS: Final = 10_000
MOST_NAMESPACES: Final = 1_000
MOST_SNAPSHOTS: Final = 100
"""Copied snapshots of a group that are kept by time: the last ones."""

_GROUP_PATH: Final = r"(?:vm|ct|host)/[A-Za-z0-9_][A-Za-z0-9._-]{0,200}"
_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_STORE_AND_NS: Final = r"datastore '([^']{1,200})', (?:root namespace|namespace '([^']{0,300})')"
_LABEL: Final = re.compile(rf"\[({_GROUP_PATH})\]: ")
# Of a snapshot, by its time alone behind a label, and with its group before.
_SNAPSHOT: Final = rf"(?:({_GROUP_PATH})/)?({_TIME})"

_JOB: Final = re.compile(r"Starting datastore sync job '([^']{1,400})'")
_DIRECTION: Final = re.compile(r"sync datastore '[^']{1,200}' (from|to) '")
_SYNCING: Final = re.compile(rf"Syncing {_STORE_AND_NS} into {_STORE_AND_NS}")
_FOUND: Final = re.compile(r"[Ff]ound ([0-9]{1,9}) groups to sync(?: \(out of ([0-9]{1,9}) total\))?")
_FINISHED: Final = re.compile(r"Finished syncing ")
_NS_FAILED: Final = re.compile(r"Encountered errors while syncing namespace .{0,300}? - (.*)")
_NS_REFUSED: Final = re.compile(rf"Cannot sync {_STORE_AND_NS} into {_STORE_AND_NS} - (.*)")
_NS_NOT_PUSHED: Final = re.compile(rf"Failed to sync {_STORE_AND_NS} into {_STORE_AND_NS}!")
_TRANSFERRED: Final = re.compile(r"Summary: sync job pu(?:ll|sh)ed ([0-9.]{1,20} ?[A-Za-z]{1,3}) in ")
_ERRORS: Final = re.compile(r"(?:.{0,100}: )?Encountered errors?: (.*)")
# Since 4.0 the run's own error may be no more than "client error (Connect)".
_REFUSED: Final = re.compile(r"certificate validation failed - .+")
_REMOVAL_FAILED: Final = re.compile(r"Failed to remove vanished |Failed to remove namespace ")

# Nearly all lines of a large log are these.
_PROGRESS: Final = ("sync archive ", ": sync archive", "ercentage done: ", "downloaded ", ": uploaded ")

type _Handler = Callable[["_Group", re.Match[str]], None]


class _Group:
    """A group while its log is read."""

    def __init__(self) -> None:
        self.copied: list[int] = []
        self.checked_again: list[int] = []
        self.left_out: set[int] = set()
        self.skipped: dict[SkipReason, int] = {}
        self.error: str | None = None
        self.not_owned = False
        self.removed = 0

    def skip(self, reason: SkipReason, count: int = 1, moment: int | None = None) -> None:
        if moment is not None:
            # A push says of it "sync done" all the same.
            if moment in self.left_out:
                return
            if len(self.left_out) < MOST_SNAPSHOTS:
                self.left_out.add(moment)
        self.skipped[reason] = self.skipped.get(reason, 0) + count

    def done(self, moment: int, kept: list[int]) -> None:
        if moment not in kept:
            kept.append(moment)
            del kept[:-MOST_SNAPSHOTS]

    def record(self, ns: str, group: GroupId) -> GroupSync:
        return GroupSync(
            ns=ns,
            group=group,
            copied=tuple(moment for moment in self.copied if moment not in self.left_out),
            checked_again=tuple(self.checked_again),
            skipped=dict(self.skipped),
            error=self.error,
            not_owned=self.not_owned,
            removed=self.removed,
        )


def _begun(_: _Group, __: re.Match[str]) -> None:
    """Take it that the group is named."""


def _copied(group: _Group, match: re.Match[str]) -> None:
    if (moment := _moment(match[2])) is not None:
        group.done(moment, group.copied)


def _checked_again(group: _Group, match: re.Match[str]) -> None:
    if (moment := _moment(match[2])) is not None:
        group.done(moment, group.checked_again)


def _skipping(reason: SkipReason) -> _Handler:
    def skip(group: _Group, match: re.Match[str]) -> None:
        group.skip(reason, moment=_moment(match[2]))

    return skip


def _many_skipped(group: _Group, match: re.Match[str]) -> None:
    reason = SkipReason.TRANSFER_LAST if match[3] == "due to transfer-last" else SkipReason.OLDER
    group.skip(reason, int(match[2]))


def _failed(group: _Group, match: re.Match[str]) -> None:
    group.error = short(match[2])


def _not_owned(group: _Group, _: re.Match[str]) -> None:
    group.not_owned = True


def _removed(group: _Group, _: re.Match[str]) -> None:
    group.removed += 1


# The first part of each is the group, where the line names it.
_OF_A_GROUP: Final[tuple[tuple[re.Pattern[str], _Handler], ...]] = (
    (re.compile(rf"{_SNAPSHOT}: start sync"), _begun),
    (re.compile(rf"sync snapshot ({_GROUP_PATH})/({_TIME})"), _begun),
    (re.compile(rf"{_SNAPSHOT}: sync done"), _copied),
    (re.compile(rf"sync snapshot ({_GROUP_PATH})/({_TIME}) done"), _copied),
    (re.compile(rf"re-sync snapshot {_SNAPSHOT} due to corruption"), _copied),
    (re.compile(rf"re-sync snapshot {_SNAPSHOT}"), _checked_again),
    (re.compile(rf"skipping snapshot {_SNAPSHOT} - in-progress backup"), _skipping(SkipReason.IN_PROGRESS)),
    (re.compile(rf"skipping snapshot {_SNAPSHOT} - vanished since start of sync"), _skipping(SkipReason.VANISHED)),
    (re.compile(rf"{_SNAPSHOT}: skipped because vanished since start of sync"), _skipping(SkipReason.VANISHED)),
    (
        re.compile(rf"{_SNAPSHOT}: skipped, did not match verified-only/encrypted-only filter"),
        _skipping(SkipReason.FILTERED),
    ),
    (
        re.compile(rf"Snapshot {_SNAPSHOT} not verified but verified-only set, snapshot skipped"),
        _skipping(SkipReason.FILTERED),
    ),
    (re.compile(rf"{_SNAPSHOT}: Failed to load manifest!"), _skipping(SkipReason.UNREADABLE)),
    (re.compile(rf"Failed to load manifest for '{_SNAPSHOT}'!"), _skipping(SkipReason.UNREADABLE)),
    (
        re.compile(rf"Encountered partially encrypted snapshot '{_SNAPSHOT}', refuse to re-encrypt and skip"),
        _skipping(SkipReason.PARTIALLY_ENCRYPTED),
    ),
    (re.compile(rf"(?:({_GROUP_PATH}): )?skipped: ([0-9]{{1,9}}) snapshot\(s\) \(.{{0,100}}\) - (.*)"), _many_skipped),
    (re.compile(rf"sync group ({_GROUP_PATH}) failed - (.*)"), _failed),
    (re.compile(rf"Group '({_GROUP_PATH})' not owned by remote user .*"), _not_owned),
    (re.compile(rf"delete vanished snapshot ({_GROUP_PATH})/({_TIME})"), _removed),
    (re.compile(rf"Removed vanished snapshot ({_GROUP_PATH})/({_TIME}) from remote"), _removed),
    (re.compile(rf"[Dd]elete vanished group '({_GROUP_PATH})'"), _removed),
    (re.compile(rf"Removed vanished group ({_GROUP_PATH}) from remote"), _removed),
)
_PUSH_FAILED: Final = re.compile(rf"Failed to push group ({_GROUP_PATH}) to remote!")


class SyncLogReader(TaskLogReader):
    """Reads the log of a `syncjob` or `sync` task."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._job_id: str | None = None
        self._pushes: bool | None = None
        self._ns = ROOT
        self._namespaces: list[NamespaceSync] = []
        self._groups: dict[tuple[str, GroupId], _Group] = {}
        self._pending: re.Match[str] | None = None
        self._errors: dict[str | None, str] = {}
        self._summary = False
        self._transferred: float | None = None
        self._failed_removals = 0
        self._refused: str | None = None
        self._complete = True

    @override
    def _take(self, text: str) -> None:
        if "failed" not in text and any(word in text for word in _PROGRESS):
            return
        if match := _LABEL.match(text):
            self._of_group(text[match.end() :], match[1])
        elif not self._of_job(text):
            self._of_group(text, None)

    def _of_job(self, text: str) -> bool:
        """Take a line about the whole, or about a namespace; tell whether it was one."""
        if text.startswith("Summary: sync job "):
            self._summary = True
            if match := _TRANSFERRED.match(text):
                self._transferred = parse_bytes(match[1])
        elif match := _SYNCING.fullmatch(text):
            self._begin_namespace(match)
        elif match := _FOUND.fullmatch(text):
            self._amend(groups=int(match[1]))
        elif _FINISHED.match(text):
            self._amend(finished=True)
        elif match := _NS_FAILED.fullmatch(text):
            self._amend(error=short(match[1]))
        elif match := _NS_REFUSED.fullmatch(text):
            self._amend(error=short(match[5]))
        elif _NS_NOT_PUSHED.fullmatch(text):
            self._amend(error=self._errors.pop(None, None) or "")
        elif match := _DIRECTION.match(text):
            self._pushes = match[1] == "to"
        elif match := _JOB.fullmatch(text):
            self._job_id = match[1].rpartition(":")[2]
        elif _REMOVAL_FAILED.match(text):
            self._failed_removals += 1
        elif _REFUSED.fullmatch(text):
            self._refused = short(text)
        else:
            return False
        return True

    def _begin_namespace(self, match: re.Match[str]) -> None:
        self._ns, self._pending = _namespace(match[2]), None
        self._errors.clear()
        if len(self._namespaces) >= MOST_NAMESPACES:
            self._complete = False
            return
        self._namespaces.append(
            NamespaceSync(
                source_ns=self._ns,
                target_ns=_namespace(match[4]),
                groups=None,
                finished=False,
                error=None,
            )
        )

    def _amend(self, **changes: int | bool | str | None) -> None:
        if self._namespaces and self._namespaces[-1].source_ns == self._ns:
            last = self._namespaces[-1]
            values = {name: getattr(last, name) for name in NamespaceSync.__slots__}
            self._namespaces[-1] = NamespaceSync(**(values | changes))

    def _of_group(self, text: str, label: str | None) -> None:
        """Take a line about a group; a snapshot that cannot be removed concerns no copy."""
        if _REMOVAL_FAILED.match(text):
            self._failed_removals += 1
            return
        if match := _PUSH_FAILED.fullmatch(text):
            if (group := self._group(match[1])) is not None:
                group.error = self._errors.pop(label, None) or ""
            return
        for pattern, handle in _OF_A_GROUP:
            if match := pattern.fullmatch(text):
                name = match[1] or label
                if name is None:
                    # Before 4.1.8 the group follows only with its next snapshot.
                    self._pending = match if handle is _many_skipped else self._pending
                elif (group := self._group(name)) is not None:
                    handle(group, match)
                return
        if match := _ERRORS.fullmatch(text):
            self._note_error(label, short(match[1]))

    def _note_error(self, label: str | None, error: str) -> None:
        if label in self._errors or len(self._errors) < MOST_GROUPS:
            self._errors[label] = error

    def _group(self, name: str) -> _Group | None:
        """Return a group by its path, None where there are too many; what was skipped before it was named is its own."""
        try:
            key = self._ns, GroupId.parse(name)
        except ValueError:
            return None
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                self._complete = False
                return None
            group = self._groups[key] = _Group()
        if self._pending is not None:
            _many_skipped(group, self._pending)
            self._pending = None
        return group

    def log(self) -> SyncLog:
        """Return what has been read."""
        return SyncLog(
            job_id=self._job_id,
            pushes=self._pushes,
            namespaces=tuple(self._namespaces),
            groups=tuple(entry.record(ns, group) for (ns, group), entry in self._groups.items()),
            summary=self._summary,
            transferred=self._transferred,
            failed_removals=self._failed_removals,
            refused=None if self._summary else self._refused,
            complete=self._complete,
        )


def _moment(text: str) -> int | None:
    try:
        return epoch_of(text)
    except ValueError:
        return None


def _namespace(text: str | None) -> str:
    try:
        components(text or ROOT)
    except ValueError:
        return ROOT
    return text or ROOT
