"""The list of Home Assistant's quality scale says where each rule is shown, and that is there."""

from pathlib import Path
import re

from homeassistant.util.yaml import load_yaml_dict
import pytest

import custom_components.proxmox_backup_checker as integration

FOLDER = Path(integration.__path__[0])
ROOT = FOLDER.parents[1]
RULES = load_yaml_dict(FOLDER / "quality_scale.yaml")["rules"]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_names_files_that_exist(rule: str) -> None:
    comment = RULES[rule]["comment"]
    names = re.findall(r"[\w/.-]+\.(?:py|md|json|png|yaml|toml)\b", comment)
    assert [name for name in names if not any((place / name).exists() for place in (FOLDER, ROOT, _tests()))] == []
    missing = [name for name in re.findall(r"`(\w+)`", comment) if len(name) > 4 and not _is_in_source(name)]
    assert missing == []


def _tests() -> Path:
    return ROOT / "tests" / "integration"


def _is_in_source(name: str) -> bool:
    return any(name in path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
