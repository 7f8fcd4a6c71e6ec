"""Speed of schedules: events per second, beside the package oncalendar where both understand a schedule alike.

Usage: python benchmarks/calendar_event.py [events]

Both walk from event to event in one run, in turns, each several times; the best time on the processor counts. `last_before` is asked at
moments spread over a year and compared with `next_after` at the same moments. The exit status is 1 when a target is
missed: not slower than oncalendar, last_before at most five times next_after, a hostile schedule at most 20 ms.
"""

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
import random
import sys
import time
from zoneinfo import ZoneInfo

from oncalendar import OnCalendar, OnCalendarError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 10, 12, 34, 56, tzinfo=ZONE)
TYPICAL = (
    *("21:00", "mon..fri 22:00", "sun 01:00", "*:0/15", "hourly"),
    *("daily", "monthly", "*-*-1,15 02:00", "sat *-*-1..7 15:00", "quarterly"),
)
HARD = (
    *("*:*:*", "*-2-29 00:00", "fri *-*-13 03:00", "*/7:*/45:*/7", "*-*-1/7"),
    *(
        "*-*/5-1/3 0/5:0/7:0/11",
        "mon *-1,3..12/4-8..14,22..28 8..17:0/20",
        "*-*-1,31 03:00",
        "sun *-2-29 01:00",
        "2-30",
    ),
)
HOSTILE = {
    "never comes": "2-30",
    "never comes, 128 characters": "mon 2,4,6,9,11-31 " + ",".join(str(number) for number in range(41))[:110],
    "5,000 weekdays": ",".join(["mon..sun"] * 5000) + " 2-30",
    "5,000 times a number": ",".join(["30"] * 5000),
    "3,540 different steps": ",".join(f"{start}..59/{step}" for start in range(60) for step in range(1, 60)),
    "5,000 days and a month": "2-" + ",".join(["30"] * 5000),
    "2,000 years without the day": ",".join(str(year) for year in range(200, 2200)) + "-2-30",
    "50,000 digits": "0" * 50_000 + "5:00",
    "20,000 stars": "*" * 20_000,
    "20,000 open ranges": "1.." * 20_000,
}
ROUNDS = 5
MOMENTS = 300
ALIKE = 20
MOST_TIMES = 5
MOST_MILLISECONDS = 20


def best(work: Callable[[], object]) -> float:
    """Seconds that the processor spends on one run of the work, whatever else the machine does meanwhile."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def walk(event: CalendarEvent, count: int) -> int:
    """Go from event to event."""
    moment: datetime | None = START
    passed = 0
    while passed < count and moment is not None:
        moment = event.next_after(moment)
        passed += 1
    return passed


def peer_of(text: str) -> Callable[[], OnCalendar] | None:
    """What makes oncalendar's iterator, if it gives the same events."""
    try:
        theirs = list(islice(OnCalendar(text, START), ALIKE))
    except OnCalendarError:
        return None
    ours = list(islice(CalendarEvent.parse(text).slots(START, START + timedelta(days=366 * 150)), ALIKE))
    return (lambda: OnCalendar(text, START)) if ours[: len(theirs)] == theirs and theirs else None


def measure(text: str, count: int, moments: list[datetime]) -> tuple[str, bool]:
    """One line of the table, and whether its targets are met."""
    event, peer = CalendarEvent.parse(text), peer_of(text)
    ours, theirs, after, before = [], [], [], []
    passed = walk(event, count)
    their_count = sum(1 for _ in islice(peer(), count)) if peer else 0
    for _ in range(ROUNDS):
        ours.append(best(lambda: walk(event, count)) / passed)
        if peer:
            theirs.append(best(lambda: sum(1 for _ in islice(peer(), count))) / their_count)
        after.append(best(lambda: [event.next_after(moment) for moment in moments]) / len(moments))
        before.append(best(lambda: [event.last_before(moment) for moment in moments]) / len(moments))
    ratio = min(before) / min(after)
    slower = bool(theirs) and min(ours) > min(theirs)
    cells = [
        f"{text:42}",
        f"{1 / min(ours):10,.0f}",
        f"{1 / min(theirs):10,.0f}  {min(theirs) / min(ours):5.1f}x" if theirs else f"{'-':>10}  {'':6}",
        f"{min(after) * 1e6:9.1f}",
        f"{min(before) * 1e6:9.1f}  {ratio:5.1f}x",
    ]
    return "  ".join(cells), not slower and ratio <= MOST_TIMES


def hostile(text: str) -> float:
    """Milliseconds to read a schedule and to ask it all it can be asked; the best of several runs."""

    def ask() -> None:
        try:
            event = CalendarEvent.parse(text)
        except ValueError:
            return
        event.next_after(START)
        event.last_before(START)

    return min(best(ask) for _ in range(ROUNDS)) * 1000


def main() -> int:
    """Print the tables; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "events", type=int, nargs="?", default=500, help="how many events to walk (default: %(default)s)"
    )
    count = parser.parse_args().events
    dice = random.Random(1)
    moments = [START + timedelta(seconds=dice.randrange(365 * 86400)) for _ in range(MOMENTS)]
    missed = 0
    print(f"{'':42}  {'events/s':>10}  {'oncalendar':>10}  {'':6}  {'next µs':>9}  {'last µs':>9}")
    for title, schedules in (("typical", TYPICAL), ("hard", HARD)):
        print(title)
        for text in schedules:
            line, met = measure(text, count, moments)
            missed += not met
            print(f"{line}{'' if met else '  MISSED'}")
    print(f"\n{'hostile':42}  {'characters':>10}  {'ms':>10}")
    for name, text in HOSTILE.items():
        spent = hostile(text)
        missed += spent > MOST_MILLISECONDS
        print(f"{name:42}  {len(text):10,}  {spent:10.2f}{'  MISSED' if spent > MOST_MILLISECONDS else ''}")
    print("\nall targets met" if not missed else f"\n{missed} targets missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
