"""Whether the slots of a promise were served, and what can be demanded of one that was not."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from .calendar import events
from .coverage import Slot
from .evidence import DAY, HOUR, MINUTE, Result
from .expectation import Expectation, Must, not_off, on, open_
from .ledger import FOREVER, NodeLife, RunFact
from .promise_base import SECONDS, PromiseBase

LOST_WITHIN = 6 * HOUR
"""In less time than this no node has so many tasks that one appears on its list and leaves it again."""
LONG_BEFORE = 5 * HOUR
"""What began so long before a slot cannot have kept its promise, whatever the clocks of the nodes showed."""


class MissedSlots(PromiseBase):
    """The slots of a promise, the newest first."""

    __slots__ = ()

    def _keeps(self, result: Result, slot: Slot) -> bool:
        """Tell whether a good result of the job itself keeps a slot's promise."""
        by_clock = result.run.node == slot.node and result.run.stamp >= slot.stamp - SECONDS
        return result.run.started >= slot.time - SECONDS or (by_clock and not self._wrongly_dated(result.run))

    def _missed(self, own: Sequence[Result], good: Sequence[Result], by_hand: Sequence[Result]) -> list[Expectation]:
        """Judge the newest slots that nothing has served."""
        demands: list[Expectation] = []
        for slot in reversed(self.period.slots):
            if slot.time > self.time:
                continue
            keeping = [result for result in _since(good, slot.time - LONG_BEFORE) if self._keeps(result, slot)]
            keeping += [
                result
                for result in by_hand
                if result.run.storage == slot.storage and (result.part.began or 0) >= slot.time - SECONDS
            ]
            if keeping:
                was_bad = not self._was_kept(slot, min(result.run.started for result in keeping), [*good, *by_hand])
                return demands + self._if_seen(keeping, "the slot was served", was_bad=was_bad)
            if any(run.started >= slot.time for run in self._twins_by_hand(good=True)):
                return [*demands, open_("a job alike in all but its schedule was run by hand since")]
            if self._hidden_by_dates(slot.stamp):
                return [*demands, open_("a good run with a wrong date that had come before the first look")]
            unserved = self._unserved(slot, own)
            demands += unserved
            if slot.time < self.time - 40 * DAY or any(demand.must is Must.ON for demand in unserved):
                break
        return demands

    def _twins_by_hand(self, *, good: bool) -> list[RunFact]:
        """Return the runs that were good for the guest or bad, and that a person started of jobs alike in all but their schedules.

        Nothing tells whose they are.
        """
        return [
            result.run
            for twin in self.ledger.jobs.values()
            for result in self.evidence.results(twin.id, self.guest, self.time)
            if result.run.by_hand
            and (result.good if good else result.bad)
            and result.known <= self.time
            and self.job.is_alike(twin, result.run.started)
        ]

    def _doubtful(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded where the last slot came while the clock of the node showed another time.

        It was never due by that clock, and it has no backup with a right date either.
        """
        came = [slot.time for slot in self.period.doubtful if slot.time <= self.time]
        right = (result for result in good if self._seen(result) and not self._wrongly_dated(result.run))
        if not came or any(result.run.started >= came[-1] - SECONDS for result in right):
            return []
        return [open_("its slot came while the clock of the node was wrong")]

    def _carried_over(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded of what was owed before the job was switched off, until its next slot."""
        if self.earlier is None or any(result.run.started >= self.period.start for result in good):
            return []
        owed = [slot for slot in self.earlier.slots if slot.time > self.earlier.end - 40 * DAY]
        if not owed or any(self._keeps(result, owed[-1]) for result in good):
            return []
        due = [slot for slot in self.period.slots if slot.time <= self.time]
        return [] if due else [open_("it was owed before the job was switched off or left the guest alone")]

    def _was_kept(self, slot: Slot, until: float, good: Sequence[Result]) -> bool:
        """Tell whether the slot before another one was served by what had begun until a moment."""
        earlier = next((before for before in reversed(self.period.slots) if before.time < slot.time), None)
        return earlier is None or any(
            result.run.started < until and self._keeps(result, earlier) for result in reversed(good)
        )

    def _unserved(self, slot: Slot, own: Sequence[Result]) -> list[Expectation]:
        """Judge a slot that nothing has served so far."""
        deadline = self.evidence.deadline(self.job.id, slot.time, self.time)
        low, high = deadline.low, deadline.high
        for run in self._in_progress(slot):
            begun = run.locked or self.time
            if run.started > deadline.high:
                continue
            usual = self.evidence.usual_duration(self.job.id, self.time)
            again = self.evidence.deadline(self.job.id, begun, self.time)
            if run.started <= deadline.low:
                low = max(low, begun + 3 * usual.low)
            high = max(high, again.high, begun + 3 * usual.high, self._patience(run))
        if self.time < low:
            return []
        if self.time < high:
            return [open_("near a deadline")]
        if any(result.run.started <= slot.time <= result.run.ended for result in own if result.good):
            return self._skipped(slot, own)
        return [self._overdue(slot, deadline.low)]

    def _patience(self, run: RunFact) -> float:
        """Return until when a guest that is under way may be waited for, and with it the job.

        The rows ask for no alarm while the run is only slow (A20), and for one once it keeps the next slot waiting (B23).
        """
        part = run.parts[self.guest.vmid]
        if not self.own_only and (part.began is None or part.began > self.time):
            return 0
        following = (slot.time for slot in self.period.slots if slot.time > run.started + MINUTE)
        return min(next(following, FOREVER), run.started + DAY) + 10 * MINUTE

    def _skipped(self, slot: Slot, own: Sequence[Result]) -> list[Expectation]:
        """Judge a slot that passed while the run before it went on."""
        usual = self.evidence.usual_duration(self.job.id, self.time)
        for result in own:
            run = result.run
            if run.started <= slot.time <= run.ended:
                lasted = min(run.ended, self.time) - (run.locked or run.started)
                if lasted <= 3 * usual.high:
                    return [open_("a slot was skipped by a run that took long, but not too long")]
        return [self._overdue(slot, self.time)]

    def _overdue(self, slot: Slot, deadline: float) -> Expectation:
        """Judge a slot whose deadline has passed without anything."""
        if not self.evidence.looked(slot.known_from, slot.time):
            return open_("nobody could know that the job owed the slot")
        if self._moved_unseen_between_zones(slot):
            return open_("it moved to another time zone while nobody looked, and the slot came then")
        life = self.ledger.nodes[slot.node]
        what = f"{self.job.id} did not back it up for its slot"
        seen = self._is_told(slot, max([deadline, *self._ends_of_late_runs(slot, deadline)]))
        if self.evidence.sights_around(slot.node, self.time)[0] < self.ledger.start:
            return not_off(f"{what}, on a node that nobody ever saw, whose zone is not known")
        if life.is_off(slot.time) and life.is_off(min(deadline, self.time)):
            if self._seen_off(life, slot) or seen:
                return on(f"{what}: the node was off")
            return not_off(f"{what}: the node was off, which nobody saw then")
        if self.ledger.blind_to("tasks", self.time):
            return not_off(f"{what}, and the tasks are hidden now")
        if self._left_unseen(slot, deadline):
            return not_off(f"{what}: it had just left a node that nobody could see since")
        return on(what) if seen else not_off(f"{what}, and nobody could see its node since")

    def _ends_of_late_runs(self, slot: Slot, deadline: float) -> list[float]:
        """Return when the job's runs for a slot ended that were going on at its deadline: who looked before saw no miss."""
        return [
            run.ended
            for run in self.evidence.runs(self.job.id, self.time)
            if run.node == slot.node and slot.time - SECONDS <= run.started <= deadline < run.ended
        ]

    def _is_told(self, slot: Slot, deadline: float) -> bool:
        """Tell whether a node's list of tasks, looked at since a deadline, shows that there was no run for a slot."""
        rotations, first = self.ledger.nodes[slot.node].rotations, self.evidence.first_look(deadline)
        return self.evidence.seen(slot.node, deadline, self.time) and not any(
            slot.time <= rotation <= first or self._begins_after(rotation, slot) for rotation in (-FOREVER, *rotations)
        )

    def _begins_after(self, rotation: float, slot: Slot) -> bool:
        """Tell whether nothing shows that a node's list of tasks, lost before a slot or never filled, goes back that far.

        No run of the time between is in it, and nobody has looked about the time of the slot: it may as well have been lost
        after it.
        """
        runs = (run for run in self.ledger.runs if run.node == slot.node)
        before, after = self.evidence.sights_around(slot.node, slot.time)
        return (
            rotation < slot.time
            and (before < rotation or after - before > LOST_WITHIN)
            and not any(rotation <= run.noticed <= slot.time for run in runs)
        )

    def _left_unseen(self, slot: Slot, deadline: float) -> bool:
        """Tell whether the guest left a node between the last look and the slot, and nobody knows what was done there.

        It can be known of a node that was seen since, or that was seen to be off in time.
        """
        look = self.evidence.last_look(slot.time) or self.ledger.start
        left = {before for (_, before), (since, _) in pairwise(self.guest.places) if look < since <= slot.time}
        lives = [self.ledger.nodes[name] for name in left if not self.evidence.seen(name, deadline, self.time)]
        return any(not (life.is_off(slot.time) and self._seen_off(life, slot)) for life in lives)

    def _seen_off(self, life: NodeLife, slot: Slot) -> bool:
        """Tell whether somebody saw that the node was off before a run for the slot could have begun and ended."""
        since = next(start for start, end in life.off if start <= slot.time < end)
        return self.evidence.looked(since, slot.time + 2 * MINUTE)

    def _moved_unseen_between_zones(self, slot: Slot) -> bool:
        """Tell whether the slot came between two looks between which it moved to another time zone too (as B20 for edits).

        Nobody can know then whether it left before its slot there or after it.
        """
        nodes, looked = self.ledger.nodes, self.evidence
        return any(
            (looked.last_look(since) or self.ledger.start) <= slot.time <= looked.first_look(since)
            and nodes[before].zone != nodes[after].zone
            for (_, before), (since, after) in pairwise(self.guest.places)
        )

    def _may_have_left_a_slot_unseen(self, good: Sequence[Result]) -> bool:
        """Tell whether the job had a slot where the guest was, between two looks between which it left for another time zone.

        Whoever has not seen that node since cannot know that it had left before, until a later slot is served.
        """
        nodes, looked, settings = self.ledger.nodes, self.evidence, self.job.at(self.time)
        for (_, before), (since, after) in pairwise(self.guest.places):
            if since > self.time or nodes[before].zone == nodes[after].zone or settings is None:
                continue
            last, first = looked.last_look(since) or self.ledger.start, min(looked.first_look(since), self.time)
            came = any(events(settings.schedule, nodes[before].zone, last, first))
            served = any(result.run.started >= since for result in good)
            if came and not served and not looked.seen(before, first, self.time):
                return True
        return False


def _since(results: Sequence[Result], time: float) -> Sequence[Result]:
    """Return those of some results, in the order in which they began, whose runs began at a moment or later."""
    return results[bisect_left(results, time, key=lambda result: result.run.started) :]
