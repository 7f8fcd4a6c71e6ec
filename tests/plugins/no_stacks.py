"""Keeps asyncio's debug mode, in which Home Assistant's test package runs every test, from taking a third of their time.

For every future and every callback that mode notes the whole stack by which it came about, down to pytest. Its checks stay;
the stacks are left out. What asyncio calls is looked up once, when it is imported, so this is loaded before anything that
does so.
"""

import traceback
from types import FrameType

_whole = traceback.extract_stack


def _none(f: FrameType | None = None, limit: int | None = None) -> traceback.StackSummary:
    return traceback.StackSummary()


traceback.extract_stack = _none
import asyncio.constants  # noqa: E402

traceback.extract_stack = _whole
setattr(asyncio.constants, "DEBUG_STACK_DEPTH", 0)  # noqa: B010
