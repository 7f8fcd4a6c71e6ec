"""Dates that were ahead of every clock when they were seen: what bears them proves nothing good, then or ever.

When it really came to be is not known, only that this was before it was seen. So it stays, when the date has come. A failure is
one whenever it was: it counts from when it was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Self

from .outcome import Outcome, written_name
from .records import RunRecord, WrongDate

WRONG_DATE: Final = timedelta(hours=1)
"""What is dated so much later than the clock of the node that wrote it, bears a wrong date."""


@dataclass(frozen=True, slots=True)
class WrongDates:
    """What bears a wrong date for ever: when runs were seen, by UPID, and the names of archives by the VMID that they bear."""

    runs: Mapping[str, datetime] = field(default_factory=dict)
    archives: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Mapping[str, WrongDate]) -> Self:
        """Sort in what is remembered."""
        archives: dict[int, set[str]] = {}
        for name, record in records.items():
            if record.vmid is not None:
                archives.setdefault(record.vmid, set()).add(name)
        return cls(
            runs={name: record.seen for name, record in records.items() if record.vmid is None},
            archives={vmid: frozenset(names) for vmid, names in archives.items()},
        )

    def right(self, run: RunRecord) -> RunRecord | None:
        """Return a run as far as it proves something, None where it proves nothing.

        That is so too where its list of tasks was read late, and all that it left was seen before.
        """
        if (seen := self.runs.get(run.upid)) is not None:
            return _failures(run, seen)
        if self.archives.keys().isdisjoint([outcome.vmid for outcome in run.outcomes]):
            return run
        right = tuple([outcome for outcome in run.outcomes if not self._left_wrong(outcome)])
        if len(right) == len(run.outcomes):
            return run
        return replace(run, outcomes=right) if right else None

    def _left_wrong(self, outcome: Outcome) -> bool:
        names = self.archives.get(outcome.vmid, ())
        return outcome.archive is not None and written_name(outcome.archive) in names


def _failures(run: RunRecord, seen: datetime) -> RunRecord | None:
    """Return what failed in a run, dated as it was seen, None where nothing did."""
    bad = [replace(outcome, started=seen, finished=seen) for outcome in run.outcomes if outcome.result.is_bad]
    if not bad:
        return None
    return replace(run, started=seen, ended=run.ended and seen, outcomes=tuple(bad))
