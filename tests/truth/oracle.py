"""The oracle: what must be shown of a guest and of a job at a moment, by what really happened."""

from collections.abc import Callable, Sequence
from functools import cache

from .coverage import Period, covers, periods
from .evidence import DAY, FAR, HOUR, MINUTE, Evidence
from .expectation import Expectation, Must, not_off, not_on, off, on, open_, worst
from .ledger import GuestLife, JobLife, Ledger, Part, RunFact, value_at
from .promise_base import BLIND_LIMIT
from .promises import Promise

NEW_GUEST_GRACE = 48 * HOUR
PAUSE_LIMIT = 7 * DAY


class Oracle:
    """Judges by a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Read what happened."""
        self._ledger = ledger
        self._evidence = Evidence(ledger)
        self._periods = cache(self._all_periods)

    def _all_periods(self, job: JobLife, guest: GuestLife) -> list[Period]:
        return periods(job, guest, self._ledger)

    def guest(self, guest: GuestLife, time: float) -> Expectation:
        """Return what must be shown of a guest that exists at a moment."""
        return self._unless_unknown_for_long(time, guest.born, lambda look: self._guest(guest, look))

    def job(self, job: JobLife, time: float) -> Expectation:
        """Return what must be shown of a job that exists at a moment."""
        return self._unless_unknown_for_long(
            time, job.born, lambda look: self._job(job, look) if job.at(look) else None
        )

    def _unless_unknown_for_long(
        self, time: float, born: float, demanded: Callable[[float], Expectation | None]
    ) -> Expectation:
        """Return the demand at a moment: what nobody had to know to be fine for a day may be a problem by that (E03)."""
        found = demanded(time)
        assert found is not None
        if found.must is not Must.NOT_ON or not self._evidence.looked(born, time - BLIND_LIMIT):
            return found
        looks = (look for look in self._ledger.looks if time - BLIND_LIMIT <= look < time and look >= born)
        if any((then := demanded(look)) is not None and then.must is Must.OFF for look in looks):
            return found
        return open_("nobody had to know for a day that it was fine")

    def _guest(self, guest: GuestLife, time: float) -> Expectation:
        if (unread := self._unread(time, guest.born, "guests")) is not None:
            last = self._evidence.last_look(time) or time
            is_needless = guest.template and not self._promises(guest, last)
            if value_at(guest.ignored, time) or is_needless:
                return open_("it needs no backup, and nothing can be read now")
            return self._as_last_seen(
                unread, time, lambda look: self._guest(guest, look) if guest.lives(look) else None
            )
        if self._ledger.blind_to("guests", time):
            return not_off("the token may not see guests")
        if value_at(guest.ignored, time):
            if not self._is_tag_seen(guest, time):
                return open_("it is tagged as one that needs no backup, and its node was off since")
            return off("it is tagged as one that needs no backup")
        found = self._promises(guest, time)
        if self._changed_unseen(guest, time):
            return open_("it changed while the token could not see guests")
        demand = worst(found) if found else self._without_promise(guest, time)
        return self._without_jobs(demand, time) if self._ledger.blind_to("jobs", time) else demand

    def _is_known_needless(self, guest: GuestLife, time: float) -> bool:
        """Tell whether a guest is tagged as one that needs no backup, for all to see."""
        return value_at(guest.ignored, time) is True and self._is_tag_seen(guest, time)

    def _where_tagged(self, guest: GuestLife, demand: Expectation, time: float) -> Expectation:
        """Return the demand of a guest of a job; of one that is tagged out of sight a problem may be shown or not."""
        if value_at(guest.ignored, time) and demand.must not in {Must.OFF, Must.NOT_ON}:
            return open_("a guest is tagged as one that needs no backup, and its node was off since")
        return demand

    def _is_tag_seen(self, guest: GuestLife, time: float) -> bool:
        """Tell whether it could be seen that a guest was tagged."""
        return self._was_node_on(guest, max(moment for moment, _ in guest.ignored if moment <= time), time)

    def _was_node_on(self, guest: GuestLife, since: float, time: float) -> bool:
        """Tell whether a guest's node was on at a look: of guests on one that is off neither tags nor templates are shown."""
        looks = (look for look in self._ledger.looks if since <= look <= time)
        return any(not self._ledger.nodes[guest.node_at(look)].is_off(look) for look in looks)

    def _changed_unseen(self, guest: GuestLife, time: float) -> bool:
        """Tell whether something changed for a guest while nobody could see guests, in the last week."""
        changes = [guest.born, *(since for course in (guest.places, guest.pools) for since, _ in course)]
        changes += [since for job in self._ledger.jobs.values() for since, _ in job.versions]
        hidden = self._ledger.blind.get("guests", ())
        return any(start <= since < end and since <= time < end + 7 * DAY for start, end in hidden for since in changes)

    def _job(self, job: JobLife, time: float) -> Expectation:
        settings = job.at(time)
        assert settings is not None
        if (unread := self._unread(time, job.born, "jobs")) is not None:
            if not settings.enabled:
                return open_("it is switched off, and nothing can be read now")
            return self._as_last_seen(unread, time, lambda look: self._job(job, look) if job.at(look) else None)
        if self._ledger.blind_to("jobs", time):
            return open_("the token may not see jobs")
        if settings.enabled and self._ledger.blind_to("guests", time):
            owes = self._owed_guests_when_seen(job, time)
            return not_off("the token may not see its guests") if owes else open_("the token may not see guests")
        if not settings.enabled:
            return off("it is switched off")
        guests = [guest for guest in self._ledger.guests if guest.lives(time) and covers(settings, guest, time)]
        demands = [
            (guest.node_at(time), self._where_tagged(guest, demand, time))
            for guest in guests
            if (demand := self._promise(job, guest, time, own_only=True)) is not None
            and not self._is_known_needless(guest, time)
        ]
        by_runs = [
            (node, demand) for node in self._ledger.nodes if (demand := self._last_run(job, node, time)) is not None
        ]
        if not demands:
            if by_runs or settings.vmids is not None:
                return open_("it covers no guest, but lists one that is gone or failed before")
            if self._hangs_for_nobody(job, time):
                return open_("it covers no guest any more, and a run of it hangs")
            return self._without_guests(time)
        return self._of_nodes(job, [*demands, *by_runs], time)

    def _owed_guests_when_seen(self, job: JobLife, time: float) -> bool:
        """Tell whether a job covered guests, as it does now, when guests and jobs were last seen both."""
        seen = [
            look
            for look in self._ledger.looks
            if look <= time and not any(self._ledger.blind_to(what, look) for what in ("guests", "jobs"))
        ]
        if not seen or (settings := job.at(seen[-1])) is None or settings != job.at(time):
            return False
        guests = [guest for guest in self._ledger.guests if guest.lives(seen[-1]) and guest.lives(time)]
        return any(covers(settings, guest, seen[-1]) for guest in guests)

    def _without_guests(self, time: float) -> Expectation:
        """Judge a job that covers no guest: it owes nothing, but of what is out of sight nobody knows for how long that is so."""
        dark = [
            *self._ledger.blind.get("tasks", ()),
            *(span for node in self._ledger.nodes.values() for span in node.off),
        ]
        if not any(start <= time < end for start, end in dark):
            return off("it covers no guest")
        looks = [look for look in self._ledger.looks if time - BLIND_LIMIT <= look <= time]
        is_short = any(not any(start <= look < end for start, end in dark) for look in looks)
        what = "it covers no guest, as far as can be seen"
        return not_on(what) if is_short else open_(what)

    def _of_nodes(self, job: JobLife, demands: Sequence[tuple[str, Expectation]], time: float) -> Expectation:
        """Return what the demands of a job's nodes are together: only a run on the same node can excuse one (A31)."""
        found = worst([demand for _, demand in demands])
        if found.must in {Must.OFF, Must.NOT_ON} and self._hangs_for_nobody(job, time):
            return open_("a run of the job hangs at guests that it does not cover there any more")
        busy = {run.node for run in self._evidence.runs(job.id, time) if time < run.ended}
        if found.must is not Must.ON or not busy:
            return found
        elsewhere = [demand for node, demand in demands if node not in busy]
        if elsewhere and (there := worst(elsewhere)).must is Must.ON:
            return there
        return open_("a run of the job is in progress and has failures")

    def _hangs_for_nobody(self, job: JobLife, time: float) -> bool:
        """Tell whether a run of a job goes on for too long, and has nobody left to do of those that the job covers there."""
        settings = job.at(time)
        assert settings is not None
        there = {
            (guest.vmid, guest.node_at(time))
            for guest in self._ledger.guests
            if guest.lives(time) and covers(settings, guest, time) and not value_at(guest.ignored, time)
        }
        limit = 3 * self._evidence.usual_duration(job.id, time).low
        for run in self._evidence.runs(job.id, time):
            if not time < run.noticed or time - run.started <= limit:
                continue
            left = [part.vmid for part in run.parts.values() if part.ended is None or part.ended > time]
            if not any((vmid, run.node) in there for vmid in left):
                return True
        return False

    def _unread(self, time: float, born: float, kind: str) -> Expectation | None:
        """Return the demand on one of a kind that was created at a moment, where nothing can be read now."""
        last = self._evidence.last_look(time)
        if last is None:
            return open_("nothing could be read yet")
        if time - last < 1:
            return None
        if any(last < restart <= time for restart in self._ledger.restarts):
            return open_("Home Assistant was started while nothing could be read")
        if time - last > 25 * HOUR and born <= last:
            if self._ledger.blind_to(kind, last):
                return not_off(f"nothing could be read for more than a day, and no {kind} before")
            return on("nothing could be read for more than a day")
        return open_("nothing can be read now")

    def _as_last_seen(
        self, unread: Expectation, time: float, demanded: Callable[[float], Expectation | None]
    ) -> Expectation:
        """Return what is left of what was demanded at the last look, while nothing can be read (E01, E02).

        That is no reason for a new alarm for a day, and none to call fine what was not.
        """
        last = self._evidence.last_look(time)
        before = demanded(last) if last is not None and unread.must is Must.OPEN else None
        if before is None or last is None:
            return unread
        if before.must in {Must.ON, Must.NOT_OFF}:
            return not_off("it was no better when something could be read last")
        if before.must is Must.OFF and time - last < BLIND_LIMIT:
            return not_on("all was well when something could be read last")
        return unread

    def _without_jobs(self, demand: Expectation, time: float) -> Expectation:
        """Return what is left of a demand where the jobs may not be seen."""
        seen = [look for look in self._ledger.looks if look <= time and not self._ledger.blind_to("jobs", look)]
        since = seen[-1] if seen else next(s for s, end in self._ledger.blind["jobs"] if s <= time < end)
        if demand.must in {Must.ON, Must.NOT_OFF}:
            return not_off(demand.reason)
        if demand.must is Must.OPEN or time - (self._evidence.last_look(since) or since) > BLIND_LIMIT:
            return open_("the token may not see jobs")
        return not_on(demand.reason)

    def _promises(self, guest: GuestLife, time: float) -> list[Expectation]:
        found = [(job, self._promise(job, guest, time)) for job in self._ledger.jobs.values()]
        return [demand.of(job.id) for job, demand in found if demand is not None]

    def _promise(self, job: JobLife, guest: GuestLife, time: float, *, own_only: bool = False) -> Expectation | None:
        """Return the demand of one promise, None where the job owes the guest nothing."""
        earlier: Period | None = None
        for period in self._periods(job, guest):
            if period.start <= time < period.end:
                return Promise(
                    job, guest, period, earlier, time, self._ledger, self._evidence, own_only=own_only
                ).judge()
            if period.start <= time:
                earlier = period
        return None

    def _last_run(self, job: JobLife, node: str, time: float) -> Expectation | None:
        """Judge by the job's last run on a node, where Proxmox calls it bad or it pruned badly."""
        runs = [run for run in self._evidence.runs(job.id, time) if run.node == node and run.noticed <= time]
        if not runs or (runs[-1].well and not self._pruned_badly(runs[-1])):
            return None
        last = runs[-1]
        if last.by_hand:
            return open_("the job was run by hand and failed")
        if any(run.by_hand and run.started >= last.started for run in self._runs_of_twins(job, node, time)):
            return open_("a job alike in all but its schedule was run by hand since")
        if self._evidence.hidden_by_dates(job.id, None, last.stamp, time):
            return open_("a good run with a wrong date that had come before the first look")
        if any(last.started < since <= time for since, _ in job.versions):
            return open_("the job was changed after its last run failed")
        settings = job.at(time)
        assert settings is not None
        bad = [part for part in last.parts.values() if not part.good or part.pruning_failed]
        for part in bad:
            guest = next((life for life in self._ledger.guests if life.vmid == part.vmid and life.lives(time)), None)
            listed = settings.vmids is not None and part.vmid in settings.vmids
            if any(life.vmid == part.vmid and last.started < life.born <= time for life in self._ledger.guests):
                return open_("a guest that failed has been another one since")
            if guest is None and not listed:
                return open_("a guest that failed is gone")
            if guest is not None and (guest.node_at(time) != node or not covers(settings, guest, time)):
                return open_("a guest that failed is no longer there")
            if guest is not None and value_at(guest.ignored, time):
                return open_("a guest that failed needs no backup")
        if bad and all(self._made_good_elsewhere(part, last, time) for part in bad):
            return open_("the job has backed up elsewhere what failed, before it came back")
        if not last.parts:
            return open_("a run without guests failed")
        if not self._evidence.seen(node, last.noticed, time):
            return (
                not_off("its last run failed, unseen")
                if time > self._evidence.noticed_at_the_latest(last, time)
                else open_("a failure that nobody could see yet")
            )
        return on(f"its last run on {node} ended with {last.status}")

    def _made_good_elsewhere(self, part: Part, last: RunFact, time: float) -> bool:
        """Tell whether the job has backed up a guest on another node since a run failed for it."""
        later = (run for run in self._evidence.runs(last.job or "", time) if run.started > last.started)
        return any(
            run.node != last.node
            and run.noticed <= time
            and (again := run.parts.get(part.vmid)) is not None
            and again.good
            and not again.pruning_failed
            for run in later
        )

    def _runs_of_twins(self, job: JobLife, node: str, time: float) -> list[RunFact]:
        return [
            run
            for twin in self._ledger.jobs.values()
            for run in self._evidence.runs(twin.id, time)
            if run.node == node and job.is_alike(twin, run.started)
        ]

    def _pruned_badly(self, run: RunFact) -> bool:
        """Tell whether a run could not prune, or threw away the very archive that it had made."""
        parts = run.parts.values()
        return any(part.pruning_failed or (part.began is not None and not part.good) for part in parts)

    def _without_promise(self, guest: GuestLife, time: float) -> Expectation:
        """Judge a guest that no enabled job covers."""
        paused = [
            job
            for job in self._ledger.jobs.values()
            if (settings := job.at(time)) is not None and not settings.enabled and covers(settings, guest, time)
        ]
        ends = [
            period.end
            for job in self._ledger.jobs.values()
            for period in self._periods(job, guest)
            if period.end <= time
        ]
        if guest.template and not self._was_node_on(guest, guest.born, time):
            return open_("it is a template, and its node was off ever since it could be seen")
        if guest.template:
            return open_("its job is switched off, and it is a template") if paused else off("a template needs no job")
        since = max(ends, default=guest.born)
        return self._paused(guest, time, since) if paused else self._uncovered(guest, time, since, bool(ends))

    def _uncovered(self, guest: GuestLife, time: float, since: float, before: bool) -> Expectation:
        first = self._evidence.first_look(self._ledger.start)
        known = max(self._evidence.first_sight_of_jobs(since), self._evidence.first_sight_of_jobs(first))
        if time < since + NEW_GUEST_GRACE - 10 * MINUTE and since >= first:
            return open_("it has just lost its job") if before else off("it is new and in no job")
        if time < known + NEW_GUEST_GRACE + 10 * MINUTE:
            return open_("since when it is in no job is not known")
        if self._was_paused(guest, known, time):
            return open_("it was covered by a disabled job for some time")
        return on("no job covers it")

    def _was_paused(self, guest: GuestLife, since: float, time: float) -> bool:
        """Tell whether a disabled job covered the guest lately, which is no lack of a job."""
        recent = max(since, time - NEW_GUEST_GRACE - HOUR)
        return any(
            settings is not None and not settings.enabled and covers(settings, guest, moment)
            for job in self._ledger.jobs.values()
            for moment in {recent, *(edit for edit, _ in job.versions if recent <= edit <= time)}
            if (settings := job.at(moment)) is not None
        )

    def _paused(self, guest: GuestLife, time: float, since: float) -> Expectation:
        names: Sequence[str | None] = [None, *self._ledger.jobs]
        found = (result for name in names for result in self._evidence.results(name, guest, time))
        results = sorted(
            (result for result in found if result.good and result.known <= time), key=lambda result: result.known
        )
        if any(result.spoilt(time) is not None for result in results[-3:]):
            return open_("its job is switched off, and an archive of it is no longer good")
        if not results:
            first = max(guest.born, self._evidence.first_look(self._ledger.start))
            if time < guest.born + NEW_GUEST_GRACE - 10 * MINUTE and guest.born >= first:
                return off("it is new, and its job is switched off")
            return (
                open_("it is new, and its job is switched off")
                if time < first + PAUSE_LIMIT
                else on("its only job is switched off, and it has no backup at all")
            )
        if any(abs(result.run.stamp - result.run.started) > FAR for result in results[-3:]):
            return open_("its last backup before its job was switched off has a wrong date")
        last = results[-1]
        own = [result for result in results if result.run.job is not None]
        age, own_age = time - last.known, time - max((result.known for result in own), default=0.0)
        if not self._evidence.seen(last.run.node, last.known, time):
            return open_("its last backup before its job was switched off could not be seen")
        if age < PAUSE_LIMIT - HOUR and own_age < PAUSE_LIMIT - HOUR:
            return off("its job is switched off, for a short time")
        if age > PAUSE_LIMIT + HOUR:
            return on("its job has been switched off for too long")
        return open_("its job has been switched off for about the time that is allowed")
