"""What a promise is judged by: the job, the guest, what happened, and what of it could be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from .coverage import Period, Slot
from .evidence import DAY, FAR, HOUR, Evidence, Result
from .expectation import Expectation, not_on, open_
from .ledger import GuestLife, JobLife, Ledger, RunFact

BLIND_LIMIT = 23 * HOUR
"""A little less than what it takes for the unknown to be a problem."""
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PromiseBase:
    """A job's promise to a guest at a moment; `own_only` asks what the job itself has done, by hand or not."""

    job: JobLife
    guest: GuestLife
    period: Period
    earlier: Period | None
    time: float
    ledger: Ledger
    evidence: Evidence
    own_only: bool = False

    def _known(self, result: Result) -> float:
        """Return when a result counts: for its guest when its own part is done, for the job when the whole run is (A15, A17)."""
        return result.run.noticed if self.own_only else result.known

    def _seen(self, result: Result) -> bool:
        is_told = self.evidence.seen(result.run.node, self._known(result), self.time)
        return is_told and not self.evidence.waits_for_its_log(result.run, self.time)

    def _hidden_by_dates(self, stamp: float) -> bool:
        return self.evidence.hidden_by_dates(self.job.id, self.guest.vmid, stamp, self.time)

    def _wrongly_dated(self, run: RunFact) -> bool:
        return abs(run.stamp - run.started) > FAR

    def _in_progress(self, slot: Slot) -> list[RunFact]:
        """Return the job's runs on the guest's own node that go on and may still come to it."""
        node = self.guest.node_at(self.time)
        return [
            run
            for run in self.evidence.runs(self.job.id, self.time)
            if run.node == node == slot.node and self.time < run.ended and self.guest.vmid in run.parts
        ]

    def _if_seen(self, results: Sequence[Result], what: str, *, was_bad: bool) -> list[Expectation]:
        """Return that no alarm is due, where the good results could be seen and are still there.

        What `was_bad` before stays a problem for who has not seen them.
        """
        results = [result for result in results if result.run.job is not None or result.spoilt(self.time) is None]
        if not results:
            return [open_("the backup by hand that kept the promise was deleted by hand")]
        if any(self._seen(result) and not self._wrongly_dated(result.run) for result in results):
            return []
        if any(self._wrongly_dated(result.run) for result in results):
            return [open_("the good run has a wrong date")]
        if self.time - self._hidden_since(results) < BLIND_LIMIT and not self._ambiguous(results) and not was_bad:
            return [not_on(f"{what}, unseen")]
        return [open_("the good run could not be seen")]

    def _hidden_since(self, results: Sequence[Result]) -> float:
        """Return since when the job's good results could not be seen: a row of them counts from the first."""
        since = min(result.run.started for result in results)
        own = self.evidence.results(self.job.id, self.guest, self.time)
        for earlier in reversed([result for result in own if result.good and result.run.started < since]):
            if self._seen(earlier):
                break
            since = earlier.run.started
        return since

    def _ambiguous(self, results: Sequence[Result]) -> bool:
        """Tell whether other runs wrote to the same storage, so that an archive there need not be the job's."""
        first = min(result.run.started for result in results)
        return any(
            run.job != self.job.id and self.guest.vmid in run.parts and run.started > first - DAY
            for run in self.ledger.runs
            if run.started <= self.time
        )
