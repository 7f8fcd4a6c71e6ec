"""What the clusters that back up to a server know of the groups there; without one, every group is judged by its own rhythm."""

from dataclasses import dataclass
from typing import Final

from ...proxmox.backup_server.namespace import GroupId

_OF_GUESTS: Final = frozenset({"vm", "ct"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedPlace:
    """A datastore and namespace to which a cluster backs up, and the guests it has.

    `complete` is False while a guest that exists may be missing from `vmids`, as when the cluster cannot be read.
    """

    store: str
    ns: str
    cluster: str
    vmids: frozenset[int]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """The places that are linked with clusters; `missed_by` are the clusters that have told that their storage there is out of reach."""

    places: tuple[LinkedPlace, ...] = ()
    missed_by: frozenset[str] = frozenset()

    @property
    def any(self) -> bool:
        """Whether any cluster is linked."""
        return bool(self.places)

    def places_of(self, store: str, ns: str) -> tuple[LinkedPlace, ...]:
        """Return the links to a namespace."""
        return tuple(place for place in self.places if (place.store, place.ns) == (store, ns))

    def judges(self, group: GroupId) -> bool:
        """Tell whether the server's own entry judges a group: those of guests are their cluster's."""
        return group.backup_type not in _OF_GUESTS or not self.any


NO_LINKS: Final = Links()
