"""Which guests were on a node at an earlier moment, as far as looks at the cluster can tell."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..model.facts import Facts
from ..model.records import GuestRecord, History

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

type _Change = tuple[datetime, datetime]
"""Between which two looks something changed."""
_BEFORE_ALL: Final[_Change] = (_ALWAYS, _ALWAYS)
_NOT_YET: Final[_Change] = (_NEVER, _NEVER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stays:
    """The stays of guests on nodes, by these facts and by what was remembered before them."""

    facts: Facts
    history: History

    def possibly_on(self, node: str, moment: datetime) -> list[Guest]:
        """Return the guests that may have been on a node at a moment of its clock, as they were there."""
        moment = self._by_our_clock(node, moment)
        return [
            replace(guest, node=node)
            for guest in self.facts.guests
            if any(name == node and came[0] <= moment <= left[1] for name, came, left in self._of(guest))
        ]

    def surely_on(self, node: str, moment: datetime) -> list[Guest]:
        """Return the guests that surely were on a node at a moment of its clock, as they were there."""
        moment = self._by_our_clock(node, moment)
        return [
            replace(guest, node=node)
            for guest in self.facts.guests
            if any(name == node and came[1] <= moment < left[0] for name, came, left in self._of(guest))
        ]

    def _by_our_clock(self, node: str, moment: datetime) -> datetime:
        known = self.facts.nodes.get(node)
        return moment if known is None else moment - known.skew

    def _of(self, guest: Guest) -> Iterator[tuple[str, _Change, _Change]]:
        """Return where a guest was, with its coming and its leaving; the newest stay first."""
        record, last_look = self.history.guests.get(guest.vmid), self.history.evaluated
        if record is None:
            is_new = last_look is not None and bool(self.history.guests)
            yield guest.node, (last_look, self.facts.now) if is_new and last_look else _BEFORE_ALL, _NOT_YET
            return
        end = _NOT_YET
        if record.node != guest.node or record.absent_since is not None:
            came = (record.last_seen or last_look or _ALWAYS, self.facts.now)
            end = came if record.absent_since is None else (record.absent_since, record.absent_since)
            yield guest.node, came, _NOT_YET
        node = record.node
        for move in record.moves:
            moved = (move.after or move.seen, move.seen)
            yield node, moved, end
            node, end = move.origin, moved
        yield node, _first_seen(record), end


def _first_seen(record: GuestRecord) -> _Change:
    if record.first_seen is None:
        return _BEFORE_ALL
    return record.since or record.first_seen, record.first_seen
