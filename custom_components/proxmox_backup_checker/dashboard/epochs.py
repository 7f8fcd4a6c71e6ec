"""Moments and durations as the cards get them."""

from datetime import datetime, timedelta


def epoch(moment: datetime | None) -> int | None:
    """Return a moment in epoch seconds."""
    return int(moment.timestamp()) if moment else None


def seconds(duration: timedelta | None) -> int | None:
    """Return a duration in seconds."""
    return int(duration.total_seconds()) if duration is not None else None
