"""Alerts: the problems of one moment, those that have one cause together, as a person would tell them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ...proxmox.vzdump.failure_cause import Cause
from ..context import Situation
from ..model.facts import Blindness, storage_key
from ..model.records import RunRecord
from ..model.verdict import Reason, Status, Verdict
from .acknowledgements import cause_key

_CRITICAL_FROM: Final = 2
# A right that was taken away does not come back by itself, as a connection does.
_RIGHTS_PATIENCE: Final = timedelta(hours=1)
LONGEST_WAIT_FOR_RUN: Final = timedelta(hours=3)
_NO_RIGHT: Final = frozenset({Blindness.JOBS_HIDDEN, Blindness.TASKS_HIDDEN, Blindness.POOLS_HIDDEN})


class AlertKind(StrEnum):
    """What the problems of an alert have in common."""

    JOB = "job"
    NODE = "node"
    QUORUM = "quorum"
    BLIND = "blind"
    UNCOVERED = "uncovered"
    PAUSED = "paused"
    STORAGE = "storage"
    VERIFICATION = "verification"
    MISSING = "missing"
    AGE = "age"
    GUEST = "guest"


class Severity(StrEnum):
    """How loud a message about it may be."""

    NORMAL = "normal"
    CRITICAL = "critical"


class AlertForm(StrEnum):
    """What has become of the backups that a job promised."""

    FAILED = "failed"
    MISSED = "missed"
    UNCLEAR = "unclear"
    WARNED = "warned"


_FAILED_CODES: Final = ("backup_", "job_could", "job_failed", "job_guests", "job_lists", "job_state_unreadable")
_FORMS: Final[Mapping[str, AlertForm]] = {
    "backup_without_disks": AlertForm.WARNED,
    **dict.fromkeys(("run_missed", "skipped_by_job", "moved_during_backup"), AlertForm.MISSED),
    **dict.fromkeys(
        ("no_run_seen", "job_no_run_seen", "schedule_unreadable", "status_unclear", "job_status_unclear"),
        AlertForm.UNCLEAR,
    ),
}
_KINDS: Final[Mapping[str, AlertKind]] = {
    **dict.fromkeys((*_NO_RIGHT, Blindness.NODE_UNREACHABLE, "cannot_verify"), AlertKind.BLIND),
    **dict.fromkeys(("node_offline", "host_was_off", "host_was_off_and_repeats"), AlertKind.NODE),
    **dict.fromkeys(("no_job", "excluded_from_job", "job_on_other_node", "job_without_schedule"), AlertKind.UNCOVERED),
    **dict.fromkeys(("verification_failed", "verification_failed_none_good"), AlertKind.VERIFICATION),
    **dict.fromkeys(("older_than_allowed_days", "older_than_allowed_hours"), AlertKind.AGE),
    "archive_missing": AlertKind.MISSING,
    "job_disabled_too_long": AlertKind.PAUSED,
    "no_quorum": AlertKind.QUORUM,
    "storage_not_what_it_was": AlertKind.STORAGE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertGuest:
    """A guest that an alert concerns, as it is called and where it is now."""

    vmid: int
    name: str | None
    node: str
    last_success: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertCause:
    """One cause within an alert, with the guests that it concerns."""

    key: str
    reason: Reason
    cause: Cause | None = None
    error: str | None = None
    guests: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Problems of which there is one message.

    `tag` stays the same as long as it is about the same thing. `subject` is the job, node or storage, empty where there is
    none. `things` are the keys of the verdicts; `causes` come with the most guests first. `runs` are the failed runs, and
    `total` is how many guests the job covers. `patience` is how long it may last before anybody is told, and `in_progress`
    tells that the job is still running, so that more may follow.
    """

    tag: str
    kind: AlertKind
    subject: str
    things: tuple[str, ...]
    causes: tuple[AlertCause, ...]
    guests: tuple[AlertGuest, ...] = ()
    severity: Severity = Severity.NORMAL
    since: datetime | None = None
    failures: int = 0
    next_due: datetime | None = None
    total: int = 0
    runs: tuple[RunRecord, ...] = ()
    patience: timedelta = timedelta()
    in_progress: bool = False

    @property
    def form(self) -> AlertForm:
        """What the first cause means for the backups."""
        code = self.causes[0].reason.code
        return _FORMS.get(code, AlertForm.FAILED if code.startswith(_FAILED_CODES) else AlertForm.WARNED)


@dataclass(slots=True)
class _Group:
    """The verdicts of an alert that is being put together."""

    kind: AlertKind
    subject: str
    members: dict[str, Verdict] = field(default_factory=dict)
    unseen: list[AlertGuest] = field(default_factory=list)

    @property
    def tag(self) -> str:
        return f"{self.kind.value}_{self.subject}" if self.subject else self.kind.value

    @property
    def evidence(self) -> frozenset[str]:
        return frozenset(upid for verdict in self.members.values() for upid in verdict.evidence)

    def has_guests(self) -> bool:
        return any(key.startswith("guest_") for key in self.members)


def alerts_of(verdicts: Mapping[str, Verdict], situation: Situation) -> tuple[Alert, ...]:
    """Return the alerts that the verdicts on guests, jobs and storages give, by their keys, such as guest_101."""
    groups: dict[tuple[AlertKind, str], _Group] = {}
    for key, verdict in verdicts.items():
        if key == "cluster" or not _is_worth_telling(verdict):
            continue
        kind, subject = _group_of(key, verdict, situation)
        groups.setdefault((kind, subject), _Group(kind, subject)).members[key] = verdict
    if vanished := _vanished(situation):
        group = groups.setdefault((AlertKind.BLIND, ""), _Group(AlertKind.BLIND, ""))
        group.unseen.extend(vanished)
    return tuple(_alert(group, situation) for group in _without_doubles(groups.values()))


def _is_worth_telling(verdict: Verdict) -> bool:
    return verdict.problem is True or (verdict.problem is None and verdict.reason.code in _NO_RIGHT)


def _group_of(key: str, verdict: Verdict, situation: Situation) -> tuple[AlertKind, str]:
    kind = _KINDS.get(verdict.reason.code)
    values = verdict.reason.values
    if kind is AlertKind.NODE:
        return kind, str(values["node"])
    if kind is AlertKind.STORAGE:
        name = str(values["storage"])
        keys = (storage_key(storage) for storage in situation.facts.storages if storage.storage == name)
        return kind, next((key for key in keys if _has_changed(key, situation)), name)
    if kind is AlertKind.PAUSED:
        return kind, verdict.job_id or ""
    if kind is not None:
        return kind, ""
    what, _, name = key.partition("_")
    if what == "storage":
        return AlertKind.STORAGE, name
    if what == "job" or verdict.job_id is not None:
        return AlertKind.JOB, verdict.job_id or name
    return AlertKind.GUEST, name


def _has_changed(key: str, situation: Situation) -> bool:
    record = situation.history.storages.get(key)
    return record is not None and record.changed_identity is not None


def _vanished(situation: Situation) -> list[AlertGuest]:
    """Return the guests that were there until the token could see no guest any more."""
    if situation.facts.guests or situation.facts.guests_visible:
        return []
    return [
        AlertGuest(vmid=record.vmid, name=record.name, node=record.node)
        for record in situation.history.guests.values()
        if record.absent_since is None
    ]


def _without_doubles(groups: Iterable[_Group]) -> Iterator[_Group]:
    """Tell a run that can have been several jobs' once: with the job by which guests are missing."""
    held = list(groups)
    for group in held:
        if group.kind is AlertKind.JOB and not group.has_guests() and group.evidence:
            other = next(
                (
                    other
                    for other in held
                    if other is not group
                    and other.kind is AlertKind.JOB
                    and group.evidence <= other.evidence
                    and other.has_guests()
                ),
                None,
            )
            if other is not None:
                other.members.update(group.members)
                continue
        yield group


def _alert(group: _Group, situation: Situation) -> Alert:
    members = group.members
    own = {key: verdict for key, verdict in members.items() if key.startswith("guest_")}
    since = [verdict.since for verdict in members.values() if verdict.since is not None]
    upcoming = [verdict.next_due for verdict in members.values() if verdict.next_due is not None]
    failures = max((verdict.failures for verdict in members.values()), default=0)
    job = situation.job(group.subject) if group.kind is AlertKind.JOB else None
    blind = group.kind is AlertKind.BLIND and not any(verdict.problem for verdict in members.values())
    runs = [run for upid in sorted(group.evidence) if (run := situation.history.runs.get(upid)) is not None]
    alert = Alert(
        tag=group.tag,
        kind=group.kind,
        subject=group.subject,
        things=tuple(sorted(members)),
        causes=_causes(own or members, group),
        guests=_guests(own, group, situation),
        since=min(since, default=None),
        failures=failures,
        next_due=min(upcoming, default=None),
        total=len(situation.covered_guests(job)) if job else 0,
        runs=tuple(runs),
        patience=_RIGHTS_PATIENCE if blind else timedelta(),
        in_progress=group.kind is AlertKind.JOB and _is_in_progress(members, situation),
    )
    return replace(alert, severity=Severity.CRITICAL) if _is_critical(alert, situation) else alert


def _guests(own: Mapping[str, Verdict], group: _Group, situation: Situation) -> tuple[AlertGuest, ...]:
    present = [
        AlertGuest(
            vmid=guest.vmid, name=guest.name, node=guest.node, last_success=own[f"guest_{guest.vmid}"].last_success
        )
        for guest in situation.facts.guests
        if f"guest_{guest.vmid}" in own
    ]
    return tuple(sorted([*present, *group.unseen], key=lambda guest: guest.vmid))


def _causes(members: Mapping[str, Verdict], group: _Group) -> tuple[AlertCause, ...]:
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for key, verdict in members.items():
        found.setdefault(cause_key(verdict), []).append((key, verdict))
    if group.unseen:
        found.setdefault("guests_hidden", [])
    causes = [
        AlertCause(
            key=cause,
            reason=same[0][1].reason if same else Reason("guests_hidden"),
            cause=same[0][1].cause if same else None,
            error=same[0][1].error if same else None,
            guests=tuple(sorted(int(key.removeprefix("guest_")) for key, _ in same if key.startswith("guest_"))),
        )
        for cause, same in found.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-len(cause.guests), cause.key)))


def _is_in_progress(members: Mapping[str, Verdict], situation: Situation) -> bool:
    """Tell whether a job of these is still running, for no longer than a while: then nobody would wait to be told."""
    jobs = {verdict.job_id for verdict in members.values()}
    return any(
        (run.job_id in jobs or not jobs.isdisjoint(run.candidates))
        and situation.node_now(run.node) - run.started < LONGEST_WAIT_FOR_RUN
        for run in situation.running
        if run.job_id is not None or run.candidates
    )


def _is_critical(alert: Alert, situation: Situation) -> bool:
    """Tell whether it failed twice in a row, or a guest's last good backup is older than was allowed."""
    if alert.failures >= _CRITICAL_FROM or alert.kind is AlertKind.AGE:
        return True
    if alert.kind in {AlertKind.BLIND, AlertKind.UNCOVERED, AlertKind.PAUSED, AlertKind.STORAGE}:
        return False
    concerned = {guest.vmid for guest in alert.guests}
    for guest in situation.facts.guests:
        limit = situation.facts.policy.age_allowed(guest) if guest.vmid in concerned else None
        last = next((entry.last_success for entry in alert.guests if entry.vmid == guest.vmid), None)
        if limit is not None and last is not None and situation.facts.now - last > limit:
            return True
    return False


def is_unseen(verdict: Verdict) -> bool:
    """Tell whether nothing is known of how a problem goes on."""
    return verdict.problem is None or verdict.status is Status.UNKNOWN
