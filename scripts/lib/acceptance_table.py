"""Writes the table of the acceptance matrix: each row with its tests, or with the reason why it is not met."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import sys

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "acceptance.md"
ROWS = ROOT / "tests" / "data" / "acceptance.json"
OPEN_ROWS = ROOT / "tests" / "acceptance" / "open_rows.json"
_TEST = re.compile(r"^(?:async )?def (test_([a-f]\d\d)_\w+)", re.MULTILINE)
_HEAD = """# What the checker must get right

Each row is a situation and what a user must then see. `scripts/acceptance-table` writes this page from the matrix and
the tests; a row without a test says why.
"""


def tests_by_row() -> dict[str, list[str]]:
    """Return the names of tests by the row that they stand for."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, row in _TEST.findall(path.read_text(encoding="utf-8")):
            found.setdefault(row.upper(), []).append(f"`{path.relative_to(ROOT / 'tests')}::{name}`")
    return found


def open_rows() -> dict[str, str]:
    """Return why rows are not met, or not yet, by id."""
    rows: dict[str, str] = json.loads(OPEN_ROWS.read_text(encoding="utf-8"))
    return rows


def lines() -> Iterator[str]:
    """Return the page line by line."""
    rows, tests, reasons = json.loads(ROWS.read_text(encoding="utf-8")), tests_by_row(), open_rows()
    met = [row["id"] for row in rows if row["id"] in tests and row["id"] not in reasons]
    yield from _HEAD.splitlines()
    yield ""
    yield f"{len(met)} of {len(rows)} rows are met and tested."
    section = None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            yield from ("", f"## {section}", "", "| Row | Given | Then | Tests |", "|---|---|---|---|")
        proof = "<br>".join(tests.get(row["id"], []))
        if row["id"] in reasons:
            proof = f"{proof}<br>**Open:** {reasons[row['id']]}" if proof else f"**Open:** {reasons[row['id']]}"
        yield f"| {row['id']} | {row['given']} | {row['expected']} | {proof} |"


def page() -> str:
    """Return the page."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            0 if PAGE.read_text(encoding="utf-8") == page() else "docs/acceptance.md: run scripts/acceptance-table"
        )
    PAGE.write_text(page(), encoding="utf-8")
