"""The page that shows what is read from every sample log."""

from pathlib import Path

from scripts.lib import log_table

ROOT = Path(__file__).parents[3]


def test_the_page_of_the_sample_logs_says_what_is_read_today() -> None:
    """Whoever changes the reader or the samples writes the page anew: python scripts/lib/log_table.py."""
    assert log_table.page() == (ROOT / "docs/vzdump-logs.md").read_text(encoding="utf-8")


def test_the_page_has_every_sample() -> None:
    """Each task log and each published log has a row."""
    page = (ROOT / "docs/vzdump-logs.md").read_text(encoding="utf-8")
    samples = ROOT / "tests/data/vzdump"
    names = [path.parent.name for path in samples.glob("scenarios/*/task.log")]
    names += [f"{path.parent.name}/{path.stem}" for path in samples.glob("[rv]*/*.log")]
    assert len(names) > 40
    assert [name for name in names if f"\n| {name} |" not in page] == []
