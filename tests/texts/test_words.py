"""One thing has one word, and names of jobs stand in quotation marks, in every text that people read."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.texts.catalogue import filled

ROOT = Path(integration.__path__[0])
FILES = sorted([*(ROOT / "texts").glob("*.json"), *(ROOT / "translations").glob("*.json")])


def texts_of(node: Any, *, without: frozenset[str] = frozenset()) -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from texts_of(value, without=without)
        elif key not in without:
            yield value


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_job_is_called_a_job_and_a_silenced_problem_silenced(file: Path) -> None:
    """In German too: "Auftrag" is what Proxmox does not say."""
    banned = re.compile(r"[Aa]uftr[aä]g|[Aa]cknowledge|[Uu]ncovered|abgedeckt")
    assert [text for text in texts_of(json.loads(file.read_text(encoding="utf-8"))) if banned.search(text)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_name_of_a_job_stands_in_quotation_marks(file: Path) -> None:
    bare = re.compile(r"\b(?:job|Job|Jobs|des Jobs) \{job\}")
    sentences = texts_of(json.loads(file.read_text(encoding="utf-8")), without=frozenset({"name", "title"}))
    assert [text for text in sentences if bare.search(text)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Jobs: “{job}”.", "Jobs: “Mail, weekly”, “nightly”."),
        ("Jobs: „{job}“.", "Jobs: „Mail, weekly“, „nightly“."),
    ],
)
def test_each_of_several_names_is_quoted_for_itself(text: str, said: str) -> None:
    assert filled(text, {"job": "Mail, weekly\nnightly"}) == said


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_proxmox_own_words_are_used_for_what_it_calls_so(file: Path) -> None:
    """A backup is verified, in German "verifiziert": "geprüft" is what is looked at here. Menus are called as Proxmox calls them."""
    banned = re.compile(
        r"pass(ed)? (the|its) check|the check was|Verify-Job|die Prüfung nicht bestanden|geprüfte Snapshots"
        r"|Jetzt sichern|Jetzt planen|Zugriffskontrolle|\bGastes\b|(?<![A-Za-zäöü])Platten?\b"
    )
    assert [text for text in texts_of(json.loads(file.read_text(encoding="utf-8"))) if banned.search(text)] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_sentence_of_a_reason_or_step_asks_for_a_command_of_many_words(language: str) -> None:
    """What is to be typed comes at the end, after a colon, and is whole: no "…" stands for what the reader has to know."""
    for kind in ("reasons", "steps", "causes"):
        for text in texts_of(json.loads((ROOT / "texts" / f"{kind}_{language}.json").read_text(encoding="utf-8"))):
            assert " …" not in text, text
            assert not re.search(r"\((chronyc|systemctl|pvesm|journalctl) ", text), text
