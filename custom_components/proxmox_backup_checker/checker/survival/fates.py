"""What becomes of each guest and each storage when something dies, and of what rests on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from ...proxmox.api.config_models import normalised
from ..archives.archive_index import Place
from ..copies.hosts import Server
from ..model.server_options import Place as Stands
from ..model.standing import Standing
from .death import DIES, HERE, LIVES, Death, DoubtCode, Fate, Lot, doubtful, worst_of
from .house import Footing, House


@dataclass(frozen=True, slots=True)
class Fates:
    """What becomes of guests, by what they rest on, and of storages."""

    house: House
    places: Mapping[Place, Fate]
    footings: Mapping[Footing, Fate]

    @classmethod
    def after(cls, death: Death, house: House) -> Self:
        """Let something die, then what rests on it, and so on until nothing more dies.

        Everything starts alive and only ever gets worse, so that a circle of guests that serve each other comes to an end.
        """
        places: dict[Place, Fate] = dict.fromkeys(house.places, LIVES)
        footings: dict[Footing, Fate] = dict.fromkeys(house.guests_of, LIVES)
        dying = house.place_of(death.name) if death.kind == "storage" else None
        while True:
            step = _Step(death, dying, house, places, footings)
            found_places = {place: step.of_place(place) for place in house.places}
            found_footings = {footing: step.of_footing(footing) for footing in house.guests_of}
            if _lots(found_places) == _lots(places) and _lots(found_footings) == _lots(footings):
                return cls(house, found_places, found_footings)
            places, footings = found_places, found_footings

    def of_guest(self, vmid: int) -> Fate:
        """Return what becomes of a guest."""
        return self.footings[self.house.footings[vmid]]


def _lots[Key](fates: Mapping[Key, Fate]) -> dict[Key, Lot]:
    return {key: fate.lot for key, fate in fates.items()}


@dataclass(frozen=True, slots=True)
class _Step:
    """One round: what becomes of all by what has become of that on which it rests."""

    death: Death
    dying: Place | None
    house: House
    places: Mapping[Place, Fate]
    footings: Mapping[Footing, Fate]

    def _of_node(self, node: str) -> Fate:
        return DIES if self.death in {Death("node", node), HERE} else LIVES

    def of_footing(self, footing: Footing) -> Fate:
        """Return what becomes of guests: those whose disks are left can be started on another node."""
        node, dying = self._of_node(footing.node), self.dying
        if footing.places is None:
            reachable = [fate for place, fate in self.places.items() if place[1] in {None, footing.node}]
            lost = node.lot is Lot.DIES or worst_of(reachable).lot is not Lot.LIVES
            return doubtful(DoubtCode.DISKS) if lost else LIVES
        fates = [self.places[place] for place in footing.places]
        if footing.uses_node:
            fates.append(node)
            if dying is not None and dying[1] == footing.node:
                fates.append(doubtful(DoubtCode.SAME_BOX, storage=self.house.keys[dying]))
        return worst_of(fates)

    def of_place(self, place: Place) -> Fate:
        """Return what becomes of a storage: what its user says, else what its kind and address tell."""
        if place == self.dying:
            return DIES
        standing = self.house.standings.get(place)
        fate = self._where(standing, place) if standing is not None else self._untold(place)
        return worst_of([fate, self._of_part(place)])

    def _where(self, standing: Standing, place: Place) -> Fate:
        match standing.where:
            case "node":
                known = standing.name in self.house.nodes
                return self._of_node(standing.name) if known else doubtful(DoubtCode.STANDING, storage=self._key(place))
            case "guest":
                footing = self.house.footings.get(int(standing.name))
                return self.footings[footing] if footing else doubtful(DoubtCode.STANDING, storage=self._key(place))
            case "here" | "elsewhere":
                return DIES if self.death == Death("place", standing.where) else LIVES

    def _untold(self, place: Place) -> Fate:
        """Return what becomes of a storage of which nobody has said anything, but in which house its backup server stands."""
        house = self.house.houses.get(place, Stands.UNKNOWN)
        if house is Stands.ELSEWHERE or (house is Stands.HERE and self.death.kind == "place"):
            return DIES if self.death == Death("place", house.value) else LIVES
        return self._as_configured(place)

    def _as_configured(self, place: Place) -> Fate:
        if place[1] is not None:
            return self._of_node(place[1])
        hosts = self.house.hosts.get(place, ())
        fates = [self._of_host(host, place) for host in hosts]
        if fates and all(fate.lot is Lot.DIES for fate in fates):
            return DIES
        if not fates:
            return doubtful(DoubtCode.STANDING, storage=self._key(place))
        # Of several hosts the others may go on without one, or not: nobody can tell by their number.
        worst = worst_of(fates)
        return worst if worst.lot is not Lot.DIES else doubtful(DoubtCode.STANDING, storage=self._key(place))

    def _of_host(self, host: str, place: Place) -> Fate:
        key = self._key(place)
        if (server := self.house.servers.server_of(host)) is not None:
            return self._of_server(server, host, key)
        if self.death.kind == "place":
            return doubtful(DoubtCode.STANDING, storage=key, host=host)
        if normalised(host) is None:
            return doubtful(DoubtCode.NAME, storage=key, host=host)
        if not self.house.guests_visible:
            return doubtful(DoubtCode.HIDDEN_GUESTS, storage=key, host=host)
        for node in self.house.nodes_that_may_have(host):
            if self._of_node(node).lot is not Lot.LIVES:
                return doubtful(DoubtCode.MAY_BE_NODE, storage=key, host=host, node=node)
        suspects = tuple(self._suspects(host))
        return doubtful(DoubtCode.MAY_BE_GUEST, storage=key, host=host, vmids=suspects) if suspects else LIVES

    def _of_server(self, server: Server, host: str, key: str) -> Fate:
        nodes = [self._of_node(node) for node in server.nodes]
        if self.dying is not None and self.dying[1] in server.nodes:
            nodes.append(doubtful(DoubtCode.SAME_BOX, storage=key))
        fates = [*nodes, *(self.footings[self.house.footings[vmid]] for vmid in server.vmids)]
        if len({fate.lot for fate in fates}) == 1:
            return fates[0]
        worst = worst_of(fates)
        is_one = len(server.nodes) + len(server.vmids) == 1
        if is_one or worst.lot is Lot.LIVES:
            return worst
        # Whose the address is now, of several that have it, is not known.
        return doubtful(DoubtCode.STANDING, storage=key, host=host)

    def _suspects(self, host: str) -> Iterator[int]:
        """Yield the guests that may have an address and may not live on."""
        for footing, vmids in self.house.guests_of.items():
            if self.footings[footing].lot is not Lot.LIVES:
                yield from (vmid for vmid in vmids if self.house.may_have(vmid, host))

    def _of_part(self, place: Place) -> Fate:
        """Return what becomes of a storage that may be a part of the one that dies."""
        dying = self.dying
        if dying is None:
            return LIVES
        house = self.house
        datastore = house.datastores.get(place)
        if datastore is not None and datastore == house.datastores.get(dying):
            return DIES
        mine, other = house.standings.get(place), house.standings.get(dying)
        same_node = place[1] is not None and place[1] == dying[1]
        same_host = not set(house.hosts.get(place, ())).isdisjoint(house.hosts.get(dying, ()))
        same_standing = mine is not None and mine == other and mine.where in {"node", "guest"}
        if (same_node and mine is None and other is None) or same_host or same_standing:
            return doubtful(DoubtCode.SAME_BOX, storage=self._key(place))
        return LIVES

    def _key(self, place: Place) -> str:
        return self.house.keys[place]
