"""The table of the acceptance matrix in docs/: no row without a test or a reason, and never out of date."""

from pathlib import Path
import runpy
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "lib" / "acceptance_table.py"
read = runpy.run_path(str(SCRIPT.with_name("acceptance_tests.py")))["tests_of"]


def test_the_page_is_what_the_matrix_and_the_tests_say_today() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_row_has_a_test_or_a_reason() -> None:
    rows = [line for line in (ROOT / "docs" / "acceptance.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    bare = [row.split(" |")[0] for row in rows if row.rstrip().endswith("|  |")]
    assert bare == []


def test_a_test_is_told_by_its_name_and_stands_for_every_row_that_it_names() -> None:
    source = "async def test_a07_b17_a_host_was_off(home): ...\ndef test_nothing_of_the_matrix(): ...\n"
    [found] = read(source, Path("test_x.py"))
    assert (found.rows, found.phrase, found.variants) == (("A07", "B17"), "a host was off", 1)


def test_a_docstring_tells_more_than_the_name() -> None:
    [found] = read('def test_a07_x():\n    """The share is not mounted.\n\n    More.\n    """\n', Path("test_x.py"))
    assert found.phrase == "The share is not mounted"


def test_variants_are_told_by_their_ids_where_they_have_some_and_else_by_their_values() -> None:
    source = """
CASES = {"two nodes": 2, "three nodes": 3}
@pytest.mark.parametrize("schedule", ["hourly", "*/4:00"])
@pytest.mark.parametrize("nodes", CASES.values(), ids=CASES)
@pytest.mark.parametrize(("a", "b"), [pytest.param(1, 2, id="both"), (True, "x")])
@pytest.mark.parametrize("allowed", [True, False])
def test_b06_one_slot(): ...
"""
    [found] = read(source, Path("test_x.py"))
    assert [[(case.text, case.code) for case in cases] for cases in found.cases] == [
        [("hourly", True), ("*/4:00", True)],
        [("two nodes", False), ("three nodes", False)],
        [("both", False), ("True, x", True)],
        [("allowed=True", True), ("allowed=False", True)],
    ]
    assert found.variants == 16


def test_variants_may_have_their_names_in_a_file_beside_the_test(tmp_path: Path) -> None:
    (tmp_path / "scene.py").write_text(
        """
FEW: Final = {"three nodes": 3, "two zones": 2}
MANY = {**FEW, "one host": 1}
everywhere = pytest.mark.parametrize("scene", MANY.values(), ids=MANY, indirect=True)
"""
    )
    source = "from .scene import everywhere\n@everywhere\ndef test_a07_x(): ...\n"
    [found] = read(source, tmp_path / "test_x.py")
    assert [case.text for case in found.cases[0]] == ["three nodes", "two zones", "one host"]
