"""The lines that set up a webhook in Proxmox, the body that it then sends, and the jobs that send none."""

from base64 import b64decode
import json
import shlex

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob
from custom_components.proxmox_backup_checker.proxmox.api.notifications import (
    BODY,
    NotificationMessage,
    WebhookTarget,
    undelivered,
    unheard_jobs,
)

TARGET = WebhookTarget(
    name="home-assistant-1a2b3c", origin="http://10.0.0.5:8123", path="/api/webhook", secret="5ec2e7" * 10
)


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """Return a line as a shell splits it: its words, and its options."""
    words = shlex.split(line)
    first = next((number for number, word in enumerate(words) if word.startswith("--")), len(words))
    options = words[first:]
    return words[:first], dict(zip(options[::2], options[1::2], strict=True))


def decoded(pair: str) -> tuple[str, str]:
    """Return name and value of one of Proxmox's pairs."""
    name, value = pair.removeprefix("name=").split(",value=")
    return name, b64decode(value, validate=True).decode()


def rendered(template: str, **values: object) -> bytes:
    """Return a template as Proxmox fills it: `json` writes a value as JSON, whatever it is."""
    for name, value in values.items():
        template = template.replace(f"{{{{ json {name} }}}}", json.dumps(value))
    assert "{{" not in template
    return template.encode()


def test_the_lines_create_a_target_and_a_matcher_for_backups() -> None:
    target, matcher = map(parsed, TARGET.creation)
    assert target[0] == ["pvesh", "create", "/cluster/notifications/endpoints/webhook"]
    assert target[1]["--name"] == "home-assistant-1a2b3c"
    assert target[1]["--method"] == "post"
    assert target[1]["--url"] == "http://10.0.0.5:8123/api/webhook/{{ secrets.webhook }}"
    assert decoded(target[1]["--secret"]) == ("webhook", TARGET.secret)
    assert decoded(target[1]["--header"]) == ("Content-Type", "application/json")
    assert b64decode(target[1]["--body"], validate=True).decode() == BODY
    assert matcher == (
        ["pvesh", "create", "/cluster/notifications/matchers"],
        {
            "--name": "home-assistant-1a2b3c-backups",
            "--target": "home-assistant-1a2b3c",
            "--match-field": "exact:type=vzdump",
        },
    )


def test_the_secret_stands_in_its_field_alone() -> None:
    for line in (*TARGET.creation, TARGET.test, TARGET.renewal, *TARGET.removal):
        assert TARGET.secret not in line


def test_names_are_different_and_as_long_as_proxmox_takes_them() -> None:
    names = [parsed(line)[1]["--name"] for line in TARGET.creation]
    assert len(set(names)) == 2
    assert all(2 <= len(name) <= 32 for name in names)


def test_other_lines_test_renew_and_remove_what_was_created() -> None:
    assert TARGET.test == "pvesh create /cluster/notifications/targets/home-assistant-1a2b3c/test"
    words, options = parsed(TARGET.renewal)
    assert words == ["pvesh", "set", "/cluster/notifications/endpoints/webhook/home-assistant-1a2b3c"]
    assert decoded(options["--secret"]) == ("webhook", TARGET.secret)
    assert TARGET.removal == (
        "pvesh delete /cluster/notifications/matchers/home-assistant-1a2b3c-backups",
        "pvesh delete /cluster/notifications/endpoints/webhook/home-assistant-1a2b3c",
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"type": "vzdump", "hostname": "pve1", "job-id": "nightly"}, ("pve1", "nightly")),
        ({"type": "vzdump", "hostname": "pve1"}, ("pve1", None)),
        ({}, (None, None)),
        ({"hostname": "a\nb", "job-id": 7}, (None, None)),
        ({"hostname": "n" * 5000}, ("n" * 100, None)),
    ],
)
def test_the_body_that_proxmox_makes_is_understood(
    fields: dict[str, object], said: tuple[str | None, str | None]
) -> None:
    body = rendered(BODY, severity="info", timestamp=1796083551, fields=fields)
    message = NotificationMessage.parse(body)
    assert (message.node, message.job_id) == said


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"[]", b"{}", b'{"fields": []}', b"\xff\xfe", b"1e999", b"[" * 60_000, b'"\\ud800"']
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        NotificationMessage.parse(body)


@pytest.mark.parametrize(
    ("options", "is_unheard"),
    [
        ({}, False),
        ({"mailto": "root@example.com"}, True),
        ({"mailto": ""}, False),
        ({"notification-mode": "auto", "mailto": "root"}, True),
        ({"notification-mode": "auto"}, False),
        ({"notification-mode": "notification-system", "mailto": "root"}, False),
        ({"notification-mode": "legacy-sendmail"}, True),
    ],
)
def test_jobs_that_tell_by_mail_alone_are_named(options: dict[str, object], is_unheard: bool) -> None:
    job = BackupJob(job_id="nightly", enabled=True, schedule="02:00", storage="nas", options=options)
    assert unheard_jobs([job]) == ([job] if is_unheard else [])


def test_the_log_of_a_run_says_why_a_message_was_not_delivered() -> None:
    log = (
        "INFO: Backup job finished successfully\n"
        "ERROR: could not notify via target `mail-to-root`: no sendmail\n"
        "ERROR: could not notify via target `home-assistant-1a2b3c`: io: Connection refused\n"
        "TASK OK\n"
    )
    assert undelivered(log, "home-assistant-1a2b3c") == "io: Connection refused"
    assert undelivered(log, "home-assistant-1a2b") is None
    assert undelivered("TASK OK\n", "home-assistant-1a2b3c") is None
