"""What keeps a refused token from being offered again and again: the server lets each refusal wait for three seconds."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import time
from typing import Final

from ..api.errors import ApiError, AuthenticationError, PermissionDeniedError

SHORTEST_PAUSE: Final = 300.0  # seconds
LONGEST_PAUSE: Final = 3_600.0  # seconds
# No more than these can be refused together.
_REQUESTS_IN_FLIGHT: Final = 3


class Login:
    """The standing of a token: while it is unproven one request goes ahead of all others, and after a refusal none for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing of the token yet."""
        self._clock = clock
        self._first = asyncio.Lock()
        self._free = asyncio.Semaphore(_REQUESTS_IN_FLIGHT)
        self._proven = False
        self._refusal: str | None = None
        self._pause = SHORTEST_PAUSE
        self._until = 0.0

    def forgive(self) -> None:
        """Let the token be offered at once, as after its user has been enabled again."""
        self._refusal = None

    @asynccontextmanager
    async def attempt(self) -> AsyncGenerator[None]:
        """Have a request made within.

        Raises AuthenticationError, without any request, while the last refusal is too fresh.
        """
        if not self._proven:
            async with self._first:
                if not self._proven:
                    async with self._noticing():
                        yield
                    return
        async with self._free, self._noticing():
            yield

    @asynccontextmanager
    async def _noticing(self) -> AsyncGenerator[None]:
        if self._refusal is not None and self._clock() < self._until:
            raise AuthenticationError(self._refusal)
        try:
            yield
        except AuthenticationError as error:
            self._refused(str(error))
            raise
        except ApiError, PermissionDeniedError:
            # The server looks at the token first.
            self._accepted()
            raise
        self._accepted()

    def _accepted(self) -> None:
        self._proven, self._refusal, self._pause = True, None, SHORTEST_PAUSE

    def _refused(self, message: str) -> None:
        """Wait twice as long after each refusal; those that were on their way together count once."""
        if self._proven or self._refusal is None or self._clock() >= self._until:
            self._until = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._proven, self._refusal = False, message
