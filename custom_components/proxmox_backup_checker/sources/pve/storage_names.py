"""Which storages go by their names alone, and which need their node's name besides, so that each keeps its name for ever."""

from collections.abc import Collection, Mapping

from ...checker.model.records import StorageRecord


class StorageNames:
    """Remembers how the storages are called that a node has for itself alone, as `local`.

    The first of a name goes by that name, also once another node has one of the same name, as where a single host becomes
    the first node of a cluster; those that come later, and several that are seen first together, bear their nodes' names.
    """

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._owners: dict[str, str] = {}
        self._with_node: set[tuple[str, str]] = set()

    def restore(self, records: Mapping[str, StorageRecord], nodes: Collection[str]) -> None:
        """Take up how the storages were called; `nodes` are those that were known then.

        Version 0.1.0 did not keep whose a storage is that goes by its name alone; a single host's can be no other's.
        """
        alone = next(iter(nodes)) if len(nodes) == 1 else None
        for key, record in records.items():
            owner = record.owner or record.node or alone
            if owner is None:
                continue
            if key == record.storage:
                self._owners[record.storage] = owner
            else:
                self._with_node.add((record.storage, owner))

    def owner(self, name: str, nodes: Collection[str]) -> str | None:
        """Return the node whose storage goes by its name alone, None where none does; `nodes` have one of this name now."""
        owner = self._owners.get(name)
        if owner not in nodes:
            # A disk that was put into another host, or a host with another name, goes on as what it was.
            heirs = [node for node in nodes if (name, node) not in self._with_node]
            owner = heirs[0] if len(nodes) == len(heirs) == 1 else None
        if owner is not None:
            self._owners[name] = owner
        self._with_node |= {(name, node) for node in nodes if node != owner}
        return owner
