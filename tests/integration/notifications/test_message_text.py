"""The words of messages: every kind of alert has them, in every language."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
import string

from homeassistant.core import HomeAssistant
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, AlertCause, AlertGuest, Severity
from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message, MessageKind
from custom_components.proxmox_backup_checker.checker.alerts.tags import tag_of
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertForm, AlertKind, ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import AlertRecord
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason
from custom_components.proxmox_backup_checker.notifications.message_text import body_of, title_of
from custom_components.proxmox_backup_checker.texts.localizer import Localizer
from custom_components.proxmox_backup_checker.texts.wording import ClusterWording
from tests.checker.builders import NOW, assessment, guest, job

ROOT = Path(integration.__path__[0])
WORDS = {
    path.stem.removeprefix("messages_"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "texts").glob("messages_*.json"))
}
VALUES: dict[str, str | datetime] = {
    **dict.fromkeys(("node", "job", "storage", "archive", "verified", "count", "nodes", "error", "here", "days"), "x"),
    **dict.fromkeys(("slot", "last", "since"), NOW),
}
# Those of a cluster; tests/texts/test_server_messages.py reads those of a backup server.
CODES = {
    AlertKind.JOB: "backup_failed",
    AlertKind.NODE: "node_offline",
    AlertKind.QUORUM: "no_quorum",
    AlertKind.BLIND: "jobs_hidden",
    AlertKind.UNCOVERED: "excluded_from_job",
    AlertKind.PAUSED: "job_disabled_too_long",
    AlertKind.STORAGE: "storage_unreachable",
    AlertKind.VERIFICATION: "verification_failed",
    AlertKind.MISSING: "archive_missing",
    AlertKind.AGE: "older_than_allowed_days",
    AlertKind.GUEST: "archive_limit_reached",
}


def alert(kind: AlertKind, code: str | None = None, guests: int = 2) -> Alert:
    found = tuple(AlertGuest(vmid=101 + number, name=f"g{101 + number}", node="pve1") for number in range(guests))
    reason = Reason(ReasonCode(code or CODES[kind]), {**VALUES, "limit": "7"})
    cause = AlertCause(key="x", reason=reason, subjects=tuple(Subject.guest(entry.vmid) for entry in found))
    about = Subject.job("nightly") if kind in {AlertKind.JOB, AlertKind.PAUSED} else Subject.node("pve2")
    return Alert(
        tag=tag_of(kind, about),
        kind=kind,
        about=about,
        subjects=cause.subjects,
        causes=(cause,),
        guests=found,
        since=NOW - timedelta(hours=3),
        next_due=NOW + timedelta(hours=13),
        severity=Severity.NORMAL,
    )


def record(of: Alert) -> AlertRecord:
    return AlertRecord(
        key=of.tag, tag=of.tag, kind=of.kind, opened=NOW, since=NOW - timedelta(minutes=200), subjects=of.subjects
    )


async def a_wording(hass: HomeAssistant, language: str) -> ClusterWording:
    hass.config.language = language
    await hass.config.async_set_time_zone("Europe/Berlin")
    seen = assessment([guest(101), guest(102)], [job("nightly", 101, 102, comment="nightly", storage="nas")])
    return ClusterWording(assessment=seen, localizer=await Localizer.load(hass), cluster="home", now=NOW)


def test_every_language_has_the_same_words_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, german = WORDS["en"], WORDS["de"]
    assert english.keys() == german.keys()
    assert {key: blanks(text) for key, text in english.items()} == {key: blanks(text) for key, text in german.items()}


def test_no_words_are_left_that_nobody_says() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py")))
    made = {f"title_{form.value}{more}" for form in AlertForm for more in ("", "_again")}
    made |= {f"{start}_{kind.value}" for kind in AlertKind for start in ("title", "recovered")}
    made |= {f"{kind.value}_todo" for kind in AlertKind}
    made |= {
        f"title_{kind}_{form.value}{more}"
        for kind in ("pbsjob", "group")
        for form in AlertForm
        for more in ("", "_again")
    }
    made |= {f"{kind}_job_named" for kind in ("sync", "verify", "prune", "gc")}
    made |= {f"heartbeat_no_{what}" for what in ("answer", "connection", "trusted_certificate")}
    assert {key for key in WORDS["en"] if not re.search(rf"[\"']{key}[\"']", code)} <= made


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", list(CODES))
@pytest.mark.parametrize("guests", [0, 1, 2, 12])
async def test_every_alert_has_a_title_and_answers_in_every_language(
    hass: HomeAssistant, language: str, kind: AlertKind, guests: int
) -> None:
    wording = await a_wording(hass, language)
    for told in (MessageKind.OPENED, MessageKind.REMINDER):
        message = Message(kind=told, record=record(alert(kind)), alert=alert(kind, guests=guests))
        assert title_of(message, wording)
        assert body_of(message, wording)
    over = Message(kind=MessageKind.RECOVERED, record=record(alert(kind)))
    assert "{" not in title_of(over, wording) + body_of(over, wording)
    assert title_of(over, wording)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("backup_failed", "Backup failed: nightly → nas"),
        ("run_missed", "Run missed: nightly → nas"),
        ("no_run_seen", "Backup in doubt: nightly → nas"),
        ("retention_failed", "Backup with a problem: nightly → nas"),
    ],
)
async def test_the_title_tells_what_became_of_the_backup(hass: HomeAssistant, code: str, title: str) -> None:
    wording = await a_wording(hass, "en")
    message = Message(kind=MessageKind.OPENED, record=record(alert(AlertKind.JOB)), alert=alert(AlertKind.JOB, code))
    assert title_of(message, wording) == title


@pytest.mark.parametrize(
    ("last", "line"),
    [
        ((None, None), "No good backup of any of them is known."),
        ((1, 1), "Last good backup: yesterday 10:00."),
        ((1, None), "Last good backup: yesterday 10:00 (g101), none known (g102)."),
        ((1, 2), "Last good backup: yesterday 10:00 (g101), Monday 10:00 (g102)."),
        (
            (1, 2, 3, 8),
            "Last good backups: the oldest Tuesday, 26 August 2025, 10:00 (g104), the newest yesterday 10:00.",
        ),
        ((1, 2, 3, None), "Last good backup: none known (g104 (104))."),
    ],
)
async def test_the_last_good_backups_are_named_as_briefly_as_they_can_be(
    hass: HomeAssistant, last: tuple[int | None, ...], line: str
) -> None:
    wording = await a_wording(hass, "en")
    made = alert(AlertKind.JOB, guests=len(last))
    guests = tuple(
        replace(entry, last_success=None if days is None else NOW - timedelta(days=days))
        for entry, days in zip(made.guests, last, strict=True)
    )
    body = body_of(Message(kind=MessageKind.OPENED, record=record(made), alert=replace(made, guests=guests)), wording)
    assert line in body.splitlines()


@pytest.mark.parametrize(
    ("lasted", "words"),
    [(timedelta(minutes=20), "20 min"), (timedelta(hours=5, minutes=3), "5 h 3 min"), (timedelta(days=1), "one night")],
)
async def test_a_recovery_tells_how_long_it_lasted(hass: HomeAssistant, lasted: timedelta, words: str) -> None:
    wording = await a_wording(hass, "en")
    past = replace(record(alert(AlertKind.JOB)), since=NOW - lasted, ended=NOW, failures=2)
    body = body_of(Message(kind=MessageKind.RECOVERED, record=past), wording)

    assert f"Fine again after {words}: g101 (101), g102 (102)." in body
    assert "2 runs in a row" in body
