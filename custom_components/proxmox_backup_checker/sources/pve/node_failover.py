"""Finds a node that answers for the cluster: the configured one, or another while that is down."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
import logging
from typing import Final

from ...checker.model.records import NodeRecord
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import ClusterStatus
from ...proxmox.api.endpoint import Endpoint
from ...proxmox.api.errors import CannotConnectError, PermissionDeniedError, ProxmoxError, UnexpectedAnswerError

_LOGGER = logging.getLogger(__name__)

# Every node listens there, whatever port leads to the configured one from outside.
_PORT: Final = 8006
# Where none of these answers, it is the network that is down.
_MOST_ASKED: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """A node that answers in place of the configured one, and why that does not; `missing` is its name, where it is known."""

    node: str
    missing: str | None
    error: CannotConnectError


class ClusterDoor:
    """Leads to the cluster, each time through the configured node if that answers.

    The other nodes are known by their addresses and by the fingerprints of their certificates, which came through a
    connection that was verified: no node is asked that does not show its certificate. Nothing but silence leads to another
    node; one that shows another certificate, or refuses the token, is there.
    """

    def __init__(self, client: ProxmoxClient) -> None:
        """Lead a client."""
        self._client = client
        self._nodes: dict[str, NodeRecord] = {}
        self._off: frozenset[str] = frozenset()
        self.stand_in: StandIn | None = None

    @property
    def nodes(self) -> dict[str, NodeRecord]:
        """What is known of the nodes, by name."""
        return self._nodes

    @property
    def lacks_fingerprints(self) -> bool:
        """Whether some node's certificate is not known yet."""
        return any(record.fingerprint is None for record in self._nodes.values())

    def know(self, records: Iterable[NodeRecord]) -> None:
        """Take up what was known of the nodes."""
        self._nodes = {record.name: record for record in records}
        self._off = frozenset(record.name for record in self._nodes.values() if record.offline_since is not None)

    async def enter(self) -> tuple[ClusterStatus, str | None]:
        """Return members and quorum from a node that answers, and why they cannot all be seen.

        Raises the error of the configured node where no other answers for the cluster.
        """
        self._client.ask(None)
        try:
            status, trouble = await self._status()
        except CannotConnectError as error:
            return await self._through_another(error)
        if self.stand_in is not None:
            _LOGGER.info("The configured node of %s answers again", status.title)
            self.stand_in = None
        self._learn(status)
        return status, trouble

    async def learn_fingerprints(self) -> None:
        """Read the certificates' fingerprints; raises any ProxmoxError."""
        for node in await self._client.nodes():
            if node.fingerprint and (record := self._nodes.get(node.name)) is not None:
                self._nodes[node.name] = replace(record, fingerprint=node.fingerprint)

    async def _status(self) -> tuple[ClusterStatus, str | None]:
        """Read members and quorum; without Sys.Audit on / only the nodes are shown."""
        try:
            return await self._client.cluster_status(), None
        except PermissionDeniedError as error:
            trouble = str(error)
        nodes = await self._client.nodes()
        if not nodes:
            raise UnexpectedAnswerError("/nodes: no node listed")
        return ClusterStatus(name=None, quorate=True, nodes=nodes), trouble

    async def _through_another(self, error: CannotConnectError) -> tuple[ClusterStatus, str | None]:
        missing = next((record.name for record in self._nodes.values() if record.contacted), None)
        for endpoint in self._others():
            try:
                self._client.ask(endpoint)
                status, trouble = await self._status()
            except ProxmoxError as other:
                _LOGGER.debug("%s does not answer for the cluster: %s", endpoint.node, other)
                continue
            except Exception:
                # However odd, it is no worse than silence: what counts is the error of the configured node.
                _LOGGER.debug("%s cannot be asked", endpoint.node, exc_info=True)
                continue
            if self.stand_in is None:
                _LOGGER.warning("%s answers for %s: %s", endpoint.node, status.title, error)
            self.stand_in = StandIn(node=endpoint.node, missing=missing, error=error)
            self._learn(status)
            return status, trouble
        self._client.ask(None)
        self.stand_in = None
        raise error

    def _others(self) -> list[Endpoint]:
        """Return the ways to the other nodes, those that were there last before those that were not."""
        known = [record for record in self._nodes.values() if record.address and not record.contacted]
        known.sort(key=lambda record: (record.name in self._off, record.name))
        return [
            Endpoint(node=record.name, host=record.address, port=port, fingerprint=record.fingerprint)
            for record in known[:_MOST_ASKED]
            if record.address is not None and record.fingerprint is not None
            for port in dict.fromkeys((self._client.port, _PORT))
        ]

    def _learn(self, status: ClusterStatus) -> None:
        """Remember where the nodes are; which of them is the configured one, only that one itself can tell."""
        known = self._nodes
        self._nodes = {}
        for node in status.nodes:
            record = known.get(node.name) or NodeRecord(name=node.name)
            moved = node.address is not None and node.address != record.address
            self._nodes[node.name] = replace(
                record,
                address=node.address or record.address,
                fingerprint=None if moved else record.fingerprint,
                contacted=record.contacted if self.stand_in is not None else node.local,
            )
        self._off = frozenset(node.name for node in status.nodes if not node.online)
