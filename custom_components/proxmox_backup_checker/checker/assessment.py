"""The assessment: every guest and job with its verdict, as one immutable value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ..proxmox.api.backup_models import Archive, BackupJob
from ..proxmox.api.cluster_models import ClusterStatus, Guest
from .activity.detection import Change, events_of
from .activity.events import ActivityEvent
from .alerts.acknowledgements import applies_to
from .alerts.alerts import Alert, alerts_of, is_all_unseen
from .alerts.announcements import Message, announce, occasion_of
from .archives.server_listings import with_listings
from .archives.wrong_dates import latest_shown, noted
from .context import Context
from .copies.copies import Copies, Copy
from .copies.host_groups import HostView, host_views
from .copies.offsite import judge_offsite
from .copies.places import Places
from .copies.rule import RuleState, RuleVerdict, judge_copies
from .copies.tally import NOTHING_COUNTED, Tally, tally_of
from .history.job_history import remember_verdicts
from .history.update import updated, with_known_values
from .indexes import Indexes
from .metrics import GuestFigures, JobFigures, figures_of_guest, figures_of_job
from .model.facts import Facts, NodeFacts, StorageFacts, storage_key
from .model.labels import storage_name
from .model.reason_codes import ReasonCode
from .model.records import Acknowledgement, History, RunRecord, VerdictRecord
from .model.subject import CLUSTER, Subject
from .model.verdict import Status, Verdict, unknown
from .model.wrong_dates import WrongDates
from .replication.judging import ReplicationView, judge_replication
from .restores.proof import USUAL_LIMIT
from .runs.run_index import RunIndex
from .runs.run_records import records_of
from .verdicts.cluster import Counts, judge_cluster
from .verdicts.full_storages import fullness_of, key_of_full_storage
from .verdicts.guest import judge_guest
from .verdicts.job import judge_job
from .verdicts.lost_storages import key_of_lost_storage
from .verdicts.misconfigurations import Misconfiguration, misconfigurations_of
from .verdicts.night import night_findings
from .verdicts.out_of_sight import hidden_verdicts
from .verdicts.seen_since import with_seen_since
from .verdicts.storage import judge_storage
from .verdicts.storage_forecast import full_on

_RUNS: Final = frozenset({Status.RUNNING.value, Status.WAITING.value})
_COPIED: Final = frozenset({Status.OK, Status.WARNING, Status.PENDING, Status.ASLEEP})

type StorageAtFault = tuple[str, Verdict]
"""The key of a storage that is full or out of reach, with the verdict on what failed for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestView:
    """A guest and what is held of its backups; `archives` are its own finished ones, newest first, each once.

    `copies` are the places where its restore points lie, on other servers too, and `offsite` is what is held of those that are
    elsewhere; None where the user has not said of any place that it is. `tally` is what the copies come to, and `rule` what is held
    of that; None where no rule is chosen, or nobody has said where anything stands.
    """

    guest: Guest
    verdict: Verdict
    figures: GuestFigures
    archives: Sequence[Archive] = ()
    copies: tuple[Copy, ...] = ()
    offsite: Verdict | None = None
    tally: Tally = NOTHING_COUNTED
    rule: RuleVerdict | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A backup job and what is held of its runs; `covered` are the VMIDs of the guests that it surely covers."""

    job: BackupJob
    verdict: Verdict
    figures: JobFigures
    covered: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageView:
    """A storage and what is held of it.

    `key` tells it from every other for ever, `name` is what people call it; `full_on` is when it will be full.
    """

    key: str
    name: str
    storage: StorageFacts
    verdict: Verdict
    full_on: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """What is known and held of a cluster at one moment.

    `jobs_visible` is False where the token may not see jobs: then `jobs` is empty and says nothing. `guests_complete` is
    False where a guest that exists may be missing from `guests`. `history` is what to keep until the next moment, `index`
    the same runs by guest and job. `verdict` is that of the cluster as a whole, `read_at` when Proxmox was last read.
    `events` are what has happened since the assessment before, oldest first. `verdicts` holds all of them by key, such as
    guest_101, job_nightly, storage_nas and cluster; those `out_of_sight` are kept from the token now. `alerts` are the problems as a person would tell them, `messages` what
    is to be told now. `replications` are the jobs that copy disks to other nodes, by id. `hosts` are others that
    back up to the cluster's backup servers, held against the rule for copies. `misconfigurations` are what a person can
    put right in Proxmox. `maybe_elsewhere` are places of which nobody has said whether they are in another house, where nothing was
    said to be. `context` answers what else is to be
    shown of the same moment.
    """

    cluster: ClusterStatus
    nodes: Mapping[str, NodeFacts]
    guests: Mapping[int, GuestView]
    jobs: Mapping[str, JobView]
    storages: Mapping[str, StorageView]
    counts: Counts
    verdict: Verdict
    read_at: datetime
    jobs_visible: bool
    guests_complete: bool
    running: tuple[RunRecord, ...]
    history: History
    index: RunIndex
    events: tuple[ActivityEvent, ...]
    replications: Mapping[str, ReplicationView]
    hosts: tuple[HostView, ...]
    verdicts: Mapping[Subject, Verdict]
    out_of_sight: frozenset[Subject]
    alerts: tuple[Alert, ...]
    messages: tuple[Message, ...]
    misconfigurations: tuple[Misconfiguration, ...]
    maybe_elsewhere: tuple[str, ...]
    context: Context = field(compare=False, repr=False)

    @property
    def replications_complete(self) -> bool:
        """Whether a replication job that is not in `replications` is surely none any more."""
        return self.guests_complete and self.context.facts.replications_read

    @property
    def without_offsite_copy(self) -> int | None:
        """How many guests have no copy elsewhere that is new enough, as far as can be proven; None where nothing is elsewhere."""
        held = [view.offsite for view in self.guests.values() if view.verdict.lasting is not Status.IGNORED]
        told = [verdict for verdict in held if verdict is not None]
        return sum(verdict.status not in _COPIED for verdict in told) if told else None

    @property
    def below_rule(self) -> int | None:
        """How many guests surely have fewer copies than the rule asks for; None where no rule is in force."""
        held = [view.rule.state for view in self.guests.values() if view.rule is not None]
        return held.count(RuleState.BELOW) if held else None

    @property
    def hosts_below_rule(self) -> tuple[str, ...]:
        """The hosts that surely have fewer copies than the rule asks for."""
        return tuple(view.name for view in self.hosts if view.rule is not None and view.rule.state is RuleState.BELOW)

    @property
    def restorable(self) -> frozenset[int]:
        """The guests with a proof, young enough, that they can be restored."""
        limit = self.context.facts.policy.restore_limit or USUAL_LIMIT
        return frozenset(
            vmid
            for vmid, view in self.guests.items()
            if (proof := view.figures.restore) is not None
            and not proof.bad
            and self.read_at - proof.ended <= limit
            and view.verdict.lasting is not Status.IGNORED
        )

    @property
    def causes(self) -> int:
        """How many causes of problems there are, as messages and dashboard tell them: of guests, jobs, storages, copies, replicas."""
        return sum(not is_all_unseen(alert, self.verdicts) for alert in self.alerts)

    def acknowledgement(self, subject: Subject) -> Acknowledgement | None:
        """Return a person's word that the problem of something is known."""
        found = self.history.acknowledgements.get(subject)
        return found if applies_to(found, self.verdicts.get(subject), self.read_at) else None


def is_protected(verdict: Verdict | None, longest_age: timedelta, now: datetime) -> bool:
    """Tell whether there is a good backup that is young enough, and nothing speaks against it."""
    if verdict is None or verdict.problem is not False:
        return False
    return verdict.last_success is not None and now - verdict.last_success <= longest_age


def to_be_protected(assessment: Assessment) -> list[int]:
    """Return the guests that have to be protected: all but those that are ignored."""
    return [vmid for vmid, view in assessment.guests.items() if view.verdict.lasting is not Status.IGNORED]


def judge(facts: Facts, history: History, before: Assessment | None = None) -> Assessment:
    """Return the assessment that facts and history give; what is as in the one `before` is the same object there."""
    facts = with_listings(with_known_values(_with_plausible_clock(facts, history), history))
    runs = records_of(facts, history)
    wrong = noted(history, facts, runs)
    known = before.context.indexes if before is not None else None
    indexes = Indexes.of(facts, runs, known, wrong=WrongDates.of(wrong))
    remembered = replace(updated(history, facts, runs, indexes), wrong_dates=wrong)
    context = Context(facts=facts, history=remembered, indexes=indexes, running=tuple(runs.running.values()))
    copies = Copies(Places(context))
    replications = {
        found.job.job_id: ReplicationView(replication=found, verdict=judge_replication(found, context))
        for found in facts.replications
    }
    guests: Mapping[int, GuestView] = {guest.vmid: _guest_view(guest, context, copies) for guest in facts.guests}
    jobs: Mapping[str, JobView] = {job.job_id: _job_view(job, context) for job in facts.jobs or ()}
    full = _storages_at_fault(guests, jobs, key_of_full_storage, context)
    lost = _storages_at_fault(guests, jobs, key_of_lost_storage, context)
    storages = _storage_views(context, full)
    if before is not None:
        guests = _same(guests, before.guests)
        jobs = _same(jobs, before.jobs)
        storages = _same(storages, before.storages)
    of_guests = {vmid: view.verdict for vmid, view in guests.items()}
    of_jobs = {job_id: view.verdict for job_id, view in jobs.items()}
    hidden = {
        subject: _limited(subject, verdict, context) for subject, verdict in hidden_verdicts(context, history).items()
    }
    counts = Counts.of([*of_guests.values(), *(held for subject, held in hidden.items() if subject.kind == "guest")])
    skews = [(node.name, node.skew) for node in facts.nodes.values()]
    others = [*of_jobs.values(), *(view.verdict for view in storages.values())]
    others += [held for subject, held in hidden.items() if subject.kind != "guest"]
    cluster = judge_cluster(counts, others, skews, night_findings(context))
    verdicts = {CLUSTER: cluster, **_by_subject(storages, of_guests, of_jobs)}
    verdicts |= {Subject.replication(job_id): view.verdict for job_id, view in replications.items()}
    verdicts |= {Subject.offsite(vmid): view.offsite for vmid, view in guests.items() if view.offsite is not None}
    after = remember_verdicts(remembered, of_jobs, context)
    records = _remembered(verdicts | hidden, after, facts.now)
    alerts = alerts_of(verdicts, context, {subject: key for subject, (key, _) in (lost | full).items()})
    told = announce(alerts, verdicts, after, occasion_of(facts, first_look=history.evaluated is None))
    change = Change(before=history, after=after, context=context, guests=of_guests, jobs=of_jobs)
    return Assessment(
        cluster=facts.cluster,
        nodes=facts.nodes,
        guests=guests,
        jobs=jobs,
        storages=storages,
        counts=counts,
        verdict=replace(cluster, since=_since_of_cluster(cluster, records[CLUSTER], verdicts)),
        read_at=facts.read_at or facts.now,
        jobs_visible=facts.jobs is not None,
        guests_complete=facts.guests_complete,
        running=context.running,
        history=replace(
            after,
            evaluated=facts.read_at or facts.now,
            latest=latest_shown(history, facts),
            offsite_since=after.offsite_since or _offsite_since(guests, facts),
            verdicts=records,
            acknowledgements=told.acknowledgements,
            alerts=told.alerts,
            guests=_same(after.guests, before.history.guests) if before is not None else after.guests,
        ),
        index=context.index,
        events=events_of(change),
        replications=replications,
        hosts=host_views(copies),
        verdicts=verdicts | hidden,
        out_of_sight=frozenset(hidden),
        alerts=alerts,
        messages=told.messages,
        misconfigurations=misconfigurations_of(context, of_guests, of_jobs),
        maybe_elsewhere=copies.places.maybe_elsewhere,
        context=context,
    )


def _offsite_since(guests: Mapping[int, GuestView], facts: Facts) -> datetime | None:
    """Return the present where anything is known of copies elsewhere."""
    held = (view.offsite for view in guests.values() if view.offsite is not None)
    return facts.now if any(verdict.problem is not None for verdict in held) else None


def _same[Key, Value](found: Mapping[Key, Value], before: Mapping[Key, Value]) -> Mapping[Key, Value]:
    """Return a mapping whose values are those of before where they are equal; that of before where all are.

    So others need not look again at what is as it was.
    """
    kept, is_same = {}, len(found) == len(before)
    for key, value in found.items():
        known = before.get(key)
        if known is not None and known == value:
            kept[key] = known
        else:
            kept[key], is_same = value, False
    return before if is_same else kept


def _by_subject(
    storages: Mapping[str, StorageView], guests: Mapping[int, Verdict], jobs: Mapping[str, Verdict]
) -> dict[Subject, Verdict]:
    return {
        **{Subject.storage(key): view.verdict for key, view in storages.items()},
        **{Subject.guest(vmid): verdict for vmid, verdict in guests.items()},
        **{Subject.job(job_id): verdict for job_id, verdict in jobs.items()},
    }


def _guest_view(guest: Guest, context: Context, copies: Copies) -> GuestView:
    verdict = _limited(Subject.guest(guest.vmid), judge_guest(guest, context), context)
    offsite = judge_offsite(guest, verdict, copies)
    tally = tally_of(guest, offsite, copies)
    return GuestView(
        guest=guest,
        verdict=verdict,
        figures=figures_of_guest(guest, context),
        archives=context.archives(guest),
        copies=copies.of(guest),
        offsite=offsite,
        tally=tally,
        rule=judge_copies(verdict, offsite, tally, copies),
    )


def _job_view(job: BackupJob, context: Context) -> JobView:
    return JobView(
        job=job,
        verdict=_limited(Subject.job(job.job_id), judge_job(job, context), context),
        figures=figures_of_job(job, context),
        covered=tuple([guest.vmid for guest in context.covered_guests(job)]),
    )


def _storages_at_fault(
    guests: Mapping[int, GuestView],
    jobs: Mapping[str, JobView],
    key_of: Callable[[Verdict, Context], str | None],
    context: Context,
) -> dict[Subject, StorageAtFault]:
    """Return the guests and jobs that failed for a storage, with its key as `key_of` tells it."""
    verdicts = {
        **{Subject.guest(vmid): view.verdict for vmid, view in guests.items()},
        **{Subject.job(job_id): view.verdict for job_id, view in jobs.items()},
    }
    return {
        subject: (key, verdict)
        for subject, verdict in verdicts.items()
        if (key := key_of(verdict, context)) is not None
    }


def _storage_views(context: Context, full: Mapping[Subject, StorageAtFault]) -> Mapping[str, StorageView]:
    """Return the views of all storages; a full one has to answer for the backups that failed for it."""
    failed: dict[str, list[Verdict]] = {}
    for key, verdict in full.values():
        failed.setdefault(key, []).append(verdict)
    return {
        key: _storage_view(key, storage, failed.get(key, ()), context)
        for storage in context.facts.storages
        for key in [storage_key(storage)]
    }


def _storage_view(key: str, storage: StorageFacts, failed: Sequence[Verdict], context: Context) -> StorageView:
    own = judge_storage(storage, context)
    if failed:
        own = fullness_of(storage, own, failed)
    return StorageView(
        key=key,
        name=storage_name(storage, context.facts.storages),
        storage=storage,
        verdict=_limited(Subject.storage(key), own, context),
        full_on=full_on(context.history.storages[key].samples, storage.total),
    )


def _with_plausible_clock(facts: Facts, history: History) -> Facts:
    """Return the facts by the nodes' clocks where ours has gone back, as after a start without a time server."""
    if history.evaluated is None or facts.now >= history.evaluated:
        return facts
    skews = sorted(node.skew for node in facts.nodes.values() if node.tasks_read is not None)
    if not skews:
        return replace(facts, now=history.evaluated)
    usual = skews[len(skews) // 2]
    nodes = {name: replace(node, skew=node.skew - usual) for name, node in facts.nodes.items()}
    return replace(facts, now=facts.now + usual, nodes=nodes, read_at=facts.read_at and facts.read_at + usual)


def _limited(subject: Subject, verdict: Verdict, context: Context) -> Verdict:
    """Let what has been unknown for too long be a problem, and what was good once nothing could be read for so long."""
    read_at, limit = context.facts.read_at, context.facts.policy.blind_limit
    if read_at is not None and context.facts.now - read_at >= limit and verdict.problem is not True:
        if verdict.lasting is Status.IGNORED:
            return verdict
        unseen = unknown(ReasonCode.CANNOT_VERIFY, since=read_at)
        last, due = verdict.last_success, verdict.next_due
        return replace(unseen, problem=True, since=read_at, last_success=last, next_due=due, job_id=verdict.job_id)
    if verdict.problem is not None:
        return with_seen_since(subject, verdict, context)
    record = context.history.verdicts.get(subject)
    since = (record.unknown_since if record else None) or context.facts.now
    blind = since if context.facts.read_at is None else min(since, context.facts.read_at)
    verdict = replace(verdict, since=verdict.since or blind)
    return replace(verdict, problem=True) if context.facts.now - blind >= context.facts.policy.blind_limit else verdict


def _since_of_cluster(cluster: Verdict, record: VerdictRecord, verdicts: Mapping[Subject, Verdict]) -> datetime:
    """Return since when the cluster is as it is: a problem at least since the oldest that it has now, though it was first seen later."""
    if not cluster.problem:
        return record.since
    begun = (verdict.since for verdict in verdicts.values() if verdict.problem and verdict.since is not None)
    return min(record.since, *begun, record.since)


def _remembered(verdicts: Mapping[Subject, Verdict], history: History, now: datetime) -> dict[Subject, VerdictRecord]:
    """Return each verdict with the moment since when it holds."""
    known = history.verdicts
    return {subject: _record(subject, verdict, known.get(subject), now) for subject, verdict in verdicts.items()}


def _record(subject: Subject, verdict: Verdict, known: VerdictRecord | None, now: datetime) -> VerdictRecord:
    status = verdict.status.value
    unseen = verdict.problem is None or verdict.status is Status.UNKNOWN
    unknown_since = (known.unknown_since if known and known.unknown_since else now) if unseen else None
    same = known is not None and (known.status, known.code, known.problem) == (
        status,
        verdict.reason.code,
        verdict.problem,
    )
    if known is not None and same and known.unknown_since == unknown_since:
        return known
    # A run in progress ends nothing.
    lasts = known is not None and (known.code, known.problem) == (verdict.reason.code, verdict.problem)
    is_run = known is not None and not _RUNS.isdisjoint({known.status, status})
    since = known.since if known is not None and (same or (lasts and is_run)) else now
    return VerdictRecord(
        subject=subject,
        status=status,
        code=verdict.reason.code.value,
        problem=verdict.problem,
        since=since,
        unknown_since=unknown_since,
    )
