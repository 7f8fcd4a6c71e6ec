"""Since when jobs owe anything: those that were created or enabled unseen, since their first run after that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..model.facts import Facts
from ..model.records import GuestRecord, JobRecord, RunRecord
from ..model.verdict import Confidence
from .run_index import RunIndex

_SURE: Final = frozenset({Confidence.EXACT, Confidence.MATCHED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """The moments before which no slot of a job is owed, as far as looks at the jobs and their runs tell."""

    facts: Facts
    jobs: Mapping[str, JobRecord]
    index: RunIndex
    _by_job: dict[str, datetime | None] = field(default_factory=dict)

    def since(self, job_id: str) -> datetime | None:
        """Return since when a job owes anything to anybody, None where it always did."""
        if job_id not in self._by_job:
            record = self.jobs.get(job_id)
            self._by_job[job_id] = self._since(record) if record is not None else None
        return self._by_job[job_id]

    def to(self, guest: GuestRecord, job_id: str) -> datetime | None:
        """Return since when a job owes anything to a guest: one that is in it for as long as it is there has waited as long."""
        covered, record = guest.covered_since.get(job_id), self.jobs.get(job_id)
        if record is not None and covered in {record.first_seen, record.owed_since}:
            return self.since(job_id)
        return covered

    def _since(self, record: JobRecord) -> datetime | None:
        """Return when a job was created or enabled; its first run after the last look at which it was not shows that it was."""
        owed, after = record.owed_since, record.owed_after
        if owed is None or after is None:
            return owed
        own = (
            run
            for run in self.index.by_job.get(record.job_id, ())
            if run.job_id == record.job_id and run.confidence in _SURE
        )
        first = min((run.started for run in own if after < self._by_our_clock(run) < owed), default=None)
        return owed if first is None else first

    def _by_our_clock(self, run: RunRecord) -> datetime:
        node = self.facts.nodes.get(run.node)
        return run.started if node is None else run.started - node.skew
