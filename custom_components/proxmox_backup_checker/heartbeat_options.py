"""Options for the sign of life that another monitor gets."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio
from yarl import URL

from .const import CONF_HEARTBEAT_URL

_HEARTBEAT_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(probatio.Secret(CONF_HEARTBEAT_URL)): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL)
        )
    }
)


class HeartbeatOptions(OptionsFlowWithReload):
    """Keeps the address of another monitor."""

    async def async_step_heartbeat(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of another monitor; an empty one ends it."""
        errors: dict[str, str] = {}
        entered = self.config_entry.options if user_input is None else user_input
        if user_input is not None:
            kept = {name: value for name, value in self.config_entry.options.items() if name != CONF_HEARTBEAT_URL}
            if not (address := user_input.get(CONF_HEARTBEAT_URL, "").strip()):
                return self.async_create_entry(data=kept)
            try:
                return self.async_create_entry(data={**kept, CONF_HEARTBEAT_URL: _heartbeat_address(address)})
            except ValueError:
                errors[CONF_HEARTBEAT_URL] = "invalid_heartbeat"
        return self.async_show_form(
            step_id="heartbeat",
            data_schema=self.add_suggested_values_to_schema(_HEARTBEAT_SCHEMA, entered),
            errors=errors,
        )


def _heartbeat_address(text: str) -> str:
    """Return an entered address as it is kept; raises ValueError where none can be asked over HTTP."""
    url = URL(text.strip())
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("no address that can be asked over HTTP")
    return str(url)
