"""The judgement of storages: reachable, the same as ever, and with room for what is to come."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..context import Context
from ..model.facts import StorageFacts, storage_key
from ..model.labels import job_name, size_text
from ..model.reason_codes import ReasonCode
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from .server_hints import why_out_of_reach
from .storage_forecast import next_run_that_does_not_fit

FILLING: Final = 0.85
NEARLY_FULL: Final = 0.95
# Three polls: a disk that has to spin up, or a server that restarts, is not out of reach.
_AWAY_FOR_LONG: Final = timedelta(minutes=15)


def judge_storage(storage: StorageFacts, context: Context) -> Verdict:
    """Return the verdict of a storage that can hold backups."""
    record = context.history.storages.get(storage_key(storage))
    ends = context.index.newest_good.items()
    newest = max((end for (name, node), end in ends if name == storage.storage and storage.serves(node)), default=None)
    if not storage.enabled:
        return Verdict(status=Status.PAUSED, problem=False, reason=Reason(ReasonCode.STORAGE_DISABLED))
    if not storage.active_on:
        since = record.unreachable_since if record else None
        if since is not None and context.facts.now - since < _AWAY_FOR_LONG and record and record.samples:
            return Verdict(status=Status.OK, problem=False, reason=Reason(ReasonCode.STORAGE_AWAY_FOR_NOW))
        if (reason := why_out_of_reach(storage, context)) is not None:
            return Verdict(status=Status.FAILED, problem=True, reason=reason, since=since, confidence=Confidence.EXACT)
        if storage.node is not None and _expected_off(storage.node, context):
            reason = Reason(ReasonCode.STORAGE_OF_RESTING_NODE, {"node": storage.node})
            return Verdict(status=Status.PENDING, problem=False, reason=reason, since=since)
        if since is not None and not _is_needed_since(storage, since, context):
            reason = Reason(ReasonCode.STORAGE_AWAY_UNTIL_NEEDED, {"since": since})
            return Verdict(status=Status.PENDING, problem=False, reason=reason, since=since)
        nodes = ", ".join(storage.nodes) or storage.node or ", ".join(sorted(context.facts.nodes))
        return replace(unknown(ReasonCode.STORAGE_UNREACHABLE, nodes=nodes), since=since)
    verdict = _by_fill(storage)
    if verdict.problem is False and (fit := next_run_that_does_not_fit(storage, context)) is not None:
        values: dict[str, str | datetime] = {
            "job": job_name(fit.job),
            "needed": size_text(fit.needed),
            "free": size_text(fit.free),
            "slot": fit.slot,
        }
        reason = Reason(ReasonCode.NEXT_RUN_DOES_NOT_FIT, values)
        verdict = replace(verdict, status=Status.WARNING, reason=reason, findings=(reason,))
    if record is not None and record.changed_identity is not None:
        verdict = Verdict(
            status=Status.WARNING,
            problem=True,
            reason=Reason(ReasonCode.STORAGE_CHANGED_IDENTITY, {"archives": str(len(record.archives))}),
            since=record.changed_identity,
        )
    return replace(verdict, last_success=newest, confidence=Confidence.EXACT)


def _is_needed_since(storage: StorageFacts, since: datetime, context: Context) -> bool:
    """Tell whether a job had a slot for a storage since it is out of reach; a disk for one night a week may rest till then."""
    for job in context.facts.jobs or ():
        if not job.enabled:
            continue
        for node in context.nodes_of(job):
            table = context.timetable(job, node)
            if table is None or not storage.serves(node):
                continue
            slot = table.latest
            if slot is None or context.facts.storage_name(table.storage_at(slot), node) != storage.storage:
                continue
            facts = context.node(node)
            if slot >= since + (facts.skew if facts is not None else timedelta()):
                return True
    return context.facts.jobs is None


def _expected_off(name: str, context: Context) -> bool:
    node = context.node(name)
    return name in context.facts.policy.expected_offline and node is not None and not node.online


def is_nearly_full(storage: StorageFacts) -> bool:
    """Tell whether there is hardly any room left."""
    return bool(storage.total) and storage.used is not None and storage.used / (storage.total or 1) >= NEARLY_FULL


def _by_fill(storage: StorageFacts) -> Verdict:
    if not storage.total or storage.used is None:
        return unknown(ReasonCode.STORAGE_FILL_UNKNOWN)
    share = storage.used / storage.total
    values = {"percent": f"{100 * share:.0f}"}
    trace = {"rule": "fill", "used": str(storage.used), "total": str(storage.total)}
    if share >= NEARLY_FULL:
        return Verdict(
            status=Status.WARNING, problem=True, reason=Reason(ReasonCode.STORAGE_NEARLY_FULL, values), trace=trace
        )
    if share >= FILLING:
        return Verdict(
            status=Status.WARNING, problem=False, reason=Reason(ReasonCode.STORAGE_FILLING, values), trace=trace
        )
    return Verdict(status=Status.OK, problem=False, reason=Reason(ReasonCode.STORAGE_OK, values), trace=trace)
