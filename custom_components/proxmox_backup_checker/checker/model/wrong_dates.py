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
    """What bears a wrong date for ever: runs by UPID; archives by VMID, the moments at which they were seen by their names."""

    runs: Mapping[str, WrongDate] = field(default_factory=dict)
    archives: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Mapping[str, WrongDate]) -> Self:
        """Sort in what is remembered."""
        archives: dict[int, dict[str, datetime]] = {}
        for name, record in records.items():
            if record.vmid is not None:
                archives.setdefault(record.vmid, {})[name] = record.seen
        return cls(
            runs={name: record for name, record in records.items() if record.vmid is None},
            archives=archives,
        )

    def right(self, run: RunRecord) -> RunRecord | None:
        """Return a run as far as it proves something, None where it proves nothing.

        That is so too where its list of tasks was read late, and all that it left was seen before. What it left while the clock
        was wrong in the midst of it counts from its start, which is right.
        """
        wrong = self.runs.get(run.upid)
        begun = run if wrong is None else wrong.only_end_of(run)
        if wrong is not None and begun is None:
            return _failures(run, wrong.seen)
        if begun is run and self.archives.keys().isdisjoint([outcome.vmid for outcome in run.outcomes]):
            return run
        assert begun is not None
        dated = tuple([self._dated(outcome, begun, wrong) for outcome in run.outcomes])
        if begun is run and dated == run.outcomes:
            return run
        right = tuple([outcome for outcome in dated if outcome is not None])
        return replace(begun, outcomes=right) if right or not run.outcomes else None

    def _dated(self, outcome: Outcome, run: RunRecord, wrong: WrongDate | None) -> Outcome | None:
        """Return an outcome with a date that is right, None where there is none; `wrong` is the end of its run."""
        name = "" if outcome.archive is None else written_name(outcome.archive)
        seen = self.archives.get(outcome.vmid, {}).get(name)
        if seen is None:
            seen = wrong.seen if wrong is not None and outcome.started > wrong.seen else None
        if seen is None:
            return outcome
        return replace(outcome, started=run.started, finished=run.started) if run.started <= seen else None


def _failures(run: RunRecord, seen: datetime) -> RunRecord | None:
    """Return what failed in a run, dated as it was seen, None where nothing did."""
    bad = [replace(outcome, started=seen, finished=seen) for outcome in run.outcomes if outcome.result.is_bad]
    if not bad:
        return None
    return replace(run, started=seen, ended=run.ended and seen, outcomes=tuple(bad))
