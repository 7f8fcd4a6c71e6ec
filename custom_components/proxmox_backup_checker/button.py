"""A button that has everything read again at once."""

from typing import Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .backup_server.buttons import async_setup_buttons
from .checker.model.subject import CLUSTER
from .const import is_backup_server
from .coordinator import CheckerCoordinator
from .entity import CheckerEntity, EntityMakers, async_add_entities_as_they_appear

# Two people who press at once are answered one after the other.
PARALLEL_UPDATES = 1

CHECK_NOW = ButtonEntityDescription(
    key="check_now", translation_key="check_now", entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of the cluster."""
    if is_backup_server(entry.data):
        await async_setup_buttons(entry, async_add_entities)
        return
    coordinator: CheckerCoordinator = entry.runtime_data
    makers = EntityMakers(cluster=lambda: [CheckNow(coordinator, CLUSTER, CHECK_NOW)])
    await async_add_entities_as_they_appear(entry, async_add_entities, makers)


class CheckNow(CheckerEntity, ButtonEntity):
    """Reads the cluster again, whatever was read lately."""

    @property
    @override
    def available(self) -> bool:
        """Always: somebody who waits for Proxmox to come back wants to press it."""
        return True

    @override
    async def async_press(self) -> None:
        """Read everything again."""
        await self.coordinator.async_check_now()
