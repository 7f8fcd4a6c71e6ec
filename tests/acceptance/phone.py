"""A phone with Home Assistant's app, connected through the app's own push channel, and what it shows."""

from dataclasses import dataclass, field
import logging
from typing import Any

from homeassistant.auth.models import User
from homeassistant.components.mobile_app.const import DOMAIN as MOBILE_APP
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.http import WebSocketAdapter
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

WEBHOOK = "phone-webhook"


@dataclass
class Shown:
    """A notification on the screen."""

    title: str
    message: str
    data: dict[str, Any] = field(repr=False)

    @property
    def buttons(self) -> dict[str, str]:
        """Return the actions of the buttons by the words on them."""
        return {button["title"]: button["action"] for button in self.data.get("actions", ())}

    @property
    def rings(self) -> bool:
        """Tell whether it rings on a muted phone, on either system."""
        push = self.data["push"]
        ios: bool = push.get("interruption-level") == "critical" and push["sound"]["critical"] == 1
        android = self.data.get("channel") == "alarm_stream" and self.data.get("ttl") == 0
        assert ios == android
        return ios


@dataclass
class Phone:
    """What has arrived, and what is on the screen by tag; `plain` are pushes without either."""

    hass: HomeAssistant
    device_id: str
    arrived: list[Shown] = field(default_factory=list)
    screen: dict[str, Shown] = field(default_factory=dict)
    plain: list[dict[str, Any]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        """Return the titles of all that arrived, the first one first."""
        return [shown.title for shown in self.arrived]

    @property
    def only(self) -> Shown:
        """Return the one notification on the screen."""
        [shown] = self.screen.values()
        return shown

    def take(self, push: dict[str, Any]) -> None:
        """Show what the push channel brings; the same tag replaces what is there."""
        if "data" not in push:
            self.plain.append(push)
            return
        data = push["data"]
        if push["message"] == "clear_notification":
            self.screen.pop(data["tag"], None)
            return
        shown = Shown(push.get("title", ""), push["message"], data)
        self.arrived.append(shown)
        self.screen[data["tag"]] = shown

    async def press(self, word: str) -> None:
        """Press a button of the only notification, as the app tells Home Assistant of it."""
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": self.only.buttons[word]})
        # What follows from the press waits in the automation's queue until the press itself is done.
        for _ in range(2):
            await self.hass.async_block_till_done()


async def connect_phone(hass: HomeAssistant) -> Phone:
    """Register a phone and open its push channel, as the app does while it is at home."""
    assert await async_setup_component(hass, MOBILE_APP, {})
    assert await async_setup_component(hass, "notify", {})
    user = await hass.auth.async_create_system_user("phone")
    entry = MockConfigEntry(
        domain=MOBILE_APP,
        title="Phone",
        data={
            "app_data": {"push_websocket_channel": True},
            "app_id": "io.robbie.HomeAssistant",
            "app_name": "Home Assistant",
            "app_version": "1",
            "device_id": "phone",
            "device_name": "Phone",
            "manufacturer": "any",
            "model": "any",
            "os_name": "any",
            "os_version": "1",
            "supports_encryption": False,
            "user_id": user.id,
            "webhook_id": WEBHOOK,
        },
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return await open_channel(hass, user)


async def open_channel(hass: HomeAssistant, user: User) -> Phone:
    """Let the phone that this user has registered open its push channel."""
    [entry] = hass.config_entries.async_entries(MOBILE_APP)
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    phone = Phone(hass, device.id)

    def receive(message: bytes | str | dict[str, Any]) -> None:
        if isinstance(message, dict) and message["type"] == "event":
            phone.take(message["event"])

    app = ActiveConnection(WebSocketAdapter(logging.getLogger(__name__), {}), hass, receive, user, None, None)
    app.async_handle({"id": 1, "type": "mobile_app/push_notification_channel", "webhook_id": WEBHOOK})
    await hass.async_block_till_done()
    return phone
