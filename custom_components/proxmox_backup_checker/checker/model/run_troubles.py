"""What a run on a backup server did not do."""

from dataclasses import dataclass
from enum import StrEnum


class RunTroubleKind(StrEnum):
    """What a run did not do."""

    SYNC_FAILED = "sync_failed"
    WRONG_OWNER = "wrong_owner"
    NOT_OWNED = "not_owned"
    UNREADABLE = "unreadable"
    PARTIALLY_ENCRYPTED = "partially_encrypted"
    NAMESPACE_FAILED = "namespace_failed"
    REMOVAL_FAILED = "removal_failed"
    CORRUPT = "corrupt"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTrouble:
    """What a run did not do for one group, snapshot or namespace; `group` is empty for a namespace as a whole.

    `time` is that of the snapshot, in epoch seconds, where it is about one. `ns` is None where the log does not tell it.
    """

    kind: RunTroubleKind
    ns: str | None
    group: str
    time: int | None = None
    error: str | None = None
