"""The page of the faults of 0.1.0 names tests that exist."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/decisions/0004-faults-of-0.1.0.md").read_text(encoding="utf-8")
SEEN = (ROOT / "docs/decisions/0005-faults-of-the-dashboard.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| | ", "| ---"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_fault_has_a_test_that_exists(row: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row)
    assert named
    for file, test in named:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), f"{file}::{test}"


def test_the_pictures_and_tests_of_the_dashboards_faults_exist() -> None:
    pictures = re.findall(r"\]\(\.\./(images/faults/[\w-]+\.webp)\)", SEEN)
    assert len(pictures) > 40
    there = {f"images/faults/{file.name}" for file in (ROOT / "docs/images/faults").glob("*.webp")}
    assert set(pictures) == there
    assert sum((ROOT / "docs" / picture).stat().st_size for picture in there) < 3_000_000
    for file, test in re.findall(r"`([\w/]+\.py)::(test_\w+)`", SEEN):
        assert re.search(rf"^(async )?def {test}\(", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
