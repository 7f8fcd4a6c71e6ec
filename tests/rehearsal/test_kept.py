"""What the rehearsal of an upgrade takes for lost, told by the files of a Home Assistant."""

from collections.abc import Callable
import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from .kept import Kept

LEFT = Path(__file__).parents[1] / "upgrade" / "data" / "0.1.0" / "single_host"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder with what 0.1.0 has left."""
    copytree(LEFT / "storage", tmp_path / ".storage")
    for path in (tmp_path / ".storage").iterdir():
        path.rename(path.with_suffix(""))
    (tmp_path / "automations.yaml").write_text("[]\n")
    return tmp_path


def change(folder: Path, name: str, act: Callable[[Any], object]) -> None:
    [path] = (folder / ".storage").glob(name)
    content = json.loads(path.read_text(encoding="utf-8"))
    act(content["data"])
    path.write_text(json.dumps(content), encoding="utf-8")


def test_nothing_is_lost_where_nothing_has_changed(folder: Path) -> None:
    assert not Kept.of(folder).lost(Kept.of(folder))


def ours(rows: list[Any]) -> Any:
    return next(row for row in rows if "guest_101" in json.dumps(row))


@pytest.mark.parametrize(
    ("name", "act", "lost"),
    [
        ("core.entity_registry", lambda data: ours(data["entities"]).update(unique_id="another"), "entity "),
        ("core.entity_registry", lambda data: ours(data["entities"]).update(entity_id="sensor.other"), "entity "),
        ("core.entity_registry", lambda data: ours(data["entities"]).update(name="Named anew"), "entity "),
        ("core.device_registry", lambda data: ours(data["devices"]).update(id="another"), "device "),
        ("proxmox_backup_checker.*", lambda data: data["runs"].popitem(), "history, runs: UPID:"),
        ("proxmox_backup_checker.*", lambda data: data["acknowledgements"].clear(), "history, acknowledgements: "),
    ],
)
def test_what_is_gone_or_another_one_is_told(folder: Path, name: str, act: Callable[[Any], object], lost: str) -> None:
    before = Kept.of(folder)
    change(folder, name, act)
    found = before.lost(Kept.of(folder))
    assert found
    assert all(told.startswith(lost) for told in found)


def test_options_that_were_reset_are_told(folder: Path) -> None:
    before = Kept.of(folder)
    change(folder, "core.config_entries", lambda data: [entry["options"].clear() for entry in data["entries"]])
    assert before.lost(Kept.of(folder)) == ["entry, options"]


def test_automations_that_were_rewritten_are_told(folder: Path) -> None:
    before = Kept.of(folder)
    (folder / "automations.yaml").write_text("- alias: Another\n")
    assert before.lost(Kept.of(folder)) == ["automations"]
