"""What the user has decided for one backup server: what is left alone, when it is on, and how long to wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum


class Place(StrEnum):
    """Where something stands: with the guests, elsewhere, or nobody has said."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of each day in which a server is on, by its own clock; one that ends before it begins goes over midnight."""

    begin: time
    end: time

    def holds(self, moment: time) -> bool:
        """Tell whether a time of day lies within."""
        if self.begin <= self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """The decisions for one server; the defaults are those of somebody who has decided nothing.

    `awake` are the hours in which the server is on, empty for one that always is. `ignored_namespaces` are pairs of datastore
    and namespace, with all that lies below; `ignored_groups` are ids of subjects, as ds1:home:host/nas. `chosen_stores` are those that are
    watched, None for all. `rhythm` tells by the same ids how often a group is to be backed up, `asleep_limit` by datastore how
    long its disk may be away, and each of `rotation` names the datastores of disks that take turns. `places` tells of
    datastores and remotes where they stand other than the server: `datastore_tank`, `remote_offsite`. Without a limit (None)
    nothing is said of that. `remind_after` is how long after a message another one may come about the same problem, None for never.
    """

    place: Place = Place.UNKNOWN
    places: Mapping[str, Place] = field(default_factory=dict)
    chosen_stores: frozenset[str] | None = None
    ignored_stores: frozenset[str] = frozenset()
    ignored_namespaces: frozenset[tuple[str, str]] = frozenset()
    ignored_groups: frozenset[str] = frozenset()
    honours_no_monitor: bool = True
    awake: tuple[Hours, ...] = ()
    rhythm: Mapping[str, timedelta] = field(default_factory=dict)
    asleep_limit: Mapping[str, timedelta] = field(default_factory=dict)
    rotation: tuple[frozenset[str], ...] = ()
    verify_limit: timedelta | None = timedelta(days=35)
    gc_limit: timedelta | None = timedelta(days=7)
    pause_limit: timedelta = timedelta(days=7)
    blind_limit: timedelta = timedelta(hours=24)
    warnings_are_problems: bool = False
    remind_after: timedelta | None = timedelta(days=1)

    def watches(self, store: str) -> bool:
        """Tell whether a datastore is watched."""
        return store not in self.ignored_stores and (self.chosen_stores is None or store in self.chosen_stores)
