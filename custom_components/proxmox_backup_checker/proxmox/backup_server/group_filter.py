"""Which groups a sync or tape job takes.

Rules of pbs-api-types/src/jobs.rs (GroupFilter) and datastore.rs (apply_filters): where there is a filter that includes, only what one of
those takes; then what one that excludes takes is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final

from .namespace import GroupId

_KINDS: Final = ("group", "type", "regex")
_EXCLUDE: Final = "exclude:"
_INCLUDE: Final = "include:"
_LONGEST_PATTERN: Final = 512
# Proxmox's patterns take no longer than a text is long; ours might take years over one that repeats what is repeated.
_REPEATED_GROUP: Final = re.compile(r"\)[*+{?]")
_REPEATS: Final = re.compile(r"(?<!\\)[*+{]")
_MOST_REPEATS: Final = 3


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """A filter: of kind `group` (vm/100), `type` (vm) or `regex`."""

    kind: str
    value: str
    excludes: bool = False

    @classmethod
    def parse(cls, text: str) -> GroupFilter:
        """Read `exclude:regex:^vm/1`; ValueError where it is no filter."""
        excludes = text.startswith(_EXCLUDE)
        kind, colon, value = text.removeprefix(_EXCLUDE).removeprefix(_INCLUDE).partition(":")
        if not colon or kind not in _KINDS:
            raise ValueError(f"not a filter of groups: {text[:200]!r}")
        return cls(kind, value, excludes)

    def takes(self, group: GroupId) -> bool | None:
        """Tell whether the filter is about a group, None where we cannot say."""
        match self.kind:
            case "group":
                return str(group) == self.value
            case "type":
                return group.backup_type == self.value
            case _:
                pattern = _compiled(self.value)
                return None if pattern is None else pattern.search(str(group)) is not None


@lru_cache(maxsize=256)
def _compiled(text: str) -> re.Pattern[str] | None:
    """Return the pattern, None for one of another grammar than ours, or one that might take too long."""
    if len(text) > _LONGEST_PATTERN or _REPEATED_GROUP.search(text) or len(_REPEATS.findall(text)) > _MOST_REPEATS:
        return None
    try:
        return re.compile(text)
    except re.error, OverflowError, RecursionError:
        return None


def included(group: GroupId, filters: Sequence[GroupFilter]) -> bool | None:
    """Tell whether a job with these filters takes a group, None where a pattern is beyond us."""
    including = [entry.takes(group) for entry in filters if not entry.excludes]
    excluding = [entry.takes(group) for entry in filters if entry.excludes]
    if any(excluding) or (including and not any(including) and None not in including):
        return False
    if None in excluding or (including and not any(including)):
        return None
    return True
