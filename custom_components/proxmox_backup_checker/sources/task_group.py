"""Several requests at the same time, of which none outlives the others."""

from asyncio import TaskGroup
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ..proxmox.api.errors import ProxmoxError


@asynccontextmanager
async def task_group() -> AsyncGenerator[TaskGroup]:
    """Run tasks together; the first error cancels the other tasks and is raised as it is."""
    try:
        async with TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise _the_one_that_counts(errors) from None


def _the_one_that_counts(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return a fault of ours before an error of Proxmox, and the first of several."""
    single = [
        found
        for error in errors.exceptions
        for found in ([_the_one_that_counts(error)] if isinstance(error, BaseExceptionGroup) else [error])
    ]
    return next((error for error in single if not isinstance(error, ProxmoxError)), single[0])
