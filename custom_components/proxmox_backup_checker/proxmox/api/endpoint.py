"""Where a node answers, and how it is known to be that node."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A node's API; `fingerprint` is the SHA-256 of the certificate that it has to show."""

    node: str
    host: str
    port: int
    fingerprint: str
