"""Who may stay connected: strangers, who have not shown the token yet, never take the places of those who have."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from .clients import Client

MAX_ACQUAINTANCES = 64


@dataclass(frozen=True, kw_only=True)
class PlaceLimits:
    """How many connections there may be."""

    connections: int = 32
    connections_per_client: int = 6  # with the token, and as many without, of one address
    strangers: int = 24
    strangers_per_network: int = 12


@dataclass(eq=False, slots=True)
class Place:
    """The place of one connection."""

    client: Client
    has_token: bool = False


class Places:
    """The places of all connections, in the order of their beginning.

    Where strangers are too many, the oldest connection of those goes that hold the most. An address from which the
    token came before goes last, so that neither many connections nor many addresses keep such a client out.
    """

    def __init__(self, limits: PlaceLimits) -> None:
        """Start with none."""
        self._limits = limits
        self._taken: list[Place] = []
        self._acquaintances: OrderedDict[str, None] = OrderedDict()

    def enter(self, place: Place) -> Place | None:
        """Take a place as a stranger; return who has to go for it, which may be the newcomer itself."""
        self._taken.append(place)
        crowd = self._crowd(place.client)
        if not crowd:
            return None
        leaving = self._first_to_go(crowd)
        self._taken.remove(leaving)
        return leaving

    def admit(self, place: Place) -> bool:
        """Note that a connection has shown the token; return whether its address may have one more such."""
        address = place.client.address
        if not place.has_token:
            held = sum(other.has_token and other.client.address == address for other in self._taken)
            if held >= self._limits.connections_per_client:
                return False
            place.has_token = True
        self._acquaintances[address] = None
        self._acquaintances.move_to_end(address)
        if len(self._acquaintances) > MAX_ACQUAINTANCES:
            self._acquaintances.popitem(last=False)
        return True

    def leave(self, place: Place) -> None:
        """Give a place back, if it has not been taken away already."""
        if place in self._taken:
            self._taken.remove(place)

    def _crowd(self, newcomer: Client) -> list[Place]:
        """Return the strangers of whom one has to go, none where all may stay."""
        limits = self._limits
        strangers = [place for place in self._taken if not place.has_token]
        of_address = [place for place in strangers if place.client.address == newcomer.address]
        if len(of_address) > limits.connections_per_client:
            return of_address
        of_network = [place for place in strangers if place.client.network == newcomer.network]
        if len(of_network) > limits.strangers_per_network:
            return of_network
        if len(strangers) > limits.strangers or len(self._taken) > limits.connections:
            return strangers
        return []

    def _first_to_go(self, crowd: list[Place]) -> Place:
        networks = Counter(place.client.network for place in crowd)
        addresses = Counter(place.client.address for place in crowd)
        return min(
            crowd,
            key=lambda place: (
                place.client.address in self._acquaintances,
                -networks[place.client.network],
                -addresses[place.client.address],
            ),
        )
