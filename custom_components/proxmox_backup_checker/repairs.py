"""Repairs that Home Assistant can carry out itself."""

from typing import Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow

from .const import CONF_FINGERPRINT
from .coordinator import CheckerConfigEntry
from .proxmox.api.errors import CannotConnectError
from .proxmox.api.tls import fetch_fingerprint

_FINGERPRINT: Final = "fingerprint"


class CertificateRepairFlow(RepairsFlow):
    """Trust the new certificate of the Proxmox host, after a person has compared it."""

    def __init__(self, entry: CheckerConfigEntry, shown: dict[str, str]) -> None:
        """Ask about the certificate whose fingerprint stands in the issue."""
        self._entry = entry
        self._shown = shown

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show both fingerprints and, once confirmed, pin the one that was shown, if the host still has it."""
        errors: dict[str, str] = {}
        is_shown = _FINGERPRINT in self._shown
        if user_input is not None or not is_shown:
            try:
                fingerprint = await fetch_fingerprint(self._entry.data[CONF_HOST], self._entry.data[CONF_PORT])
            except CannotConnectError:
                errors["base"] = "cannot_connect"
            else:
                if fingerprint == self._shown.get(_FINGERPRINT):
                    return self._pin(fingerprint)
                self._shown[_FINGERPRINT] = fingerprint
                if is_shown:
                    errors["base"] = "changed_again"
        shown = {_FINGERPRINT: "–", **self._shown}
        return self.async_show_form(step_id="confirm", errors=errors, description_placeholders=shown)

    def _pin(self, fingerprint: str) -> RepairsFlowResult:
        self.hass.config_entries.async_update_entry(
            self._entry, data={**self._entry.data, CONF_FINGERPRINT: fingerprint}
        )
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue; only the certificate can be mended from here."""
    shown = {key: str(value) for key, value in (data or {}).items()}
    entry: CheckerConfigEntry | None = hass.config_entries.async_get_entry(shown.get("entry_id", ""))
    if entry is None:
        raise UnknownFlow(f"The cluster of {issue_id} is no longer configured")
    return CertificateRepairFlow(entry, shown)
