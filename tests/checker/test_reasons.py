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


def constants() -> set[str]:
    """Return every text in the checker's code that looks like a code, and those that are put together."""
    texts = {
        node.value
        for path in (ROOT / "checker").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return texts | {f"{text}_unexplained" for text in texts}


def test_english_and_german_are_there() -> None:
    assert SENTENCES.keys() >= {"en", "de"}


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_has_the_same_codes_with_the_same_blanks(language: str) -> None:
    english = SENTENCES["en"]
    assert SENTENCES[language].keys() == english.keys()
    for code, sentence in SENTENCES[language].items():
        assert blanks(sentence) == blanks(english[code]), code


def test_every_code_of_the_checker_has_a_sentence() -> None:
    codes = {
        text
        for text in constants()
        if text.startswith(("backed_up", "backup_", "job_", "no_", "template_"))
        and text not in {"job_id", "job_states"}
    }
    used = {code for code in codes if not code.endswith("_unexplained")}
    assert used
    assert used <= SENTENCES["en"].keys()
    assert set(Blindness) <= SENTENCES["en"].keys()


def test_every_sentence_belongs_to_a_code_of_the_checker() -> None:
    assert SENTENCES["en"].keys() <= constants()
