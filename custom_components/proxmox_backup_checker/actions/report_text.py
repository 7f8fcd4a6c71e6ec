"""A report in words: a title, one line that says it all, and the whole as plain text and as markdown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from ..checker.views.report import Capacity, Failure, JobTally, Report, Standing, numbers
from ..proxmox.vzdump.failure_cause import cause_of
from ..texts.localizer import Localizer, full_stop, iso
from ..texts.markdown import escaped

type Period = Literal["day", "week"]

PERIODS: Final[Mapping[Period, timedelta]] = {"day": timedelta(days=1), "week": timedelta(days=7)}

_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line about something with a name, which markdown shows in bold."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    heading: str
    lines: tuple[Line, ...]


def render(report: Report, period: Period, localizer: Localizer) -> dict[str, Any]:
    """Return a report as an action answers it."""
    summary, sections, closing = (
        summary_of(report, localizer),
        sections_of(report, localizer),
        closing_of(report, localizer),
    )
    return {
        "title": title_of(report, period, localizer),
        "summary": summary,
        "text": plain_of(summary, sections, closing),
        "markdown": markdown_of(summary, sections, closing),
        "period": period,
        "since": iso(report.since),
        "until": iso(report.until),
        "next_due": iso(report.next_due),
        **numbers(report),
        "to_look_at": [_standing_data(standing, localizer) for standing in report.problems],
        "failures": [_failure_data(failure) for failure in report.failures],
        "jobs": [_job_data(tally) for tally in report.jobs],
        "storages": [_storage_data(storage, report.until) for storage in report.storages],
    }


def title_of(report: Report, period: Period, localizer: Localizer) -> str:
    """Return what the report is about, and in a few words whether all is well."""
    return localizer.text(f"report_title_{period}", cluster=report.cluster, state=state_of(report, localizer))


def sections_of(report: Report, localizer: Localizer) -> list[Section]:
    """Return the sections in which there is something to say."""
    return [section for section in _sections(report, localizer) if section.lines]


def closing_of(report: Report, localizer: Localizer) -> str | None:
    """Return when the next backup is due."""
    return localizer.text("report_next", moment=localizer.moment(report.next_due)) if report.next_due else None


def state_of(report: Report, localizer: Localizer) -> str:
    """Return in a few words whether all is well."""
    return state_of_counts(len(report.problems), unknown=bool(report.unknown), localizer=localizer)


def state_of_counts(problems: int, *, unknown: bool, localizer: Localizer) -> str:
    """Return the same by the number of problems, and whether there is anything that cannot be seen."""
    if problems:
        return localizer.text("report_title_problems", count=problems)
    return localizer.text("report_title_unknown" if unknown else "report_title_well")


def summary_of(report: Report, localizer: Localizer) -> str:
    """Return everything in one line: protected, what was saved, the next full storage, and what to do."""
    parts = []
    if report.guests or not report.storages:
        parts.append(localizer.text("report_protected", protected=report.protected, guests=report.guests))
    if not report.runs:
        parts.append(localizer.text("report_no_runs"))
    elif report.size is not None:
        parts.append(
            localizer.text("report_size_in", size=localizer.size(report.size), duration=localizer.duration(report.busy))
        )
    else:
        parts.append(localizer.text("report_took", duration=localizer.duration(report.busy)))
    left = {storage.name: storage.few_days_left(report.until) for storage in report.storages}
    if days := {name: days for name, days in left.items() if days is not None}:
        first = min(days, key=lambda name: days[name])
        parts.append(f"{first} {_full_in(days[first], localizer)}")
    if report.unknown:
        of_guests = sum(standing.subject.kind == "guest" for standing in report.unknown)
        for kind, count in (("guests", of_guests), ("others", len(report.unknown) - of_guests)):
            if count:
                parts.append(localizer.text(f"report_unknown_{kind}", count=count))
    if names := [standing.name for standing in report.problems if not standing.acknowledged]:
        parts.append(localizer.text("report_to_look_at", names=localizer.list_of(names, _NAMED)))
    if known := sum(standing.acknowledged for standing in report.problems):
        parts.append(localizer.text("report_acknowledged", count=known))
    if not report.problems and not report.unknown:
        parts.append(localizer.text("nothing_to_do"))
    return f"{', '.join(parts)}."


def _full_in(days: int, localizer: Localizer) -> str:
    return localizer.text("report_full_in", count=days) if days else localizer.text("report_full_now")


def _sections(report: Report, localizer: Localizer) -> Iterable[Section]:
    def section(key: str, lines: Iterable[Line]) -> Section:
        return Section(localizer.text(f"report_heading_{key}"), tuple(lines))

    yield section("attention", (_standing(standing, localizer) for standing in report.problems))
    yield section("unknown", (_standing(standing, localizer) for standing in report.unknown))
    yield section("warnings", (_standing(standing, localizer) for standing in report.warnings))
    yield section("failures", (_failure(failure, localizer) for failure in report.failures if failure.settled))
    yield section("uncovered", (_standing(standing, localizer) for standing in report.uncovered))
    yield section("jobs", (_job(tally, localizer) for tally in report.jobs))
    yield section(
        "storages", (_storage(storage, report.until, localizer) for storage in report.storages if storage.total)
    )


def _standing(standing: Standing, localizer: Localizer) -> Line:
    verdict = standing.verdict
    text = full_stop(localizer.sentence(verdict.reason))
    if (step := localizer.next_step(verdict)) is not None:
        text = f"{text} {step}"
    if standing.acknowledged:
        text = f"{text} {localizer.text('report_is_acknowledged')}"
    return Line(standing.name, text)


def _failure(failure: Failure, localizer: Localizer) -> Line:
    cause = cause_of(failure.error) if failure.error else None
    error = localizer.cause(cause) if cause else failure.error or localizer.text("report_no_cause")
    text = localizer.text(
        "report_bullet_failures", count=failure.times, moment=localizer.moment(failure.last), error=error
    )
    return Line(failure.name, full_stop(text))


def _job(tally: JobTally, localizer: Localizer) -> Line:
    parts = [localizer.text("report_bullet_runs", count=tally.runs)]
    if tally.failed:
        parts.append(localizer.text("report_failed", count=tally.failed))
    if tally.warnings:
        parts.append(localizer.text("report_warnings", count=tally.warnings))
    if tally.size is not None:
        parts.append(
            localizer.text(
                "report_size_in", size=localizer.size(tally.size), duration=localizer.duration(tally.duration)
            )
        )
    elif tally.duration:
        parts.append(localizer.duration(tally.duration))
    return Line(tally.name or localizer.text("report_other_runs"), ", ".join(parts))


def _storage(storage: Capacity, now: datetime, localizer: Localizer) -> Line:
    used = "?" if storage.percent is None else f"{storage.percent:.0f} %"
    free = "?" if storage.free is None else localizer.size(storage.free)
    parts = [localizer.text("report_bullet_capacity", used=used, free=free)]
    if (days := storage.few_days_left(now)) is not None:
        parts.append(_full_in(days, localizer))
    return Line(storage.name, ", ".join(parts))


def plain_of(summary: str, sections: Iterable[Section], closing: str | None) -> str:
    """Return a report as plain text."""
    blocks = [
        "\n".join([f"{section.heading}:", *(f"- {line.name}: {line.text}" for line in section.lines)])
        for section in sections
    ]
    return "\n\n".join([summary, *blocks, *([closing] if closing else [])])


def markdown_of(summary: str, sections: Iterable[Section], closing: str | None) -> str:
    """Return a report as markdown, in which no name acts."""
    blocks = [escaped(summary)]
    for section in sections:
        lines = "\n".join(f"- **{escaped(line.name)}**: {escaped(line.text)}" for line in section.lines)
        blocks.append(f"### {section.heading}\n\n{lines}")
    return "\n\n".join([*blocks, *([closing] if closing else [])])


def _standing_data(standing: Standing, localizer: Localizer) -> dict[str, Any]:
    verdict = standing.verdict
    return {
        "kind": standing.subject.kind,
        "key": standing.subject.id,
        "name": standing.name,
        "verdict": verdict.lasting.value,
        "acknowledged": standing.acknowledged,
        "reason_code": verdict.reason.code.value,
        "reason": localizer.sentence(verdict.reason),
        "next_step": localizer.next_step(verdict),
        "since": iso(verdict.since),
        "last_success": iso(verdict.last_success),
        "next_due": iso(verdict.next_due),
    }


def _failure_data(failure: Failure) -> Mapping[str, Any]:
    return {
        "kind": failure.subject.kind,
        "key": failure.subject.id,
        "name": failure.name,
        "times": failure.times,
        "last": iso(failure.last),
        "error": failure.error,
        "settled": failure.settled,
    }


def _job_data(tally: JobTally) -> Mapping[str, Any]:
    return {
        "job_id": tally.job_id,
        "name": tally.name or None,
        "runs": tally.runs,
        "runs_failed": tally.failed,
        "runs_with_warnings": tally.warnings,
        "bytes": tally.size,
        "seconds": int(tally.duration.total_seconds()),
    }


def _storage_data(storage: Capacity, now: datetime) -> Mapping[str, Any]:
    return {
        "storage": storage.key,
        "used_percent": storage.percent,
        "used_bytes": storage.used,
        "total_bytes": storage.total,
        "free_bytes": storage.free,
        "full_on": iso(storage.full_on),
        "days_until_full": storage.days_left(now),
    }
