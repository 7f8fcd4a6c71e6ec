"""The job states that the agents tell, as long as they are of nodes of the cluster."""

import asyncio
from datetime import UTC, datetime
from typing import cast, override

from aiohttp import ClientSession

from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus, Node
from custom_components.proxmox_backup_checker.proxmox.api.errors import CannotConnectError, NoAnswerError
from custom_components.proxmox_backup_checker.proxmox.log_agent.client import API_VERSION, LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import AgentStatus, JobStateFile, PairingCode
from custom_components.proxmox_backup_checker.sources.log_agents.state_reader import JobStateReader

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class Agent(LogAgentClient):
    """The agent of a node, whose job has failed there."""

    def __init__(self, node: str) -> None:
        """Answer at once."""
        super().__init__(cast(ClientSession, None), PairingCode(url="https://host:8765", token="x" * 20))
        self.node = node
        self.down = self.silent = False

    @override
    async def status(self) -> AgentStatus:
        """Return who it is."""
        if self.down:
            raise CannotConnectError("refused")
        if self.silent:
            await asyncio.sleep(3600)
        return AgentStatus(
            version="1",
            api=API_VERSION,
            node=self.node,
            time=NOW,
            time_zone="UTC",
            boot_time=NOW,
            logs="readable",
            jobs="readable",
        )

    @override
    async def jobs(self) -> tuple[JobStateFile, ...]:
        """Return the state of one job."""
        return (
            JobStateFile(
                job_id="nightly",
                state="stopped",
                upid=None,
                message="no such pool",
                time=NOW,
                updated=NOW,
                enabled=True,
                schedule="02:00",
                error=None,
                modified=NOW,
            ),
        )


def cluster(*online: str, offline: tuple[str, ...] = ()) -> ClusterStatus:
    nodes = [*(Node(name=name, online=True) for name in online), *(Node(name=name, online=False) for name in offline)]
    return ClusterStatus(name="home", quorate=True, nodes=tuple(nodes))


async def test_states_of_a_node_that_left_the_cluster_are_dropped() -> None:
    reader = JobStateReader({"pve1": Agent("pve1"), "pve2": Agent("pve2")})
    await reader.read(cluster("pve1", "pve2"))
    assert {state.node for state in reader.states} == {"pve1", "pve2"}
    await reader.read(cluster("pve1", offline=("pve2",)))
    assert {state.node for state in reader.states} == {"pve1", "pve2"}
    await reader.read(cluster("pve1"))
    assert {state.node for state in reader.states} == {"pve1"}


async def test_an_agent_that_is_down_leaves_its_states_as_they_were() -> None:
    agent = Agent("pve1")
    reader = JobStateReader({"pve1": agent})
    await reader.read(cluster("pve1"))
    agent.down = True
    assert (await reader.read(cluster("pve1"))).keys() == {"pve1"}
    assert len(reader.states) == 1


async def test_an_agent_that_never_ends_its_answer_keeps_nobody_waiting() -> None:
    silent = Agent("pve1")
    silent.silent = True
    reader = JobStateReader({"pve1": silent, "pve2": Agent("pve2")}, patience=0.05)
    errors = await reader.read(cluster("pve1", "pve2"))
    assert isinstance(errors["pve1"], NoAnswerError)
    assert {state.node for state in reader.states} == {"pve2"}
