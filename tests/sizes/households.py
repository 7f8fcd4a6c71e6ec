"""Three months of backups of guests as homes and small companies run them: by what their programs do to a disk, day by day.

Written without a look at any rule, and apart from `ordinary`: there changes are drawn from one distribution with a guest's own
parameters, here each program has habits of its own, whose sizes follow from what it writes, rewrites, deletes and trims.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from .ordinary import BEGIN, DAYS, GIB, MIB, Night

CHUNK: Final = 4 * MIB
_FULL: Final = 0.92


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    """What a program may look at: the day, how much data there is, and how far into its months it is."""

    day: date
    number: int
    data: float
    random: Random

    @property
    def is_weekend(self) -> bool:
        """Whether nobody works."""
        return self.day.weekday() > 4

    @property
    def is_month_end(self) -> bool:
        """Whether it is the last or the first day of a month."""
        return self.day.day == 1 or (self.day + timedelta(days=1)).day == 1

    @property
    def is_patch_day(self) -> bool:
        """Whether Windows fetches updates: the day after the second Tuesday of a month."""
        return self.day.weekday() == 2 and 9 <= self.day.day <= 15

    def about(self, middle: float, spread: float = 0.4) -> float:
        """Return what is usually about so much."""
        return middle * self.random.lognormvariate(0, spread)

    def sometimes(self, days: float) -> bool:
        """Tell whether it happens today what happens once in so many days."""
        return self.random.random() * days < 1


@dataclass(frozen=True, slots=True)
class Written:
    """What a day does to the disks, in GiB: blocks written anew or over others, data added, data deleted."""

    rewritten: float
    added: float = 0.0
    deleted: float = 0.0


type Program = Callable[[Today], Written]


def postgres(now: Today) -> Written:
    """A busy database: rows all over the tables, now and then a table that is written anew, a batch at the end of the month."""
    rows = now.about(2.5 if not now.is_weekend else 1.2)
    repacked = now.data * now.random.uniform(0.2, 0.5) if now.day.weekday() == 6 and now.day.day <= 7 else 0.0
    return Written(rows * (3 if now.is_month_end else 1) + repacked, now.about(0.12))


def sql_server(now: Today) -> Written:
    """A Windows database that dumps itself to a second disk each night and builds its indexes anew on Sundays."""
    patches = now.about(9) if now.is_patch_day else 0.0
    indexes = now.data * now.random.uniform(0.25, 0.4) if now.day.weekday() == 6 else 0.0
    return Written(now.about(0.25 * now.data, 0.06) + patches + indexes, now.about(0.08), 0.0)


def mail(now: Today) -> Written:
    """A mail server: attachments with a heavy tail on working days, indexes, and mails purged once a month."""
    mails = now.random.paretovariate(1.5) * (0.05 if now.is_weekend else 0.25)
    purged = now.data * 0.06 if now.day.day == 1 else 0.0
    return Written(now.about(0.6) + 2 * purged, min(mails, 0.1 * now.data), purged)


def media(now: Today) -> Written:
    """A media server: thumbnails and its database, a film some evenings, and a whole collection once."""
    film = now.random.uniform(2, 40) if now.sometimes(4) else 0.0
    collection = now.random.uniform(120, 220) if now.sometimes(60) else 0.0
    return Written(now.about(1.5, 0.7), film + collection)


def photos(now: Today) -> Written:
    """A family's cloud: little but after holidays, when phones bring everything at once, and previews a day or two after."""
    holiday = now.about(30, 0.5) if now.sometimes(35) else 0.0
    return Written(now.about(0.8, 0.5) + holiday * 0.1, now.about(0.2, 1.0) + holiday)


def office(now: Today) -> Written:
    """A company's files: nothing on weekends, projects that are laid away, and a tidy-up each quarter."""
    if now.is_weekend:
        return Written(now.about(0.15))
    project = now.about(25, 0.6) if now.sometimes(30) else 0.0
    tidied = now.data * now.random.uniform(0.05, 0.2) if now.sometimes(60) else 0.0
    return Written(now.about(3), now.about(0.8, 0.8) + project, tidied)


def home_automation(now: Today) -> Written:
    """Home Assistant: its database all day, repacked on the second Sunday of a month, and an update in the first week."""
    repacked = 4.0 if now.day.weekday() == 6 and 8 <= now.day.day <= 14 else 0.0
    updated = now.about(3.5, 0.3) if now.day.weekday() == 3 and now.day.day <= 7 else 0.0
    return Written(now.about(1.4, 0.2) + repacked + updated, 0.02, 0.02)


def name_server(now: Today) -> Written:
    """A small container: a log that rotates, lists that are fetched once a week, packages now and then."""
    lists = 0.12 if now.day.weekday() == 6 else 0.0
    packages = now.about(0.25) if now.sometimes(20) else 0.0
    return Written(now.about(0.03) + lists + packages, 0.004, 0.02 if now.day.weekday() == 0 else 0.0)


def containers(now: Today) -> Written:
    """A Docker host: images that are pulled some nights, and all that is unused thrown away once a month."""
    pulled = now.random.uniform(0.5, 9) if now.sometimes(3) else 0.0
    return Written(now.about(2) + pulled, pulled * 0.6, now.data * 0.15 if now.day.day == 3 else 0.0)


def builds(now: Today) -> Written:
    """A build machine: much on working days, with a cache that is emptied now and then."""
    if now.is_weekend and not now.sometimes(4):
        return Written(now.about(0.3))
    return Written(now.about(9, 0.8), now.about(1.2, 0.8), now.data * 0.4 if now.sometimes(30) else 0.0)


def windows(now: Today) -> Written:
    """A desktop: page file and browser, patches once a month, a whole new version now and then, optimised once a week."""
    patches = now.about(8, 0.3) if now.is_patch_day else 0.0
    version = now.random.uniform(18, 28) if now.sometimes(120) else 0.0
    optimised = now.about(2) if now.day.weekday() == 2 else 0.0
    return Written(now.about(2.2, 0.5) + patches + version + optimised, now.about(0.1, 1.0), version * 0.3)


def metrics(now: Today) -> Written:
    """A monitoring server: blocks that are merged, larger ones every nine days."""
    return Written(now.about(3.2, 0.15) + (7 if now.number % 9 == 0 else 0), 0.3, 0.25)


def recorder(now: Today) -> Written:
    """A video recorder: a ring that is written over, more in windy nights."""
    return Written(now.about(42, 0.25))


def appliance(now: Today) -> Written:
    """A firewall: a few log files, and a new release twice in the months."""
    return Written(now.about(0.05, 0.4) + (1.5 if now.sometimes(50) else 0), 0.002, 0.002)


def accounting(now: Today) -> Written:
    """Bookkeeping: little, wages in the middle of the month, and everything at once when a month ends."""
    busy = 10 if now.is_month_end else 4 if now.day.day == 15 else 0.4 if now.is_weekend else 1
    return Written(now.about(0.5) * busy + (now.about(7) if now.is_patch_day else 0), now.about(0.03) * busy)


def game(now: Today) -> Written:
    """A game server: played at weekends, with archives of its own of which it keeps seven."""
    return Written(now.about(4 if now.is_weekend else 0.8, 0.6) + 3.0, now.about(0.1, 0.8))


def directory(now: Today) -> Written:
    """A directory server: always the same, a new kernel and packages once a month."""
    return Written(now.about(0.35, 0.2) + (now.about(1.8, 0.3) if now.sometimes(30) else 0), 0.01, 0.008)


def laboratory(now: Today) -> Written:
    """A machine to try things on, for which no day is like another."""
    return Written(now.about(3, 1.2), now.about(0.5, 1.2), now.about(0.5, 1.2))


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """A guest: its program, its disks and what is on them in GiB, how it is backed up, and how often it is off for how many days."""

    program: Program
    disks: int
    data: float
    every: int = 1
    speed: float = 180.0
    compressed: float = 0.55
    off_every: float = 0.0
    off_days: tuple[int, int] = (1, 3)
    is_container: bool = False

    @property
    def name(self) -> str:
        """What it is known by."""
        return self.program.__name__


HOUSEHOLDS: Final[Mapping[str, Household]] = {
    household.name: household
    for household in (
        Household(program=postgres, disks=120, data=60),
        Household(program=sql_server, disks=250, data=90, speed=110),
        Household(program=mail, disks=80, data=45),
        Household(program=media, disks=4096, data=1900, compressed=0.98, speed=350),
        Household(program=photos, disks=1000, data=380, compressed=0.97),
        Household(program=office, disks=600, data=310, compressed=0.7, speed=110),
        Household(program=home_automation, disks=32, data=11),
        Household(program=name_server, disks=4, data=1.1, is_container=True, speed=60),
        Household(program=containers, disks=100, data=42),
        Household(program=builds, disks=200, data=70),
        Household(program=windows, disks=160, data=85, off_every=9),
        Household(program=metrics, disks=64, data=30),
        Household(program=recorder, disks=500, data=430, compressed=0.99),
        Household(program=appliance, disks=16, data=2.4),
        Household(program=accounting, disks=80, data=38),
        Household(program=game, disks=60, data=25, is_container=True, off_every=40, off_days=(5, 15)),
        Household(program=directory, disks=60, data=14, every=7),
        Household(program=laboratory, disks=100, data=30, off_every=25, off_days=(7, 30)),
    )
}


@dataclass(slots=True)
class _Disks:
    """The disks of a guest: live data, blocks that were deleted and not given back yet, and whether changes are being kept track of."""

    data: float
    stale: float = 0.0
    tracked: bool = False

    def take(self, written: Written, size: float) -> float:
        """Take what a day writes, and return in GiB what is new of it."""
        added = max(min(written.added, size * _FULL - self.data), 0.0)
        self.stale = max(self.stale - added, 0.0) + min(written.deleted, self.data * 0.9)
        self.data += added - min(written.deleted, self.data * 0.9)
        return min(written.rewritten + added, self.data + self.stale)


def life(household: Household, seed: int, *, on_server: bool, days: int = DAYS) -> list[Night]:
    """Return the backups of a guest, oldest first: as many as it would make in these days if it made one each day."""
    random = Random(f"{household.name} at home {seed} {on_server}")
    disks = _Disks(household.data)
    off_until, reboot = 0, random.randrange(30)
    resilver = random.randrange(days * 4)
    nights: list[Night] = []
    pending = 0.0
    for number in range(days * household.every):
        moment = BEGIN + timedelta(days=number)
        if household.off_every and number >= off_until and random.random() * household.off_every < 1:
            off_until = number + random.randint(*household.off_days)
        is_running = number >= off_until
        if is_running:
            today = Today(day=moment.date(), number=number, data=disks.data, random=random)
            pending += disks.take(household.program(today), household.disks)
            if moment.weekday() == 0:
                disks.stale = 0.0
        if number % 30 == reboot or not is_running:
            disks.tracked = False
        if number % household.every:
            continue
        is_slow = moment.weekday() == 6 and 8 <= moment.day <= 14
        pace = random.uniform(2, 3) if is_slow else 2.0 if resilver <= number < resilver + 3 else 1.0
        nights.append(
            _night(household, disks, moment, pending, pace * random.lognormvariate(0, 0.12), (on_server, is_running))
        )
        pending, disks.tracked = 0.0, is_running and on_server and not household.is_container
    return nights


def _night(
    household: Household, disks: _Disks, moment: datetime, changed: float, pace: float, how: tuple[bool, bool]
) -> Night:
    """Return a backup; `how` says whether it goes to a backup server, and whether the guest runs."""
    on_server, is_running = how
    used = disks.data + disks.stale
    whole = used if household.is_container else household.disks
    read = changed if disks.tracked else whole
    is_first = moment == BEGIN
    return Night(
        moment=moment,
        storage="pbs" if on_server else "nas",
        on_server=on_server,
        compress="" if on_server else "zst",
        size=int((whole if on_server else household.compressed * used) * GIB),
        changed=None if is_first or not on_server else int(changed * GIB) // CHUNK * CHUNK,
        read=int(read * GIB),
        seconds=max(round(read * 1024 / household.speed * pace) + 4, 3),
        disks=household.disks * GIB,
        running=is_running,
    )
