"""What Home Assistant shows when Proxmox does not serve a request."""

import json
from pathlib import Path

from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
    UnexpectedAnswerError,
)
from custom_components.proxmox_backup_checker.translated_errors import action_error, poll_error

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "proxmox_backup_checker" / "translations"
ERRORS = [
    (AuthenticationError("no such token"), "invalid_auth"),
    (CertificateChangedError("AA:BB", "CC:DD"), "certificate_changed"),
    (PermissionDeniedError("Permission check failed"), "permission_denied"),
    (NodeUnreachableError("pve2", "No route to host"), "node_unreachable"),
    (CannotConnectError("timed out"), "cannot_connect"),
    (ApiError(500, "broken"), "unexpected_answer"),
    (UnexpectedAnswerError("no JSON"), "unexpected_answer"),
]


@pytest.mark.parametrize(("error", "key"), ERRORS)
def test_every_error_is_told_in_the_language_of_the_user(error: ProxmoxError, key: str) -> None:
    shown = action_error(error)
    assert type(shown) is HomeAssistantError
    assert shown.translation_key == key
    assert shown.translation_placeholders == {"error": str(error)}
    for language in ("en", "de"):
        texts = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
        assert key in texts["exceptions"]


@pytest.mark.parametrize(("error", "key"), ERRORS)
def test_a_poll_that_fails_asks_for_a_new_token_where_it_is_refused(error: ProxmoxError, key: str) -> None:
    shown = poll_error(error)
    assert type(shown) is (ConfigEntryAuthFailed if key == "invalid_auth" else UpdateFailed)
    assert isinstance(shown, HomeAssistantError)
    assert shown.translation_key == key
