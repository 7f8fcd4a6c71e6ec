"""The pinned requirements: what scripts/lock makes of Home Assistant's manifests."""

import json
from pathlib import Path
import runpy

import homeassistant
from homeassistant.const import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(homeassistant.__file__).parent
REQUIREMENTS = ROOT / "requirements"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "lib" / "home_assistant_requirements.py"))


def test_what_home_assistant_always_loads_is_what_its_manifests_say() -> None:
    assert SCRIPT["page"](PACKAGE) == (REQUIREMENTS / "home-assistant.in").read_text()


def test_the_integrations_are_those_that_a_stock_home_assistant_loads_and_what_they_need() -> None:
    found = SCRIPT["integrations"](PACKAGE)
    assert {"automation", "frontend", "sensor", "calendar", "recorder", "http"} <= found
    assert "mqtt" not in found


def test_requirements_and_hacs_name_one_home_assistant() -> None:
    floor = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    assert SCRIPT["version"](PACKAGE) == __version__ == floor
    assert f"homeassistant=={floor}\n" in (REQUIREMENTS / "overrides.txt").read_text()


def test_everything_is_pinned_with_hashes_and_without_the_place_it_came_from() -> None:
    lines = (REQUIREMENTS / "dev.txt").read_text().splitlines()
    assert all("==" in line for line in lines if not line.startswith("    "))
    assert not [line for line in lines if line.startswith(("#", "--")) or "://" in line]
