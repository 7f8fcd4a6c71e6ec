"""Who a connection comes from."""

from dataclasses import dataclass
import ipaddress
from typing import Self


@dataclass(frozen=True, slots=True)
class Client:
    """One end of connections: its address, and the network in which it can take other addresses at will.

    Of an IPv4 address the network is the address itself; of an IPv6 address, its first 64 bits (RFC 4291, 2.5.4).
    """

    address: str
    network: str

    @classmethod
    def of(cls, address: str | None) -> Self:
        """Return the client that a socket's address names, "unknown" where it is no IP address."""
        try:
            ip = ipaddress.ip_address((address or "").partition("%")[0])
        except ValueError:
            return cls("unknown", "unknown")
        if isinstance(ip, ipaddress.IPv6Address):
            if ip.ipv4_mapped is None:
                return cls(str(ip), str(ipaddress.ip_network((ip, 64), strict=False).network_address))
            ip = ip.ipv4_mapped
        return cls(str(ip), str(ip))
