"""When the archives of a storage are listed: after a run, after a suspicion, and else as rarely as disks that sleep allow.

| what happened since the last listing | listed |
| --- | --- |
| a run that wrote there has ended | at once, and again ten minutes later |
| an archive that was there, or that a finished run named, was missing in it | once more after ten minutes |
| it is a backup server that shows verifications, and its newest snapshot is younger than a day and a half | after six hours |
| the runs of some node are hidden, so that nothing else tells of them | after two hours |
| nothing | after 24 hours |
| its backup server is watched as well, was read just now, and shows every backup that finished | after 24 hours, whatever happened |

A listing that failed is tried again after half an hour. While a run goes on that writes there, what others have written waits an
hour at most.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from ...checker.archives.archive import logged_name
from ...checker.model.facts import ArchiveListing
from ...proxmox.api.backup_models import Archive
from ..read_schedule import DAILY, ReadSchedule, is_older

# A listing right after a run can come before the storage shows the archive.
_SECOND_LOOK: Final = timedelta(minutes=10)
_WAIT_FOR_RUNS: Final = timedelta(hours=1)
_HIDDEN: Final = timedelta(hours=2)
# A backup server verifies what is new within a day, mostly hours after the run, and nothing else tells of it.
_VERIFYING: Final = timedelta(hours=6)
_VERIFIED_WITHIN: Final = timedelta(hours=36)

type Place = tuple[str, str | None]
"""A storage and, where each node has its own, the node."""


class ListingSchedule:
    """Knows of every storage what has happened since it was listed."""

    def __init__(self, schedule: ReadSchedule) -> None:
        """Share the schedule of everything that is read."""
        self._schedule = schedule
        self._ended: dict[Place, datetime] = {}
        self._suspected: dict[Place, frozenset[str]] = {}
        self._settled: dict[Place, frozenset[str]] = {}

    def run_ended(self, place: Place, now: datetime) -> None:
        """Take note that a run has ended which may have written there."""
        self._ended[place] = now

    def failed(self, place: Place, now: datetime) -> None:
        """Take note that a storage could not be listed."""
        self._schedule.note(("archives", place), now, good=False)

    def listed(
        self, place: Place, listing: ArchiveListing, before: ArchiveListing | None, named: Iterable[str]
    ) -> None:
        """Take note of a listing; `named` are the names that the logs of runs told of archives there.

        What is missing twice in a row is missing: no third listing is needed.
        """
        self._schedule.note(("archives", place), listing.read_at)
        present = _names(listing.archives)
        suspected = self._suspected.get(place, frozenset())
        expected = suspected | _names(before.archives if before else ()) | frozenset(named)
        missing = expected - present
        settled = (self._settled.get(place, frozenset()) & missing) | (suspected & missing)
        self._settled[place] = settled
        self._suspected[place] = missing - settled if listing.complete else frozenset()

    def expect(self, place: Place, listing: ArchiveListing, named: Iterable[str]) -> None:
        """Take note of what runs have named that were not known yet when a storage was listed."""
        missing = frozenset(named) - _names(listing.archives) - self._settled.get(place, frozenset())
        if missing and listing.complete:
            self._suspected[place] = self._suspected.get(place, frozenset()) | missing

    def are_all_shown(self, place: Place, shown: ArchiveListing, named: Iterable[str], now: datetime) -> bool:
        """Tell whether a backup server shows what runs have named; what has just ended it has time to show.

        What is older than the newest one of its guest may have been pruned.
        """
        present = _names(shown.archives)
        newest: dict[str, str] = {}
        for name in present:
            group, _, moment = name.rpartition("/")
            newest[group] = max(moment, newest.get(group, ""))
        settled = self._settled.get(place, frozenset())
        missing = [
            name
            for name in frozenset(named) - present - settled
            if name.rpartition("/")[2] > newest.get(name.rpartition("/")[0], "")
        ]
        ended = self._ended.get(place)
        return not missing or (ended is not None and now - ended < _SECOND_LOOK)

    def is_due(
        self,
        place: Place,
        listing: ArchiveListing | None,
        now: datetime,
        *,
        written_to: bool,
        runs_hidden: bool,
        shown: bool = False,
    ) -> bool:
        """Tell whether a storage is to be listed, whose newest listing is given; `written_to` while a run goes on there.

        `shown` tells that its backup server shows all that finished there.
        """
        if not self._schedule.may_try(("archives", place), now):
            return False
        if listing is None:
            return True
        if shown:
            return is_older(listing.read_at, now, DAILY)
        suspicious = bool(self._suspected.get(place)) and is_older(listing.read_at, now, _SECOND_LOOK)
        longest = _HIDDEN if runs_hidden else _VERIFYING if _may_be_verified(listing, now) else DAILY
        return (
            suspicious
            or self._follows_a_run(place, listing, now, written_to=written_to)
            or is_older(listing.read_at, now, longest)
        )

    def _follows_a_run(self, place: Place, listing: ArchiveListing, now: datetime, *, written_to: bool) -> bool:
        ended = self._ended.get(place)
        if ended is None or (written_to and now - ended < _WAIT_FOR_RUNS):
            return False
        if listing.read_at <= ended:
            return True
        return listing.read_at - ended < _SECOND_LOOK <= now - ended


def _names(archives: Collection[Archive]) -> frozenset[str]:
    return frozenset(logged_name(archive) for archive in archives)


def _may_be_verified(listing: ArchiveListing, now: datetime) -> bool:
    """Tell whether some snapshot is so young that it may be verified today; only a detailed listing shows that."""
    oldest = (now - _VERIFIED_WITHIN).timestamp()
    return any(
        archive.ctime >= oldest and archive.size is not None and _is_snapshot(archive) for archive in listing.archives
    )


def _is_snapshot(archive: Archive) -> bool:
    """Tell a snapshot of a backup server, as in pbs:backup/vm/101/2026-01-13T01:00:00Z, from a file."""
    return archive.volid.partition(":")[2].startswith(("backup/vm/", "backup/ct/"))
