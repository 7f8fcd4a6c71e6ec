"""The token's rights on single nodes and storages that are shown no longer: the list of rights leaves out a path without any."""

from collections.abc import Iterable
from typing import Final

from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Permissions, Resources
from ...proxmox.api.errors import ProxmoxError, UnexpectedAnswerError

_AUDIT: Final = "Datastore.Audit"
_ASKED_AT_ONCE: Final = 10


class PathRights:
    """Asks of each node without figures and each storage that is gone whether the token may see it."""

    def __init__(self, client: ProxmoxClient) -> None:
        """Know of no storage yet."""
        self._client = client
        self._known: set[str] = set()
        self._nodes: tuple[str, ...] = ()
        self._missing: tuple[str, ...] = ()
        self._answers: dict[str, frozenset[str]] = {}

    @property
    def hidden_storages(self) -> frozenset[str]:
        """The storages for backups that were listed and are kept from the token; what could not be asked of counts as kept."""
        return frozenset(self._missing)

    def restore(self, storages: Iterable[str]) -> None:
        """Take up which storages were there when they were last seen."""
        self._known |= set(storages)

    def note(self, resources: Resources, online: Iterable[str]) -> None:
        """Take note of what is listed, and of which nodes are on; one without rights is listed without figures."""
        listed = {row.storage for row in resources.storages if "backup" in row.content}
        self._missing = tuple(sorted(self._known - listed))
        self._known |= listed
        self._nodes = tuple(sorted(set(online) - resources.uptimes.keys()))
        paths = {*map(_node, self._nodes), *map(_storage, self._missing)}
        self._answers = {path: held for path, held in self._answers.items() if path in paths}

    async def completed(self, permissions: Permissions) -> Permissions:
        """Return rights as they were listed, with those on the paths that had to be asked for."""
        paths = [_node(name) for name in self._nodes if permissions.has("/nodes", "Sys.Audit")]
        paths += [_storage(name) for name in self._missing if permissions.has("/storage", _AUDIT)]
        untold = set()
        self._answers |= {path: permissions.by_path[path] for path in paths if path in permissions.by_path}
        for path in [path for path in paths if path not in permissions.by_path][:_ASKED_AT_ONCE]:
            try:
                self._answers[path] = await self._client.privileges_on(path)
            except UnexpectedAnswerError:
                # Whoever does not answer for one path tells nothing, ever: then a storage that is not listed is gone.
                untold.add(path)
            except ProxmoxError:
                # What it said last holds until it can be asked again.
                continue
        gone = {
            name
            for name in self._missing
            if _storage(name) in untold or _AUDIT in self._answers.get(_storage(name), ())
        }
        self._known -= gone
        self._missing = tuple(name for name in self._missing if name not in gone)
        return permissions.with_paths(self._answers)


def _node(name: str) -> str:
    return f"/nodes/{name}"


def _storage(name: str) -> str:
    return f"/storage/{name}"
