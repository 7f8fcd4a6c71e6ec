"""The errors that Home Assistant shows, in the language of the user, for those that Proxmox or the network gives."""

from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
)


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error of a request that cannot be served as it is."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )


def action_error(error: ProxmoxError) -> HomeAssistantError:
    """Return the error of a request that Proxmox did not serve."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=_key(error), translation_placeholders={"error": str(error)}
    )


def poll_error(error: ProxmoxError) -> HomeAssistantError:
    """Return the error of a poll."""
    if isinstance(error, AuthenticationError):
        return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_auth")
    return UpdateFailed(
        translation_domain=DOMAIN, translation_key=_key(error), translation_placeholders={"error": str(error)}
    )


def _key(error: ProxmoxError) -> str:
    match error:
        case AuthenticationError():
            return "invalid_auth"
        case CertificateChangedError():
            return "certificate_changed"
        case PermissionDeniedError():
            return "permission_denied"
        case NodeUnreachableError():
            return "node_unreachable"
        case CannotConnectError():
            return "cannot_connect"
        case _:
            return "unexpected_answer"
