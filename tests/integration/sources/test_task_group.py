"""Requests that run together end together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import CannotConnectError
from custom_components.proxmox_backup_checker.sources.task_group import task_group


async def together(*requests: Coroutine[Any, Any, None]) -> None:
    """Make requests in one group."""
    async with task_group() as group:
        for request in requests:
            group.create_task(request)


async def test_after_an_error_no_other_request_is_left_behind() -> None:
    left = 0

    async def wait() -> None:
        nonlocal left
        left += 1
        try:
            await asyncio.sleep(60)
        finally:
            left -= 1

    async def fail() -> None:
        await asyncio.sleep(0)
        raise CannotConnectError("silent")

    with pytest.raises(CannotConnectError, match="silent"):
        await together(*(wait() for _ in range(5)), fail())
    assert left == 0


async def test_a_fault_of_ours_counts_more_than_an_error_of_proxmox() -> None:
    async def fail(error: Exception) -> None:
        raise error

    with pytest.raises(KeyError):
        await together(fail(CannotConnectError("silent")), fail(KeyError("ours")))
