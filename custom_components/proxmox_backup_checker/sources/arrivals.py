"""The messages that Proxmox has sent to Home Assistant of its own accord."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..checker.model.facts import ToldRun
from ..proxmox.api.notifications import NotificationMessage

_KEPT: Final = 50


@dataclass(slots=True)
class Arrivals:
    """When the last message has arrived, and what it said; nothing where none has since the start. `told` are the last ones."""

    at: datetime | None = None
    message: NotificationMessage | None = None
    _told: deque[ToldRun] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def note(self, at: datetime, message: NotificationMessage) -> None:
        """Take note of a message."""
        self.at, self.message = at, message
        if message.node is not None and message.job_id is not None:
            # A host may call itself by its full name.
            self._told.append(ToldRun(node=message.node.partition(".")[0], job_id=message.job_id, at=at))

    @property
    def told(self) -> tuple[ToldRun, ...]:
        """The runs of which the last messages tell, oldest first."""
        return tuple(self._told)
