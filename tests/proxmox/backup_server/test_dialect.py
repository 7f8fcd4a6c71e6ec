"""Refusals of a backup server: plain text, and 400 for nearly everything."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.dialect import Refusal
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    PermissionDeniedError,
    ProxmoxError,
    ServiceDownError,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.dialect import BACKUP_SERVER
from custom_components.proxmox_backup_checker.proxmox.backup_server.errors import (
    DatastoreUnavailableError,
    UnknownParameterError,
)

from .samples import SAMPLES


def meaning(status: int, body: str | bytes, reason: str = "") -> ProxmoxError:
    """Return what a refusal means."""
    raw = body if isinstance(body, bytes) else body.encode()
    return BACKUP_SERVER.meaning(Refusal(where="pbs:8007", path="/x", status=status, reason=reason, body=raw))


def of_sample(name: str) -> ProxmoxError:
    """Return what a sample of a refusal means."""
    entry = next(value for key, value in SAMPLES.items() if key.startswith(name))
    return meaning(entry["http"], entry["text"])


def test_the_token_is_carried_as_a_backup_server_wants_it() -> None:
    header = BACKUP_SERVER.authorization("ha@pbs!ha", "1f2e3d4c-5b6a")
    assert header == "PBSAPIToken=ha@pbs!ha:1f2e3d4c-5b6a"
    assert BACKUP_SERVER.authorization("a@pbs!b", "50%:x") == "PBSAPIToken=a@pbs!b:50%25%3Ax"


def test_a_refused_login() -> None:
    error = of_sample("401 (any endpoint")
    assert isinstance(error, AuthenticationError)
    assert str(error) == "authentication failed"


def test_a_missing_right_is_named_where_the_server_names_it() -> None:
    error = of_sample("GET /admin/datastore/ds1/groups (no rights) HTTP 403")
    assert isinstance(error, PermissionDeniedError)
    assert (error.path, error.privileges) == ("/datastore/ds1/home", ("Datastore.Audit", "Datastore.Backup"))
    bare = of_sample("403 at the router")
    assert isinstance(bare, PermissionDeniedError)
    assert (bare.path, bare.privileges) == (None, ())


@pytest.mark.parametrize(
    ("message", "store", "reason"),
    [
        (
            "datastore 'cold' is unavailable: offline maintenance mode: disk swap",
            "cold",
            "offline maintenance mode: disk swap",
        ),
        ("datastore 'cold' is in offline maintenance mode: x", "cold", "offline maintenance mode: x"),
        ("datastore 'usb-a' is not mounted", "usb-a", "not mounted"),
        ("datastore 'x' is unavailable: datastore is being unmounted", "x", "datastore is being unmounted"),
    ],
)
def test_a_datastore_that_cannot_be_read_is_told_from_other_errors(message: str, store: str, reason: str) -> None:
    error = meaning(400, message)
    assert isinstance(error, DatastoreUnavailableError)
    assert (error.store, error.reason, error.message) == (store, reason, message)


def test_an_unknown_parameter_is_told_from_other_errors() -> None:
    error = of_sample("GET /admin/sync?sync-direction=all (<=3.2) HTTP 400")
    assert isinstance(error, UnknownParameterError)
    assert error.parameter == "sync-direction"


@pytest.mark.parametrize("message", ["no such datastore 'x'", "datastore 'x' is in use", "os error 2"])
def test_any_other_error_keeps_its_text(message: str) -> None:
    error = meaning(400, message)
    assert type(error) is ApiError
    assert (error.status, error.message) == (400, message)


def test_an_older_server_does_not_know_the_path() -> None:
    error = of_sample("GET /nodes/localhost/identity (older) HTTP 404")
    assert isinstance(error, ApiError)
    assert error.status == 404


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_in_front_of_a_server_that_is_off(status: int) -> None:
    assert isinstance(meaning(status, "<html>Bad Gateway</html>"), ServiceDownError)


def test_a_text_is_made_fit_for_one_line_of_a_log() -> None:
    error = meaning(400, b"parameter verification errors\n\nparameter 'x': bad\n\xff" + b"y" * 100_000)
    assert isinstance(error, ApiError)
    assert error.message.startswith("parameter verification errors parameter 'x': bad \ufffdy")
    assert len(error.message) <= 1_000


def test_without_a_text_the_reason_phrase_speaks() -> None:
    assert "Bad Request" in str(meaning(400, "", "Bad Request"))
    assert "no explanation" in str(meaning(418, ""))
