"""Finds a node that answers for the cluster: the configured one, or another while that cannot."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
import logging
from typing import Final

from ...checker.model.records import NodeRecord
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import ClusterStatus, Node
from ...proxmox.api.endpoint import Endpoint
from ...proxmox.api.errors import (
    ApiError,
    CannotConnectError,
    PermissionDeniedError,
    ProxmoxError,
    ServiceDownError,
    UnexpectedAnswerError,
)
from ...proxmox.api.tls import normalise_fingerprint
from ..source import FallbackNode

_LOGGER = logging.getLogger(__name__)

# Every node listens there, whatever port leads to the configured one from outside.
_PORT: Final = 8006
# Where none of these answers, it is the network that is down.
_MOST_ASKED: Final = 4
_SERVER_ERRORS: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """The cluster as one node shows it.

    `trouble` says why not all can be seen, and `quorum_known` whether the node tells the quorum. `doubt` is why another
    node may know better.
    """

    status: ClusterStatus
    trouble: str | None = None
    quorum_known: bool = True
    doubt: ProxmoxError | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every node is there, and the quorum is known for it."""
        return (
            self.trouble is None
            and self.quorum_known
            and self.status.quorate
            and all(node.online and node.odd is None for node in self.status.nodes)
        )


class NodeFailover:
    """Leads to the cluster, each time through the configured node if that can answer for it.

    The other nodes are known by their addresses and by the fingerprints of their certificates, which came through a
    connection that was verified: no node is asked that does not show its certificate. Another node is asked where the
    configured one is silent, where its services are down, or where it stands alone; one that shows another certificate, or
    refuses the token, is there.
    """

    def __init__(self, client: ProxmoxClient) -> None:
        """Lead a client."""
        self._client = client
        self._nodes: dict[str, NodeRecord] = {}
        self._off: frozenset[str] = frozenset()
        self._last: ClusterStatus | None = None
        self._whole: Members | None = None
        self.fallback: FallbackNode | None = None

    @property
    def nodes(self) -> dict[str, NodeRecord]:
        """What is known of the nodes, by name."""
        return self._nodes

    @property
    def lacks_fingerprints(self) -> bool:
        """Whether the certificate of some node that is there is not known yet; Proxmox tells none of a node that is off."""
        return any(
            record.fingerprint is None and record.address is not None and record.name not in self._off
            for record in self._nodes.values()
        )

    @property
    def whole(self) -> Members | None:
        """The cluster as its configured node showed it last, None unless every node was there and it had its quorum."""
        return self._whole

    def look_again(self) -> None:
        """Let the members be read with the next poll."""
        self._whole = None

    def restore(self, records: Iterable[NodeRecord]) -> None:
        """Take up what was known of the nodes."""
        self._nodes = {record.name: record for record in records}
        self._off = frozenset(record.name for record in self._nodes.values() if record.offline_since is not None)

    async def connect(self) -> Members:
        """Return members and quorum from a node that answers, and use that node from now on.

        Raises the error of the configured node where none answers for the cluster.
        """
        self._client.use(None)
        self._whole = None
        try:
            members = await self._members()
        except CannotConnectError as error:
            return await self._through_another(error, None)
        if members.doubt is not None:
            return await self._through_another(members.doubt, members)
        if self.fallback is not None:
            _LOGGER.info("The configured node of %s answers again", members.status.title)
        return self._take(members, None)

    async def learn_fingerprints(self) -> None:
        """Read the certificates' fingerprints; raises any ProxmoxError."""
        for node in await self._client.nodes():
            fingerprint = _valid(node.fingerprint)
            if fingerprint is not None and (record := self._nodes.get(node.name)) is not None:
                self._nodes[node.name] = replace(record, fingerprint=fingerprint)

    async def _members(self) -> Members:
        """Read members and quorum through the node that is in use.

        Raises CannotConnectError also where the node answers nothing but errors of its own: pmxcfs is down then, and every
        path is 500. Without pvedaemon it still lists the nodes.
        """
        try:
            status = await self._client.cluster_status()
        except PermissionDeniedError as error:
            # Without Sys.Audit on / only the nodes are shown.
            return Members(status=await self._listed(None), trouble=str(error), quorum_known=False)
        except (ApiError, ServiceDownError) as error:
            if isinstance(error, ApiError) and error.status < _SERVER_ERRORS:
                raise
            try:
                status = await self._listed(self._last)
            except ApiError, ServiceDownError, UnexpectedAnswerError:
                raise CannotConnectError(str(error)) from error
            return Members(status=status, trouble=str(error), quorum_known=False, doubt=error)
        return await self._isolated(status) or Members(status=status)

    async def _listed(self, last: ClusterStatus | None) -> ClusterStatus:
        """Return the nodes that the node in use lists; name and quorum are those of the last time."""
        nodes = await self._client.nodes()
        if not nodes:
            raise UnexpectedAnswerError("/nodes: no node listed")
        return ClusterStatus(
            name=last.name if last else None,
            quorate=last.quorate if last else True,
            nodes=nodes,
        )

    async def _isolated(self, status: ClusterStatus) -> Members | None:
        """Return the cluster that was known, where its node shows itself alone and no cluster: corosync is down there.

        It looks like a standalone host then (PVE/API2/Cluster.pm, status). The others are taken for offline. A host that has
        really left its cluster has no corosync.conf any more, which pmxcfs shows also without corosync.
        """
        known = {node.name for node in status.nodes}
        others = [record for name, record in self._nodes.items() if name not in known]
        if status.name is not None or len(known) != 1 or not others or not known <= self._nodes.keys():
            return None
        if await self._has_left():
            return None
        missing = [Node(name=record.name, online=False, address=record.address) for record in others]
        nodes = tuple(sorted((*status.nodes, *missing), key=lambda node: node.name))
        text = f"The node {status.nodes[0].name} does not see its cluster"
        return Members(
            status=ClusterStatus(name=self._last.name if self._last else None, quorate=False, nodes=nodes),
            trouble=text,
            quorum_known=False,
            doubt=UnexpectedAnswerError(text),
        )

    async def _has_left(self) -> bool:
        """Tell whether the node in use is surely in no cluster any more."""
        try:
            return not await self._client.configured_members()
        except ProxmoxError:
            return False

    async def _through_another(self, error: ProxmoxError, own: Members | None) -> Members:
        """Return what another node shows, else what the configured one does; raises the error where that is nothing."""
        missing = next((record.name for record in self._nodes.values() if record.contacted), None)
        for endpoint in self._others():
            try:
                self._client.use(endpoint)
                members = await self._members()
            except ProxmoxError as other:
                _LOGGER.debug("%s does not answer for the cluster: %s", endpoint.node, other)
                continue
            except Exception:
                # However odd, it is no worse than silence: what counts is the error of the configured node.
                _LOGGER.debug("%s cannot be asked", endpoint.node, exc_info=True)
                continue
            if members.doubt is not None:
                continue
            if self.fallback is None:
                _LOGGER.warning("%s answers for %s: %s", endpoint.node, members.status.title, error)
            return self._take(members, FallbackNode(node=endpoint.node, missing=missing, error=error))
        self._client.use(None)
        self.fallback = None
        if own is None:
            raise error
        return self._take(own, None)

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

    def _take(self, members: Members, fallback: FallbackNode | None) -> Members:
        """Remember where the nodes are; which of them is the configured one, only that one itself can tell."""
        self.fallback = fallback
        known, self._nodes = self._nodes, {}
        tells_local = any(node.local for node in members.status.nodes)
        for node in members.status.nodes:
            record = known.get(node.name) or NodeRecord(name=node.name)
            moved = node.address is not None and node.address != record.address
            self._nodes[node.name] = replace(
                record,
                address=node.address or record.address,
                fingerprint=None if moved else record.fingerprint,
                contacted=node.local if tells_local and fallback is None else record.contacted,
            )
        self._off = frozenset(node.name for node in members.status.nodes if not node.online)
        if members.doubt is None:
            self._last = members.status
            if fallback is None and members.is_whole:
                self._whole = members
        return members


def _valid(fingerprint: str | None) -> str | None:
    """Return a fingerprint in the form in which it is compared, None where it is none."""
    try:
        return normalise_fingerprint(fingerprint) if fingerprint else None
    except ValueError:
        return None
