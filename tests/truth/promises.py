"""Whether one job has kept its promise to one guest, by what really happened."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

from .calendar import events
from .coverage import WRONG_CLOCK, Period, Slot
from .evidence import DAY, FAR, HOUR, LISTED_AGAIN, LISTED_WITHIN, MINUTE, Evidence, Result
from .expectation import Expectation, Must, not_off, not_on, off, on, open_, worst
from .ledger import FOREVER, ArchiveFact, GuestLife, JobLife, Ledger, NodeLife, RunFact, Settings

BLIND_LIMIT = 23 * HOUR
"""A little less than what it takes for the unknown to be a problem."""
SECONDS = 5.0
LOST_WITHIN = 6 * HOUR
"""In less time than this no node has so many tasks that one appears on its list and leaves it again."""
LONG_BEFORE = FAR + HOUR
"""What began so long before a slot cannot have kept its promise, whatever the clocks of the nodes showed."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A job's promise to a guest at a moment; `own_only` asks what the job itself has done, by hand or not."""

    job: JobLife
    guest: GuestLife
    period: Period
    earlier: Period | None
    time: float
    ledger: Ledger
    evidence: Evidence
    own_only: bool = False

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

    def _known(self, result: Result) -> float:
        """Return when a result counts: for its guest when its own part is done, for the job when the whole run is (A15, A17)."""
        return result.run.noticed if self.own_only else result.known

    def _seen(self, result: Result) -> bool:
        is_told = self.evidence.seen(result.run.node, self._known(result), self.time)
        return is_told and not self.evidence.waits_for_its_log(result.run, self.time)

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
                if self.time > last.run.started + DAY
                else [open_("a failure that nobody could see yet")]
            )
        return [on(f"the run of {self.job.id} failed for it: {error}")]

    def _was_edited_before_any_look(self, run: RunFact) -> bool:
        """Tell whether the job became another one between a run and the first look, so that nothing tells whose it was."""
        first = self.evidence.first_look(self.ledger.start)
        return any(run.started < since < first for since, _ in self.job.versions)

    def _came_unseen_before(self, run: RunFact) -> bool:
        """Tell whether nobody looked between the creation of a guest and a run whose log does not name it."""
        first = self.evidence.first_look(self.ledger.start)
        return self.guest.born > first and not self.evidence.looked(self.guest.born, run.started)

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

    def _hidden_by_dates(self, stamp: float) -> bool:
        return self.evidence.hidden_by_dates(self.job.id, self.guest.vmid, stamp, self.time)

    def _wrongly_dated(self, run: RunFact) -> bool:
        return abs(run.stamp - run.started) > FAR

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
            if any(run.started >= slot.time for run in self._twins_by_hand()):
                return [*demands, open_("a job alike in all but its schedule was run by hand since")]
            if self._hidden_by_dates(slot.stamp):
                return [*demands, open_("a good run with a wrong date that had come before the first look")]
            unserved = self._unserved(slot, own)
            demands += unserved
            if slot.time < self.time - 40 * DAY or any(demand.must is Must.ON for demand in unserved):
                break
        return demands

    def _twins_by_hand(self) -> list[RunFact]:
        """Return the good runs for the guest that a person started of jobs alike in all but their schedules: nothing tells whose they are."""
        return [
            result.run
            for twin in self.ledger.jobs.values()
            if twin is not self.job
            for result in self.evidence.results(twin.id, self.guest, self.time)
            if result.run.by_hand
            and result.good
            and result.known <= self.time
            and self._is_alike(twin, result.run.started)
        ]

    def _is_alike(self, twin: JobLife, time: float) -> bool:
        """Tell whether another job differed from this one in nothing but its schedule at a moment."""
        own, other = self.job.at(time), twin.at(time)
        return (
            own is not None and other is not None and replace(other, schedule=own.schedule, enabled=own.enabled) == own
        )

    def _doubtful(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded where the last slot came while the clock of the node showed another time.

        It was never due by that clock, and it has no backup with a right date either.
        """
        came = [slot.time for slot in self.period.doubtful if slot.time <= self.time]
        right = (result for result in good if self._seen(result) and not self._wrongly_dated(result.run))
        if not came or any(result.run.started >= came[-1] - SECONDS for result in right):
            return []
        return [open_("its slot came while the clock of the node was wrong")]

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

    def _in_progress(self, slot: Slot) -> list[RunFact]:
        """Return the job's runs on the guest's own node that go on and may still come to it."""
        node = self.guest.node_at(self.time)
        return [
            run
            for run in self.evidence.runs(self.job.id, self.time)
            if run.node == node == slot.node and self.time < run.ended and self.guest.vmid in run.parts
        ]

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

    def _spoilt(self, good: Sequence[Result], by_hand: Sequence[Result]) -> list[Expectation]:
        """Judge the job's newest good result where its archive is no longer good."""
        if self._is_corrupt_by_hand(good, by_hand):
            return [open_("the newest archive on the job's storage, made by hand, is corrupt")]
        if len(good) > 1 and self.time < good[-1].run.ended and good[-2].spoilt(self.time) is not None:
            return [open_("an archive is no longer good, and a newer one of a run in progress is not listed yet")]
        last = next((result for result in reversed(good) if not self._wrongly_dated(result.run)), None)
        if last is None or (since := last.spoilt(self.time)) is None:
            return []
        if last is not good[-1]:
            return [open_("a backup with a wrong date replaces an archive that was deleted")]
        if any(
            result.run.storage == last.run.storage and (result.part.began or 0) >= last.run.started
            for result in by_hand
        ):
            return [open_("a backup by hand replaces an archive that was deleted")]
        archive = last.archive
        assert archive is not None
        what = "was deleted by hand" if archive.deleted <= self.time else "is corrupt"
        if self.own_only:
            return [open_(f"the archive of the job's last run {what}")]
        if archive.corrupt <= self.time < archive.deleted and not self.ledger.content_rights:
            return [open_("a failed verification cannot be seen without the right to it")]
        if last.run.started < self.period.start:
            return [open_(f"an archive from before the job was switched off {what}")]
        if self._may_be_pruned(archive.storage, since):
            return [open_("a prune may explain the missing archive")]
        if archive.deleted <= self.time and self._server_may_have_pruned(last, archive):
            return [open_("a backup server may have removed the archive by rules of its own")]
        # One listing can be wrong: an archive is gone where two of them do not show it (A05).
        first = self._listed(archive.storage, archive.node, since + LISTED_WITHIN)
        again = first and self._listed(archive.storage, archive.node, first + LISTED_AGAIN)
        if not (again if archive.deleted <= self.time else first):
            return [open_(f"an archive {what}, which the next listing shows")]
        return [on(f"the archive of its last backup by {self.job.id} {what}")]

    def _is_corrupt_by_hand(self, good: Sequence[Result], by_hand: Sequence[Result]) -> bool:
        last, settings = good[-1].run.started if good else 0.0, self.job.at(self.time)
        there = [result for result in by_hand if settings is not None and result.run.storage == settings.storage]
        archive = there[-1].archive if there and there[-1].run.started > last else None
        return archive is not None and archive.corrupt <= self.time

    def _may_be_pruned(self, storage: str, since: float) -> bool:
        return any(
            run.prunes and run.storage == storage and self.guest.vmid in run.parts and since < run.ended
            for run in self.ledger.runs
            if run.started <= self.time
        )

    def _server_may_have_pruned(self, last: Result, archive: ArchiveFact) -> bool:
        """Tell whether a newer snapshot lay on a backup server before anybody could see that one was missing there.

        The server's own prune jobs keep the newest one, and nobody can see from Proxmox VE what else they keep.
        """
        listed = self._listed(archive.storage, archive.node, archive.deleted + LISTED_WITHIN) or self.time
        names: list[str | None] = [None, *self.ledger.jobs]
        results = (result for name in names for result in self.evidence.results(name, self.guest, self.time))
        return archive.storage in self.ledger.servers and any(
            result.good
            and result.run.storage == archive.storage
            and result.run.started > last.run.started
            and result.known <= listed
            for result in results
        )

    def _listed(self, storage: str, node: str | None, since: float) -> float | None:
        """Return the first look from a moment on at which a storage could be listed, None where there was none."""
        down = self.ledger.storages_down.get(storage, [])
        could = (
            look
            for look in self.ledger.looks
            if since <= look <= self.time
            and not any(start <= look < end for start, end in down)
            and not self.ledger.blind_to("storages", look)
            and (node is None or not self.ledger.nodes[node].is_off(look))
        )
        return next(could, None)

    def _carried_over(self, good: Sequence[Result]) -> list[Expectation]:
        """Return that nothing is demanded of what was owed before the job was switched off, until its next slot."""
        if self.earlier is None or any(result.run.started >= self.period.start for result in good):
            return []
        owed = [slot for slot in self.earlier.slots if slot.time > self.earlier.end - 40 * DAY]
        if not owed or any(self._keeps(result, owed[-1]) for result in good):
            return []
        due = [slot for slot in self.period.slots if slot.time <= self.time]
        return [] if due else [open_("it was owed before the job was switched off or left the guest alone")]

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
        if not moves or any(result.run.started >= moves[-1] for result in own):
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


def _since(results: Sequence[Result], time: float) -> Sequence[Result]:
    """Return those of some results, in the order in which they began, whose runs began at a moment or later."""
    return results[bisect_left(results, time, key=lambda result: result.run.started) :]
