"""How many copies a guest has, on how many media, how many of them in another house: as far as that is sure, and at most.

A copy counts that is good and new enough. What nobody can see is neither counted nor taken for lost.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from ...proxmox.api.cluster_models import Guest
from ..model.facts import storage_key
from ..model.reason_codes import ReasonCode
from ..model.server_options import Place
from ..model.verdict import Reason, Status, Verdict
from .copies import Copies, Copy, Witness, newest_verified
from .filling import good_until
from .media import fewest
from .unseen import is_listed, may_hold_more, unseen_storages
from .ways import End


@dataclass(frozen=True, slots=True)
class Share:
    """A copy and whether it counts; None where nobody can know. `why` tells what speaks against it."""

    copy: Copy
    counts: bool | None
    why: Reason | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A place where there may be a copy that nobody sees, and why."""

    place: Place
    why: Reason


@dataclass(frozen=True, slots=True)
class Range:
    """A number of which it is sure that it is at `least` so much, and perhaps more: at `most`, None where nobody can tell."""

    least: int
    most: int | None

    @classmethod
    def of(cls, sure: int, perhaps: int, *, open_end: bool = False) -> Self:
        """Return so many that are sure, and so many that there may be besides."""
        return cls(sure, None if open_end else sure + perhaps)

    @property
    def exact(self) -> int | None:
        """The number where it is known."""
        return self.least if self.least == self.most else None

    def is_below(self, needed: int) -> bool:
        """Tell whether it surely is less."""
        return self.most is not None and self.most < needed


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What a guest's copies come to; the guest itself is in none of the numbers."""

    shares: tuple[Share, ...]
    hidden: tuple[Hidden, ...]
    copies: Range
    media: Range
    offsite: Range

    @classmethod
    def of(cls, shares: Sequence[Share], hidden: Sequence[Hidden] = ()) -> Self:
        """Count."""
        sure = [share.copy for share in shares if share.counts]
        perhaps = [share.copy for share in shares if share.counts is None]
        away = [copy for copy in sure if copy.place is Place.ELSEWHERE]
        away_perhaps = [copy for copy in sure if copy.place is Place.UNKNOWN]
        away_perhaps += [copy for copy in perhaps if copy.place is not Place.HERE]
        return cls(
            shares=tuple(shares),
            hidden=tuple(hidden),
            copies=Range.of(len(sure), len(perhaps), open_end=bool(hidden)),
            media=Range(fewest(copy.medium for copy in sure), None if hidden else len(_disks([*sure, *perhaps]))),
            offsite=Range.of(len(away), len(away_perhaps), open_end=any(one.place is not Place.HERE for one in hidden)),
        )

    @property
    def newest(self) -> datetime | None:
        """The moment of the newest restore point that is good."""
        return _newest(share.copy.good for share in self.shares)

    @property
    def newest_offsite(self) -> datetime | None:
        """That of the newest one in another house, be it ever so old."""
        return _newest(share.copy.good for share in self.shares if share.copy.place is Place.ELSEWHERE)

    @property
    def newest_verified(self) -> datetime | None:
        """That of the newest one that was checked where it lies and found good."""
        return newest_verified(share.copy for share in self.shares)

    @property
    def newest_locked(self) -> datetime | None:
        """That of the newest one that nobody removes now: it is protected, or its disk is away or cannot be written."""
        return _newest(share.copy.locked for share in self.shares)


def _newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _disks(copies: Iterable[Copy]) -> set[tuple[str, str | None]]:
    """Return what may be disks of their own: two datastores in one box may be, two folders of one node too."""
    return {(copy.medium, copy.store or ",".join(copy.storages)) for copy in copies}


NOTHING_COUNTED: Final = Tally.of(())


def tally_of(guest: Guest, offsite: Verdict | None, copies: Copies) -> Tally:
    """Return what the copies of a guest of a cluster come to; `offsite` is the verdict on those elsewhere."""
    shares = [_share(copy, guest, copies) for copy in copies.of(guest)]
    ends = {storage_key(one): home.end for home in copies.places.homes for one in home.storages}
    counted = {share.copy.key for share in shares if share.counts}
    counted |= {key for key, end in ends.items() if end.key in counted}
    hidden = list(_hidden(guest, counted, ends, copies))
    if offsite is not None and offsite.status is Status.UNKNOWN:
        hidden.append(Hidden(Place.ELSEWHERE, offsite.reason))
    return Tally.of(shares, hidden)


def _share(copy: Copy, guest: Guest, copies: Copies) -> Share:
    if copy.good is None:
        return Share(copy, counts=False, why=Reason(ReasonCode.COPY_BAD, {"place": copy.name}))
    server, facts = copies.places.servers.get(copy.server or ""), copies.context.facts
    read = (
        copies.places.unseen(facts.read_at) if facts.read_at is not None and copy.witness is Witness.STORAGE else None
    )
    return share_of(
        replace(copy, unseen_since=min(filter(None, (copy.unseen_since, read)), default=None)),
        good_until(copy, guest, copies),
        rests=copy.away or (server is not None and server.asleep),
        now=facts.now,
        blind_since=facts.now - facts.policy.blind_limit,
    )


def share_of(copy: Copy, until: datetime | None, *, rests: bool, now: datetime, blind_since: datetime) -> Share:
    """Return whether a copy counts that is new enough `until` a moment.

    Whoever looked last may have missed one that came since, but not on a disk that is away. A server that rests as planned is none
    that cannot be seen.
    """
    assert copy.good is not None
    unseen = copy.unseen_since
    if until is None:
        return Share(copy, counts=None, why=Reason(ReasonCode.COPY_UNPROMISED, {"place": copy.name}))
    if now < until:
        if unseen is None or rests or unseen > blind_since:
            return Share(copy, counts=True)
    elif unseen is None or unseen >= until or copy.away:
        return Share(copy, counts=False, why=Reason(ReasonCode.COPY_OLD, {"place": copy.name, "moment": copy.good}))
    return Share(copy, counts=None, why=Reason(ReasonCode.COPY_UNSEEN, {"place": copy.name, "since": unseen}))


def _hidden(guest: Guest, counted: Container[str], ends: Mapping[str, End], copies: Copies) -> Iterable[Hidden]:
    """Yield where there may be copies that nobody sees; a place that counts already counts no more if it has others."""
    context, places = copies.context, copies.places
    for storage in context.facts.storages:
        if (key := storage_key(storage)) in counted:
            continue
        place = places.place_of(storage, ends.get(key))
        if not is_listed(storage):
            yield Hidden(place, Reason(ReasonCode.COPIES_UNLISTED, {"storage": key}))
        elif may_hold_more(storage, guest, context):
            yield Hidden(place, Reason(ReasonCode.COPIES_UNPROVEN, {"storage": key}))
    for name in sorted(unseen_storages(guest, context)):
        yield Hidden(Place.UNKNOWN, Reason(ReasonCode.COPIES_OUT_OF_SIGHT, {"storage": name or "dumpdir"}))
