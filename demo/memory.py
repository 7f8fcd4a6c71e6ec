"""What the demo must find again when it is started the next time."""

from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import secrets
from typing import Self

from .console import DemoError
from .ports import free_block, is_free

MOST_NODES = 10
_FIRST_NODE_PORT = 18006
_FIRST_AGENT_PORT = 18765


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Ports and secrets that the integration's entry holds; with others it would be worthless after a restart."""

    node_port: int
    """Port of the first node; the others follow."""
    agent_port: int
    """Port of the first node's log agent; the others follow."""
    agent_tokens: list[str] = field(default_factory=list)
    """Tokens of the log agents, in the order of the nodes."""

    @classmethod
    def recall(cls, path: Path) -> Self:
        """Read what was kept in a file, or choose anew and keep it.

        Raises DemoError where the kept ports are taken, or the file is damaged.
        """
        if not path.exists():
            memory = cls(
                node_port=free_block(_FIRST_NODE_PORT, MOST_NODES),
                agent_port=free_block(_FIRST_AGENT_PORT, MOST_NODES),
                agent_tokens=[secrets.token_urlsafe(32) for _ in range(MOST_NODES)],
            )
            path.write_text(json.dumps(asdict(memory), indent=2), encoding="ascii")
            path.chmod(0o600)
            return memory
        try:
            memory = cls(**json.loads(path.read_text("ascii")))
        except (ValueError, TypeError) as error:
            raise DemoError(f"{path} is damaged ({error}): start anew with scripts/demo --reset.") from error
        for base in (memory.node_port, memory.agent_port):
            for port in range(base, base + MOST_NODES):
                if not is_free(port):
                    raise DemoError(
                        f"Port {port}, which the virtual cluster used before, is taken: "
                        "stop the program that listens there, or start anew with scripts/demo --reset."
                    )
        return memory
