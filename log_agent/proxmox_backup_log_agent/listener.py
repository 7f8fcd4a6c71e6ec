"""Accepts connections: few per client, none for ever."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
import errno
from functools import partial
import logging
import socket
import ssl

from .clients import Client
from .limited_protocol import LimitedProtocol, Limits
from .places import Place, Places
from .stranger_log import StrangerLog

EVERY_ADDRESS = "::"
_LOGGER = logging.getLogger(__name__)
# The kernel has no IPv6 (`ipv6.disable=1`), or has it and gives no address.
_FAMILY_IS_OFF = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Listener:
    """Listens on some addresses and counts connections from the moment they are accepted, before TLS."""

    def __init__(
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        limits: Limits,
        strangers: StrangerLog,
    ) -> None:
        """Take the factory of the protocols that answer, and where to write about clients without the token."""
        self._protocol_factory = protocol_factory
        self._context = context
        self._limits = limits
        self._strangers = strangers
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = Places(limits)
        self._connections: dict[Place, tuple[LimitedProtocol, socket.socket]] = {}

    async def start(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen; return the addresses and ports.

        Raises OSError.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        addresses = [(family, address) for family, _, _, _, address in found]
        try:
            self._sockets.extend(_listen_on_all(addresses))
        except OSError as error:
            if host != EVERY_ADDRESS or error.errno not in _FAMILY_IS_OFF:
                raise
            _LOGGER.info("This host has no IPv6: listening on every IPv4 address")
            self._sockets.append(_listen(socket.AF_INET, ("0.0.0.0", port)))
        for listening in self._sockets:
            self._begin(self._accept(listening))
        return [listening.getsockname()[:2] for listening in self._sockets]

    async def stop(self) -> None:
        """Accept no more and break every connection."""
        ended = [protocol.end() for protocol, _ in self._connections.values()]
        tasks = [answer for answer in ended if answer is not None]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                self._strangers.write("Cannot accept a connection: %s", error)
                await asyncio.sleep(1)
                continue
            self._welcome(connection, Client.of(address[0]))
            # While more of them wait, `sock_accept` does not let others work, such as those who end connections.
            await asyncio.sleep(0)

    def _welcome(self, connection: socket.socket, client: Client) -> None:
        """Give a connection a place, for which another may have to go."""
        place = Place(client)
        leaving = self._places.enter(place)
        if leaving is not None:
            self._strangers.write("Too many connections without the token, ended one of %s", leaving.client.address)
        if leaving is place:
            connection.close()
            return
        if leaving is not None:
            self._end(leaving)
        admit, leave = partial(self._places.admit, place), partial(self._leave, place)
        protocol = LimitedProtocol(self._protocol_factory(), self._limits, admit, leave)
        self._connections[place] = protocol, connection
        self._begin(self._shake_hands(connection, protocol, place))

    async def _shake_hands(self, connection: socket.socket, protocol: LimitedProtocol, place: Place) -> None:
        if place not in self._connections:
            connection.close()
            return
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=self._limits.handshake_seconds,
            )
        except (OSError, TimeoutError) as error:
            if place in self._connections:
                self._strangers.write("No TLS with %s: %s", place.client.address, error or type(error).__name__)
            self._leave(place)
            error.__traceback__ = None  # it refers in a circle to TLS's buffer, which is large
        except BaseException:
            self._leave(place)
            raise

    def _end(self, place: Place) -> None:
        protocol, connection = self._connections.pop(place)
        if protocol.is_connected:
            protocol.end()
        else:
            # The socket belongs to the handshake, which fails with this and closes it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _leave(self, place: Place) -> None:
        self._places.leave(place)
        self._connections.pop(place, None)


def _listen_on_all(addresses: Sequence[tuple[int, tuple[object, ...]]]) -> list[socket.socket]:
    """Listen on each address whose family is there.

    Raises OSError where that is none, and for every other reason.
    """
    listening: list[socket.socket] = []
    off: OSError | None = None
    try:
        for family, address in addresses:
            try:
                listening.append(_listen(family, address, also_ipv4=len(addresses) == 1))
            except OSError as error:
                if error.errno not in _FAMILY_IS_OFF:
                    raise
                off = error
        if off is not None and not listening:
            raise off
    except OSError:
        for opened in listening:
            opened.close()
        raise
    return listening


def _listen(family: int, address: tuple[object, ...], *, also_ipv4: bool = False) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if also_ipv4 and address[0] == EVERY_ADDRESS else 1
            )
        listening.bind(address)
        listening.listen()
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
