"""The body of an answer, read and understood without harm, however large or odd it is."""

import asyncio
from collections.abc import Callable
import json
import re
from typing import Final

import aiohttp

from .errors import UnexpectedAnswerError
from .text import whole_characters

LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes of an answer, after decompression. A cluster of 5,000 guests lists its resources in three million."""

_PIECE: Final = 64 * 1024  # bytes
# Of an answer in bytes or rows: what takes some milliseconds to understand.
_LARGE: Final = 50_000
_ESCAPED_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")


async def run_off_loop_if_large[Value, Result](size: int, work: Callable[[Value], Result], value: Value) -> Result:
    """Do some work, in another thread where its size would keep the event loop from everything else."""
    return await asyncio.to_thread(work, value) if size > _LARGE else work(value)


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an answer.

    Raises UnexpectedAnswerError where it has more than LARGEST_ANSWER bytes.
    """
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise UnexpectedAnswerError(f"{response.url.path}: the answer is larger than {LARGEST_ANSWER >> 20} MiB")
    return bytes(body)


def parse_object(body: bytes) -> dict[str, object] | None:
    """Return the JSON object of an answer, None where it is none, or is nested too deep to be read.

    Half characters become U+FFFD.
    """
    try:
        answer = json.loads(body.decode("utf-8", errors="replace"))
        if _ESCAPED_HALF.search(body):
            answer = _without_half_characters(answer)
    except ValueError, RecursionError:
        return None
    return answer if isinstance(answer, dict) else None


def _without_half_characters(value: object) -> object:
    match value:
        case str():
            return whole_characters(value)
        case list():
            return [_without_half_characters(item) for item in value]
        case dict():
            return {_without_half_characters(key): _without_half_characters(item) for key, item in value.items()}
        case _:
            return value
