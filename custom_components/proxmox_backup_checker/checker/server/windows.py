"""The hours in which a server is on: outside of them it is asleep, and what it owes is counted up when they end."""

from datetime import datetime, timedelta
from typing import Final

from ..model.server_options import Hours, ServerOptions
from .clock import ServerClock
from .context import ServerContext

_DAY: Final = timedelta(days=1)


def is_awake(now: datetime, options: ServerOptions, clock: ServerClock) -> bool:
    """Tell whether the server is to be on at a moment."""
    local = clock.local(now).time()
    return not options.awake or any(hours.holds(local) for hours in options.awake)


def due_by_window(due: datetime, context: ServerContext) -> bool:
    """Tell whether what was due has had its time: at once where the server is always on, else when its hours end."""
    options, clock = context.options, context.clock
    if not options.awake:
        return True
    ended = max(_last_end(hours, context.present, clock) for hours in options.awake)
    return due < ended


def _last_end(hours: Hours, now: datetime, clock: ServerClock) -> datetime:
    """Return when these hours ended last."""
    local = clock.local(now)
    end = datetime.combine(local.date(), hours.end, local.tzinfo)
    if end > local:
        end = datetime.combine(local.date() - _DAY, hours.end, local.tzinfo)
    return end.astimezone(now.tzinfo) - clock.skew
