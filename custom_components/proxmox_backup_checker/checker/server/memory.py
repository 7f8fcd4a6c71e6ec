"""What is remembered of a server from one look to the next."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ..model.server_facts import ReadTrouble, ServerFacts
from ..model.server_records import ServerHistory
from ..model.subject import Subject
from .clock import ServerClock
from .context import sees_all
from .group_memory import remembered_groups
from .links import Links
from .run_memory import remembered_runs
from .store_memory import remembered_jobs, remembered_stores
from .vanishing import Loss, Move, is_grave, losses, with_explanations, with_moves

_LISTS: Final = ("sync jobs", "verify jobs", "prune jobs", "garbage collection")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """The history after a look, and what went away or elsewhere meanwhile."""

    history: ServerHistory
    lost: tuple[Loss, ...] = ()
    moves: tuple[Move, ...] = ()


def remembered(
    history: ServerHistory, facts: ServerFacts | None, links: Links, now: datetime, trouble: ReadTrouble | None
) -> Remembered:
    """Return the history with what this look has seen; nothing new was seen where there is a trouble."""
    if trouble is not None or facts is None:
        unread = history.unread_since or now
        return Remembered(history=replace(history, began=history.began or now, unread_since=unread))
    clock = ServerClock.of(facts)
    after = _with_sight(remembered_runs(history, facts, clock), facts)
    moved, moves = with_moves(history.groups, facts)
    explained = with_explanations(moved, facts, clock)
    groups = remembered_groups(replace(after, groups=explained), facts, links)
    lost = losses(explained, groups, facts)
    for loss in lost:
        if (record := groups.get(loss.place.id)) is not None:
            groups[loss.place.id] = replace(record, pruned=True)
    for key, record in groups.items():
        if record.explained and record.read_at != explained[key].read_at:
            groups[key] = replace(record, explained=())
    stores = {
        name: replace(record, vanished=sum(loss.count for loss in lost if loss.place.store == name), vanished_since=now)
        if is_grave(name, lost, groups)
        else record
        for name, record in remembered_stores(after, facts, clock).items()
    }
    after = replace(
        after,
        began=history.began or now,
        zone=facts.zone,
        instance_id=facts.instance_id or history.instance_id,
        jobs=remembered_jobs(history, facts),
        datastores=stores,
        groups=groups,
        unread_parts=_unread_parts(history, facts),
    )
    return Remembered(history=after, lost=lost, moves=moves)


def _with_sight(history: ServerHistory, facts: ServerFacts) -> ServerHistory:
    """Note that the server can be read again, and since when rights are missing that were there before."""
    if history.unread_since is not None:
        history = replace(history, unread_since=None, back_since=facts.now)
    is_hidden = bool(facts.hidden_jobs) or any(
        found.hidden or not all(sees_all(facts, store, ns) for ns, _ in found.groups)
        for store, found in facts.datastores.items()
    )
    since = (history.rights_lost_since or facts.now) if is_hidden else None
    return replace(history, rights_lost_since=since)


def _unread_parts(history: ServerHistory, facts: ServerFacts) -> dict[str, datetime]:
    return {part: history.unread_parts.get(part, facts.now) for part in _LISTS if part in facts.unread}


def without_job(history: ServerHistory, subject: Subject) -> ServerHistory:
    """Return the history without a job that is out of sight, and that a person does not want to see again."""
    return replace(
        history,
        jobs={job: record for job, record in history.jobs.items() if job != subject.id},
        verdicts={known: record for known, record in history.verdicts.items() if known != subject},
    )


def without_acknowledged_losses(history: ServerHistory) -> ServerHistory:
    """Return the history without the groups that are gone and of which a person knows."""
    known = [
        key
        for key, record in history.groups.items()
        if record.gone is not None and Subject("group", key) in history.acknowledgements
    ]
    if not known:
        return history
    groups = {key: record for key, record in history.groups.items() if key not in known}
    return replace(history, groups=groups)
