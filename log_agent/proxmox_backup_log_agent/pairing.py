"""The line that Home Assistant is given: where the agent is, its token and its certificate's fingerprint."""

import ipaddress
import socket
from urllib.parse import urlencode

_DOCUMENTATION_ADDRESSES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def pairing_line(host: str, port: int, token: str, fingerprint: str | None) -> str:
    """Return `https://HOST:PORT/#token=…&fingerprint=…`; no browser ever sends what follows the `#`."""
    parts = {"token": token} | ({"fingerprint": fingerprint.replace(":", "")} if fingerprint else {})
    return f"https://{_in_url(host)}:{port}/#{urlencode(parts)}"


def reachable_address(listening: str) -> str:
    """Return the address of this host that others most likely reach it by.

    That is the one it listens on, else the one its name has (which Proxmox demands of a node's name), else the one
    that it uses itself to reach others, else its name.
    """
    if listening not in ("", "::", "0.0.0.0"):
        return listening
    for candidate in (*_addresses_of_name(), *_addresses_of_routes()):
        address = ipaddress.ip_address(candidate.partition("%")[0])
        if not (address.is_loopback or address.is_link_local or address.is_unspecified):
            return str(address)
    return socket.getfqdn()


def _addresses_of_name() -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _addresses_of_routes() -> list[str]:
    """Return the source addresses that the routing table gives; connecting a UDP socket sends nothing."""
    found = []
    for family, target in _DOCUMENTATION_ADDRESSES:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
