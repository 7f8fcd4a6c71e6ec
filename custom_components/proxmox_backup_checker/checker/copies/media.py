"""How many boxes are surely apart: a name and an address, or addresses of two kinds, may be those of one and the same."""

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

OF_HOST: Final = "host/"
IN_ANOTHER_HOUSE: Final = "@elsewhere"


class _Told(StrEnum):
    """How a host is told; what is told in one way is told apart by it."""

    NAME = "name"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


def fewest(media: Iterable[str]) -> int:
    """Return how many media there are at least.

    Of hosts in one house each that is told by an address may also be one that is told by its name, or by an address of the other kind.
    """
    others: set[str] = set()
    hosts: dict[bool, dict[_Told, set[str]]] = {}
    for medium in media:
        host = medium.removeprefix(OF_HOST).removesuffix(IN_ANOTHER_HOUSE)
        if not medium.startswith(OF_HOST) or "/" in host:
            others.add(medium)
            continue
        told, known_as = _told(host)
        house = hosts.setdefault(medium.endswith(IN_ANOTHER_HOUSE), {})
        house.setdefault(told, set()).add(known_as)
    return len(others) + sum(max(map(len, house.values())) for house in hosts.values())


def _told(host: str) -> tuple[_Told, str]:
    """Return how a host is told, and by what; a name with its domain may be the one without."""
    try:
        address = ip_address(host)
    except ValueError:
        return _Told.NAME, host.partition(".")[0].lower()
    return (_Told.IPV4 if address.version == 4 else _Told.IPV6), host
