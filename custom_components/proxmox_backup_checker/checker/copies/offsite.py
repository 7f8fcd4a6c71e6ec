"""Has a guest's newest restore point come to where the user says that something stands elsewhere?

It is an axis of its own: a copy that lags makes a good backup no worse. Each guest is judged by the times of its own restore points,
never by the colour of the job that copies them: a job may fail for one guest alone, and a green one may have left many out. What
nobody could look at after it was due is unknown, and no problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..context import Context
from ..model.linked_servers import SyncRun
from ..model.reason_codes import ReasonCode
from ..model.run_troubles import RunTrouble, RunTroubleKind
from ..model.server_options import Place
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from .copies import Copies, Copy, Witness, group_of
from .filling import GRACE, interval_of, promised_gap, writes_to
from .places import Home
from .proof import Point, passes, takes, trouble_of
from .ways import End, Leg, Way, ways_from

_LATE: Final = timedelta(minutes=15)
_OWNERS: Final = frozenset({RunTroubleKind.NOT_OWNED, RunTroubleKind.WRONG_OWNER})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Route:
    """A way elsewhere from where a guest's backups are written to, with the guest's restore points there, newest first."""

    home: Home
    way: Way
    points: Sequence[Point]

    @property
    def leg(self) -> Leg:
        """The job that copies what the cluster has written."""
        return self.way.legs[0]

    @property
    def interval(self) -> timedelta:
        """How long it takes at most until a job comes again, of all jobs on the way."""
        return interval_of(self.way)

    def seen(self, copies: Copies) -> datetime | None:
        """Return up to when it is known what has arrived, None where that was never seen."""
        if not copies.places.is_seen(self.way.target):
            return self.leg.owner.read_at
        server = self.way.target.server
        store = server.stores.get(self.way.target.store) if server is not None else None
        return store.seen if store is not None else None


def judge_offsite(guest: Guest, held: Verdict, copies: Copies) -> Verdict | None:
    """Return what is held of a guest's copies elsewhere, None where nothing is said to stand there; `held` is its own verdict."""
    if not copies.places.has_place_elsewhere:
        return None
    if held.lasting is Status.IGNORED:
        return Verdict(status=Status.IGNORED, problem=False, reason=held.reason)
    elsewhere = [copy for copy in copies.of(guest) if copy.place is Place.ELSEWHERE]
    newest = next(iter(elsewhere), None)
    routes, filtering = _routes(guest, copies)
    if routes:
        verdict = _judged(guest, newest, routes, copies)
    elif direct := next((copy for copy in elsewhere if copy.witness is Witness.STORAGE), None):
        verdict = _direct(direct, guest, copies.context)
    else:
        verdict = _none_wanted(filtering, copies)
    moment = newest.newest if newest is not None else None
    confidence = verdict.confidence
    if newest is not None and confidence is Confidence.NONE:
        confidence = Confidence.LOG if newest.witness is Witness.LOG else Confidence.ARTIFACT
    return replace(verdict, last_success=moment, confidence=confidence)


def _routes(guest: Guest, copies: Copies) -> tuple[list[_Route], list[Leg]]:
    """Return the ways on which jobs take a guest's restore points elsewhere, and the jobs that leave it out by their filters."""
    group, found, filtering = group_of(guest), [], []
    for home in copies.places.homes:
        points = copies.points(guest, home)
        if not points and not writes_to(guest, home, copies.context):
            continue
        for way in copies.places.ways(home):
            if copies.places.place_of_end(way.target) is not Place.ELSEWHERE:
                continue
            refusing = [leg for leg in way.legs if takes(leg, group) is False]
            if refusing:
                filtering += refusing
            else:
                found.append(_Route(home=home, way=way, points=points))
    return found, filtering


def _none_wanted(filtering: Sequence[Leg], copies: Copies) -> Verdict:
    """Return that no job is to copy a guest elsewhere, unless there may be one that cannot be seen."""
    hidden = next((server for server in copies.places.servers.values() if server.routes_hidden), None)
    if hidden is not None and not filtering:
        return unknown(ReasonCode.OFFSITE_JOBS_HIDDEN, server=hidden.name)
    code = ReasonCode.OFFSITE_FILTERED if filtering else ReasonCode.OFFSITE_NOT_COPIED
    values = {"job": _name(filtering[0])} if filtering else {}
    return Verdict(status=Status.IGNORED, problem=False, reason=Reason(code, values))


def _name(leg: Leg) -> str:
    return leg.route.name or leg.route.job


def _direct(copy: Copy, guest: Guest, context: Context) -> Verdict:
    """Judge what the cluster itself writes elsewhere: whether that was done is the guest's own verdict."""
    assert copy.newest is not None
    gap = promised_gap(guest, copy.storages, context)
    if gap is not None and context.has_come(copy.newest + gap + GRACE):
        return _warned(ReasonCode.OFFSITE_OLD_AS_HERE, copy)
    return _good(copy, None)


def _good(copy: Copy, behind: timedelta | None) -> Verdict:
    assert copy.newest is not None
    values: dict[str, str | datetime] = {"place": copy.name, "moment": copy.newest}
    if behind:
        values["hours"] = str(max(1, round(behind / timedelta(hours=1))))
    code = ReasonCode.OFFSITE_BEHIND if behind else ReasonCode.OFFSITE_COPIED
    return Verdict(status=Status.OK, problem=False, reason=Reason(code, values), since=copy.newest)


def _warned(code: ReasonCode, copy: Copy) -> Verdict:
    assert copy.newest is not None
    reason = Reason(code, {"place": copy.name, "moment": copy.newest})
    return Verdict(status=Status.WARNING, problem=False, reason=reason, since=copy.newest, findings=(reason,))


def _judged(guest: Guest, newest: Copy | None, routes: Sequence[_Route], copies: Copies) -> Verdict:
    """Judge by the way on which most has arrived, else by the one that ought to be the quickest."""
    context = copies.context
    route = min(routes, key=lambda route: (not _is_target(route, newest), not route.points, route.interval))
    if not route.points:
        if newest is None:
            return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.OFFSITE_NOTHING_TO_COPY))
        return _unless_unseen(_warned(ReasonCode.OFFSITE_OLD_AS_HERE, newest), None, route, copies)
    if newest is None or newest.newest is None:
        return _without_copy(group_of(guest), route, copies)
    here, there = route.points[0].begun, newest.newest
    gap = promised_gap(guest, [storage.storage for storage in route.home.storages], context)
    if there >= here:
        is_old = gap is not None and context.has_come(there + gap + route.interval + GRACE)
        verdict = _warned(ReasonCode.OFFSITE_OLD_AS_HERE, newest) if is_old else _good(newest, None)
        return _with_hole(_unless_unseen(verdict, None, route, copies), newest, route)
    first = next(point for point in reversed(route.points) if point.begun > there)
    due = first.done + route.interval + GRACE if gap is None else there + gap + route.interval + GRACE
    if not context.has_come(due):
        return _with_hole(_unless_unseen(_good(newest, here - there), None, route, copies), newest, route)
    return _unless_unseen(_late(group_of(guest), first, newest, due, route), due, route, copies)


def _is_target(route: _Route, newest: Copy | None) -> bool:
    return newest is not None and newest.key == route.way.target.key


def _unless_unseen(verdict: Verdict, due: datetime | None, route: _Route, copies: Copies) -> Verdict:
    """Return a verdict, or that nothing is known where nobody has looked since it was due, or for too long."""
    seen, context = route.seen(copies), copies.context
    server = route.way.target.server or route.leg.owner
    store = server.stores.get(route.way.target.store)
    rests = server.asleep or (store is not None and store.away)
    if due is None:
        is_seen = seen is not None and (rests or not context.has_come(seen + context.facts.policy.blind_limit))
    else:
        is_seen = seen is not None and seen >= due
    if is_seen:
        return verdict
    values: dict[str, str | datetime] = {"server": server.name}
    if seen is None:
        return unknown(ReasonCode.OFFSITE_NEVER_SEEN, **values)
    values["since"] = seen
    if rests:
        return Verdict(
            status=Status.ASLEEP, problem=False, reason=Reason(ReasonCode.OFFSITE_ASLEEP, values), since=seen
        )
    return replace(unknown(ReasonCode.OFFSITE_UNSEEN, **values), since=seen)


def _with_hole(verdict: Verdict, newest: Copy, route: _Route) -> Verdict:
    """Add how many restore points are missing between those that are there: no later run brings them."""
    server = route.way.target.server
    store = server.stores.get(route.way.target.store) if server is not None else None
    if newest.witness is not Witness.SERVER or store is None or store.prunes or len(newest.times) < 2:
        return verdict
    there, oldest, latest = set(newest.times), newest.times[-1], newest.times[0]
    count = sum(oldest < point.begun < latest and point.begun not in there for point in route.points)
    if not count:
        return verdict
    hole = Reason(ReasonCode.OFFSITE_HOLE, {"count": str(count), "place": newest.name})
    return replace(verdict, findings=(*verdict.findings, hole))


def judge_offsite_of_host(
    group: str, origins: Sequence[tuple[End, Sequence[Point]]], newest: Copy | None, copies: Copies
) -> Verdict | None:
    """Return what is held of a host's copies elsewhere; `origins` is where clients put its backups, with those, newest first."""
    places, found, filtering = copies.places, list[_Route](), list[Leg]()
    if not places.has_place_elsewhere:
        return None
    for end, points in origins:
        for way in ways_from(end, places.legs):
            if places.place_of_end(way.target) is not Place.ELSEWHERE:
                continue
            refusing = [leg for leg in way.legs if takes(leg, group) is False]
            filtering += refusing
            if not refusing:
                found.append(_Route(home=Home(end=end, storages=()), way=way, points=points))
    if newest is not None:
        return _good(newest, None)
    if found:
        return _without_copy(group, min(found, key=lambda route: route.interval), copies)
    return _none_wanted(filtering, copies)


def _without_copy(group: str, route: _Route, copies: Copies) -> Verdict:
    """Judge a group of which nothing is elsewhere: as long as no run can have copied it, that is no problem."""
    first = route.points[-1]
    due = first.done + route.interval + GRACE
    tried = [run for run in route.leg.route.runs if run.started >= first.done]
    seen = route.seen(copies)
    settled = next(
        (run for run in tried if _has_left_out(run, group, route) and (seen or run.ended) >= run.ended), None
    )
    if settled is None and not copies.context.has_come(due):
        values: dict[str, str | datetime] = {"job": _name(route.leg)}
        following = route.leg.route.next_run
        if following is not None and not copies.context.has_come(following):
            reason = Reason(ReasonCode.OFFSITE_PENDING_UNTIL, {**values, "moment": following})
        else:
            reason = Reason(ReasonCode.OFFSITE_PENDING, values)
        return Verdict(status=Status.PENDING, problem=False, reason=reason, next_due=following)
    since = settled.ended if settled is not None else due
    return _unless_unseen(_missing(group, since, route), since, route, copies)


def _has_left_out(run: SyncRun, group: str, route: _Route) -> bool:
    """Tell whether a run went through all and left a group out: by its log, or since it ended well and nothing has come."""
    if trouble_of(run, route.home.end.ns, group) is not None:
        return True
    return len(route.way.legs) == 1 and TaskState.shown(run.state).result is TaskResult.OK


def _missing(group: str, since: datetime, route: _Route) -> Verdict:
    missing = Reason(ReasonCode.OFFSITE_MISSING, _values(group, route))
    return Verdict(
        status=Status.FAILED,
        problem=True,
        reason=_cause(group, route) or missing,
        since=since,
        findings=(missing,),
        error=_error(group, route),
    )


def _late(group: str, first: Point, newest: Copy, due: datetime, route: _Route) -> Verdict:
    assert newest.newest is not None
    lagging = Reason(
        ReasonCode.OFFSITE_LAGGING, {**_values(group, route), "moment": newest.newest, "here": first.begun}
    )
    return Verdict(
        status=Status.OVERDUE,
        problem=True,
        reason=_cause(group, route) or lagging,
        since=due,
        findings=(lagging,),
        error=_error(group, route),
    )


def _values(group: str, route: _Route) -> dict[str, str | datetime]:
    remote = route.leg.route.remote
    return {
        "job": _name(route.leg),
        "place": route.way.target.name,
        "server": route.leg.owner.name,
        "remote": remote.name if remote is not None else "",
        "group": group,
    }


def _trouble(group: str, route: _Route) -> RunTrouble | None:
    """Return what the last run that was told of did not do for a group."""
    run = next(iter(route.leg.route.runs), None)
    return trouble_of(run, route.home.end.ns, group) if run is not None else None


def _error(group: str, route: _Route) -> str | None:
    trouble = _trouble(group, route)
    if trouble is not None:
        return trouble.error
    run = next(iter(route.leg.route.runs), None)
    return TaskState.shown(run.state).error if run is not None else None


def _cause(group: str, route: _Route) -> Reason | None:
    """Return why a copy has not come, where the job tells it."""
    values = _values(group, route)
    trouble = _trouble(group, route)
    if trouble is not None and trouble.kind in _OWNERS:
        is_push = trouble.kind is RunTroubleKind.NOT_OWNED
        code = ReasonCode.OFFSITE_NOT_OWNED if is_push else ReasonCode.OFFSITE_WRONG_OWNER
        return Reason(code, {**values, "said": trouble.error or ""})
    if trouble is not None:
        return Reason(ReasonCode.OFFSITE_GROUP_FAILED, {**values, "said": trouble.error or ""})
    wanted = [point for point in route.points if passes(route.leg, point)]
    if not wanted and route.leg.route.verified_only:
        server = route.leg.source.server
        store = server.stores.get(route.leg.source.store) if server is not None else None
        nothing = store is not None and not store.verifies
        code = ReasonCode.OFFSITE_NOTHING_VERIFIES if nothing else ReasonCode.OFFSITE_NOT_VERIFIED
        return Reason(code, values)
    if not wanted and route.leg.route.encrypted_only:
        return Reason(ReasonCode.OFFSITE_NOT_ENCRYPTED, values)
    return _cause_of_job(values, route)


def _cause_of_job(values: dict[str, str | datetime], route: _Route) -> Reason | None:
    job = route.leg.route
    run = next(iter(job.runs), None)
    state = TaskState.shown(run.state) if run is not None else None
    if state is not None and state.result in {TaskResult.ERROR, TaskResult.UNKNOWN}:
        return Reason(ReasonCode.OFFSITE_JOB_FAILED, {**values, "said": state.error or state.result.value})
    if job.next_run is not None and not job.running and job.next_run + _LATE < route.leg.owner.read_at:
        return Reason(ReasonCode.OFFSITE_JOB_OVERDUE, {**values, "moment": job.next_run})
    if run is None:
        return Reason(ReasonCode.OFFSITE_JOB_NEVER_RAN, values)
    return None
