"""The guides name everything that there is, and their examples are valid."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation import config as automation_config
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, config_validation as cv, trigger
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.const import DOMAIN

ROOT = Path(integration.__path__[0])
DOCS = Path(__file__).parents[2] / "docs"
ACTIONS = (DOCS / "actions.md").read_text(encoding="utf-8")
AUTOMATIONS = (DOCS / "automations.md").read_text(encoding="utf-8")


def described(name: str) -> dict[str, Any]:
    """Return what a file of descriptions holds, without its shared parts."""
    entries = load_yaml_dict(str(ROOT / f"{name}.yaml")).items()
    return {key: value for key, value in entries if not key.startswith(".")}


def part(text: str, heading: str) -> str:
    """Return the part of a guide below a heading."""
    return re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def examples(text: str) -> list[dict[str, Any]]:
    """Return the blocks of YAML in a guide."""
    found = [parse_yaml(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return [block for block in found if isinstance(block, dict)]


@pytest.mark.parametrize("action", ["check_now", "explain", "list_runs", "list_archives", "get_log", "report"])
def test_every_action_that_answers_is_in_the_guide_with_its_fields(action: str) -> None:
    text = part(ACTIONS, action)
    for field in described("services")[action]["fields"]:
        assert f"`{field}`" in text, field
    assert "```yaml" in text or action == "report"


def test_every_trigger_and_condition_is_in_the_guide_with_its_fields() -> None:
    translations = json.loads((ROOT / "translations" / "en.json").read_text(encoding="utf-8"))
    for kind, word in (("triggers", "Trigger"), ("conditions", "Condition")):
        for key, description in described(kind).items():
            name = translations[kind][key]["name"]
            text = part(
                AUTOMATIONS, f"{word}: {name if name.startswith('Proxmox') else f'{name[0].lower()}{name[1:]}'}"
            )
            assert f"`{DOMAIN}.{key}`" in text
            assert "Good to know:" in text
            assert "alias: " in text
            missing = [field for field in description["fields"] if f"`{field}`" not in text]
            assert not missing or "as [above](#trigger-proxmox-backup-failed)" in text


async def test_every_example_is_valid(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "automation", {})
    checked = 0
    for example in [*examples(AUTOMATIONS), *examples(ACTIONS)]:
        if "alias" in example or ("triggers" in example and "actions" in example):
            validated = await automation_config.async_validate_config_item(
                hass, "example", {"id": "example", **example}
            )
            assert validated is not None
            assert validated.validation_error is None, example
        elif "triggers" in example:
            await trigger.async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA(example["triggers"]))
        elif "conditions" in example:
            await condition.async_validate_conditions_config(hass, cv.CONDITIONS_SCHEMA(example["conditions"]))
        else:
            continue
        checked += 1
    assert checked >= 8
