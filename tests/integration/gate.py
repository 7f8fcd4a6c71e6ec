"""A way to a server that is shut after some connections, as if the server had gone away at that moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self


class Gate:
    """Passes bytes between its own port and a server's, for so many connections."""

    def __init__(self, target: int, connections: int) -> None:
        """Stand before a port on this machine."""
        self._target = target
        self._left = connections
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int, *, connections: int) -> AsyncIterator[Self]:
        """Open a gate, until the end of the block at the latest."""
        gate = cls(target, connections)
        server = await asyncio.start_server(gate._pass, "127.0.0.1", 0)
        gate.port = server.sockets[0].getsockname()[1]
        try:
            yield gate
        finally:
            server.close()
            server.abort_clients()
            await server.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._left:
            writer.close()
            return
        self._left -= 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
