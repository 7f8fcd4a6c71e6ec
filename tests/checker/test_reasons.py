"""Every reason has a sentence in every language."""

import ast
import json
from pathlib import Path
import string

import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.facts import Blindness

ROOT = Path(integration.__path__[0])
SENTENCES: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "reasons").glob("*.json"))
}


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def checker_trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "checker").glob("*.py"))]


def constants() -> set[str]:
    """Return every text in the checker's code, and the codes that are put together."""
    texts = {
        node.value
        for tree in checker_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    texts |= {f"{text}_by_any_job" for text in texts}
    return texts | {f"{text}_unexplained" for text in texts}


def codes() -> set[str]:
    """Return the codes that the checker's code gives to reasons directly."""
    return {
        node.value
        for tree in checker_trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"Reason", "unknown"}
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_english_and_german_are_there() -> None:
    assert SENTENCES.keys() >= {"en", "de"}


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_has_the_same_codes_with_the_same_blanks(language: str) -> None:
    english = SENTENCES["en"]
    assert SENTENCES[language].keys() == english.keys()
    for code, sentence in SENTENCES[language].items():
        assert blanks(sentence) == blanks(english[code]), code


def test_every_code_of_the_checker_has_a_sentence() -> None:
    assert {"no_job", "run_missed", "first_run_not_due"} <= codes() <= SENTENCES["en"].keys()
    assert set(Blindness) <= SENTENCES["en"].keys()


def test_every_sentence_belongs_to_a_code_of_the_checker() -> None:
    assert SENTENCES["en"].keys() <= constants()
