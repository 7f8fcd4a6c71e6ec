"""Writes the table of the acceptance matrix: each row with its tests, or with the reason why it is not met."""

from collections.abc import Iterator
import json
from pathlib import Path
import sys

from acceptance_tests import AcceptanceTest, Case, tests_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "acceptance.md"
ROWS = ROOT / "tests" / "data" / "acceptance.json"
OPEN_ROWS = ROOT / "tests" / "acceptance" / "open_rows.json"
_HEAD = """# What the checker must get right

Each row is a situation and what a user must then see. `scripts/acceptance-table` writes this page from the matrix and
the tests; a row without a test says why. Each test is told by its name, which leads to its file, and by the variants
that it tries.
"""


def tests_by_row() -> dict[str, list[AcceptanceTest]]:
    """Return the tests by the row that they stand for."""
    found: dict[str, list[AcceptanceTest]] = {}
    for test in tests_in(ROOT / "tests"):
        for row in test.rows:
            found.setdefault(row, []).append(test)
    return found


def told(test: AcceptanceTest) -> str:
    """Return a test as a link to its file, and what it tries if that is more than one thing."""
    link = f"[{_cell(test.phrase)}](../{test.path.relative_to(ROOT)})"
    tried = "; ".join(", ".join(map(_case, cases)) for cases in test.cases if len(cases) > 1)
    return f"{link}: {tried}" if tried else link


def _case(case: Case) -> str:
    return f"`{_cell(case.text)}`" if case.code else _cell(case.text)


def _cell(text: str) -> str:
    """Return a text that ends no cell of a table."""
    return text.replace("|", "\\|")


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
    variants = sum(test.variants for row in met for test in tests[row])
    yield f"{len(met)} of {len(rows)} rows are met and tested, in {variants} variants."
    section = None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            yield from ("", f"## {section}", "", "| Row | Given | Then | Tests |", "|---|---|---|---|")
        proof = "<br>".join(map(told, tests.get(row["id"], [])))
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
