"""What the page of comparisons says of others is true of the code that it names, and what it says of us leads somewhere."""

from pathlib import Path
import re

import homeassistant
from homeassistant.const import __version__
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
THEIRS = Path(homeassistant.__file__).parent / "components" / "proxmoxve"


def code(name: str) -> str:
    return " ".join((THEIRS / name).read_text(encoding="utf-8").split())


def test_it_speaks_of_the_home_assistant_that_we_are_tested_with() -> None:
    assert set(re.findall(r"core/blob/([\d.]+)/", PAGE)) == {__version__}
    assert f"Home Assistant {__version__}" in PAGE


def test_their_sensor_of_backups_is_the_newest_task_of_a_node_and_off_by_default() -> None:
    text = code("binary_sensor.py")
    found = text.partition('key="node_backup_status"')[2].partition("), )")[0]
    assert 'data.backups and data.backups[0]["status"] != STATUS_OK' in found
    assert "entity_registry_enabled_default=False" in found
    assert 'tasks.get(typefilter="vzdump", limit=1)' in code("coordinator.py")
    # An empty list is what an unreachable node and a token without rights give as well.
    assert "backups=[]" in code("coordinator.py")


def test_they_know_no_schedule() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in THEIRS.glob("*.py"))
    for word in ("schedule_", "cluster.backup", "next_run", "next-run", "jobs"):
        assert word not in text, word
    assert {path.stem for path in THEIRS.glob("*.py")} >= {"binary_sensor", "button", "sensor", "update"}
    assert not (THEIRS / "calendar.py").exists()


def test_their_guests_are_looked_for_on_the_node_where_they_were_found() -> None:
    text = code("entity.py")
    assert "self.device_id in self.coordinator.data[self._node_name].vms" in text
    assert 'self._node_name = node_data.node["node"]' in text


def test_the_requests_are_those_that_were_measured() -> None:
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    [row] = re.findall(r"^\| an hour of polls \|.*$", measured, re.MULTILINE)
    [ours, theirs] = re.findall(r"Requests in an hour.*?\| ([\d,]+) .*?\| ([\d,]+) \(\[5\]\) \|$", PAGE, re.MULTILINE)[
        0
    ][::-1]
    assert f"| {ours} |" in row
    assert f"| {theirs} |" in row
    assert "UPDATE_INTERVAL = timedelta(seconds=60)" in code("coordinator.py")


def test_every_situation_and_page_that_it_names_exists() -> None:
    situations = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
    named = re.findall(r"\[([A-F]\d\d)\]\(acceptance\.md\)", PAGE)
    assert named
    for row in named:
        assert f"| {row} |" in situations
    for page, _, anchor in (link.partition("#") for link in re.findall(r"(?:\(|: )([a-z-]+\.md[#\w-]*)", PAGE)):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
            for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        }
        assert not anchor or anchor in headings, (page, anchor)


def test_every_page_of_the_documentation_is_in_the_menu_of_the_site_and_no_other() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def pages(menu: object) -> list[str]:
        match menu:
            case str():
                return [menu]
            case list():
                return [page for part in menu for page in pages(part)]
            case dict():
                return [page for part in menu.values() for page in pages(part)]
        return []

    named = pages(site["nav"])
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert len(set(named)) == len(named)
    assert set(named) - {"index.md", "de/index.md"} == written
