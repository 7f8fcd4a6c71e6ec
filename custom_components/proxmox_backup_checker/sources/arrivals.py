"""The messages that Proxmox has sent to Home Assistant of its own accord."""

from dataclasses import dataclass
from datetime import datetime

from ..proxmox.api.notifications import NotificationMessage


@dataclass(slots=True)
class Arrivals:
    """When the last message has arrived, and what it said; nothing where none has since the start."""

    at: datetime | None = None
    message: NotificationMessage | None = None

    def note(self, at: datetime, message: NotificationMessage) -> None:
        """Take note of a message."""
        self.at, self.message = at, message
