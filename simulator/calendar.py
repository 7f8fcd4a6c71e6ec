"""When schedules fire: what the scheduler of a node asks."""

from collections.abc import Callable
from datetime import datetime

type Calendar = Callable[[str, datetime], datetime | None]
"""Returns the first event of a schedule after a moment in the node's zone; raises ValueError where it cannot be read."""


def proxmox_calendar(schedule: str, after: datetime) -> datetime | None:
    """Return the first event as the integration computes it, which thousands of answers of Proxmox prove right."""
    # A cluster with a calendar of its own needs nothing of the integration.
    from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent  # noqa: PLC0415

    return CalendarEvent.parse(schedule).next_after(after)
