"""Carries the history on from one moment to the next: what appeared, changed and went away, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from ...proxmox.api.cluster_models import Guest
from ..archives.pruning import Pruning
from ..indexes import Indexes
from ..jobs.remembering import are_jobs_seen_first, remembered_jobs
from ..model.facts import Facts, NodeFacts
from ..model.records import GuestRecord, History, NodeRecord
from ..model.subject import Subject
from ..restores.remembering import remember_restores
from ..runs.run_records import RunRecords
from .resizes import with_resizes
from .server_memory import remembered_servers
from .storage_history import MissingArchives, remember_storages

_SAME_BOOT: Final = timedelta(minutes=2)
# What began less than this before a guest came is taken for its own.
_ONE_MINUTE: Final = timedelta(minutes=1)
_NOT_FOUND: Final = "unable to find VM"
"""What vzdump says of a number without a guest (PVE/VZDump.pm)."""
_MOST_OUTAGES: Final = 20
_MOST_MOVES: Final = 10
_MOST_STRETCHES: Final = 20
# Proxmox lists the last 700 tasks of a node and more: the busiest make no more than that in this time.
_NO_GAP: Final = timedelta(hours=6)


def updated(history: History, facts: Facts, runs: RunRecords, indexes: Indexes) -> History:
    """Return the history with what the facts add to it; `runs` and `indexes` are those of the moment."""
    storages = remember_storages(history.storages, facts, indexes.runs)
    missing = MissingArchives.of(indexes.archives, storages, facts)
    guests = with_resizes(_guests(history, facts, indexes, missing), facts.guest_tasks)
    return replace(
        history,
        began=history.began or facts.now,
        runs=runs.finished,
        unfinished=runs.unfinished,
        jobs_unseen=facts.jobs is None and not history.jobs,
        jobs_seen=history.jobs_seen if facts.jobs is None else facts.jobs_read_at or facts.read_at or facts.now,
        jobs=remembered_jobs(history, facts),
        guests=guests,
        saw_all_guests=history.saw_all_guests or facts.guests_visible,
        saw_all_storages=history.saw_all_storages or facts.storages_visible,
        without_quorum=history.without_quorum if facts.cluster.quorate else facts.read_at or facts.now,
        restores=remember_restores(history, facts, indexes, guests),
        storages=storages,
        nodes={name: _node(history.nodes.get(name), node, history, facts) for name, node in facts.nodes.items()},
        servers=remembered_servers(history, facts),
    )


def forgotten(history: History, subject: Subject, now: datetime) -> History:
    """Return the history without something that is out of sight, and that a person does not want to see again."""
    verdicts = {known: record for known, record in history.verdicts.items() if known != subject}
    guests, storages = history.guests, history.storages
    if subject.kind == "storage":
        storages = {key: record for key, record in storages.items() if key != subject.id}
    if subject.kind == "guest" and (record := guests.get(int(subject.id))) is not None:
        guests = {**guests, record.vmid: replace(record, absent_since=record.absent_since or now)}
    return replace(history, verdicts=verdicts, guests=guests, storages=storages)


def with_known_values(facts: Facts, history: History) -> Facts:
    """Return the facts with what is remembered of what cannot be seen now.

    Proxmox shows neither name nor tags of guests on a node that is down, nor that they are templates
    (PVE/API2Tools.pm, extract_vm_stats). The zone of a node is known from before where its tasks may not be seen. How far
    back all runs of a node are known is what the history adds to Proxmox' own list without a gap.
    """
    nodes = {name: _known_node(node, history.nodes.get(name), history) for name, node in facts.nodes.items()}
    guests = facts.guests
    if any(guest.template is None for guest in guests):
        guests = tuple([_completed(guest, history.guests.get(guest.vmid)) for guest in guests])
    return replace(facts, nodes=nodes, guests=guests)


def _known_node(node: NodeFacts, record: NodeRecord | None, history: History) -> NodeFacts:
    if record is None:
        return node
    zone = node.zone
    if zone is None and record.zone is not None:
        zone = _zone(record.zone)
    since = node.runs_known_since
    if since is not None and node.tasks_read is not None:
        # The oldest run of the list may bear a date that has not come yet.
        since = min(since, node.tasks_read + node.skew)
    known_since, known_until = record.runs_known_since, record.runs_known_until
    if known_until is None and record.blind_since is None and history.evaluated is not None:
        # Version 0.1.0 kept no such moments; it read every run of the nodes that it saw.
        known_since, known_until = history.began, history.evaluated
    is_joined = since is not None and known_until is not None and since <= known_until + _NO_GAP
    if since is not None and known_since is not None and is_joined and not node.has_lost_runs:
        since = min(known_since, since)
    return replace(node, zone=zone, runs_known_since=since)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except ValueError, OSError, KeyError:
        return None


def _completed(guest: Guest, known: GuestRecord | None) -> Guest:
    if guest.template is not None or known is None or known.guest_type != guest.guest_type:
        return guest
    return replace(guest, name=guest.name or known.name, template=known.template, tags=guest.tags or known.tags)


def _guests(history: History, facts: Facts, indexes: Indexes, missing: MissingArchives) -> Mapping[int, GuestRecord]:
    backed_up_now = _backed_up_now(facts)
    pruned = Pruning(facts=facts, jobs=history.jobs).explains
    records: dict[int, GuestRecord] = {}
    for guest in facts.guests:
        record = _guest(history, guest, facts, indexes, busy=guest.vmid in backed_up_now)
        records[guest.vmid] = missing.noted(record, indexes.runs, pruned)
    for vmid, record in history.guests.items():
        if vmid not in records:
            is_gone = facts.guests_complete and vmid not in facts.hidden_guests
            absent = record.absent_since or (facts.now if is_gone else None)
            seen = record.last_seen or history.evaluated
            if (absent, seen) != (record.absent_since, record.last_seen):
                record = replace(record, absent_since=absent, last_seen=seen)
            records[vmid] = missing.noted(record, indexes.runs, pruned)
    return records


def _backed_up_now(facts: Facts) -> set[int]:
    return {
        guest_run.vmid
        for run in facts.runs
        if run.task.running and run.log is not None
        for guest_run in run.log.guests
        if guest_run.result == "running"
    }


def _guest(history: History, guest: Guest, facts: Facts, indexes: Indexes, *, busy: bool) -> GuestRecord:
    now = facts.now
    known = history.guests.get(guest.vmid)
    # Guests that the token may only see now were there before.
    first_look = history.began is None or not history.guests
    if known is None:
        record = GuestRecord(
            vmid=guest.vmid,
            guest_type=guest.guest_type,
            name=guest.name,
            node=guest.node,
            first_seen=None if first_look else now,
            # It came after the last look; whatever bears its number from before was another guest.
            since=_another_before(guest, facts) if first_look else history.evaluated,
        )
    elif _is_another(known, guest):
        record = GuestRecord(
            vmid=guest.vmid, guest_type=guest.guest_type, name=guest.name, node=guest.node, first_seen=now, since=now
        )
    else:
        record = known
    changes: dict[str, object] = {
        "name": guest.name or record.name,
        "absent_since": None,
        "last_seen": None,
        "locked_since": (record.locked_since or now) if guest.lock == "backup" and not busy else None,
        "template": guest.template,
        "tags": guest.tags,
    }
    if record.node != guest.node:
        after = record.last_seen or history.evaluated
        changes |= {"node": guest.node, "moved": now, "moved_after": after, "moved_from": record.node}
        changes["moved_before"] = record.moves[:_MOST_MOVES]
    if facts.jobs is not None:
        jobs = indexes.coverage.jobs_of[guest.vmid]
        if guest.vmid not in indexes.coverage.unclear:
            changes["without_job"] = not jobs
        covering = [job.job_id for job in jobs if job.enabled]
        changes |= _coverage(record, covering, facts, first_look=first_look or are_jobs_seen_first(history))
    if (excluded := indexes.exclusions.get(guest.vmid)) is not None:
        changes |= _exclusions(record, excluded)
    return _changed(record, changes)


def _changed(record: GuestRecord, changes: Mapping[str, Any]) -> GuestRecord:
    """Return the record with the changes, the same one where there are none."""
    different = {name: value for name, value in changes.items() if getattr(record, name) != value}
    return replace(record, **different) if different else record


def _is_another(known: GuestRecord, guest: Guest) -> bool:
    """Tell whether a VMID was used again for another guest; one that was restored keeps its name."""
    if known.guest_type != guest.guest_type:
        return True
    return known.absent_since is not None and guest.name is not None and known.name not in {None, guest.name}


def _another_before(guest: Guest, facts: Facts) -> datetime | None:
    """Return up to when a guest's number was that of another before the first look, as the names in logs tell.

    It came after the newest log with another name, or after the last run that found no guest of the number, unless the one
    before bore the same name and was restored. One that was only renamed since waits for its next slot then, without an alarm.
    """
    named: list[tuple[datetime, str]] = []
    absent: list[datetime] = []
    for run in facts.runs:
        for guest_run in run.log.guests if run.log is not None else ():
            if guest_run.vmid == guest.vmid and guest_run.name is not None:
                named.append((run.ended or run.started, guest_run.name))
            elif guest_run.vmid == guest.vmid and (guest_run.error or "").startswith(_NOT_FOUND):
                absent.append(run.ended or run.started)
    if guest.name is None:
        return None
    gone = max(absent, default=None)
    before = max([entry for entry in named if gone is not None and entry[0] <= gone], default=None)
    newest = max(named, default=None)
    if newest is not None and newest[1] != guest.name:
        return newest[0] + _ONE_MINUTE
    return gone + _ONE_MINUTE if gone is not None and (before is None or before[1] != guest.name) else None


def _coverage(record: GuestRecord, covering: Sequence[str], facts: Facts, *, first_look: bool) -> Mapping[str, object]:
    """Tell since when a guest is in which enabled jobs, and since when in none."""
    new = None if first_look else facts.now
    uncovered = None
    if not covering:
        # One that came after the first look, and was in no job when jobs could be seen again, never was in any.
        since = facts.now if record.covered_since else record.first_seen
        uncovered = record.uncovered_since or since
    covered = {job_id: record.covered_since.get(job_id, new) for job_id in covering}
    return {"covered_since": covered, "uncovered_since": uncovered}


def _exclusions(record: GuestRecord, excluded: tuple[str, ...]) -> Mapping[str, object]:
    """Tell what no job saves of a guest, and which of it is new."""
    if record.excluded_disks is None:
        return {"excluded_disks": excluded}
    new = (set(excluded) - set(record.excluded_disks)) | (set(record.newly_excluded) & set(excluded))
    return {"excluded_disks": excluded, "newly_excluded": tuple(sorted(new))}


def _node(record: NodeRecord | None, node: NodeFacts, history: History, facts: Facts) -> NodeRecord:
    now = facts.now
    record = replace(
        record or NodeRecord(name=node.name),
        address=node.address,
        fingerprint=node.fingerprint,
        contacted=node.contacted,
        zone=str(node.zone) if node.zone is not None else record.zone if record is not None else None,
    )
    record = _with_known_tasks(record, node)
    if node.blindness is None and node.tasks_read is not None and node.runs_known_since is not None:
        # The facts have no gap to what was known before.
        record = replace(
            record,
            runs_known_since=node.runs_known_since,
            runs_known_until=node.tasks_read + node.skew,
            runs_known_before=_known_before(record, node, now),
            quorate_until=node.tasks_read + node.skew if facts.cluster.quorate else record.quorate_until,
            running=tuple(
                sorted(run.task.upid for run in facts.runs if run.task.running and run.task.node == node.name)
            ),
        )
    elif node.online and record.offline_since is not None:
        off = (record.offline_since + node.skew, (node.booted or now) + node.skew)
        record = replace(record, runs_known_before=(off, *record.runs_known_before)[:_MOST_STRETCHES])
    blind = None if node.blindness is None else record.blind_since or now
    if not node.online:
        return replace(record, offline_since=record.offline_since or now, blind_since=blind)
    outage = _outage(record, node, history, now)
    if outage == record.last_outage:
        return replace(record, offline_since=None, blind_since=blind)
    earlier = (record.last_outage, *record.earlier_outages) if record.last_outage is not None else ()
    return replace(
        record,
        offline_since=None,
        last_outage=outage,
        earlier_outages=earlier[:_MOST_OUTAGES],
        blind_since=blind,
    )


def _with_known_tasks(record: NodeRecord, node: NodeFacts) -> NodeRecord:
    """Remember since and until when all tasks of a node are known: a list that reaches back to the last one leaves no gap."""
    listed = node.all_tasks
    if listed is None or listed.until == record.tasks_known_until:
        return record
    since = min(listed.since, listed.until)
    if record.tasks_known_since is not None and record.tasks_known_until is not None:
        is_joined = listed.is_complete or since <= record.tasks_known_until
        since = min(since, record.tasks_known_since) if is_joined else since
    return replace(record, tasks_known_since=since, tasks_known_until=listed.until)


def _known_before(record: NodeRecord, node: NodeFacts, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return the earlier stretches of time of which all runs of a node are known; runs may be missing between them.

    None is missing while it was seen off, though its list of tasks was lost then.
    """
    since, known_since, known_until = node.runs_known_since, record.runs_known_since, record.runs_known_until
    if since is None or known_since is None or known_until is None or since <= known_since:
        return record.runs_known_before
    stretches = list(record.runs_known_before)
    if known_since < min(known_until, since):
        # An empty list starts anew with each look.
        stretches.insert(0, (known_since, min(known_until, since)))
    if record.offline_since is not None:
        stretches.insert(0, (record.offline_since + node.skew, (node.booted or now) + node.skew))
    return tuple(stretches[:_MOST_STRETCHES])


def _outage(record: NodeRecord, node: NodeFacts, history: History, now: datetime) -> tuple[datetime, datetime] | None:
    """Return when a node that is on was last off; a jump of our own clock makes it seem to have started at another time."""
    booted, known = node.booted, record.last_outage
    seen = record.offline_since or history.evaluated
    if booted is not None and (known is None or booted > known[1] + _SAME_BOOT):
        # Before the first look nothing is known but the boot itself.
        if seen is None:
            return booted, booted
        if record.offline_since is not None or booted > seen - _SAME_BOOT:
            return min(seen, booted), booted
    if record.offline_since is not None:
        return record.offline_since, now
    return known
