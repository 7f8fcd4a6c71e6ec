"""Checks that a log agent is the one that was added for its node."""

from ...proxmox.api.errors import OtherNodeError, OutdatedAgentError
from ...proxmox.log_agent.client import API_VERSION, LogAgentClient


async def verify_identity(agent: LogAgentClient, node: str) -> None:
    """Check that an agent belongs to the node and speaks our version of the interface.

    Raises OtherNodeError, OutdatedAgentError, or what the client raises.
    """
    status = await agent.status()
    if status.node != node:
        raise OtherNodeError(status.node)
    if status.api != API_VERSION:
        raise OutdatedAgentError(status.version)
