"""Repair issues of a backup server: what a person can mend, and what keeps us from seeing."""

from homeassistant.core import HomeAssistant, callback

from ..const import CONF_TOKEN_ID
from ..devices import PROBLEM, device_key
from ..proxmox.api.errors import CertificateUntrustedError, ProxmoxError
from ..proxmox.backup_server.privileges import grant_commands, missing_privileges
from ..repair_issues import IssueKeeper
from ..texts.markdown import code, inert
from .coordinator import ServerCoordinator


class ServerIssues(IssueKeeper):
    """Keeps the repair issues of one server in step with what the last poll met."""

    def __init__(self, hass: HomeAssistant, coordinator: ServerCoordinator) -> None:
        """Speak for the server of this coordinator."""
        super().__init__(hass, coordinator.config_entry)
        self._coordinator = coordinator

    @callback
    def update(self) -> None:
        """Raise what is wrong now and delete what is mended."""
        error = self._coordinator.last_error
        if self._changed_certificate(error, "server_certificate_changed") or self._untrusted_certificate(error):
            return
        if error is not None or self._coordinator.data is None:
            return
        self._delete("certificate_changed")
        self._delete("certificate_untrusted")
        self._rights()
        self._entity_limit("server_entity_limit", self._problem_sensors())

    def _untrusted_certificate(self, error: ProxmoxError | None) -> bool:
        """Raise that the system no longer trusts the certificate, as once it has expired, and say whether that is so."""
        if not isinstance(error, CertificateUntrustedError):
            return False
        placeholders = {"cluster": self._entry.title, "error": str(error)}
        self._raise(
            "certificate_untrusted",
            "server_certificate_untrusted",
            fixable=True,
            page="certificates.md",
            placeholders=placeholders,
        )
        return True

    def _rights(self) -> None:
        facts = self._coordinator.assessment.facts
        missing = missing_privileges(facts.permissions, facts.hidden_stores) if facts is not None else ()
        if not missing:
            self._delete("missing_privileges")
            return
        token_id = self._entry.data[CONF_TOKEN_ID]
        self._raise(
            "missing_privileges",
            "server_missing_privileges",
            placeholders={
                "cluster": self._entry.title,
                "token": token_id,
                "missing": "\n".join(f"- {right.name} ({inert(right.path)})" for right in missing),
                "lines": "\n".join(code(line) for line in grant_commands(missing, token_id)),
            },
        )

    def _problem_sensors(self) -> list[str]:
        """Return the unique ids of all problem sensors."""
        identity = self._coordinator.identity
        return [f"{device_key(identity, subject)}{PROBLEM}" for subject in self._coordinator.assessment.verdicts]
