"""What fills a place with a guest's restore points, how often, and until when a copy there is new enough."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from .copies import Copies, Copy, group_of
from .places import Home
from .proof import takes
from .ways import Way

GRACE: Final = timedelta(hours=6)
"""How long a backup or a sync may take, beside its interval."""
_USUAL_INTERVAL: Final = timedelta(days=7)
_AFTER_RETURN: Final = timedelta(hours=1)


def interval_of(way: Way) -> timedelta:
    """Return how long it takes at most until a job comes again, of all jobs on a way."""
    times = [leg.route.interval for leg in way.legs]
    return sum((timedelta(seconds=time) if time else _USUAL_INTERVAL for time in times), timedelta())


def promised_gap(guest: Guest, storages: Iterable[str], context: Context) -> timedelta | None:
    """Return how far a guest's backups on storages are apart by its jobs, by the most frequent one; None where none promises any."""
    names = set(storages)
    gaps = [
        context.longest_gap(job, guest.node)
        for job in context.jobs_of(guest)
        if context.facts.storage_name(job.storage, guest.node) in names
    ]
    return min((gap for gap in gaps if gap is not None), default=None)


def writes_to(guest: Guest, home: Home, context: Context) -> bool:
    """Tell whether a job backs a guest up to where a storage leads."""
    names = {storage.storage for storage in home.storages}
    return any(context.facts.storage_name(job.storage, guest.node) in names for job in context.jobs_of(guest))


def good_until(copy: Copy, guest: Guest, copies: Copies) -> datetime | None:
    """Return until when the newest good restore point of a copy is new enough, None where nothing tells.

    Where nothing fills a place, what lies there may be no older than what is promised of the guest at all.
    """
    assert copy.good is not None
    good, rest = copy.good, rest_of(copy, copies)
    promised = promised_gap(guest, copy.storages, copies.context)
    ends = [good + promised + rest + GRACE] if promised is not None else []
    ends += _ends_by_ways(copy, good, rest, guest, copies)
    if not ends and (usual := _usual_gap(guest, copies.context)) is not None:
        ends = [good + usual + rest + GRACE]
    return max(ends, default=None)


def _ends_by_ways(copy: Copy, good: datetime, rest: timedelta, guest: Guest, copies: Copies) -> Iterator[datetime]:
    for home in copies.places.homes:
        for way in copies.places.ways(home):
            if way.target.key != copy.key or any(takes(leg, group_of(guest)) is False for leg in way.legs):
                continue
            pause = max(interval_of(way), rest) + GRACE
            gap = promised_gap(guest, [storage.storage for storage in home.storages], copies.context)
            if gap is not None:
                yield good + gap + pause
            elif newer := [point for point in copies.points(guest, home) if point.begun > good]:
                yield newer[-1].done + pause


def _usual_gap(guest: Guest, context: Context) -> timedelta | None:
    if (allowed := context.facts.policy.age_allowed(guest)) is not None:
        return allowed
    gaps = [context.longest_gap(job, guest.node) for job in context.jobs_of(guest)]
    return min((gap for gap in gaps if gap is not None), default=None)


def rest_of(copy: Copy, copies: Copies) -> timedelta:
    """Return for how long the disk of a copy may be away, also while it has just come back."""
    server = copies.places.servers.get(copy.server or "")
    store = server.stores.get(copy.store) if server is not None and copy.store is not None else None
    if store is None or store.rest is None:
        return timedelta()
    is_back = store.back_since is not None and not copies.context.has_come(store.back_since + _AFTER_RETURN)
    return timedelta(seconds=store.rest) if store.away or is_back else timedelta()
