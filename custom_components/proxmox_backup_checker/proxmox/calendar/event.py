"""Proxmox' calendar events: when a backup job is due, exactly as Proxmox computes it.

`calendar_grammar` reads the text, `calendar_search` finds the next event and `calendar_previous` the last one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
import math
import re
from typing import Final, Self, override

from .clock import ZoneClock, clock_of
from .description import describe
from .grammar import WEEKDAYS, Written, parse
from .previous import Backwards
from .search import Search
from .surprises import Surprise, surprises, swallowed_slot

_START_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5]?[0-9])")
_LIST_SEPARATOR: Final = re.compile(r"[,;\s\0]+")
_SHORT_WEEKDAYS: Final = frozenset(day[:3] for day in WEEKDAYS)


class CalendarEvent:
    """A schedule in Proxmox' notation."""

    __slots__ = ("_backwards", "_fields", "_search", "_written")

    def __init__(self, written: Written) -> None:
        """Make an event of a text taken apart; `parse` is the way to get one."""
        self._written = written
        self._fields = written.fields()
        self._search = Search(self._fields)
        self._backwards = Backwards(self._fields, self._search)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a schedule; raises ValueError for every text that Proxmox refuses."""
        return cls(parse(text))

    @classmethod
    def from_legacy(cls, dow: str, starttime: str) -> Self:
        """Read the weekdays and the time of a job from /etc/pve/vzdump.cron (pve-manager, API2/Backup.pm).

        dow is a list of weekdays ("mon,sat"), empty for every day; starttime is "HH:MM". Raises ValueError.
        """
        days = [day for day in _LIST_SEPARATOR.split(dow) if day]
        if not _SHORT_WEEKDAYS.issuperset(days):
            raise ValueError(f"{dow!r} is not a list of weekdays")
        if not _START_TIME.fullmatch(starttime):
            raise ValueError(f"{starttime!r} is not a time of day")
        return cls(parse(f"{','.join(days)} {starttime}"))

    @property
    def text(self) -> str:
        """The schedule as written."""
        return self._written.text

    @override
    def __repr__(self) -> str:
        """The schedule as written."""
        return f"CalendarEvent.parse({self.text!r})"

    @override
    def __eq__(self, other: object) -> bool:
        """Whether both are written alike."""
        return isinstance(other, CalendarEvent) and self.text == other.text

    @override
    def __hash__(self) -> int:
        """By the text."""
        return hash(self.text)

    def describe(self, language: str = "en") -> str:
        """The schedule as a sentence in English or German ("de"), or its text where it is too strange for one."""
        return describe(self._fields, self.text, language)

    def surprises(self, moment: datetime | None = None) -> list[Surprise]:
        """What whoever wrote the schedule probably did not mean.

        With a moment in the node's zone, this includes the slot that the next clock change swallows.
        """
        found = list(surprises(self._written, self._fields))
        if moment is not None and not self._fields.utc:
            swallowed = swallowed_slot(self._fields, clock_of(_zone_of(moment)), math.floor(moment.timestamp()))
            found += [swallowed] if swallowed else []
        return found

    def next_after(self, moment: datetime) -> datetime | None:
        """The first event after a moment, in the moment's zone, which has to be the node's.

        None when there is none or when Proxmox gives up. Where the zone counts winter as daylight saving time
        (Dublin, Casablanca), and within a repeated hour, Proxmox may find a time that is not later than the moment;
        this method then gives the same answer.
        """
        zone = _zone_of(moment)
        epoch = self._search.next_epoch(self._clock(zone), math.floor(moment.timestamp()) + 1)
        return None if epoch is None else datetime.fromtimestamp(epoch, zone)

    def last_before(self, moment: datetime) -> datetime | None:
        """The last event at or before a moment, in the moment's zone, which has to be the node's."""
        zone = _zone_of(moment)
        epoch = self._backwards.previous_epoch(self._clock(zone), math.floor(moment.timestamp()))
        return None if epoch is None else datetime.fromtimestamp(epoch, zone)

    def slots(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """All events after start and up to end, each once, in start's zone.

        Where Proxmox' search leads back in time (see `next_after`), they go on behind the clock change and the hour it
        repeats; where it finds nothing any more, they end.
        """
        zone = _zone_of(start)
        clock = self._clock(zone)
        last, limit = math.floor(start.timestamp()), math.floor(end.timestamp())
        following = last + 1
        while following <= limit:
            epoch = self._search.next_epoch(clock, following)
            if epoch is None or epoch > limit:
                return
            if epoch > last:
                yield datetime.fromtimestamp(epoch, zone)
                last, following = epoch, epoch + 1
            else:
                following = clock.behind_change(following, limit)

    def _clock(self, zone: tzinfo) -> ZoneClock:
        return clock_of(UTC if self._fields.utc else zone)


def _zone_of(moment: datetime) -> tzinfo:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.tzinfo
