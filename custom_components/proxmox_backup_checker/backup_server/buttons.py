"""A button that has everything on a backup server read again at once."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ServerConfigEntry
from .entity import ServerEntity, ServerEntityMakers, async_add_server_entities

SERVER_CHECK_NOW = ButtonEntityDescription(
    key="check_now", translation_key="check_now", entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_buttons(entry: ServerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the button of a server."""
    coordinator = entry.runtime_data
    makers = ServerEntityMakers(server=lambda subject: [ServerCheckNow(coordinator, subject, SERVER_CHECK_NOW)])
    await async_add_server_entities(entry, async_add_entities, makers)


class ServerCheckNow(ServerEntity, ButtonEntity):
    """Reads the server again, whatever was read lately."""

    @property
    @override
    def available(self) -> bool:
        """Always: somebody who waits for the server to come back wants to press it."""
        return True

    @override
    async def async_press(self) -> None:
        """Read everything again."""
        await self.coordinator.async_check_now()
