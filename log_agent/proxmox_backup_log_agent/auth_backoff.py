"""How long a client with a wrong token waits for its refusal."""

from collections import OrderedDict
import time

FIRST = 1.0  # seconds
LONGEST = 8.0  # seconds
FORGIVEN = 300.0  # seconds without a wrong token
MAX_NETWORKS = 256


class AuthBackoff:
    """Counts the wrong tokens of the networks seen last."""

    def __init__(self, first: float = FIRST) -> None:
        """Start without any; `first` is what the first one costs, in seconds."""
        self._first = first
        self._networks: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def delay(self, network: str) -> float:
        """Count one more wrong token from this network; return the seconds to wait before saying so."""
        now = time.monotonic()
        count, seen = self._networks.pop(network, (0, now))
        if now - seen > FORGIVEN:
            count = 0
        self._networks[network] = (count + 1, now)
        if len(self._networks) > MAX_NETWORKS:
            self._networks.popitem(last=False)
        return min(self._first * 2.0 ** min(count, 10), LONGEST)
