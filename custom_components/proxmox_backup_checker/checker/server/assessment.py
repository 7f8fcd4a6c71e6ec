"""The assessment of a backup server: each of its parts with its verdict, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..model.records import VerdictRecord
from ..model.server_facts import ReadTrouble, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import ServerHistory
from ..model.subject import SERVER, Subject
from ..model.verdict import Verdict
from .datastore import judge_datastore, used_share
from .server import judge_reach, judge_server
from .views import DatastoreView, GroupView, ServerEvent, ServerJobView


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAssessment:
    """What is known and held of a backup server at one moment.

    `facts` are those of the last reading, which was at `read_at`; None where it has never been read. `jobs` and `groups` go by the ids of their subjects:
    `sync_nightly`, `ds1:home:host/nas`. `history` is what to keep until the next moment. `verdict` is that of the server as a whole. `verdicts` holds all of them, `events` what has happened since the
    assessment before, oldest first.
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


def assess_server(
    facts: ServerFacts | None,
    history: ServerHistory,
    options: ServerOptions,
    now: datetime,
    *,
    trouble: ReadTrouble | None = None,
) -> ServerAssessment:
    """Return the assessment that facts and history give.

    `trouble` is why this reading failed; then `facts` are those of the last one that did not, or None.
    """
    remembered = _remembered(history, now, trouble)
    unreadable = judge_reach(facts, remembered, options, now, trouble)
    datastores = {
        store: DatastoreView(store=store, facts=found, verdict=judge_datastore(found), used_share=used_share(found))
        for store, found in (facts.datastores.items() if facts is not None else ())
        if options.watches(store)
    }
    verdict = unreadable or judge_server(facts) if facts is not None else unreadable
    assert verdict is not None
    verdicts: dict[Subject, Verdict] = {SERVER: verdict}
    verdicts |= {Subject.datastore(store): view.verdict for store, view in datastores.items()}
    records = {
        subject: _record(subject, held, history.verdicts.get(subject), now) for subject, held in verdicts.items()
    }
    return ServerAssessment(
        facts=facts,
        read_at=facts.now if facts is not None else None,
        verdict=replace(verdict, since=verdict.since or records[SERVER].since),
        datastores=datastores,
        jobs={},
        groups={},
        verdicts=verdicts,
        events=(),
        history=replace(remembered, evaluated=now, verdicts=records),
    )


def _remembered(history: ServerHistory, now: datetime, trouble: ReadTrouble | None) -> ServerHistory:
    """Return the history with since when the server cannot be read, or can be again."""
    history = replace(history, began=history.began or now)
    if trouble is not None:
        return replace(history, unread_since=history.unread_since or now)
    if history.unread_since is not None:
        return replace(history, unread_since=None, back_since=now)
    return history


def _record(subject: Subject, verdict: Verdict, known: VerdictRecord | None, now: datetime) -> VerdictRecord:
    same = known is not None and (known.status, known.code, known.problem) == (
        verdict.status.value,
        verdict.reason.code.value,
        verdict.problem,
    )
    return VerdictRecord(
        subject=subject,
        status=verdict.status.value,
        code=verdict.reason.code.value,
        problem=verdict.problem,
        since=known.since if known is not None and same else now,
    )
