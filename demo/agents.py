"""One real log agent per node, on the files of the virtual cluster."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    make_certificate,
    server_context,
)
from proxmox_backup_log_agent.pairing import pairing_line
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken

from simulator import SimulatedCluster

from .memory import Memory
from .ports import HOST


@asynccontextmanager
async def log_agents(cluster: SimulatedCluster, memory: Memory, folder: Path) -> AsyncIterator[dict[str, str]]:
    """Serve the log agents of all nodes that are online; give the pairing line of each, by node."""
    lines: dict[str, str] = {}
    async with AsyncExitStack() as running:
        for number, node in enumerate(cluster.nodes.values()):
            if not node.online:
                continue
            state = folder / node.name
            if not (state / CERTIFICATE_FILE).exists():
                state.mkdir(mode=0o700, parents=True, exist_ok=True)
                make_certificate(state, node.name)
            token, port = memory.agent_tokens[number], memory.agent_port + number
            config = AgentConfig(
                root=cluster.files_of(node.name), node=node.name, time_zone=node.timezone, token=GivenToken(token)
            )
            context = server_context(state / CERTIFICATE_FILE, state / KEY_FILE)
            await running.enter_async_context(Server(config=config, host=HOST, port=port, context=context))
            lines[node.name] = pairing_line(HOST, port, token, fingerprint(state / CERTIFICATE_FILE))
        yield lines
