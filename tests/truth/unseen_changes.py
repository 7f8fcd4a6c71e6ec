"""What nobody could see: what was before the first look, and what was changed between two looks."""

from collections.abc import Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from .calendar import events
from .evidence import DAY, HOUR, MINUTE, Result
from .expectation import Expectation, Must, not_on, open_
from .ledger import RunFact, Settings
from .promise_base import BLIND_LIMIT, SECONDS, PromiseBase


class UnseenChanges(PromiseBase):
    """What is left of a demand for who has not seen everything."""

    __slots__ = ()

    def _first_look(self, own: Sequence[Result], demand: Expectation) -> list[Expectation]:
        """Return what is left of a demand where the job is older than the first look, and it was never seen at work here.

        No alarm is due then but a true one, for which there may be evidence that is not looked at here.
        """
        first = self.evidence.first_look(self.ledger.start)
        if demand.must in {Must.OFF, Must.NOT_ON} and self._came_between_zones(first, own):
            return [open_("it came from another time zone before the first look")]
        if demand.must is Must.OFF and self._was_rescheduled_before(first, own):
            return [not_on("its schedule was changed before the first look, and no run of the new one is known")]
        if self._came_after_break(first):
            return [open_("it came between a run that broke off and the first look, as if that had not reached it")]
        telling = (
            result
            for result in own
            if (result.bad or (result.good and not self._wrongly_dated(result.run))) and result.known <= self.time
        )
        if self._seen_since() >= first or any(self._seen(result) for result in telling):
            return []
        begun = (result for result in own if result.part.began is not None and result.part.began <= self.time)
        if demand.must in {Must.ON, Must.NOT_OFF} and any(
            result.run.started < first <= result.run.ended and self._goes_on_in_sight(result.run) for result in begun
        ):
            return []
        watched = [
            slot for slot in self.period.slots if first <= slot.time <= self.time and not self._in_progress(slot)
        ]
        if any(self.evidence.deadline(self.job.id, slot.time, self.time).low <= self.time for slot in watched):
            return []
        if self._has_older_archives(first):
            return [
                open_("nothing was seen of the job, but archives older than the first look lie where it writes (A06)")
            ]
        what = "since when the job is there is not known"
        if demand.must not in {Must.OFF, Must.NOT_ON}:
            return [open_(what)]
        return [not_on(what) if self.time < first + BLIND_LIMIT else open_(what)]

    def _seen_since(self) -> float:
        """Return since when the job covers the guest, for who did not see a break in that."""
        if self.earlier is None:
            return self.period.start
        looks = (look for look in self.ledger.looks if self.earlier.end <= look < self.period.start)
        is_seen = any(not self.ledger.blind_to("jobs", look) for look in looks)
        return self.period.start if is_seen else self.earlier.start

    def _came_after_break(self, first: float) -> bool:
        """Tell whether the job's last run on the guest's node broke off before anybody looked and before the guest was there.

        Its log names neither whom it left out nor when they came, and no other run says anything of the guest.
        """
        node = self.guest.node_at(self.time)
        runs = reversed(self.evidence.runs(self.job.id, self.time))
        last = next((run for run in runs if run.node == node and any(run.parts)), None)
        return last is not None and last.broke_off and last.started < self.guest.born <= first

    def _was_rescheduled_before(self, first: float, own: Sequence[Result]) -> bool:
        """Tell whether the job's schedule is another one since its last run, from before the first look."""
        edits = [
            since
            for (_, before), (since, after) in pairwise(self.job.versions)
            if since < first and before is not None and after is not None and before.schedule != after.schedule
        ]
        served = any(result.run.started >= edits[-1] for result in own) if edits else True
        due = (self.evidence.deadline(self.job.id, slot.time, self.time).high for slot in self.period.slots)
        return not served and not any(first <= deadline <= self.time for deadline in due)

    def _came_between_zones(self, first: float, own: Sequence[Result]) -> bool:
        """Tell whether the guest has come from another time zone before the first look, and had no slot here since."""
        nodes = self.ledger.nodes
        moves = [
            since
            for (_, before), (since, place) in pairwise(self.guest.places)
            if since < first and nodes[before].zone != nodes[place].zone
        ]
        if not moves or any(result.run.started >= moves[-1] and self._known(result) <= self.time for result in own):
            return False
        due = (self.evidence.deadline(self.job.id, slot.time, self.time).high for slot in self.period.slots)
        return not any(moves[-1] <= slot.time for slot in self.period.slots if slot.time <= first) and not any(
            first <= deadline <= self.time for deadline in due
        )

    def _has_older_archives(self, first: float) -> bool:
        """Tell whether archives of the guest on the job's storage look as if one had been promised there before."""
        settings = self.job.at(self.time)
        return settings is not None and any(
            archive.vmid == self.guest.vmid and archive.storage == settings.storage and archive.written < first
            for archive in self.ledger.archives
        )

    def _goes_on_in_sight(self, run: RunFact) -> bool:
        """Tell whether a run from before the first look was seen going on."""
        first = self.evidence.first_look(self.ledger.start)
        return self.evidence.seen(run.node, first, min(self.time, run.ended))

    def _unseen_change(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded where a slot of the old settings came between a change and the next look.

        Whoever did not see the change takes that slot for owed, until the next one is decided; before the first look, also the
        newest one that only the new settings had.
        """
        for (_, before), (since, after) in pairwise(self.job.versions):
            look = self.evidence.first_sight_of_jobs(since)
            if since > self.time or look - since < MINUTE or before is None or not before.enabled:
                continue
            zone = self.ledger.nodes[self.guest.node_at(since)].zone
            came = any(events(before.schedule, zone, since - 4 * HOUR, min(look, self.time)))
            if not came and not self._never_was(after, zone, since):
                continue
            served = any(result.run.started >= min(look, self.time) - SECONDS for result in good)
            due = any(look <= slot.time <= self.time - 4 * HOUR for slot in self.period.slots)
            if not served and not due:
                return [open_("the job was changed while nobody looked")]
        return []

    def _was_changed_back_unseen(self) -> bool:
        """Tell whether the job was for some time another one than at the looks before and after, to which a slot seems missed."""
        for since, _ in self.job.versions:
            # Before the first look, runs tell what the job was before.
            last, look = self.evidence.last_look(since) or since - 1, self.evidence.first_sight_of_jobs(since)
            before = self.job.at(last)
            if since > self.time or before is None or before != self.job.at(min(look, self.time)):
                continue
            zone = self.ledger.nodes[self.guest.node_at(since)].zone
            if self.job.at(since) != before and any(events(before.schedule, zone, last, min(look, self.time))):
                return True
        return False

    def _never_was(self, after: Settings | None, zone: ZoneInfo, since: float) -> bool:
        """Tell whether new settings have slots before the first look that the job, changed before it, never had."""
        is_first = since < self.evidence.first_look(self.ledger.start)
        return is_first and after is not None and any(events(after.schedule, zone, since - 16 * DAY, since))

    def _was_edited_before_any_look(self, run: RunFact) -> bool:
        """Tell whether the job became another one between a run and the first look, so that nothing tells whose it was."""
        first = self.evidence.first_look(self.ledger.start)
        return any(run.started < since < first for since, _ in self.job.versions)

    def _came_unseen_before(self, run: RunFact) -> bool:
        """Tell whether nobody looked between the creation of a guest and a run whose log does not name it."""
        first = self.evidence.first_look(self.ledger.start)
        return self.guest.born > first and not self.evidence.looked(self.guest.born, run.started)
