"""Alerts: the problems of one moment, those that have one cause together, as a person would tell them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ...proxmox.vzdump.failure_cause import Cause
from ..context import Context
from ..model.facts import storage_key
from ..model.reason_codes import AlertForm, AlertKind, ReasonCode
from ..model.records import AlertRecord, RunRecord
from ..model.subject import CLUSTER, Subject
from ..model.verdict import Reason, Status, Verdict
from .acknowledgements import cause_key
from .offsite_homes import job_of, offsite_homes
from .tags import about_of, tag_of

_CRITICAL_FROM: Final = 2
# A run that goes on may have more to tell of these: more guests, or that all ends well.
_OF_RUNS: Final = frozenset({AlertKind.JOB, AlertKind.STORAGE})
# A right that was taken away does not come back by itself, as a connection does.
_RIGHTS_PATIENCE: Final = timedelta(hours=1)
# A node that is started anew is back by then.
_REPLICATION_PATIENCE: Final = timedelta(minutes=30)
# The backup server tells of its own job, and who is not copied by it is the same problem. Of one without a schedule that has
# never run it tells nothing: that is no problem of its own.
_TOLD_BY_SERVER: Final = frozenset({ReasonCode.OFFSITE_JOB_FAILED, ReasonCode.OFFSITE_JOB_OVERDUE})
type Home = tuple[AlertKind, Subject | None]
"""The kind of an alert, and what it is told by."""

LONGEST_WAIT_FOR_RUN: Final = timedelta(hours=3)


class Severity(StrEnum):
    """How loud a message about it may be."""

    NORMAL = "normal"
    CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertGuest:
    """A guest that an alert concerns, as it is called and where it is now."""

    vmid: int
    name: str | None
    node: str
    last_success: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertCause:
    """One cause within an alert, with the subjects that it concerns: guests, where the alert has any."""

    key: str
    reason: Reason
    cause: Cause | None = None
    error: str | None = None
    subjects: tuple[Subject, ...] = ()

    @property
    def guests(self) -> tuple[int, ...]:
        """The VMIDs of the guests that it concerns."""
        return tuple(sorted(subject.vmid for subject in self.subjects if subject.vmid is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Problems of which there is one message.

    `tag` names its messages; it stays the same while the problem lasts. `about` is the job, node, storage or guest that they are
    told by, None where there is none; `subjects` are all whose verdicts belong to it, `occurrences` those of their verdicts
    that have one. `causes` come with the most guests first. `runs` are the failed runs, and `total` is how many guests the
    job covers. `seen_since` is since when at least, where nobody saw the oldest begin. `patience` is how long it may last before anybody is told, and `in_progress` tells that the job is still
    running, so that more may follow.
    """

    tag: str
    kind: AlertKind
    about: Subject | None
    subjects: tuple[Subject, ...]
    causes: tuple[AlertCause, ...]
    occurrences: Mapping[Subject, str] = field(default_factory=dict)
    guests: tuple[AlertGuest, ...] = ()
    severity: Severity = Severity.NORMAL
    since: datetime | None = None
    seen_since: datetime | None = None
    failures: int = 0
    next_due: datetime | None = None
    total: int = 0
    runs: tuple[RunRecord, ...] = ()
    patience: timedelta = timedelta()
    in_progress: bool = False

    @property
    def form(self) -> AlertForm:
        """What the first cause means for the backups."""
        return self.causes[0].reason.code.meaning.form


@dataclass(slots=True)
class AlertGroup:
    """The verdicts of an alert that is being put together; `unseen` are guests that have none any more."""

    kind: AlertKind
    about: Subject | None
    members: dict[Subject, Verdict] = field(default_factory=dict)
    unseen: list[AlertGuest] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """The tag of the alert."""
        return tag_of(self.kind, self.about)

    @property
    def evidence(self) -> frozenset[str]:
        """The runs that the verdicts rest on."""
        return frozenset(upid for verdict in self.members.values() for upid in verdict.evidence)

    @property
    def guests(self) -> dict[Subject, Verdict]:
        """The verdicts on guests, or on their copies elsewhere."""
        return {subject: verdict for subject, verdict in self.members.items() if subject.vmid is not None}

    @property
    def is_blind(self) -> bool:
        """Whether nothing is known but that a right is missing."""
        return self.kind is AlertKind.BLIND and not any(verdict.problem for verdict in self.members.values())

    def alert(self) -> Alert:
        """Return the alert, as far as the verdicts tell of it."""
        verdicts = self.members.values()
        since = [verdict.since for verdict in verdicts if verdict.since is not None]
        seen = min((verdict.seen_since for verdict in verdicts if verdict.seen_since is not None), default=None)
        begun = min(since, default=None)
        upcoming = [verdict.next_due for verdict in verdicts if verdict.next_due is not None]
        # A replication is tried again all the time: how often it failed says nothing of how bad that is.
        is_tried_again = self.kind is AlertKind.REPLICATION
        failures = 0 if is_tried_again else max((verdict.failures for verdict in verdicts), default=0)
        return Alert(
            tag=self.tag,
            kind=self.kind,
            about=self.about,
            subjects=tuple(sorted(self.members)),
            occurrences={
                subject: occurrence
                for subject, verdict in sorted(self.members.items(), key=lambda member: member[0])
                if not is_tried_again and (occurrence := verdict.occurrence) is not None
            },
            causes=_causes(self.guests or self.members, self),
            severity=Severity.CRITICAL if failures >= _CRITICAL_FROM else Severity.NORMAL,
            since=begun,
            # The oldest of them tells how long there has been something.
            seen_since=seen if seen is not None and (begun is None or seen < begun) else None,
            failures=failures,
            next_due=min(upcoming, default=None),
            patience=_RIGHTS_PATIENCE if self.is_blind else _REPLICATION_PATIENCE if is_tried_again else timedelta(),
        )


def alerts_of(
    verdicts: Mapping[Subject, Verdict], context: Context, at_fault: Mapping[Subject, str] | None = None
) -> tuple[Alert, ...]:
    """Return the alerts that the verdicts on guests, jobs and storages give.

    `at_fault` are the guests and jobs that failed since a storage is full or out of reach, with its key: these have one cause.
    """

    told = {subject: verdict for subject, verdict in verdicts.items() if _is_told(subject, verdicts, context)}
    elsewhere = {subject: verdict for subject, verdict in told.items() if subject.kind == "offsite"}
    offsite = offsite_homes(elsewhere, context.history, context.facts.now)

    def homes() -> Iterator[tuple[Subject, Verdict, Home]]:
        for subject, verdict in told.items():
            if subject in offsite:
                yield subject, verdict, (AlertKind.OFFSITE, offsite[subject])
            elif at_fault is not None and subject in at_fault:
                yield subject, verdict, (AlertKind.STORAGE, Subject.storage(at_fault[subject]))
            else:
                yield subject, verdict, _group_of(subject, verdict, context)

    groups = gathered(homes(), context.history.alerts.values())
    if vanished := _vanished(context):
        blind = next((group for group in groups if group.kind is AlertKind.BLIND), None)
        if blind is None:
            groups.append(blind := AlertGroup(AlertKind.BLIND, None))
        blind.unseen.extend(vanished)
    return tuple(_alert(group, context) for group in _without_doubles(groups))


def _is_told(subject: Subject, verdicts: Mapping[Subject, Verdict], context: Context) -> bool:
    """Tell whether there is something to tell of a subject that nobody else tells."""
    verdict = verdicts[subject]
    if subject == CLUSTER or not is_worth_telling(verdict) or _is_told_by_server(subject, verdict, context):
        return False
    return subject.kind != "replication" or not _is_of_ignored(subject, verdicts, context)


def _is_of_ignored(subject: Subject, verdicts: Mapping[Subject, Verdict], context: Context) -> bool:
    """Tell whether a replication job is that of a guest of which nobody wants to hear."""
    jobs = (found.job for found in context.facts.replications if found.job.job_id == subject.id)
    held = next((verdicts.get(Subject.guest(job.vmid)) for job in jobs), None)
    return held is not None and held.lasting is Status.IGNORED


def _is_told_by_server(subject: Subject, verdict: Verdict, context: Context) -> bool:
    """Tell whether a backup server tells of the cause: that it is out of reach, or that its own job does not copy."""
    if subject.kind == "offsite":
        return verdict.reason.code in _TOLD_BY_SERVER
    if subject.kind != "storage" or verdict.reason.code is not ReasonCode.STORAGE_UNREACHABLE:
        return False
    record = context.history.alerts.get(tag_of(AlertKind.STORAGE, subject))
    link = context.links.get(subject.id)
    return link is not None and link.server.missed and (record is None or record.announced is None)


def gathered(found: Iterable[tuple[Subject, Verdict, Home]], records: Iterable[AlertRecord]) -> list[AlertGroup]:
    """Return the groups of problems that are told together: what was told before stays where it was told."""
    groups: dict[Home, AlertGroup] = {}
    told = told_occurrences(records)
    for subject, verdict, own in found:
        home = own
        if verdict.occurrence is not None and (tags := told.get((subject, verdict.occurrence))):
            home = tags.get(tag_of(*own)) or next(iter(tags.values()))
        groups.setdefault(home, AlertGroup(*home)).members[subject] = verdict
    return list(groups.values())


def told_occurrences(
    records: Iterable[AlertRecord],
) -> Mapping[tuple[Subject, str], Mapping[str, Home]]:
    """Return for each failed run or missed slot of a subject the alerts, by tag, that it belongs to already.

    It stays in its alert whatever is learned of its cause, so that nobody is told twice of one missing backup: a slot that
    "was missed" on Monday night may turn out to be one over which the host was off. Alerts that were neither told nor
    known at the first look do not count.
    """
    told: dict[tuple[Subject, str], dict[str, Home]] = {}
    for record in records:
        if record.ended is None and (record.announced or record.known_before):
            home = record.kind, about_of(record.kind, record.tag)
            for found in record.occurrences.items():
                told.setdefault(found, {})[record.tag] = home
    return told


def is_worth_telling(verdict: Verdict) -> bool:
    """Tell whether there is a problem, or a right is missing."""
    is_right_missing = verdict.reason.code.meaning.is_right_missing
    return verdict.problem is True or (verdict.problem is None and is_right_missing)


def _group_of(subject: Subject, verdict: Verdict, context: Context) -> Home:
    """Return the kind of a problem's alert, and what the alert is told by."""
    kind = verdict.reason.code.meaning.alert
    values = verdict.reason.values
    match kind:
        case AlertKind.NODE:
            return kind, Subject.node(str(values["node"]))
        case AlertKind.REPLICATION:
            return kind, Subject.node(str(values["target"]))
        case AlertKind.STORAGE:
            name = str(values["storage"])
            keys = (storage_key(storage) for storage in context.facts.storages if storage.storage == name)
            changed = next((key for key in keys if _has_changed(key, context)), name)
            return kind, Subject.storage(changed)
        case AlertKind.PAUSED:
            return kind, Subject.job(verdict.job_id) if verdict.job_id else None
        case None if subject.kind == "storage":
            return AlertKind.STORAGE, subject
        case None if verdict.job_id is not None:
            return AlertKind.JOB, Subject.job(verdict.job_id)
        case None if subject.kind == "job":
            return AlertKind.JOB, subject
        case None:
            return AlertKind.GUEST, subject
        case _:
            return kind, None


def _has_changed(key: str, context: Context) -> bool:
    record = context.history.storages.get(key)
    return record is not None and record.changed_identity is not None


def _vanished(context: Context) -> list[AlertGuest]:
    """Return the guests that the token was shown until it lost rights."""
    return [AlertGuest(vmid=guest.vmid, name=guest.name, node=guest.node) for guest in context.hidden_guests]


def _without_doubles(groups: Iterable[AlertGroup]) -> Iterator[AlertGroup]:
    """Tell a run that can have been several jobs' once: with the job by which guests are missing."""
    held = list(groups)
    for group in held:
        if group.kind is AlertKind.JOB and not group.guests and group.evidence:
            other = next(
                (
                    other
                    for other in held
                    if other is not group
                    and other.kind is AlertKind.JOB
                    and group.evidence <= other.evidence
                    and other.guests
                ),
                None,
            )
            if other is not None:
                other.members.update(group.members)
                continue
        yield group


def _alert(group: AlertGroup, context: Context) -> Alert:
    job = context.job(group.about.id) if group.kind is AlertKind.JOB and group.about is not None else None
    runs = [run for upid in sorted(group.evidence) if (run := context.history.runs.get(upid)) is not None]
    alert = replace(
        group.alert(),
        guests=_guests(group.guests, group, context),
        total=len(context.covered_guests(job)) if job else 0,
        runs=tuple(runs),
        in_progress=group.kind in _OF_RUNS and _is_in_progress(group.members, context),
    )
    return replace(alert, severity=Severity.CRITICAL) if _is_critical(alert, context) else alert


def _guests(own: Mapping[Subject, Verdict], group: AlertGroup, context: Context) -> tuple[AlertGuest, ...]:
    present = [
        AlertGuest(vmid=guest.vmid, name=guest.name, node=guest.node, last_success=verdict.last_success)
        for guest in context.facts.guests
        for about in (Subject.guest(guest.vmid), Subject.offsite(guest.vmid))
        if (verdict := own.get(about)) is not None
    ]
    return tuple(sorted([*present, *group.unseen], key=lambda guest: guest.vmid))


def _causes(members: Mapping[Subject, Verdict], group: AlertGroup) -> tuple[AlertCause, ...]:
    found: dict[str, list[tuple[Subject, Verdict]]] = {}
    is_found_first = group.kind is AlertKind.OFFSITE and group.about is None
    for subject, verdict in members.items():
        key = f"{job_of(verdict)} {cause_key(verdict)}" if is_found_first else cause_key(verdict)
        found.setdefault(key, []).append((subject, verdict))
    if group.unseen:
        found.setdefault(ReasonCode.GUESTS_HIDDEN.value, [])
    causes = [
        AlertCause(
            key=cause,
            reason=same[0][1].reason if same else Reason(ReasonCode.GUESTS_HIDDEN),
            cause=same[0][1].cause if same else None,
            error=same[0][1].error if same else None,
            subjects=tuple(subject for subject, _ in same),
        )
        for cause, same in found.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-len(cause.guests), cause.key)))


def _is_in_progress(members: Mapping[Subject, Verdict], context: Context) -> bool:
    """Tell whether a job of these is still running, for no longer than a while: then nobody would wait to be told."""
    jobs = {verdict.job_id for verdict in members.values() if verdict.job_id is not None}
    return any(
        (run.job_id in jobs or not jobs.isdisjoint(run.candidates))
        and context.node_now(run.node) - run.started < LONGEST_WAIT_FOR_RUN
        for run in context.running
        if run.job_id is not None or run.candidates
    )


def _is_critical(alert: Alert, context: Context) -> bool:
    """Tell whether it failed twice in a row, or a guest's last good backup is older than was allowed."""
    if alert.severity is Severity.CRITICAL or alert.kind is AlertKind.AGE:
        return True
    if alert.kind in {AlertKind.BLIND, AlertKind.UNCOVERED, AlertKind.PAUSED, AlertKind.OFFSITE}:
        return False
    concerned = {guest.vmid for guest in alert.guests}
    for guest in context.facts.guests:
        limit = context.facts.policy.age_allowed(guest) if guest.vmid in concerned else None
        last = next((entry.last_success for entry in alert.guests if entry.vmid == guest.vmid), None)
        if limit is not None and last is not None and context.facts.now - last > limit:
            return True
    return False


def is_unseen(verdict: Verdict) -> bool:
    """Tell whether nothing is known of how a problem goes on."""
    return verdict.problem is None or verdict.status is Status.UNKNOWN


def is_all_unseen(alert: Alert, verdicts: Mapping[Subject, Verdict]) -> bool:
    """Tell whether nothing is known of all that an alert is about: it is no problem for certain then."""
    return all(is_unseen(verdicts[subject]) for subject in alert.subjects if subject in verdicts)
