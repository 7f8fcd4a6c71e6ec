"""The processes of the demonstration, each with its log file, and the ports that they use."""

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import signal
import socket
import sys


class DemoError(Exception):
    """Something is in the way; the message says what and what to do."""


class Process:
    """A Python program that runs until the demonstration ends."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Take a started process."""
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, arguments: list[str], log: Path, paths: list[Path]) -> Process:
        """Run `python ARGUMENTS` with its output in `log`; `paths` are searched for modules."""
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPATH"] = os.pathsep.join(str(path) for path in paths)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        return cls(name, process, log)

    @property
    def output(self) -> str:
        """What the process has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def check(self) -> None:
        """Raise DemoError where the process has ended."""
        if self._process.returncode is not None:
            last = "\n".join(self.output.splitlines()[-8:])
            raise DemoError(f"{self.name} ended unexpectedly. Its last words:\n{last}\nAll of them: {self._log}")

    async def stop(self) -> None:
        """End the process, politely first."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(15):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_row(first: int, count: int) -> int:
    """Return the first of `count` free ports in a row, from `first` on."""
    for start in range(first, 60000, count):
        if all(is_free(port) for port in range(start, start + count)):
            return start
    raise DemoError("There is no free port on this machine.")
