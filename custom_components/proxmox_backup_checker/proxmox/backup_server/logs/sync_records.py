"""What a sync did, group by group."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..namespace import GroupId


class SkipReason(StrEnum):
    """Why a snapshot was not copied; only `older` ones and those beyond `transfer_last` are there already, or not wanted."""

    OLDER = "older"
    TRANSFER_LAST = "transfer_last"
    IN_PROGRESS = "in_progress"
    FILTERED = "filtered"
    VANISHED = "vanished"
    UNREADABLE = "unreadable"
    PARTIALLY_ENCRYPTED = "partially_encrypted"


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSync:
    """What became of one group; `ns` is that on the source's side, times are epoch seconds.

    `copied` are the snapshots that were written, `checked_again` those that were there already. `skipped` counts by reason. `error`
    is why the sync of the group broke off; `not_owned` one that belongs to somebody else on the target, so that nothing of it was
    copied. `removed` counts what was deleted on the target since it is gone at the source.
    """

    ns: str
    group: GroupId
    copied: tuple[int, ...]
    checked_again: tuple[int, ...]
    skipped: Mapping[SkipReason, int]
    error: str | None
    not_owned: bool
    removed: int

    @property
    def incomplete(self) -> bool:
        """Whether something that ought to have been copied was not, and a later run will not do it either unless helped."""
        return (
            self.error is not None
            or self.not_owned
            or any(reason in self.skipped for reason in (SkipReason.UNREADABLE, SkipReason.PARTIALLY_ENCRYPTED))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceSync:
    """One namespace of a sync: how many groups were to be copied.

    `finished` is whether its groups were gone through; `error` is why they were not.
    """

    source_ns: str
    target_ns: str
    groups: int | None
    finished: bool
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncLog:
    """What a sync did; `complete` is False where some groups or namespaces were too many to be kept.

    `pushes` is None where the log does not say. `summary` tells that the log came to its summary, which a failed one never has;
    `transferred` are bytes, as rounded there. `refused` is why the certificate of the other server was not taken.
    """

    job_id: str | None
    pushes: bool | None
    namespaces: tuple[NamespaceSync, ...]
    groups: tuple[GroupSync, ...]
    summary: bool
    transferred: float | None
    failed_removals: int
    refused: str | None
    complete: bool

    def group(self, ns: str, group: GroupId) -> GroupSync | None:
        """Return what the log says of a group, None where it does not name it."""
        return next((entry for entry in self.groups if (entry.ns, entry.group) == (ns, group)), None)
