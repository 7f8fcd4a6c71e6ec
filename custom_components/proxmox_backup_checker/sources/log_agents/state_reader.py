"""Reads the job state files of the nodes that have a log agent."""

import asyncio
from collections.abc import Mapping
from typing import Final

from ...checker.model.facts import JobState
from ...proxmox.api.cluster_models import ClusterStatus
from ...proxmox.api.errors import NoAnswerError, OtherNodeError, ProxmoxError
from ...proxmox.log_agent.client import LogAgentClient
from ..task_group import task_group
from .identity import verify_identity

# An agent waits up to 8 s with a token that it does not know; one that drips keeps nobody waiting for longer than this.
_PATIENCE: Final = 30.0  # seconds


class JobStateReader:
    """Keeps the last states of every node; an agent that is down leaves its node's states as they were."""

    def __init__(self, agents: Mapping[str, LogAgentClient], patience: float = _PATIENCE) -> None:
        """Read through clients, by node; each has so many seconds for its answers."""
        self._agents = agents
        self._patience = patience
        self._states: dict[str, tuple[JobState, ...]] = {}
        self._unreadable: dict[str, Mapping[str, str]] = {}

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes with an agent."""
        return frozenset(self._agents)

    @property
    def states(self) -> tuple[JobState, ...]:
        """All states that were read."""
        return tuple(state for states in self._states.values() for state in states)

    @property
    def unreadable(self) -> Mapping[str, Mapping[str, str]]:
        """The jobs whose states an agent could not read when it last answered, and why, by node."""
        return {node: jobs for node, jobs in self._unreadable.items() if jobs}

    async def read(self, status: ClusterStatus) -> dict[str, ProxmoxError]:
        """Read the job states of every online node with an agent, and return what went wrong.

        States of a node that is no longer one of the cluster are dropped.
        """
        members = {node.name: node.online for node in status.nodes}
        self._states = {node: states for node, states in self._states.items() if node in members}
        self._unreadable = {node: jobs for node, jobs in self._unreadable.items() if node in members}
        async with task_group() as group:
            tasks = {node: group.create_task(self._read(node)) for node in self._agents if members.get(node, False)}
        errors = ((node, task.result()) for node, task in tasks.items())
        return {node: error for node, error in errors if error is not None}

    async def _read(self, node: str) -> ProxmoxError | None:
        try:
            async with asyncio.timeout(self._patience):
                await self._read_states(node)
        except TimeoutError:
            return NoAnswerError("The log agent did not answer in time")
        except OtherNodeError as error:
            self._states.pop(node, None)
            self._unreadable.pop(node, None)
            return error
        except ProxmoxError as error:
            return error
        return None

    async def _read_states(self, node: str) -> None:
        await verify_identity(self._agents[node], node)
        states = await self._agents[node].jobs()
        self._unreadable[node] = self._agents[node].unreadable_jobs
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
