"""The table of the acceptance matrix in docs/: no row without a test or a reason, and never out of date."""

from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "lib" / "acceptance_table.py"


def test_the_page_is_what_the_matrix_and_the_tests_say_today() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_row_has_a_test_or_a_reason() -> None:
    rows = [line for line in (ROOT / "docs" / "acceptance.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    bare = [row.split(" |")[0] for row in rows if row.rstrip().endswith("|  |")]
    assert bare == []
