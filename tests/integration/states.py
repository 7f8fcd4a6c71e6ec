"""Looking at what Home Assistant shows, by the endings of unique ids."""

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN


def entity(hass: HomeAssistant, ending: str, domain: str = "binary_sensor") -> er.RegistryEntry | None:
    """Return the one entity whose unique id ends so."""
    entries = er.async_get(hass).entities.values()
    found = [entry for entry in entries if entry.domain == domain and entry.unique_id.endswith(ending)]
    assert len(found) <= 1, ending
    return found[0] if found else None


def shown(hass: HomeAssistant, ending: str, domain: str = "binary_sensor") -> State:
    """Return the state of that entity."""
    found = entity(hass, ending, domain)
    assert found is not None, ending
    state = hass.states.get(found.entity_id)
    assert state is not None, ending
    return state


def problem(hass: HomeAssistant, vmid: int) -> tuple[str, str]:
    """Return state and reason code of a guest's problem sensor."""
    state = shown(hass, f"_guest_{vmid}_problem")
    return state.state, state.attributes["reason_code"]


def device(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dr.DeviceEntry | None:
    """Return the device of a guest or job, such as `guest_101`."""
    identifier = (DOMAIN, f"{entry.unique_id}_{key}")
    return next(
        (
            found
            for found in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
            if identifier in found.identifiers
        ),
        None,
    )
