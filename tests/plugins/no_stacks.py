"""Keeps asyncio's debug mode, in which Home Assistant's test package runs every test, from taking a third of their time.

For every future, callback, request and connection that mode notes the whole stack by which it came about, down to pytest.
Its checks stay; the stacks are left out. What asyncio calls is looked up once, when it is imported, so this is loaded before
anything that does so.
"""

import traceback
from types import FrameType, SimpleNamespace

_whole = traceback.extract_stack


def _none(f: FrameType | None = None, limit: int | None = None) -> traceback.StackSummary:
    return traceback.StackSummary()


traceback.extract_stack = _none
import asyncio.constants  # noqa: E402

traceback.extract_stack = _whole
setattr(asyncio.constants, "DEBUG_STACK_DEPTH", 0)  # noqa: B010

from aiohttp import client, client_reqrep, connector  # noqa: E402

for module in (client, client_reqrep, connector):
    setattr(module, "traceback", SimpleNamespace(extract_stack=_none))  # noqa: B010
