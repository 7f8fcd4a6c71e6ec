"""How long a client with a wrong token waits for its refusal."""

from collections import OrderedDict
import ipaddress
import time

FIRST = 1.0  # seconds
LONGEST = 8.0  # seconds
FORGIVEN = 300.0  # seconds without a wrong token
MAX_CLIENTS = 256


def client_of(address: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or the 64 bits that an IPv6 host can vary behind."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
    return str(ip)


class Refusals:
    """Counts the wrong tokens of the clients seen last."""

    def __init__(self, first: float = FIRST) -> None:
        """Start without any; `first` is what the first one costs, in seconds."""
        self._first = first
        self._clients: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def delay(self, client: str) -> float:
        """Count one more wrong token of this client; return the seconds to wait before saying so."""
        now = time.monotonic()
        count, seen = self._clients.pop(client, (0, now))
        if now - seen > FORGIVEN:
            count = 0
        self._clients[client] = (count + 1, now)
        if len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        return min(self._first * 2.0 ** min(count, 10), LONGEST)
