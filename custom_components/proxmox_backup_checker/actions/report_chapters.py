"""One report on all clusters and backup servers: a chapter for each, and none left out because it cannot be read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import watched_entries, watcher_of
from ..checker.alerts.alerts import Alert, is_all_unseen
from ..checker.assessment import Assessment
from ..checker.model.verdict import Status
from ..checker.server.assessment import ServerAssessment
from ..checker.views.report import Report, report
from ..checker.views.server_report import server_report
from ..privacy.sight import Sight
from ..texts.localizer import Localizer, full_stop, iso
from ..texts.markdown import escaped
from ..texts.server_alert_text import text_of_server
from ..texts.server_wording import ServerWording
from .report_text import PERIODS, Line, Period, Section, markdown_of, plain_of, render, sections_of, state_of_counts

_LISTS: Final = ("to_look_at", "failures", "jobs", "storages")
_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """What a report says of one cluster or backup server, with how many problems are in it; `report` is that of the cluster as an action answers it."""

    entry_id: str
    name: str
    summary: str
    problems: int
    unknown: bool
    warning: bool = False
    text: str
    markdown: str
    report: Mapping[str, Any] = field(default_factory=dict)


async def async_chapters(hass: HomeAssistant, sight: Sight, period: Period, localizer: Localizer) -> list[Chapter]:
    """Return a chapter on each cluster and backup server that is watched, on what may be seen of it."""
    now = dt_util.utcnow()
    found = []
    for entry in watched_entries(hass):
        watcher = watcher_of(entry)
        if watcher is None:
            chapter = _of_unread(entry.entry_id, entry.title, localizer)
        elif isinstance(watcher, ServerCoordinator):
            assessment = sight.assessment(watcher)
            told = server_report(assessment, entry.title, now - PERIODS[period], now)
            chapter = _of_server(entry.entry_id, told, assessment, localizer)
        else:
            of_cluster = partial(_of_cluster, entry.entry_id, sight.assessment(watcher), period, now, localizer)
            chapter = await hass.async_add_executor_job(of_cluster)
        found.append(chapter)
    return found


def _of_cluster(entry_id: str, assessment: Assessment, period: Period, now: datetime, localizer: Localizer) -> Chapter:
    told = report(assessment, now - PERIODS[period], now)
    answer = render(told, period, localizer)
    return Chapter(
        entry_id=entry_id,
        name=told.cluster,
        summary=answer["summary"],
        problems=len(told.problems),
        unknown=bool(told.unknown),
        warning=bool(told.warnings),
        text=answer["text"],
        markdown=answer["markdown"],
        report=answer,
    )


def _of_server(entry_id: str, told: Report, assessment: ServerAssessment, localizer: Localizer) -> Chapter:
    """Return the chapter on a backup server, in which problems stand as messages tell them."""
    name = told.cluster
    wording = ServerWording(assessment=assessment, localizer=localizer, cluster=name, now=told.until)
    summary = full_stop(localizer.sentence(assessment.verdict.reason))
    unseen = [alert for alert in assessment.alerts if is_all_unseen(alert, assessment.verdicts)]
    seen = [alert for alert in assessment.alerts if alert not in unseen]
    sections = [
        Section(localizer.text(f"report_heading_{key}"), tuple(_line(alert, wording) for alert in alerts))
        for key, alerts in (("attention", seen), ("unknown", unseen))
        if alerts
    ]
    sections += sections_of(replace(told, problems=(), unknown=()), localizer)
    return Chapter(
        entry_id=entry_id,
        name=name,
        summary=summary,
        problems=len(seen),
        unknown=bool(unseen) or assessment.verdict.problem is None,
        warning=assessment.verdict.status is Status.WARNING,
        text=plain_of(summary, sections, None),
        markdown=markdown_of(summary, sections, None),
    )


def _line(alert: Alert, wording: ServerWording) -> Line:
    text = text_of_server(alert, wording)
    return Line(text.title(), " ".join(filter(None, [*text.causes(), text.what_to_do()])))


def _of_unread(entry_id: str, name: str, localizer: Localizer) -> Chapter:
    summary = localizer.text("report_unread")
    return Chapter(
        entry_id=entry_id,
        name=name,
        summary=summary,
        problems=0,
        unknown=True,
        text=summary,
        markdown=escaped(summary),
    )


def bound(chapters: Sequence[Chapter], period: Period, localizer: Localizer) -> dict[str, Any]:
    """Return all chapters as one report, as the action answers it."""
    problems, unknown = sum(chapter.problems for chapter in chapters), any(chapter.unknown for chapter in chapters)
    now = dt_util.utcnow()
    reports = [chapter.report for chapter in chapters if chapter.report]
    due = [found["next_due"] for found in reports if found["next_due"] is not None]
    return {
        "title": localizer.text(
            f"report_title_{period}",
            cluster=localizer.list_of([chapter.name for chapter in chapters], _NAMED),
            state=state_of_counts(problems, unknown=unknown, localizer=localizer),
        ),
        "summary": " ".join(f"{chapter.name}: {chapter.summary}" for chapter in chapters),
        "text": "\n\n".join(f"{chapter.name}: {chapter.text}" for chapter in chapters),
        "markdown": "\n\n".join(f"## {escaped(chapter.name)}\n\n{chapter.markdown}" for chapter in chapters),
        "period": period,
        "since": iso(now - PERIODS[period]),
        "until": iso(now),
        "next_due": min(due, default=None),
        **_sums(reports),
        "problems": problems,
        **{name: list(_marked(name, chapters)) for name in _LISTS},
        "clusters": [
            {"name": chapter.name, "summary": chapter.summary, "problems": chapter.problems, "unknown": chapter.unknown}
            for chapter in chapters
        ],
    }


def _sums(reports: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    """Return the sums of all figures; what is known of none is known of none together."""
    sums: dict[str, int | None] = {}
    for found in reports:
        for name, value in found.items():
            if isinstance(value, int) or (value is None and name == "bytes"):
                before = sums.get(name)
                sums[name] = before if value is None else value + (before or 0)
    return sums


def _marked(name: str, chapters: Iterable[Chapter]) -> Iterable[Mapping[str, Any]]:
    """Yield what lists hold, each with its cluster."""
    for chapter in chapters:
        for item in chapter.report.get(name, ()):
            yield {**item, "cluster": chapter.name}
