"""Reads the job state files of the nodes that have a log agent."""

import asyncio
from collections.abc import Mapping

from ...checker.model.facts import JobState
from ...proxmox.api.cluster_models import ClusterStatus
from ...proxmox.api.errors import OtherNodeError, OutdatedAgentError, ProxmoxError
from ...proxmox.log_agent.client import API_VERSION, LogAgentClient


class AgentReader:
    """Keeps the last states of every node; an agent that is down leaves its node's states as they were."""

    def __init__(self, agents: Mapping[str, LogAgentClient]) -> None:
        """Read through clients, by node."""
        self._agents = agents
        self._states: dict[str, tuple[JobState, ...]] = {}

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes with an agent."""
        return frozenset(self._agents)

    @property
    def states(self) -> tuple[JobState, ...]:
        """All states that were read."""
        return tuple(state for states in self._states.values() for state in states)

    async def read(self, status: ClusterStatus) -> dict[str, ProxmoxError]:
        """Read the job states of every online node with an agent, and return what went wrong."""
        online = {node.name for node in status.nodes if node.online}
        nodes = [node for node in self._agents if node in online]
        results = await asyncio.gather(*(self._read(node) for node in nodes))
        return {node: error for node, error in zip(nodes, results, strict=True) if error is not None}

    async def _read(self, node: str) -> ProxmoxError | None:
        try:
            await make_sure_of(self._agents[node], node)
            states = await self._agents[node].jobs()
        except OtherNodeError as error:
            self._states.pop(node, None)
            return error
        except ProxmoxError as error:
            return error
        self._states[node] = tuple(
            JobState(
                job_id=state.job_id,
                node=node,
                state=state.state,
                upid=state.upid,
                message=state.message,
                updated=state.updated or state.time or state.modified,
                error=state.error,
            )
            for state in states
        )
        return None


async def make_sure_of(agent: LogAgentClient, node: str) -> None:
    """Make sure that the agent is the node's own and speaks as we do.

    Raises OtherNodeError, OutdatedAgentError, or what the client raises.
    """
    status = await agent.status()
    if status.node != node:
        raise OtherNodeError(status.node)
    if status.api != API_VERSION:
        raise OutdatedAgentError(status.version)
