"""Which backup server is behind a storage: by its own id, else by its certificate, its address, or by what lies there.

An id that both tell decides alone, since machines that were moved keep neither address nor certificate. Snapshots in common are the
weakest sign: a server to which they are copied has them too, but as somebody else's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...proxmox.api.backup_models import BackupServerPlace
from ..model.facts import StorageFacts
from ..model.linked_servers import KnownGroup, KnownServer
from .archive import logged_name

_FEWEST_IN_COMMON: Final = 3
_EVERYBODY: Final = "root@pam"


class Sign(StrEnum):
    """By what a storage and a server were found to belong together, the strongest first."""

    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    ADDRESS = "address"
    SNAPSHOTS = "snapshots"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The datastore and namespace of a watched server that a storage stands for."""

    server: KnownServer
    store: str
    ns: str
    sign: Sign

    @property
    def namespace(self) -> str:
        """The namespace as it goes by in the server's description."""
        return f"{self.store}:{self.ns}"


def link_of(storage: StorageFacts, servers: Iterable[KnownServer]) -> Link | None:
    """Return what a storage stands for, None where it is no backup server's or that server is not watched."""
    place = storage.backup_server
    if place is None:
        return None
    found = [(sign, server) for server in servers if (sign := _sign(storage, place, server)) is not None]
    if not found:
        return None
    order = list(Sign)
    # Of two machines with one id, as after cloning, the one with the same certificate or address, or the datastore.
    sign, server = min(
        found,
        key=lambda one: (
            order.index(one[0]),
            not one[1].is_at(place.host, place.port, place.fingerprint),
            place.datastore not in one[1].stores,
            one[1].server,
        ),
    )
    if sign is Sign.SNAPSHOTS and len(found) > 1:
        return None
    return Link(server=server, store=place.datastore, ns=place.namespace, sign=sign)


def _sign(storage: StorageFacts, place: BackupServerPlace, server: KnownServer) -> Sign | None:
    if place.instance_id is not None and server.instance_id is not None:
        return Sign.IDENTITY if place.instance_id == server.instance_id else None
    if place.fingerprint is not None and place.fingerprint == server.fingerprint:
        return Sign.CERTIFICATE
    if (place.host, place.port) == (server.host, server.port):
        return Sign.ADDRESS
    return Sign.SNAPSHOTS if _has_its_snapshots(storage, place, server) else None


def _has_its_snapshots(storage: StorageFacts, place: BackupServerPlace, server: KnownServer) -> bool:
    """Tell whether all that a storage lists lies on a server, as the cluster's own: a copy has another owner, or lags behind."""
    if storage.listing is None or place.username is None:
        return False
    listed: dict[str, set[int]] = {}
    for archive in storage.listing.archives:
        if archive.finished or not storage.listing.detailed:
            listed.setdefault(logged_name(archive).rpartition("/")[0], set()).add(archive.ctime)
    if sum(map(len, listed.values())) < _FEWEST_IN_COMMON or _is_pulled_into(place, server):
        return False
    if place.username == _EVERYBODY:
        # Copies belong to it as well, where nobody has chosen another owner.
        return False
    prefix = f"{place.datastore}:{place.namespace}:"
    return all(_holds(server.groups.get(prefix + group), times, place.username) for group, times in listed.items())


def _holds(group: KnownGroup | None, times: set[int], owner: str) -> bool:
    """Tell whether a group is the cluster's own, and has what the storage lists; the newest may not be finished yet."""
    if group is None or group.owner != owner:
        return False
    settled = sorted(times)[:-1] or sorted(times)
    return settled[-1] in group.times


def _is_pulled_into(place: BackupServerPlace, server: KnownServer) -> bool:
    """Tell whether the namespace is one that the server fills from elsewhere."""
    inside = f"{place.namespace}/"
    return any(
        not route.pushes and route.store == place.datastore and (not route.ns or inside.startswith(f"{route.ns}/"))
        for route in server.routes
    )
