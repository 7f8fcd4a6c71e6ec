"""Where a guest was from a slot on, and what is known of the runs there."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context
from ..jobs.timetable import Timetable, event_of
from ..model.outcome import Outcome, Result, succeeded, written_name
from ..model.records import Move

_ONE_MINUTE: Final = timedelta(minutes=1)
# The scheduler looks once a minute; in less time no run begins and ends.
_SHORT: Final = timedelta(minutes=2)
_STARTS_WITHIN: Final = timedelta(minutes=10)
_USUAL: Final = timedelta(minutes=15)
_FASTEST: Final = 0.5
_LOOKED_AT: Final = 10


def timetable_of(job: BackupJob, guest: Guest, context: Context) -> Timetable | None:
    """Return a job's slots for a guest: before it moved from a node in another time zone, they were those there."""
    record, zone = context.guest_record(guest), context.facts.zone_of(guest.node)
    moves = record.moves if record is not None else ()
    if all(context.facts.zone_of(move.origin) == zone for move in moves):
        moves = ()
    return _table_after(job, guest.node, moves, context)


def _table_after(job: BackupJob, node: str, moves: Sequence[Move], context: Context) -> Timetable | None:
    """Return a job's slots for a guest that came to a node by the first of some moves, given newest first."""
    table = context.timetable(job, node)
    if table is None or not moves:
        return table
    move, *earlier = moves
    before = _table_after(job, move.origin, earlier, context)
    if before is None:
        return table
    moved = _by_clock_of(node, move.seen, context)
    left = gone = _by_clock_of(move.origin, move.seen, context)
    if move.after is not None:
        # It may have left at once after it was last seen there; where its runs are seen, none says otherwise.
        left = _by_clock_of(move.origin, move.after, context)
        gone = left if context.seen_until(move.origin) >= gone else gone
    return table.since(moved, (left, gone), before, context.node_now(node))


def stays(guest: Guest, slot: datetime, context: Context) -> Iterator[tuple[str, datetime | None]]:
    """Return the nodes on which a guest was from a slot on, each with the end of its stay there; the present one last."""
    record = context.guest_record(guest)
    for move in reversed(record.moves if record is not None else ()):
        end = _by_clock_of(move.origin, move.seen, context)
        if end > slot:
            yield move.origin, end
    yield guest.node, None


def node_at(guest: Guest, slot: datetime, context: Context) -> str:
    """Return the node on which a guest was when a slot came."""
    return next(stays(guest, slot, context))[0]


def _by_clock_of(node: str, moment: datetime, context: Context) -> datetime:
    facts = context.node(node)
    return moment + facts.skew if facts is not None else moment


def hidden_node(guest: Guest, slot: datetime, deadline: datetime, context: Context) -> str | None:
    """Return a node that was not seen while the guest was there and awaited its backup; None where there is none."""
    for node, end in stays(guest, slot, context):
        until = deadline if end is None else min(deadline, end)
        is_dark = not context.is_seen(node, until) and not context.is_off_or_gone(node)
        if is_dark and not was_known(node, slot, until, context):
            return node
    return None


def was_known(name: str, slot: datetime, until: datetime, context: Context) -> bool:
    """Tell whether all that a node did between a slot and its deadline was known already before it went out of sight."""
    record, began = context.history.nodes.get(name), context.history.began
    if record is None or began is None or began > slot:
        return False
    stretches = list(record.runs_known_before)
    if record.runs_known_since is not None and record.runs_known_until is not None:
        stretches.append((record.runs_known_since, record.runs_known_until))
    return _is_covered(slot, until, stretches)


def are_runs_known(guest: Guest, slot: datetime, deadline: datetime, job: BackupJob, context: Context) -> bool:
    """Tell whether no run is missing that can have backed a guest up between a slot and its deadline."""
    began = context.history.began
    is_watched = began is not None and began <= slot
    # A guest of which no run of the job says anything may not have been in it then.
    if not is_watched and (
        _last_named(guest, job, context) is None or _may_have_been_owed_nothing(guest, slot, job, context)
    ):
        return False
    places = list(stays(guest, slot, context))
    if not is_watched and _was_elsewhere(guest, slot, job, context):
        places = [(node, None) for node in context.facts.nodes]
    return all(
        _are_known(
            guest, node, slot, deadline if end is None else min(deadline, end), job, context, is_watched=is_watched
        )
        for node, end in places
    )


def _may_have_been_owed_nothing(guest: Guest, slot: datetime, job: BackupJob, context: Context) -> bool:
    """Tell whether a job may not have owed a guest a slot before the first look.

    The guest may have been elsewhere; and a job whose newest run for it began at no slot may have had another schedule.
    """
    last, event = _last_named(guest, job, context), event_of(job)
    if last is None or event is None:
        return False
    if _may_have_come_since(guest, slot, job, context):
        return True
    run, zone = context.index.runs.get(last.upid), context.facts.zone_of(last.node)
    if run is None or zone is None:
        return False
    before = event.last_before((run.started + _ONE_MINUTE).astimezone(zone))
    return before is None or run.started - before > _STARTS_WITHIN


def _last_named(guest: Guest, job: BackupJob, context: Context) -> Outcome | None:
    """Return the newest outcome of a guest that can be of a job's run from before the first look.

    Later ones say nothing of what the job was then.
    """
    began = context.history.began
    known = (outcome for outcome in context.outcomes(guest) if began is None or outcome.started < began)
    return next((outcome for outcome in known if _can_name(outcome, job, context)), None)


def _may_have_come_since(guest: Guest, slot: datetime, job: BackupJob, context: Context) -> bool:
    """Tell whether a guest may have come here after a slot, so that the job owed it nothing then.

    Before the first look only runs tell where it was: on another node than the one to which the job is bound, or in another
    time zone, before the next slot there.
    """
    if job.node is not None and (
        _places_by_runs(guest, slot, context) - {job.node} or _was_elsewhere(guest, slot, job, context)
    ):
        return True
    last, event = _last_named(guest, job, context), event_of(job)
    if last is None or event is None:
        return False
    there = context.facts.zone_of(last.node)
    if there is None or there == context.facts.zone_of(guest.node):
        return False
    following = event.next_after(last.started.astimezone(there))
    return following is None or slot < following


def _places_by_runs(guest: Guest, slot: datetime, context: Context) -> set[str]:
    """Return the nodes on which runs of any kind found a guest since a slot, and the last time before it."""
    places = set()
    for outcome in context.outcomes(guest):
        if outcome.result is not Result.NOT_REACHED:
            # Of one that was not reached it is only taken that it was there.
            places.add(outcome.node)
            if outcome.started <= slot:
                break
    return places


def _was_elsewhere(guest: Guest, slot: datetime, job: BackupJob, context: Context) -> bool:
    """Tell whether the job's run where a guest is now says nothing of it, as where it was on another node then."""
    runs = [run for run in context.job_runs(job) if run.node == guest.node and run.started >= slot - _ONE_MINUTE]
    named = any(outcome.vmid == guest.vmid for run in runs for outcome in run.outcomes)
    return bool(runs) and not named and len(context.facts.nodes) > 1


def _can_name(outcome: Outcome, job: BackupJob, context: Context) -> bool:
    """Tell whether a run that says something of a guest can have been a job's."""
    if outcome.job_id is not None or outcome.by_hand:
        return outcome.job_id == job.job_id
    run = context.index.runs.get(outcome.upid)
    return run is None or not run.candidates or job.job_id in run.candidates


def _are_known(
    guest: Guest, name: str, slot: datetime, until: datetime, job: BackupJob, context: Context, *, is_watched: bool
) -> bool:
    node = context.node(name)
    if node is None or not context.is_seen(name, until):
        is_surely_off = context.is_off_or_gone(name) and not may_have_run_unseen(guest, name, slot, job, context)
        if is_surely_off and (is_watched or context.history.began is None):
            return True
        return was_known(name, slot, until, context) and not _is_obscure(name, slot, until, context)
    if _is_obscure(name, slot, until, context):
        return False
    if node.runs_known_since is None:
        first = slot - timedelta(hours=1)
        return is_watched or any(first <= run.started <= until for run in context.job_runs(job))
    record = context.history.nodes.get(name)
    before = record.runs_known_before if record is not None else ()
    return _is_covered(slot, until, [(node.runs_known_since, context.seen_until(name)), *before])


def _is_covered(start: datetime, end: datetime, stretches: Iterable[tuple[datetime, datetime]]) -> bool:
    """Tell whether stretches of time leave no gap between two moments."""
    reached = start
    for first, last in sorted(stretches):
        if first <= reached:
            reached = max(reached, last)
    return reached >= end


def may_have_run_unseen(guest: Guest, name: str, slot: datetime, job: BackupJob, context: Context) -> bool:
    """Tell whether a node that is off may have backed a guest up for a job's slot before, when nobody could see it.

    It can have where it was on for as long as that takes, after it was last seen, or after a run began that was seen. What was
    due while there was no quorum is made up for once there is.
    """
    record = context.history.nodes.get(name)
    if record is None or record.offline_since is None:
        return False
    off = _by_clock_of(name, record.offline_since, context)
    begun = [
        run.started
        for run in context.history.unfinished.values()
        if run.node == name and job.job_id in {run.job_id, *run.candidates} and run.started >= slot - _ONE_MINUTE
    ]
    is_idle = not any(run.node == name for run in context.history.unfinished.values())
    if is_idle and context.seen_until(name) >= slot + _STARTS_WITHIN and not _was_seen_without_quorum(name, context):
        return False
    seen = [moment for moment in (context.seen_until(name), record.runs_known_until, slot) if moment is not None]
    since = min(begun, default=None) or max(seen)
    return off - since > max(_SHORT, _FASTEST * _usual_time(guest, job, context))


def _was_seen_without_quorum(name: str, context: Context) -> bool:
    """Tell whether there was no quorum when a node was seen last."""
    last = context.history.without_quorum
    return last is not None and _by_clock_of(name, last, context) >= context.seen_until(name)


def _usual_time(guest: Guest, job: BackupJob, context: Context) -> timedelta:
    """Return how long a guest's own part in the runs of a job mostly takes, as long as a whole run where that is not known."""
    own = (
        outcome.seconds
        for outcome in context.outcomes(guest)
        if outcome.job_id == job.job_id and outcome.result is Result.OK and outcome.seconds is not None
    )
    newest = sorted(islice(own, _LOOKED_AT))
    if newest:
        return timedelta(seconds=newest[len(newest) // 2])
    return context.typical_duration(job) or _USUAL


def _is_obscure(node: str, slot: datetime, until: datetime, context: Context) -> bool:
    """Tell whether a run of a node for a slot is known of which it is not known, or not yet, whom it backed up."""
    if any(started >= slot - _ONE_MINUTE for started in context.facts.unread_runs):
        return True
    return any(
        run.node == node and slot - _ONE_MINUTE <= run.started <= until and succeeded(run.status)
        for run in context.index.untold
    )


def is_absence_proven(
    guest: Guest, job: BackupJob, name: str, slot: datetime, deadline: datetime, context: Context
) -> bool:
    """Tell whether a backup between a slot and its deadline would still be listed on a storage where none is.

    All archives of the storage have to be listed, after the deadline or after the node went off, for a backup is not there
    before it is done. Older ones of the guest have to be among them: else nothing may ever have been
    promised there. Nor do archives that are, or can be, those of other jobs prove a promise of a time before the first look.
    Newer ones may have let retention remove it.
    """
    where = node_at(guest, slot, context)
    storage = context.facts.storage_of(name, where)
    if storage is None or storage.listing is None or not storage.listing.complete:
        return False
    there = [archive for archive in context.archives(guest) if archive.storage == name]
    if not there or any(context.written_between(archive)[1] >= slot for archive in there):
        return False
    off = context.history.nodes[where].offline_since if where in context.history.nodes else None
    done = deadline if off is None else min(deadline, _by_clock_of(where, off, context))
    if _by_clock_of(where, storage.listing.read_at, context) < max(slot, done):
        return False
    if context.history.began is not None and context.history.began <= slot:
        return True
    if _may_have_been_owed_nothing(guest, slot, job, context):
        return False
    writers = {
        written_name(outcome.archive): outcome.job_id
        for outcome in context.outcomes(guest)
        if outcome.archive is not None and (outcome.by_hand or outcome.job_id is not None)
    }
    shared = any(
        other.job_id != job.job_id and name in context.storages_of(other) for other in context.all_jobs_of(guest)
    )
    return any(
        writers[logged_name(archive)] == job.job_id if logged_name(archive) in writers else not shared
        for archive in there
    )
