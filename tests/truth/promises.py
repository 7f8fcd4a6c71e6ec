"""Whether one job has kept its promise to one guest, by what really happened."""

from collections.abc import Sequence

from .coverage import WRONG_CLOCK
from .evidence import HOUR, Result
from .expectation import Expectation, Must, not_off, not_on, off, on, open_, worst
from .ledger import FOREVER
from .missed_slots import MissedSlots
from .promise_base import BLIND_LIMIT
from .spoilt_archives import SpoiltArchives
from .unseen_changes import UnseenChanges


class Promise(MissedSlots, SpoiltArchives, UnseenChanges):
    """A job's promise to a guest at a moment, and what must be shown of it."""

    __slots__ = ()

    def judge(self) -> Expectation:
        """Return what must be shown."""
        own = self.evidence.results(self.job.id, self.guest, self.time)
        hand = [] if self.own_only else self.evidence.results(None, self.guest, self.time)
        good = [result for result in own if result.good and self._known(result) <= self.time]
        by_hand = [result for result in hand if result.good and result.known <= self.time]
        if suspended := self._wrong_clock():
            return self._suspended(suspended[0], own, good, by_hand)
        demands = [
            *self._failed(own, good, by_hand),
            *self._twin_failed(good),
            *self._missed(own, good, by_hand),
            *self._doubtful(good),
            *self._spoilt(good, by_hand),
            *self._carried_over(good),
        ]
        demand = worst(demands) if demands else off("every promise is kept")
        if demand.must is Must.OFF and self._may_have_left_a_slot_unseen(good):
            demand = not_on("it moved to another time zone while nobody looked, and its slot there came then")
        if changed := self._unseen_change(good):
            seen = max(self.evidence.first_look(since) for since, _ in self.job.versions if since <= self.time)
            if self._was_changed_back_unseen():
                return self._suspended(open_("the job was changed and changed back unseen"), own, good, by_hand)
            if demand.must in {Must.OFF, Must.NOT_ON} and self.time - seen < BLIND_LIMIT:
                return not_on("the job was changed while nobody looked, and keeps its promises")
            return self._suspended(changed[0], own, good, by_hand)
        return next(iter(self._first_look(own, demand)), demand)

    def _suspended(
        self, why: Expectation, own: Sequence[Result], good: Sequence[Result], by_hand: Sequence[Result]
    ) -> Expectation:
        """Return what is left to demand: a failure that was seen is never fine, whatever slots come to."""
        failed = next((demand for demand in self._failed(own, good, by_hand) if demand.must is Must.ON), None)
        return why if failed is None else not_off(failed.reason)

    def _wrong_clock(self) -> list[Expectation]:
        """Return that nothing is demanded while the clock of the guest's node is wrong, and a day longer."""
        for name in {place for _, place in self.guest.places}:
            skews = self.ledger.nodes[name].skews
            for place, (since, skew) in enumerate(skews):
                until = skews[place + 1][0] if place + 1 < len(skews) else FOREVER
                if abs(skew) > WRONG_CLOCK and since <= self.time < until + 26 * HOUR:
                    return [open_("the clock of the node is wrong or was just set right")]
        return []

    def _failed(self, own: Sequence[Result], good: Sequence[Result], by_hand: Sequence[Result]) -> list[Expectation]:
        """Judge by the newest result of the job that was not good."""
        last = next((result for result in reversed(own) if result.bad and result.known <= self.time), None)
        if last is None:
            return []
        later = [result for result in good if result.run.started > last.run.started]
        later += [
            result
            for result in by_hand
            if result.run.storage == last.run.storage and (result.part.began or 0) >= last.known
        ]
        if later:
            return self._if_seen(later, "the failure before was made good", was_bad=True)
        if any(
            result.run.storage == last.run.storage and (result.part.began or 0) >= last.run.started - 2 * HOUR
            for result in by_hand
        ):
            return [open_("a backup by hand lies between slot and failure")]
        if any(run.started >= last.run.started for run in self._twins_by_hand(good=True)):
            return [open_("a job alike in all but its schedule was run by hand since")]
        if last.run.by_hand:
            return [open_("the job was run by hand and failed")]
        if self._hidden_by_dates(last.run.stamp):
            return [open_("a good run with a wrong date that had come before the first look")]
        if last.run.started < self.period.start:
            return [open_("it failed before the job was switched off or left the guest alone")]
        if last.part.began is None and self._was_edited_before_any_look(last.run):
            return [open_("a run that names nobody came before the first look, and the job was edited in between")]
        if last.part.began is None and self._came_unseen_before(last.run):
            return [open_("it came between the last look and a run that never got to it: it may have come after that")]
        error = last.part.error or last.run.status or "it was never reached"
        if not self._seen(last):
            return (
                [not_off(f"failed, unseen: {error}")]
                if self.time > self.evidence.noticed_at_the_latest(last.run, self.time)
                else [open_("a failure that nobody could see yet")]
            )
        return [on(f"the run of {self.job.id} failed for it: {error}")]

    def _twin_failed(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded where a person has run a job alike since, which failed: nothing tells whose run it was."""
        newest = max((result.run.started for result in good), default=0.0)
        if any(run.started > newest for run in self._twins_by_hand(good=False)):
            return [open_("a job alike in all but its schedule was run by hand and failed")]
        return []
