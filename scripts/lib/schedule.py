"""Tells what a Proxmox schedule means: as a sentence, with its last and next events and its surprises."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
import sys
from types import ModuleType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if __name__ == "__main__":
    # The integration itself would import Home Assistant, for seconds; what is needed of it stands alone.
    ROOT = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(ROOT))
    integration = ModuleType("custom_components.proxmox_backup_checker")
    integration.__path__ = [str(ROOT / "custom_components" / "proxmox_backup_checker")]
    sys.modules[integration.__name__] = integration

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent
from custom_components.proxmox_backup_checker.proxmox.calendar.surprises import SurpriseCode

EXPLANATIONS = {
    SurpriseCode.MINUTE_NOT_HOUR: '"{text}" is a minute, not an hour: it comes every hour at minute {minutes}; an hour ends in ":00"',
    SurpriseCode.HOUR_READ_AS_MINUTE: '"{text}" has no valid hour: Proxmox reads minute {minutes}, second {seconds} of every hour',
    SurpriseCode.LIST_OF_TIMES: '"{text}" is no list of times: Proxmox reads hour {hours}, minutes {minutes}, second {seconds}',
    SurpriseCode.HOURS_READ_AS_DATE: '"{text}" is a date: day {day} of month {month}, once a year',
    SurpriseCode.STEP_SKIPS: "the step runs on past the end of its period, so Proxmox misses {field} {missed} of the next",
    SurpriseCode.SHORT_MONTH_SKIPS: "after a month too short for the other days, Proxmox misses day {missed} of the next",
    SurpriseCode.LEFT_OUT_MONTHS: "months without a day {day} have no event",
    SurpriseCode.NEVER: "it never comes: there is no such date",
    SurpriseCode.SWALLOWED_BY_CLOCK_CHANGE: "the clock change on {date} skips {time}: no event then",
    SurpriseCode.SEVERAL_AN_HOUR: "it comes {slots} times an hour",
}


def asked_for(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the user asks."""
    parser = argparse.ArgumentParser(prog="scripts/schedule", description=__doc__)
    parser.add_argument("schedule", help='as in Proxmox, for example "mon..fri 21:00"')
    parser.add_argument("--zone", type=zone, default="UTC", help="time zone of the node (default: %(default)s)")
    parser.add_argument("--at", type=local_moment, help="moment in that zone, ISO 8601 (default: now)")
    parser.add_argument("--count", type=count, default=5, help="how many events to show (default: %(default)s)")
    parser.add_argument("--language", choices=("en", "de"), default="en", help="of the sentence (default: %(default)s)")
    return parser.parse_args(arguments)


def zone(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"no time zone is called {name!r}") from error


def local_moment(text: str) -> datetime:
    """A moment as ISO 8601 writes it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment such as 2027-03-28T12:00") from error


def count(text: str) -> int:
    """A number of events."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of events, 1 or more")
    return int(text)


def lines(event: CalendarEvent, now: datetime, most: int, language: str) -> Iterator[str]:
    """What there is to say of a schedule."""
    yield f"{event.text!r}: {event.describe(language)}"
    yield f"now     {shown(now)}  {now.tzinfo}"
    last = event.last_before(now)
    yield f"last    {shown(last) if last else 'none'}"
    moment: datetime | None = now
    for number in range(1, most + 1):
        before, moment = moment, event.next_after(moment) if moment else None
        if moment is None:
            yield f"next {number}  none"
            if before and event.next_after(before.astimezone(UTC)):
                yield "        (Proxmox' search gives up at a clock change of this zone)"
            break
        yield f"next {number}  {shown(moment)}"
        if before is not None and moment.timestamp() <= before.timestamp():
            yield "        (not later than the moment before: Proxmox is led back in time by a clock change)"
            break
    for surprise in event.surprises(now):
        yield f"note    {EXPLANATIONS[surprise.code].format(**surprise.values)}"


def shown(moment: datetime) -> str:
    """A moment with its weekday and its shift from UTC."""
    return f"{moment:%a %Y-%m-%d %H:%M:%S %z}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print it; 1 when Proxmox refuses the schedule."""
    asked = asked_for(arguments)
    now = datetime.now(UTC).astimezone(asked.zone)
    if asked.at is not None:
        now = asked.at.astimezone(asked.zone) if asked.at.tzinfo else asked.at.replace(tzinfo=asked.zone)
    try:
        event = CalendarEvent.parse(asked.schedule)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines(event, now, asked.count, asked.language)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
