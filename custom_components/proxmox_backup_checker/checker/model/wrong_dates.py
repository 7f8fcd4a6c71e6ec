"""Dates that were ahead of every clock when they were seen: what bears them proves nothing, then or ever.

When it really came to be is not known, only that this was before it was seen. So it stays, when the date has come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self

from .outcome import Outcome, written_name
from .records import RunRecord, WrongDate

WRONG_DATE: Final = timedelta(hours=1)
"""What is dated so much later than the clock of the node that wrote it, bears a wrong date."""


@dataclass(frozen=True, slots=True)
class WrongDates:
    """What bears a wrong date for ever: runs by UPID, and the names of archives by the VMID that they bear."""

    runs: frozenset[str] = frozenset()
    archives: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Mapping[str, WrongDate]) -> Self:
        """Sort in what is remembered."""
        archives: dict[int, set[str]] = {}
        for name, record in records.items():
            if record.vmid is not None:
                archives.setdefault(record.vmid, set()).add(name)
        return cls(
            runs=frozenset([name for name, record in records.items() if record.vmid is None]),
            archives={vmid: frozenset(names) for vmid, names in archives.items()},
        )

    def right(self, run: RunRecord) -> tuple[Outcome, ...] | None:
        """Return those outcomes of a run that prove something, None where the run itself proves nothing.

        That is so too where its list of tasks was read late, and all that it left was seen before.
        """
        if run.upid in self.runs:
            return None
        if self.archives.keys().isdisjoint([outcome.vmid for outcome in run.outcomes]):
            return run.outcomes
        right = tuple([outcome for outcome in run.outcomes if not self._left_wrong(outcome)])
        return right or None

    def _left_wrong(self, outcome: Outcome) -> bool:
        names = self.archives.get(outcome.vmid, ())
        return outcome.archive is not None and written_name(outcome.archive) in names
