"""The report as files: a table for spreadsheets, and a page to print. Names and errors in them come from elsewhere: nothing in them acts."""

import csv
from html import escape
from io import StringIO
import re
from typing import Final

from ..checker.assessment import Assessment
from ..checker.views.report import Report, Standing, standings_of
from ..texts.explanation import status_text
from ..texts.localizer import Localizer, iso
from .report_text import Period, Section, closing_of, sections_of, summary_of, title_of

_COLUMNS: Final = (
    *("kind", "id", "name", "status", "problem", "acknowledged", "reason_code", "reason", "next_step"),
    *("since", "last_success", "next_due", "confidence", "failures", "failed_in_period", "last_failure"),
)
# What makes a spreadsheet take a text for a formula, in the wide letters of East Asia too.
_FORMULA: Final = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
# What ends a cell for a spreadsheet that expects other separators than commas.
_SEPARATORS: Final = re.compile(r"[;\t\r\n\x00-\x1f\x7f]+")
# Marks the text as UTF-8 for spreadsheets that would guess otherwise.
_MARK: Final = "\ufeff"
_STYLE: Final = """
body { font: 11pt/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #111; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 1.6rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #bbb; vertical-align: top }
li { margin: .25rem 0 } .problem { font-weight: bold } footer { margin-top: 2rem; color: #444; font-size: .85rem }
@media print { body { margin: 0; max-width: none } tr, li { break-inside: avoid } }
"""


def as_csv(report: Report, assessment: Assessment, localizer: Localizer) -> str:
    """Return a row for each guest, job and storage: how it stands now, and how often it failed in the period."""
    failures = {failure.subject: failure for failure in report.failures}
    file = StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for standing in standings_of(assessment):
        verdict, failure = standing.verdict, failures.get(standing.subject)
        writer.writerow(
            map(
                _cell,
                (
                    *(standing.subject.kind, standing.subject.id, standing.name, verdict.lasting.value),
                    *(verdict.problem, standing.acknowledged, verdict.reason.code.value),
                    *(localizer.sentence(verdict.reason), localizer.next_step(verdict)),
                    *(iso(verdict.since), iso(verdict.last_success), iso(verdict.next_due), verdict.confidence.value),
                    *(verdict.failures, failure.times if failure else 0, iso(failure.last) if failure else None),
                ),
            )
        )
    return f"{_MARK}{file.getvalue()}"


def _cell(value: object) -> str:
    """Return a value as a cell that stays text, wherever it is opened."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _SEPARATORS.sub(", ", str(value))
    return f"'{text}" if _FORMULA.match(text) else text


def as_html(report: Report, period: Period, assessment: Assessment, localizer: Localizer) -> str:
    """Return a page to print, which loads nothing and runs nothing."""
    title = escape(title_of(report, period, localizer))
    closing = closing_of(report, localizer)
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{escape(summary_of(report, localizer))}</p>",
        *map(_section, sections_of(report, localizer)),
        _guests(assessment, localizer),
        *([f"<p>{escape(closing)}</p>"] if closing else []),
        f"<footer>{escape(localizer.moment(report.until))} · Proxmox Backup Checker</footer>",
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(localizer.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{'\n'.join(parts)}\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    lines = "\n".join(f"<li><b>{escape(line.name)}</b>: {escape(line.text)}</li>" for line in section.lines)
    return f"<h2>{escape(section.heading)}</h2>\n<ul>\n{lines}\n</ul>"


def _guests(assessment: Assessment, localizer: Localizer) -> str:
    heads = "".join(
        f'<th scope="col">{escape(localizer.text(f"report_column_{name}"))}</th>'
        for name in ("guest", "status", "last_success", "next_due")
    )
    guests = [found for found in standings_of(assessment) if found.subject.kind == "guest"]
    rows = "\n".join(_guest(found, localizer) for found in sorted(guests, key=lambda found: found.name.casefold()))
    return (
        f"<h2>{escape(localizer.text('report_heading_guests'))}</h2>\n"
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _guest(found: Standing, localizer: Localizer) -> str:
    verdict = found.verdict
    cells = [
        found.name,
        status_text(verdict.lasting, found.subject.kind, localizer),
        localizer.moment(verdict.last_success) if verdict.last_success else "–",
        localizer.moment(verdict.next_due) if verdict.next_due else "–",
    ]
    kind = ' class="problem"' if verdict.problem else ""
    return f"<tr{kind}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
