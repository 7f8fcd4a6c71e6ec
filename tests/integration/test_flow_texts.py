"""Everything that the flows can show has its text, in every language, with the same placeholders."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.proxmox.calendar.surprises import SurpriseCode

FOLDER = Path(str(integration.__file__)).parent
LANGUAGES = ("en", "de")
PLACES = {
    "config_flow.py": "config",
    "entry_flow.py": "config",
    "flow_fields.py": "config",
    "backup_server/flow.py": "config",
    "options_flow.py": "options",
    "webhook_options.py": "options",
    "backup_server/options_flow.py": "options",
    "repairs.py": "issues.certificate_changed.fix_flow",
}


def _texts(language: str) -> dict[str, str]:
    """Return all texts by their dotted keys."""

    def flat(prefix: str, node: Any) -> Iterator[tuple[str, str]]:
        if isinstance(node, str):
            yield prefix, node
        else:
            for key, value in node.items():
                yield from flat(f"{prefix}.{key}".lstrip("."), value)

    return dict(flat("", json.loads((FOLDER / "translations" / f"{language}.json").read_text("utf-8"))))


def _constants(node: ast.AST) -> list[str]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _used(file: str) -> set[str]:
    """Return the keys of the texts that the code of a flow names."""
    tree = ast.parse((FOLDER / file).read_text("utf-8"))
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "_error_key":
            used |= {
                f"error.{key}" for part in ast.walk(node) if isinstance(part, ast.Return) for key in _constants(part)
            }
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("errors["):
            used |= {f"error.{key}" for key in _constants(node.value)}
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self._step":
            used |= {f"step.{key}.title" for key in _constants(node.value)}
        elif isinstance(node, ast.Call):
            used |= _named_by_call(node)
    return used


def _named_by_call(call: ast.Call) -> set[str]:
    used = set()
    if ast.unparse(call.func) == "self._show_form" and call.args:
        first = call.args[0]
        values = first.values if isinstance(first, ast.Dict) else [first]
        used |= {f"error.{key}" for part in values if isinstance(part, ast.Constant) for key in _constants(part)}
    for argument in call.keywords:
        if argument.arg == "step_id":
            used |= {f"step.{key}.title" for key in _constants(argument.value)}
        elif argument.arg == "reason":
            used |= {f"abort.{key}" for key in _constants(argument.value)}
    return used


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("file", "few"),
    [
        ("config_flow.py", {"abort.wrong_cluster", "step.user.title", "step.cluster.title", "step.privileges.title"}),
        ("entry_flow.py", {"error.invalid_auth", "error.cannot_connect", "step.certificate.title"}),
        ("flow_fields.py", {"error.invalid_host", "error.invalid_token_id"}),
        (
            "backup_server/flow.py",
            {
                *("error.not_a_backup_server", "error.hours_missing", "abort.wrong_server", "step.place.title"),
                *("step.backup_server.title", "step.clone.title", "step.server_privileges.title"),
            },
        ),
        ("backup_server/options_flow.py", {"error.hours_missing", "step.server_place.title"}),
        ("options_flow.py", {"error.wrong_node", "error.invalid_pairing", "step.init.title"}),
        ("webhook_options.py", {"step.webhook.title", "step.webhook_lines.title", "step.webhook_check.title"}),
        ("repairs.py", {"error.changed_again", "step.confirm.title"}),
    ],
)
def test_what_a_flow_names_has_a_text(file: str, few: set[str], language: str) -> None:
    used = _used(file)
    assert few <= used
    assert not {f"{PLACES[file]}.{key}" for key in used} - _texts(language).keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key",
    [
        "config.abort.already_configured",
        "config.abort.reauth_successful",
        "config.abort.reconfigure_successful",
        *(
            f"config.step.{step}.menu_options.{option}"
            for step, option in (("user", "cluster"), ("user", "backup_server"), ("server_privileges", "check_again"))
        ),
        "config.step.server_privileges.menu_options.continue_anyway",
        "config.flow_title",
        "config.step.privileges.menu_options.check_again",
        "config.step.privileges.menu_options.continue_anyway",
        "options.step.init.menu_options.add_log_agent",
        "options.step.init.menu_options.remove_log_agent",
        *(f"options.step.init.menu_options.{name}" for name in ("heartbeat", "webhook", "webhook_check")),
        *(f"options.step.webhook_check.menu_options.{name}" for name in ("webhook", "webhook_check")),
        "issues.certificate_changed.title",
        *(
            f"issues.{issue}.{part}"
            for issue in (
                *("missing_privileges", "log_agent_certificate", "log_agent_token", "log_agent_unreachable"),
                *("deleted_guest_in_job", "job_disabled_for_long", "clock_change_skips_slot", "storage_not_on_node"),
                *(f"schedule_{code}" for code in SurpriseCode if code is not SurpriseCode.SWALLOWED_BY_CLOCK_CHANGE),
            )
            for part in ("title", "description")
        ),
    ],
)
def test_what_home_assistant_names_for_us_has_a_text(key: str, language: str) -> None:
    assert _texts(language)[key]


def test_german_has_the_keys_and_placeholders_of_english() -> None:
    english, german = _texts("en"), _texts("de")
    assert german.keys() == english.keys()
    for key, text in english.items():
        assert sorted(set(re.findall(r"\{\w+\}", german[key]))) == sorted(set(re.findall(r"\{\w+\}", text))), key
