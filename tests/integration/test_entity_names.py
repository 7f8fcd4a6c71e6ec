"""Each entity has a name in every language, an icon, and a row in the documentation."""

from importlib import import_module
import json
from pathlib import Path
from typing import Any

from homeassistant.helpers.entity import EntityDescription
import pytest

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "proxmox_backup_checker"
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "entities.md"
PLATFORMS = ("binary_sensor", "button", "calendar", "event", "sensor")
OF_SERVERS = {
    "binary_sensor": "backup_server.binary_sensors",
    "button": "backup_server.buttons",
    "event": "backup_server.events",
    "sensor": "backup_server.sensors",
}


def _descriptions(platform: str) -> list[EntityDescription]:
    """Return all entity descriptions of a platform's modules, alone or in a row."""
    found: list[EntityDescription] = []
    for module in filter(None, (platform, OF_SERVERS.get(platform))):
        for value in vars(import_module(f"custom_components.proxmox_backup_checker.{module}")).values():
            members = value if isinstance(value, tuple) else (value,)
            found += [member for member in members if isinstance(member, EntityDescription)]
    return found


DESCRIPTIONS = [
    pytest.param(platform, description, id=f"{platform}-{description.translation_key}")
    for platform in PLATFORMS
    for description in _descriptions(platform)
]


def _texts(name: str, platform: str) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((INTEGRATION / name).read_text(encoding="utf-8"))
    return dict(texts["entity"].get(platform, {}))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("platform", "description"), DESCRIPTIONS)
def test_an_entity_has_a_name(platform: str, description: EntityDescription, language: str) -> None:
    texts = _texts(f"translations/{language}.json", platform)

    assert texts.get(description.translation_key or "", {}).get("name")


@pytest.mark.parametrize(("platform", "description"), DESCRIPTIONS)
def test_an_entity_has_an_icon(platform: str, description: EntityDescription) -> None:
    has_icons_of_its_class = platform == "binary_sensor" and description.device_class is not None

    assert has_icons_of_its_class or description.translation_key in _texts("icons.json", platform)


@pytest.mark.parametrize(("platform", "description"), DESCRIPTIONS)
def test_an_entity_is_in_the_documentation(platform: str, description: EntityDescription) -> None:
    name = _texts("translations/en.json", platform)[description.translation_key or ""]["name"]
    rows = [
        line.split("|")[1] for line in DOCUMENTATION.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]

    assert name in [row.partition(" (")[0].strip() for row in rows]
