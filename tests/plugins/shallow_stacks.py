"""Keeps asyncio's debug mode, in which Home Assistant's test package runs every test, from taking a third of their time.

For every future and every callback that mode notes the whole stack by which it came about, down to pytest. Its checks stay;
the stacks end after a few frames. What asyncio calls is looked up once, when it is imported, so this is loaded before anything
that does so.
"""

import sys
import traceback
from types import FrameType
from typing import Final

_FRAMES: Final = 3

_whole = traceback.extract_stack


def _short(frame: FrameType | None = None, limit: int | None = None) -> traceback.StackSummary:
    return _whole(frame or sys._getframe(1), _FRAMES if limit is None else limit)


traceback.extract_stack = _short
import asyncio.constants  # noqa: E402

traceback.extract_stack = _whole
asyncio.constants.DEBUG_STACK_DEPTH = _FRAMES
