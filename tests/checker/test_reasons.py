"""Every reason has a sentence in every language."""

import ast
import json
from pathlib import Path
import string

from homeassistant.core import HomeAssistant
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.causes import Cause, cause_of
from custom_components.proxmox_backup_checker.checker.facts import Blindness
from custom_components.proxmox_backup_checker.checker.verdict import Reason
from custom_components.proxmox_backup_checker.reasons import Reasons

ROOT = Path(integration.__path__[0])
SENTENCES: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "reasons").glob("*.json"))
    if not path.stem.startswith("causes_")
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


@pytest.mark.parametrize(
    ("language", "sentence", "cause", "step"),
    [
        (
            "en",
            "The last backup on pve2 was cancelled.",
            "the job lists the guest 999, which no longer exists",
            "Remove the guest 999 from the job under Datacenter > Backup.",
        ),
        (
            "de",
            "Die letzte Sicherung auf pve2 wurde abgebrochen.",
            "der Auftrag nennt den Gast 999, den es nicht mehr gibt",
            "Entferne den Gast 999 unter Rechenzentrum > Backup aus dem Auftrag.",
        ),
        (
            "de-CH",
            "Die letzte Sicherung auf pve2 wurde abgebrochen.",
            "der Auftrag nennt den Gast 999, den es nicht mehr gibt",
            "Entferne den Gast 999 unter Rechenzentrum > Backup aus dem Auftrag.",
        ),
        (
            "fr",
            "The last backup on pve2 was cancelled.",
            "the job lists the guest 999, which no longer exists",
            "Remove the guest 999 from the job under Datacenter > Backup.",
        ),
    ],
)
async def test_reasons_causes_and_steps_are_told_in_the_language_of_home_assistant(
    hass: HomeAssistant, language: str, sentence: str, cause: str, step: str
) -> None:
    hass.config.language = language
    reasons = await Reasons.load(hass)
    found = cause_of("unable to find VM '999'")
    assert found is not None
    assert reasons.sentence(Reason("backup_cancelled", {"node": "pve2"})) == sentence
    assert reasons.cause(found) == cause
    assert reasons.step(found) == step


async def test_braces_in_what_proxmox_wrote_stay_as_they_are(hass: HomeAssistant) -> None:
    reasons = await Reasons.load(hass)
    assert reasons.cause(Cause(code="pool_missing", values={"pool": "{x}"})) == (
        "the pool {x}, whose guests the job backs up, no longer exists"
    )


@pytest.mark.parametrize(
    ("language", "one", "more"),
    [
        ("en", "0 of 1 guest protected. Problems: 1 guest, 1 job or storage.",
         "0 of 2 guests protected. Problems: 2 guests, 0 jobs or storages."),
        ("de", "0 von 1 Gast geschützt. Probleme: 1 Gast, 1 Auftrag oder Speicher.",
         "0 von 2 Gästen geschützt. Probleme: 2 Gäste, 0 Aufträge oder Speicher."),
    ],
)  # fmt: skip
def test_one_thing_is_counted_in_the_singular(language: str, one: str, more: str) -> None:
    def said(guests: str, others: str) -> str:
        values = {"protected": "0", "guests": guests, "problems": guests, "others": others}
        return Reasons.read(language).sentence(Reason("cluster_problem", values))

    assert said("1", "1") == one
    assert said("2", "0") == more
    assert "die Grenze von 1 Sicherung " in Reasons.read("de").cause(Cause(code="backup_limit", values={"limit": "1"}))


def test_what_is_counted_has_a_word_for_one_and_one_for_more() -> None:
    for sentences in SENTENCES.values():
        for sentence in sentences.values():
            assert all(words.count("|") == 1 for _, _, words, _ in string.Formatter().parse(sentence) if words)
