"""Plays a world for the checker of one tree and answers what that held of it at every look; started by `side_by_side.py`."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
import sys
import tempfile
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.trees import answer, questions, take

take(Path(sys.argv[1]))

import aiohttp  # noqa: E402

from benchmarks.three_months import BETWEEN_POLLS, START, Checker, run  # noqa: E402
from simulator import SimulatedCluster  # noqa: E402

type Looks = list[tuple[str, dict[str, str]]]


class Notes:
    """What was held at every look: of each subject its status and reason, and whether it is a problem."""

    def __init__(self) -> None:
        """Nothing has been looked at yet."""
        self.looks: Looks = []

    def take(self, now: datetime, assessment: Any) -> None:
        """Note a look."""
        held = {getattr(subject, "key", subject): verdict for subject, verdict in assessment.verdicts.items()}
        self.looks.append((f"{now:%Y-%m-%d %H:%M}", {key: _in_short(verdict) for key, verdict in held.items()}))


def _in_short(verdict: Any) -> str:
    problem = {True: "problem", False: "fine", None: "unknown"}[verdict.problem]
    return f"{verdict.status.value}/{verdict.reason.code} ({problem})"


async def scenario(name: str, days: int, notes: Notes) -> None:
    """Look at a scenario for some days."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            SimulatedCluster.start(name, Path(folder), now=START) as pve,
            aiohttp.ClientSession() as session,
        ):
            checker = Checker(session, pve, notes.take)
            for _ in range(timedelta(days=days) // BETWEEN_POLLS):
                await checker.look()
                pve.clock.advance(seconds=BETWEEN_POLLS.total_seconds())


def main() -> None:
    """Play what is asked for."""
    for kind, what, days in questions():
        notes = Notes()
        asyncio.run(run(days, what, notes.take) if kind == "seed" else scenario(what, days, notes))
        answer(notes.looks)


if __name__ == "__main__":
    main()
