"""The assessment of a backup server: each of its parts with its verdict, as one immutable value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..alerts.acknowledgements import applies_to
from ..alerts.alerts import Alert
from ..alerts.announcements import Message, Occasion, announce
from ..model.reason_codes import ReasonCode
from ..model.records import Acknowledgement, VerdictRecord
from ..model.server_facts import ReadTrouble, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import ServerHistory
from ..model.subject import SERVER, Subject
from ..model.verdict import Reason, Status, Verdict, unknown
from .alerts import alerts_of_server
from .clock import ServerClock
from .context import ServerContext
from .events import event_of_certificate, events_of
from .job import judge_unseen_job
from .job_facts import jobs_of
from .links import NO_LINKS, Links
from .making_views import datastore_views, group_views, job_views
from .memory import Remembered, remembered, without_acknowledged_losses
from .server import judge_reach, judge_server, summed_up
from .views import DatastoreView, GroupView, ServerEvent, ServerJobView

type _Part = DatastoreView | GroupView | ServerJobView


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAssessment:
    """What is known and held of a backup server at one moment.

    `facts` are those of the last reading, which was at `read_at`; None where it has never been read. `datastores` go by their
    names, `jobs` and `groups` by the ids of their subjects, as sync_nightly and ds1:home:host/nas. `history` is what to keep until the next
    moment. `verdict` is that of the server as a whole. `verdicts` holds all of them, `events` what has happened since the
    assessment before, oldest first. `alerts` are the problems as a person would tell them, `messages` what is to be told now, at `judged_at`.
    """

    facts: ServerFacts | None
    read_at: datetime | None
    verdict: Verdict
    datastores: Mapping[str, DatastoreView]
    jobs: Mapping[str, ServerJobView]
    groups: Mapping[str, GroupView]
    verdicts: Mapping[Subject, Verdict]
    events: tuple[ServerEvent, ...]
    history: ServerHistory
    alerts: tuple[Alert, ...]
    messages: tuple[Message, ...]
    judged_at: datetime

    @property
    def out_of_sight(self) -> frozenset[Subject]:
        """The jobs that were there before and that the token may not see now."""
        if self.facts is None:
            return frozenset()
        seen = {view.subject for view in self.jobs.values() if view.subject.id not in self.facts.hidden_jobs}
        return frozenset(subject for subject in self.verdicts if subject.kind == "pbsjob" and subject not in seen)

    def acknowledgement(self, subject: Subject) -> Acknowledgement | None:
        """Return a person's word that the problem of something is known."""
        found = self.history.acknowledgements.get(subject)
        return found if applies_to(found, self.verdicts.get(subject), self.judged_at) else None


def assess_server(
    facts: ServerFacts | None,
    history: ServerHistory,
    options: ServerOptions,
    now: datetime,
    *,
    trouble: ReadTrouble | None = None,
    links: Links = NO_LINKS,
) -> ServerAssessment:
    """Return the assessment that facts and history give.

    `trouble` is why this reading failed; then `facts` are those of the last one that did not, or None. `links` are the places
    to which clusters back up that are known here.
    """
    known = remembered(without_acknowledged_losses(history), facts, links, now, trouble)
    reach = judge_reach(facts, known.history, options, now, trouble)
    if facts is None:
        assert reach is not None
        return _unread(history, known, reach, options, now, links)
    context = ServerContext(
        facts=facts,
        history=known.history,
        options=options,
        links=links,
        clock=ServerClock.of(facts),
        now=facts.now,
        present=now,
    )
    datastores = _held(datastore_views(context), reach, context)
    jobs = _held(job_views(context), reach, context)
    groups = _held(group_views(context), reach, context)
    parts = {
        **{Subject.datastore(store): view.verdict for store, view in datastores.items()},
        **{view.subject: view.verdict for view in jobs.values()},
        **{view.subject: view.verdict for view in groups.values()},
        **_out_of_sight(reach, context),
    }
    server = _limited(SERVER, reach or summed_up(judge_server(context), parts), context)
    verdicts = {SERVER: server, **parts}
    records = {
        subject: _record(subject, verdict, known.history.verdicts.get(subject), now)
        for subject, verdict in verdicts.items()
    }
    alerts = alerts_of_server(verdicts, jobs, groups, known.history, links)
    told = announce(alerts, verdicts, known.history, _occasion(history, options, now, is_hidden=lambda subject: False))
    events = events_of(history, context, verdicts, known.lost, known.moves) if trouble is None else ()
    certificate = event_of_certificate(history, server)
    return ServerAssessment(
        facts=facts,
        read_at=facts.now,
        verdict=replace(server, since=server.since or records[SERVER].since),
        datastores=datastores,
        jobs=jobs,
        groups=groups,
        verdicts=verdicts,
        events=(*events, *([certificate] if certificate is not None else [])),
        history=replace(
            known.history,
            evaluated=now,
            verdicts=records,
            acknowledgements=told.acknowledgements,
            alerts=told.alerts,
        ),
        alerts=alerts,
        messages=told.messages,
        judged_at=now,
    )


def _occasion(
    before: ServerHistory, options: ServerOptions, now: datetime, *, is_hidden: Callable[[Subject], bool]
) -> Occasion:
    return Occasion(
        now=now, is_hidden=is_hidden, first_look=before.evaluated is None, remind_after=options.remind_after
    )


def _last_known(history: ServerHistory, reach: Verdict) -> dict[Subject, Verdict]:
    """Return what can be said of the parts of a server that has not been read since the start: that they rest with it, or are not seen."""
    values = {"since": reach.since} if reach.since is not None else {}
    unseen = replace(unknown(ReasonCode.SERVER_PART_UNSEEN, **values), since=reach.since)
    asleep = replace(unseen, status=Status.ASLEEP, problem=False, reason=Reason(ReasonCode.SERVER_ASLEEP))
    parts = (subject for subject in history.verdicts if subject != SERVER)
    return dict.fromkeys(parts, asleep if reach.status is Status.ASLEEP else unseen)


def _unread(
    history: ServerHistory, known: Remembered, reach: Verdict, options: ServerOptions, now: datetime, links: Links
) -> ServerAssessment:
    """Return the assessment of a server that has not been read since the start: what was held of its parts is not seen."""
    since = reach.since or now
    verdict = replace(reach, problem=True) if now - since >= options.blind_limit else reach
    record = _record(SERVER, verdict, history.verdicts.get(SERVER), now)
    verdicts = {SERVER: verdict, **_last_known(history, reach)}
    alerts = alerts_of_server(verdicts, {}, {}, known.history, links)
    told = announce(alerts, verdicts, known.history, _occasion(history, options, now, is_hidden=lambda subject: True))
    return ServerAssessment(
        facts=None,
        read_at=None,
        verdict=verdict,
        datastores={},
        jobs={},
        groups={},
        verdicts=verdicts,
        events=(),
        history=replace(
            known.history,
            verdicts={**history.verdicts, SERVER: record},
            acknowledgements=told.acknowledgements,
            alerts=told.alerts,
        ),
        alerts=alerts,
        messages=told.messages,
        judged_at=now,
    )


def _out_of_sight(reach: Verdict | None, context: ServerContext) -> dict[Subject, Verdict]:
    """Return what is held of jobs that were there and that the token may not see now, of which the reader has kept nothing."""
    listed = {job.id for job in jobs_of(context.facts)}
    hidden = {}
    for job, record in context.history.jobs.items():
        subject = Subject("pbsjob", job)
        is_watched = record.store is None or context.options.watches(record.store)
        if job not in listed and is_watched and subject in context.history.verdicts:
            verdict = judge_unseen_job(subject, context)
            hidden[subject] = _limited(subject, verdict if reach is None else _unseen(verdict, reach), context)
    return hidden


def _held[Key, View: _Part](
    views: Mapping[Key, View], reach: Verdict | None, context: ServerContext
) -> dict[Key, View]:
    """Return views with what can be said of them while the server cannot be read, and with since when that holds."""
    held = {}
    for key, view in views.items():
        verdict = _unseen(view.verdict, reach) if reach is not None else view.verdict
        if context.options.warnings_are_problems and verdict.lasting is Status.WARNING:
            verdict = replace(verdict, problem=True)
        subject = Subject.datastore(view.store) if isinstance(view, DatastoreView) else view.subject
        held[key] = replace(view, verdict=_limited(subject, verdict, context))
    return held


def _unseen(verdict: Verdict, reach: Verdict) -> Verdict:
    """Return what is held of a part of a server that rests as planned, or cannot be read: that is one problem, the server's."""
    if verdict.lasting is Status.IGNORED:
        return verdict
    if reach.status is Status.ASLEEP:
        if verdict.status is Status.OVERDUE or verdict.problem:
            return verdict
        return replace(
            verdict, status=Status.ASLEEP, under_run=None, reason=Reason(ReasonCode.SERVER_ASLEEP), since=reach.since
        )
    values = {"since": reach.since} if reach.since is not None else {}
    unseen = unknown(ReasonCode.SERVER_PART_UNSEEN, **values)
    return replace(unseen, since=reach.since, last_success=verdict.last_success)


def _limited(subject: Subject, verdict: Verdict, context: ServerContext) -> Verdict:
    """Let what has been unknown for too long be a problem, but for the parts of a server that is unknown as a whole."""
    known = context.history.verdicts.get(subject)
    if verdict.problem is not None:
        if verdict.since is None and known is not None and _is_same(known, verdict):
            return replace(verdict, since=known.since)
        return verdict
    since = verdict.since or (known.unknown_since if known is not None else None) or context.present
    verdict = replace(verdict, since=since)
    if verdict.reason.code is ReasonCode.SERVER_PART_UNSEEN or verdict.reason.code is ReasonCode.STORE_UNREADABLE:
        return verdict
    return replace(verdict, problem=True) if context.present - since >= context.options.blind_limit else verdict


def _is_same(known: VerdictRecord, verdict: Verdict) -> bool:
    return (known.status, known.code, known.problem) == (
        verdict.status.value,
        verdict.reason.code.value,
        verdict.problem,
    )


def _record(subject: Subject, verdict: Verdict, known: VerdictRecord | None, now: datetime) -> VerdictRecord:
    unseen = verdict.problem is None or verdict.status is Status.UNKNOWN
    unknown_since = (known.unknown_since if known and known.unknown_since else now) if unseen else None
    if known is not None and _is_same(known, verdict) and known.unknown_since == unknown_since:
        return known
    return VerdictRecord(
        subject=subject,
        status=verdict.status.value,
        code=verdict.reason.code.value,
        problem=verdict.problem,
        since=known.since if known is not None and _is_same(known, verdict) else now,
        unknown_since=unknown_since,
    )
