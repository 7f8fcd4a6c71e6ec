"""A token that was refused is not offered again and again."""

import asyncio

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    PermissionDeniedError,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.login import LONGEST_PAUSE, SHORTEST_PAUSE, Login


class Server:
    """Answers what it is told to, and counts."""

    def __init__(self) -> None:
        """Let the clock stand still at 0."""
        self.now = 0.0
        self.login = Login(lambda: self.now)
        self.answer: Exception | None = None
        self.asked = self.together = self.most_together = 0

    async def ask(self) -> None:
        """Ask once."""
        async with self.login.attempt():
            self.asked += 1
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            await asyncio.sleep(0.01)
            self.together -= 1
            if self.answer is not None:
                raise self.answer

    async def ask_many(self, count: int = 20) -> list[BaseException | None]:
        """Ask many times at once."""
        return await asyncio.gather(*(self.ask() for _ in range(count)), return_exceptions=True)


async def test_a_token_that_is_wrong_from_the_beginning_is_offered_once() -> None:
    server = Server()
    server.answer = AuthenticationError("authentication failed")
    results = await server.ask_many()
    assert all(isinstance(result, AuthenticationError) for result in results)
    assert server.asked == 1


async def test_once_the_token_is_proven_three_may_ask_together() -> None:
    server = Server()
    assert await server.ask_many() == [None] * 20
    assert (server.asked, server.most_together) == (20, 3)


async def test_a_token_that_is_taken_away_is_offered_no_more_than_three_times() -> None:
    server = Server()
    await server.ask()
    server.answer = AuthenticationError("authentication failed")
    await server.ask_many()
    assert server.asked <= 4


async def test_the_pause_grows_and_ends_with_the_first_answer() -> None:
    server = Server()
    server.answer = AuthenticationError("authentication failed")
    pauses = []
    for _ in range(7):
        await server.ask_many(1)
        began = server.now
        asked = server.asked
        while server.asked == asked:
            server.now += 60
            await server.ask_many(1)
        pauses.append(server.now - began)
        server.now = began + pauses[-1]
    assert pauses[0] == SHORTEST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    server.now += LONGEST_PAUSE
    server.answer = None
    await server.ask()
    server.answer = AuthenticationError("authentication failed")
    await server.ask_many(1)
    server.now += SHORTEST_PAUSE
    asked = server.asked
    await server.ask_many(1)
    assert server.asked == asked + 1


async def test_who_mended_it_need_not_wait() -> None:
    server = Server()
    server.answer = AuthenticationError("authentication failed")
    await server.ask_many(1)
    server.answer = None
    with pytest.raises(AuthenticationError):
        await server.ask()
    server.login.forgive()
    await server.ask()


@pytest.mark.parametrize("error", [PermissionDeniedError("no"), ApiError(400, "no such datastore")])
async def test_another_refusal_proves_the_token_too(error: Exception) -> None:
    server = Server()
    server.answer = error
    await server.ask_many(1)
    server.answer = None
    await server.ask_many()
    assert server.most_together == 3


async def test_a_server_that_is_not_there_proves_nothing() -> None:
    server = Server()
    server.answer = CannotConnectError("no route")
    await server.ask_many(1)
    server.answer = AuthenticationError("authentication failed")
    await server.ask_many()
    assert server.asked == 2
