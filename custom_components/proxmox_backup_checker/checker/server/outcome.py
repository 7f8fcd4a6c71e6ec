"""What the last run of a job came to, as far as its state and its log tell."""

from collections.abc import Sequence
from dataclasses import replace
import re
from typing import Final

from ...proxmox.backup_server.datastore_models import MountStatus
from ...proxmox.backup_server.job_models import PruneJob, SyncDirection, SyncJob
from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..model.labels import abbreviated
from ..model.reason_codes import ReasonCode
from ..model.run_troubles import RunTrouble, RunTroubleKind
from ..model.server_records import ServerRunRecord
from ..model.verdict import Confidence, Reason, Status, Verdict
from .context import ServerContext
from .job_facts import JobFacts, other_side
from .prune_findings import prune_findings
from .run_memory import owners_in
from .views import GroupTrouble

_BAD: Final = frozenset({TaskResult.ERROR, TaskResult.UNKNOWN})
_CERTIFICATE: Final = ("certificate verify failed", "certificate validation failed", "fingerprint was not confirmed")
# The first is what hyper says up to Proxmox Backup Server 3, the second what it says since 4, with or without the cause.
_UNREACHABLE: Final = (
    "error trying to connect",
    "client error (connect)",
    "lookup failed",
    "connection refused",
    "no route to host",
    "network is unreachable",
    "timed out",
    "deadline has elapsed",
    "dns error",
)
_LOGIN: Final = ("authentication failed", "permission check failed", "401 unauthorized", "403 forbidden")
_UNAVAILABLE: Final = re.compile(
    r"datastore '([^']{1,100})' is (?:not mounted|unavailable: |in [^ ]{1,20} maintenance)"
)
_NIGHTS_UNTIL_PROBLEM: Final = 3


def judge_outcome(job: JobFacts, run: ServerRunRecord, context: ServerContext) -> Verdict:
    """Return the verdict that the last run gives."""
    state = TaskState.shown(run.state)
    match job.kind:
        case "sync":
            verdict = _of_sync(job, run, state, context)
        case "verify":
            verdict = _of_check(job, run, state, context)
        case "prune":
            verdict = _of_prune(job, run, state, context)
        case _:
            verdict = _plain(job, run, state)
    verdict = replace(verdict, evidence=(run.upid,), confidence=Confidence.EXACT)
    if verdict.problem:
        failed = _failed_in_a_row(job, run, context)
        verdict = replace(verdict, failures=len(failed), since=failed[-1].ended, error=verdict.error or state.error)
    return verdict


def _failed_in_a_row(job: JobFacts, run: ServerRunRecord, context: ServerContext) -> list[ServerRunRecord]:
    """Return the runs up to the last one that failed, newest first."""
    failed = [run]
    for earlier in context.runs.get(job.id, []):
        if earlier.upid == run.upid:
            continue
        if TaskState.shown(earlier.state).result not in _BAD:
            break
        failed.append(earlier)
    return failed


def _plain(job: JobFacts, run: ServerRunRecord, state: TaskState) -> Verdict:
    """Return what the state alone tells."""
    match state.result:
        case TaskResult.OK:
            return _good(job, run)
        case TaskResult.WARNING:
            values = {"count": str(state.warnings)}
            return _warning(Reason(ReasonCode.PBSJOB_WARNINGS, values))
        case TaskResult.UNKNOWN:
            return _failed(Reason(ReasonCode.PBSJOB_INTERRUPTED, {"moment": run.ended}))
        case TaskResult.ERROR:
            return _failed(Reason(ReasonCode.PBSJOB_FAILED, {"said": state.error or ""}), state.error)


def _good(job: JobFacts, run: ServerRunRecord) -> Verdict:
    code = ReasonCode.PBSJOB_OK if job.schedule else ReasonCode.PBSJOB_MANUAL
    reason = Reason(code, {"moment": run.ended})
    if isinstance(job.job, SyncJob) and job.schedule:
        codes = {
            (SyncDirection.PULL, True): ReasonCode.SYNC_PULLED,
            (SyncDirection.PUSH, True): ReasonCode.SYNC_PUSHED,
        }
        code = codes.get((job.job.direction, job.job.remote is not None), ReasonCode.SYNC_COPIED)
        reason = Reason(code, {"other": other_side(job.job), "moment": run.ended})
    return Verdict(status=Status.OK, problem=False, reason=reason)


def _warning(reason: Reason, *more: Reason, problem: bool = False) -> Verdict:
    return Verdict(status=Status.WARNING, problem=problem, reason=reason, findings=(reason, *more))


def _failed(reason: Reason, error: str | None = None) -> Verdict:
    return Verdict(status=Status.FAILED, problem=True, reason=reason, error=error)


def names_of(troubles: Sequence[RunTrouble]) -> str:
    """Return the groups of troubles as one text."""
    return abbreviated(dict.fromkeys(_name(trouble) for trouble in troubles))


def _name(trouble: RunTrouble) -> str:
    if not trouble.group:
        return trouble.ns or "/"
    return f"{trouble.ns}/{trouble.group}" if trouble.ns else trouble.group


def _of_sync(job: JobFacts, run: ServerRunRecord, state: TaskState, context: ServerContext) -> Verdict:
    assert isinstance(job.job, SyncJob)
    if state.result in _BAD:
        return _failed_sync(job, job.job, run, state, context)
    verdict = _plain(job, run, state)
    reasons = [sync_reason(kind, job.job, found) for kind, found in _by_kind(run)]
    if run.failed_removals:
        reasons.append(Reason(ReasonCode.SYNC_REMOVALS_FAILED, {"count": str(run.failed_removals)}))
    hints = _sync_hints(job.job, context)
    if reasons:
        return _warning(*reasons, *hints)
    return replace(verdict, findings=(*verdict.findings, *hints))


def _by_kind(run: ServerRunRecord) -> list[tuple[RunTroubleKind, list[RunTrouble]]]:
    """Return the troubles of a run by kind, the gravest first."""
    found: dict[RunTroubleKind, list[RunTrouble]] = {}
    for trouble in run.troubles:
        found.setdefault(trouble.kind, []).append(trouble)
    order = list(RunTroubleKind)
    return sorted(found.items(), key=lambda item: order.index(item[0]))


def _failed_sync(
    job: JobFacts, sync: SyncJob, run: ServerRunRecord, state: TaskState, context: ServerContext
) -> Verdict:
    """Tell why a sync failed: one group that could not be copied fails the whole run."""
    error = state.error or ""
    if (away := _store_was_away(job, sync, error, context)) is not None:
        return away
    if sync.remote is not None and all(trouble.kind is RunTroubleKind.NAMESPACE_FAILED for trouble in run.troubles):
        told = [trouble.error or "" for trouble in run.troubles]
        if (reason := _of_remote(sync.remote, error, told, context)) is not None:
            return _failed(reason, error)
    reasons = [sync_reason(kind, sync, found) for kind, found in _by_kind(run)]
    if reasons:
        first = run.troubles[0]
        own = first.error if len(run.troubles) == 1 else error
        verdict = _failed(reasons[0], own or error)
        return replace(verdict, findings=tuple(reasons[1:]))
    return _plain(job, run, state)


def _of_remote(remote: str, error: str, told: Sequence[str], context: ServerContext) -> Reason | None:
    """Return what is wrong with the other server, by a run's error and by what it told of namespaces.

    A user may be refused some namespaces only: those are better named.
    """
    host = next((known.host for known in context.facts.remotes if known.name == remote), remote)
    for texts, parts, code in (
        ([*told, error], _CERTIFICATE, ReasonCode.SYNC_REMOTE_CERTIFICATE),
        ([error], _LOGIN, ReasonCode.SYNC_REMOTE_LOGIN),
        ([*told, error], _UNREACHABLE, ReasonCode.SYNC_REMOTE_UNREACHABLE),
    ):
        for text in texts:
            if any(part in text.lower() for part in parts):
                return Reason(code, {"remote": remote, "host": host, "said": text})
    return None


def _store_was_away(job: JobFacts, sync: SyncJob, error: str, context: ServerContext) -> Verdict | None:
    """Return the verdict on a run that failed since a disk of this server was not there, or a datastore was in maintenance.

    Other jobs wait in silence for that; a sync is started all the same, and is no failure either.
    """
    match = _UNAVAILABLE.match(error)
    stores = {job.store} | ({sync.remote_store} if sync.remote is None else set())
    if match is None or match[1] not in stores:
        return None
    found = context.store(match[1])
    values = {"store": match[1]}
    if found is not None and found.datastore.mount_status is MountStatus.NOT_MOUNTED:
        return Verdict(status=Status.ASLEEP, problem=False, reason=Reason(ReasonCode.PBSJOB_STORE_ASLEEP, values))
    if found is not None and found.datastore.maintenance is not None:
        reason = Reason(ReasonCode.PBSJOB_STORE_IN_MAINTENANCE, values)
        return Verdict(status=Status.PAUSED, problem=False, reason=reason)
    return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.SYNC_STORE_WAS_AWAY, values))


def sync_reason(kind: RunTroubleKind, job: SyncJob, troubles: Sequence[RunTrouble]) -> Reason:
    """Return what the troubles of one kind mean."""
    groups = names_of(troubles)
    error = troubles[0].error or ""
    match kind:
        case RunTroubleKind.WRONG_OWNER:
            owners = owners_in(error) or (job.owner or "root@pam", "?")
            values = {"groups": groups, "count": str(len(troubles)), "runs_as": owners[0], "owner": owners[1]}
            return Reason(ReasonCode.SYNC_WRONG_OWNER, values)
        case RunTroubleKind.NOT_OWNED:
            return Reason(ReasonCode.SYNC_NOT_OWNED, {"groups": groups, "remote": job.remote or ""})
        case RunTroubleKind.UNREADABLE:
            return Reason(ReasonCode.SYNC_UNREADABLE, {"groups": groups})
        case RunTroubleKind.PARTIALLY_ENCRYPTED:
            return Reason(ReasonCode.SYNC_PARTIALLY_ENCRYPTED, {"groups": groups})
        case RunTroubleKind.NAMESPACE_FAILED:
            return Reason(ReasonCode.SYNC_NAMESPACES_FAILED, {"namespaces": groups, "said": error})
        case _:
            return Reason(ReasonCode.SYNC_GROUPS_FAILED, {"groups": groups, "said": error})


def _sync_hints(job: SyncJob, context: ServerContext) -> list[Reason]:
    """Tell of what a filter of checked snapshots brings with it."""
    hints = []
    if (
        (job.verified_only or job.encrypted_only)
        and job.remove_vanished
        and context.facts.version.release >= (4, 0, 11)
    ):
        hints.append(Reason(ReasonCode.SYNC_DELETES_UNVERIFIED))
    if job.verified_only and _nothing_verifies_source(job, context):
        hints.append(Reason(ReasonCode.SYNC_NOTHING_VERIFIED))
    return hints


def _nothing_verifies_source(job: SyncJob, context: ServerContext) -> bool:
    """Tell whether nothing checks what is to be copied; of another server's datastores that cannot be seen."""
    is_push = job.direction is SyncDirection.PUSH
    if not is_push and job.remote is not None:
        return False
    store = job.store if is_push else job.remote_store
    found = context.store(store)
    if found is None or found.config is None or found.config.verify_new:
        return False
    return not any(check.store == store for check in context.facts.verify_jobs)


def _of_check(job: JobFacts, run: ServerRunRecord, state: TaskState, context: ServerContext) -> Verdict:
    if state.result is not TaskResult.ERROR or not run.logged:
        return _plain(job, run, state)
    if run.aborted:
        return _failed(Reason(ReasonCode.VERIFY_ABORTED, {"moment": run.ended}), state.error)
    corrupt = [trouble for trouble in run.troubles if trouble.kind is RunTroubleKind.CORRUPT]
    unfinished = [trouble for trouble in run.troubles if trouble.kind is RunTroubleKind.UNFINISHED]
    if not corrupt and unfinished:
        return _warning(Reason(ReasonCode.VERIFY_UNFINISHED, {"groups": names_of(unfinished)}))
    newest = [trouble for trouble in corrupt if _is_newest(trouble, job.store, context)]
    if newest:
        return _failed(Reason(ReasonCode.VERIFY_NEWEST_CORRUPT, {"groups": names_of(newest)}), state.error)
    if corrupt:
        return _warning(
            Reason(ReasonCode.VERIFY_OLDER_CORRUPT, {"groups": names_of(corrupt), "count": str(len(corrupt))})
        )
    return _plain(job, run, state)


def _is_newest(trouble: RunTrouble, store: str, context: ServerContext) -> bool:
    """Tell whether it is about the newest backup of a group, or whether that cannot be told."""
    if trouble.time is None:
        return True
    records = [
        record
        for place, record in context.groups.items()
        if place.store == store and str(place.group) == trouble.group and trouble.ns in (None, place.ns)
    ]
    return not records or any((record.last_backup or 0) <= (trouble.time or 0) for record in records)


def _of_prune(job: JobFacts, run: ServerRunRecord, state: TaskState, context: ServerContext) -> Verdict:
    assert isinstance(job.job, PruneJob)
    if job.job.keep.keeps_everything and state.result not in _BAD:
        return _warning(Reason(ReasonCode.PRUNE_KEEPS_EVERYTHING))
    verdict = _plain(job, run, state)
    if run.troubles:
        values = {"count": str(run.trouble_count), "snapshot": _snapshot(run.troubles[0])}
        nights = context.runs.get(job.id, [])[:_NIGHTS_UNTIL_PROBLEM]
        again = len(nights) == _NIGHTS_UNTIL_PROBLEM and all(night.failed_removals for night in nights)
        verdict = _warning(Reason(ReasonCode.PRUNE_REMOVAL_FAILED, values), problem=again)
    findings = prune_findings(job.job, context)
    if findings and verdict.status is Status.OK:
        return _warning(*findings)
    return replace(verdict, findings=(*verdict.findings, *findings))


def _snapshot(trouble: RunTrouble) -> str:
    return _name(trouble)


def troubles_of(job: JobFacts, run: ServerRunRecord) -> tuple[GroupTrouble, ...]:
    """Return what a run did not do, group by group, each with its sentence."""
    return tuple(
        GroupTrouble(
            ns=trouble.ns or "", group=trouble.group, reason=_trouble_reason(job, trouble), error=trouble.error
        )
        for trouble in run.troubles
    )


def _trouble_reason(job: JobFacts, trouble: RunTrouble) -> Reason:
    match trouble.kind:
        case RunTroubleKind.CORRUPT:
            return Reason(ReasonCode.VERIFY_OLDER_CORRUPT, {"groups": _name(trouble), "count": "1"})
        case RunTroubleKind.UNFINISHED:
            return Reason(ReasonCode.VERIFY_UNFINISHED, {"groups": _name(trouble)})
        case RunTroubleKind.REMOVAL_FAILED:
            return Reason(ReasonCode.PRUNE_REMOVAL_FAILED, {"count": "1", "snapshot": _name(trouble)})
        case _:
            assert isinstance(job.job, SyncJob)
            return sync_reason(trouble.kind, job.job, [trouble])
