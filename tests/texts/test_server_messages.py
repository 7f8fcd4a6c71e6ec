"""Messages of backup servers as people read them, in both languages."""

from collections.abc import Callable, Iterator

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, AlertCause
from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message, MessageKind
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertKind, ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import AlertRecord
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason
from custom_components.proxmox_backup_checker.notifications.message_text import body_of, title_of
from custom_components.proxmox_backup_checker.texts.localizer import Localizer
from custom_components.proxmox_backup_checker.texts.server_wording import ServerWording
from tests.acceptance.server_lab import ServerLab

LANGUAGES = ("en", "de")


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two servers on Monday noon."""
    with ServerLab() as lab:
        yield lab


def wording(servers: ServerLab, language: str) -> ServerWording:
    """Return the wording of what is held now."""
    return ServerWording(assessment=servers.watch.held, localizer=Localizer(language), cluster="pbs", now=servers.now)


def read(servers: ServerLab, message: Message, language: str) -> list[str]:
    """Return the lines of a message, the title first."""
    words = wording(servers, language)
    return [title_of(message, words), *body_of(message, words).splitlines()]


def full(servers: ServerLab) -> None:
    servers.look()
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)


def silent(servers: ServerLab) -> None:
    servers.look()
    servers.pbs.power_off()
    servers.after(hours=1)
    servers.after(hours=24)


def wrong_owner(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.filled("vm/100", 3, owner="sync@pbs!t")
    servers.pull()
    servers.look()
    servers.at("06:00")


def certificate_of_remote(servers: ServerLab) -> None:
    servers.remote("vm/100")
    for number in range(2):
        servers.pbs.add_sync_job(f"pull{number}", "ds1", schedule="03:30", remote="vault", remote_store="tank")
    servers.look()
    servers.vault.fingerprint = ":".join(["1E"] * 32)
    servers.at("06:00")
    servers.at("06:00")


def overdue_client(servers: ServerLab) -> None:
    servers.filled("host/nas", *(day - 0.2 for day in range(1, 9)))
    servers.look()
    servers.after(hours=30)


def corrupt(servers: ServerLab) -> None:
    groups = [servers.filled(name, *range(1, 9)) for name in ("host/nas", "host/mail")]
    job = servers.verify(schedule=None)
    servers.look()
    for group in groups:
        group.by_age[-1].corrupt = True
    servers.run(job, hours=6)


STORIES: dict[str, tuple[Callable[[ServerLab], None], str, str]] = {
    "full": (full, "pbs: problem with the datastore ds1", "pbs: Problem mit dem Datastore ds1"),
    "silent": (silent, "Cannot see the backups of pbs", "Sicherungen von pbs nicht zu sehen"),
    "owner": (wrong_owner, "pbs: sync job “pull” failed", "pbs: Sync-Job „pull“ fehlgeschlagen"),
    "remote": (certificate_of_remote, "pbs: sync with vault failed", "pbs: Sync mit vault fehlgeschlagen"),
    "client": (overdue_client, "Backup overdue: nas", "Sicherung überfällig: nas"),
    "corrupt": (
        corrupt,
        "Backup failed its verification: mail, nas",
        "Sicherung bei der Verifizierung durchgefallen: mail, nas",
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_message_says_what_why_since_when_and_what_to_do_and_its_end_says_so(servers: ServerLab, story: str) -> None:
    play, *titles = STORIES[story]
    play(servers)
    message = servers.watch.messages[-1]
    assert message.alert is not None
    for language, title in zip(LANGUAGES, titles, strict=True):
        lines = read(servers, message, language)
        localizer = Localizer(language)
        reason = message.alert.causes[0].reason
        assert lines[0] in {title, localizer.text("reminder", title=title)}
        assert any(localizer.sentence(reason) in line for line in lines), lines
        step = localizer.step_for(reason, None)
        assert step is not None
        assert lines[-1] == localizer.text("todo", todo=step)
        assert not any("{" in line or "}" in line for line in lines)
        over = Message(kind=MessageKind.RECOVERED, record=message.record)
        assert len(read(servers, over, language)) >= 3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("failures", [0, 2])
@pytest.mark.parametrize("code", ["sync_groups_failed", "pbsjob_overdue", "pbsjob_state_unknown", "group_deleted"])
@pytest.mark.parametrize("key", ["pbsjob_gc_ds1", "group_ds1::host/nas"])
def test_whatever_becomes_of_a_job_or_a_client_has_a_title(
    servers: ServerLab, key: str, code: str, failures: int, language: str
) -> None:
    servers.look()
    subject = Subject.parse(key)
    cause = AlertCause(key="x", reason=Reason(ReasonCode(code)), subjects=(subject,))
    alert = Alert(
        tag=key, kind=AlertKind(subject.kind), about=subject, subjects=(subject,), causes=(cause,), failures=failures
    )
    record = AlertRecord(key=key, tag=key, kind=alert.kind, opened=servers.now, subjects=(subject,))
    for kind, held in ((MessageKind.OPENED, alert), (MessageKind.RECOVERED, None)):
        title = title_of(Message(kind=kind, record=record, alert=held), wording(servers, language))
        assert {"group": "nas", "pbsjob": "ds1"}[subject.kind] in title
