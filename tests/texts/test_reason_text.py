"""Every reason has a sentence in every language."""

from datetime import UTC, datetime
import json
from pathlib import Path
import string

from homeassistant.core import HomeAssistant
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertForm, ReasonCode
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason, Status, Verdict
from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import Cause, cause_of
from custom_components.proxmox_backup_checker.texts.localizer import Localizer

ROOT = Path(integration.__path__[0])
SENTENCES: dict[str, dict[str, str]] = {
    path.stem.removeprefix("reasons_"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "texts").glob("reasons_*.json"))
}

STEPS: dict[str, dict[str, str]] = {
    path.stem.removeprefix("steps_"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "texts").glob("steps_*.json"))
}
SENTENCE_SAYS_STEP = {
    ReasonCode.HOST_WAS_OFF,
    ReasonCode.JOB_DISABLED_TOO_LONG,
    ReasonCode.JOB_LISTS_DELETED_GUEST,
    ReasonCode.JOBS_UNREADABLE,
    ReasonCode.MOVED_BETWEEN_JOBS,
    ReasonCode.OLDER_THAN_ALLOWED_DAYS,
    ReasonCode.OLDER_THAN_ALLOWED_HOURS,
    ReasonCode.RUN_HANGS,
    ReasonCode.RUN_HANGS_SINCE,
    ReasonCode.STORAGE_NOT_WHAT_IT_WAS,
    ReasonCode.TURN_NOT_COME,
}
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_english_and_german_are_there() -> None:
    assert SENTENCES.keys() >= {"en", "de"}


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_has_the_same_codes_with_the_same_blanks(language: str) -> None:
    english = SENTENCES["en"]
    assert SENTENCES[language].keys() == english.keys()
    for code, sentence in SENTENCES[language].items():
        assert blanks(sentence) == blanks(english[code]), code


@pytest.mark.parametrize("language", SENTENCES)
def test_every_reason_of_the_catalogue_has_a_sentence_in_every_language_and_there_is_no_other(language: str) -> None:
    assert SENTENCES[language].keys() == set(ReasonCode)


@pytest.mark.parametrize("language", STEPS)
def test_steps_are_the_same_in_every_language_and_fill_no_blank_that_their_sentence_has_not(language: str) -> None:
    assert STEPS[language].keys() == STEPS["en"].keys()
    for code, step in STEPS[language].items():
        assert blanks(step) == blanks(STEPS["en"][code]), code
        assert blanks(step) <= blanks(SENTENCES["en"][code]), code


def test_whatever_is_a_problem_or_cannot_be_seen_says_what_to_do() -> None:
    told = {code for code in ReasonCode if code.meaning.alert is not None or code.meaning.form is not AlertForm.WARNED}
    assert told - STEPS["en"].keys() == SENTENCE_SAYS_STEP
    assert not STEPS["en"].keys() & SENTENCE_SAYS_STEP


@pytest.mark.parametrize(
    ("verdict", "english", "german"),
    [
        (
            Verdict(status=Status.UNCOVERED, problem=True, reason=Reason(ReasonCode.NO_JOB)),
            "Put the guest into a job under Datacenter > Backup. If it needs no backup, give it the tag no-backup or"
            " ignore it in the options of this integration.",
            "Nimm den Gast unter Rechenzentrum > Backup in einen Job auf. Braucht er keine Sicherung, gib ihm das"
            " Tag no-backup oder ignoriere ihn in den Optionen dieser Integration.",
        ),
        (
            Verdict(
                status=Status.OVERDUE,
                problem=True,
                reason=Reason(ReasonCode.NODE_OFFLINE, {"job": "Nightly, all", "node": "pve3", "slot": NOON}),
            ),
            "Switch pve3 on. Then start what is missing: Datacenter > Backup > Run now.",
            "Schalte pve3 ein. Hole dann nach, was fehlt: Rechenzentrum > Backup > Jetzt ausführen.",
        ),
        (
            Verdict(
                status=Status.FAILED,
                problem=True,
                reason=Reason(ReasonCode.BACKUP_FAILED, {"node": "pve1", "error": "unable to find VM '999'"}),
                cause=cause_of("unable to find VM '999'"),
            ),
            "Remove the guest 999 from the job under Datacenter > Backup.",
            "Entferne den Gast 999 unter Rechenzentrum > Backup aus dem Job.",
        ),
        (Verdict(status=Status.OK, problem=False, reason=Reason(ReasonCode.JOB_OK)), None, None),
    ],
)
async def test_the_cause_says_what_to_do_and_where_there_is_none_the_reason(
    hass: HomeAssistant, verdict: Verdict, english: str | None, german: str | None
) -> None:
    for language, step in (("en", english), ("de", german)):
        hass.config.language = language
        assert (await Localizer.load(hass)).next_step(verdict) == step


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
            "der Job nennt den Gast 999, den es nicht mehr gibt",
            "Entferne den Gast 999 unter Rechenzentrum > Backup aus dem Job.",
        ),
        (
            "de-CH",
            "Die letzte Sicherung auf pve2 wurde abgebrochen.",
            "der Job nennt den Gast 999, den es nicht mehr gibt",
            "Entferne den Gast 999 unter Rechenzentrum > Backup aus dem Job.",
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
    localizer = await Localizer.load(hass)
    found = cause_of("unable to find VM '999'")
    assert found is not None
    assert localizer.sentence(Reason(ReasonCode.BACKUP_CANCELLED, {"node": "pve2"})) == sentence
    assert localizer.cause(found) == cause
    assert localizer.step(found) == step


async def test_braces_in_what_proxmox_wrote_stay_as_they_are(hass: HomeAssistant) -> None:
    localizer = await Localizer.load(hass)
    assert localizer.cause(Cause(code="pool_missing", values={"pool": "{x}"})) == (
        "the pool {x}, whose guests the job backs up, no longer exists"
    )


@pytest.mark.parametrize(
    ("language", "reason", "sentence"),
    [
        (
            "en",
            Reason(ReasonCode.CLUSTER_PROBLEM, {"protected": "0", "guests": "1", "problems": "1", "others": "2"}),
            "0 of 1 guest protected. Problems: 1 guest, 2 jobs or storages.",
        ),
        (
            "de",
            Reason(ReasonCode.CLUSTER_PROBLEM, {"protected": "2", "guests": "4", "problems": "2", "others": "1"}),
            "2 von 4 Gästen geschützt. Probleme: 2 Gäste, 1 Job oder Speicher.",
        ),
        (
            "en",
            Reason(ReasonCode.PRUNE_NOT_WORKING, {"count": "1", "storage": "nas", "keep": "keep-last=1"}),
            "1 archive on nas should have been removed by the retention keep-last=1 but is still there.",
        ),
        (
            "de",
            Reason(ReasonCode.OLDER_THAN_ALLOWED_HOURS, {"last": "gestern", "count": "1"}),
            "Die letzte gute Sicherung ist von gestern und damit älter als erlaubt (1 Stunde). Sichere den Gast jetzt,"
            " oder finde heraus, warum sein Job es nicht getan hat.",
        ),
        *(
            (
                language,
                Reason(ReasonCode.JOB_DISABLED_TOO_LONG, {"job": "nightly", "days": days}),
                f"{sentence}. {advice}",
            )
            for language, advice, sentences in (
                (
                    "en",
                    "Enable the job or add the guest to another one.",
                    {
                        "0": "Only in disabled jobs (“nightly”), which your options do not allow",
                        "1": "Only in disabled jobs (“nightly”), and no good backup in the last day",
                        "30": "Only in disabled jobs (“nightly”), and no good backup in the last 30 days",
                    },
                ),
                (
                    "de",
                    "Aktiviere den Job oder nimm den Gast in einen anderen auf.",
                    {
                        "0": "Nur in deaktivierten Jobs („nightly“), was deine Optionen nicht zulassen",
                        "1": "Nur in deaktivierten Jobs („nightly“), und am letzten Tag keine gute Sicherung",
                        "30": "Nur in deaktivierten Jobs („nightly“), und in den letzten 30 Tagen keine gute Sicherung",
                    },
                ),
            )
            for days, sentence in sentences.items()
        ),
    ],
)
def test_words_follow_the_number(language: str, reason: Reason, sentence: str) -> None:
    assert Localizer(language).sentence(reason) == sentence


@pytest.mark.parametrize("path", sorted((ROOT / "texts").glob("*.json")), ids=lambda path: path.stem)
def test_words_that_follow_a_number_are_two_or_three(path: Path) -> None:
    texts = json.loads(path.read_text(encoding="utf-8")).values()
    sentences = [part for text in texts for part in (text.values() if isinstance(text, dict) else [text])]
    words = [spec for sentence in sentences for _, _, spec, _ in string.Formatter().parse(sentence) if spec]
    assert [spec for spec in words if spec.count("|") not in {1, 2}] == []


@pytest.mark.parametrize(("language", "size"), [("en", "4.4 GiB"), ("de", "4,4 GiB")])
def test_a_size_in_a_sentence_has_the_decimal_point_of_the_language(language: str, size: str) -> None:
    reason = Reason(ReasonCode.SIZE_MUCH_LARGER, {"size": "4.4 GiB", "usual": "900 MiB"})
    assert size in Localizer(language).sentence(reason)
    archive = Reason(ReasonCode.ARCHIVE_MISSING, {"archive": "dump/vzdump-1.1.vma", "storage": "nas"})
    assert "dump/vzdump-1.1.vma" in Localizer(language).sentence(archive)
