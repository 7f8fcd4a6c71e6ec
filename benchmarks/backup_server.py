"""What watching a backup server costs it, and what it costs Home Assistant.

Usage: python benchmarks/backup_server.py

A virtual backup server is read and judged without Home Assistant and without a network, whenever the reader wants to be asked again:
requests in a quiet day, listings in it, the judgement of 20,000 snapshots, and a first look at 12,000 groups. The exit status is 1 when
a target is missed: 40 requests an hour, no listing of a datastore on which nothing finished but the daily one, 100 ms and 20 MiB,
60 requests in the busiest minute.

Beside the requests stands what swater2k/ha-proxmox-backup asks for, by the intervals of its README ("Data updates", at commit 70fbe8d)
and the questions that each of its three coordinators asks (custom_components/pbs/coordinator.py, at commit c0307f5).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import gc
from pathlib import Path
import pickle
import sys
import time
import tracemalloc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from custom_components.proxmox_backup_checker.checker.server.assessment import assess_server
from custom_components.proxmox_backup_checker.sources.backup_server.server_reader import QUIET
from simulator.backup_server.server import BackupServer
from tests.server_watch import ServerWatch, Site

DATASTORES, NAMESPACES = 4, 6
MOST_AN_HOUR, MOST_A_MINUTE = 40, 60
MOST_MILLISECONDS, MOST_MIB = 100, 20
GROUPS, SNAPSHOTS = 300, 20_000
MANY_NAMESPACES = 40
ROUNDS = 7
DAY = 86_400


class Missed:
    """The targets that were missed."""

    def __init__(self) -> None:
        """None was missed yet."""
        self.any = False

    def row(self, what: str, value: float, target: float | None = None, peer: str = "") -> None:
        """Print a row of a table."""
        self.any |= target is not None and value > target
        wanted = "" if target is None else f"≤ {target:g}" if target else "0"
        print(f"| {what} | {value:,.1f} | {wanted} | {peer} |".replace(".0 |", " |"))


def peer_an_hour(datastores: int, namespaces: int) -> int:
    """Return the requests of swater2k/ha-proxmox-backup in an hour; `namespaces` are those of all datastores, their roots too."""
    every_minute = 3 + datastores
    """Host, use of the datastores, running tasks; of each datastore what is read and written now."""
    every_five_minutes = 1 + 3 + 1 + 3 * datastores + 2 * namespaces
    """Datastores, three kinds of jobs, failed tasks; of each datastore namespaces, counts and garbage collection; groups and snapshots."""
    every_six_hours = 6
    """Version, services, subscription, updates, certificates, disks."""
    return 60 * every_minute + 12 * every_five_minutes + every_six_hours // 6


@contextmanager
def watched(name: str) -> Iterator[tuple[Site, BackupServer, ServerWatch]]:
    """Give a server without datastores, its world, and what looks at it."""
    site = Site()
    server = BackupServer(world=site, name=name)
    with ServerWatch(server, site.clock) as watch:
        yield site, server, watch


def quiet_day(missed: Missed) -> None:
    """Count what is asked in a day on which nothing happens."""
    with watched("quiet") as (_, server, watch):
        for number in range(DATASTORES):
            server.add_datastore(f"ds{number}")
        for ns in ("home", "lab"):
            server.store("ds0").add_namespace(ns)
        now = int(watch.now.timestamp())
        for vmid in range(100, 110):
            for days in (3, 2, 1):
                server.store("ds0").add_group("home", "vm", str(vmid)).add(now - days * DAY)
        watch.later()
        watch.wire.asked.clear()
        for _ in range(timedelta(days=1) // QUIET):
            watch.after(seconds=QUIET.total_seconds())
        asked = Counter(path.rpartition("/")[2] for path in watch.wire.asked)
        watch.wire.asked.clear()
        server.backup("ds0", "vm/100", ns="home")
        for _ in range(3):
            watch.after(seconds=QUIET.total_seconds())
        listed = [path for path in watch.wire.asked if path.endswith(("/groups", "/snapshots")) and "/ds0/" not in path]
    peer = peer_an_hour(DATASTORES, NAMESPACES)
    missed.row(
        "quiet server, 4 datastores, 6 namespaces: requests an hour", asked.total() / 24, MOST_AN_HOUR, f"{peer}"
    )
    missed.row("listings of groups in a day without a task", asked["groups"], NAMESPACES, f"{24 * 12 * NAMESPACES:,}")
    missed.row("listings of snapshots in a day without a task", asked["snapshots"], 10, f"{24 * 12 * NAMESPACES:,}")
    missed.row("listings of other datastores after a backup on one", len(listed), 0)


def judgement(missed: Missed) -> None:
    """Measure the judgement of many snapshots."""
    with watched("full") as (_, server, watch):
        store = server.add_datastore("tank", total=2**50)
        server.add_verify_job("verify", "tank", schedule="daily")
        server.add_prune_job("prune", "tank", "daily", {"keep-last": SNAPSHOTS})
        now = int(watch.now.timestamp())
        for number in range(GROUPS):
            group = store.add_group("", "host" if number % 3 == 0 else "vm", str(100 + number))
            for days in range(SNAPSHOTS // GROUPS + (number < SNAPSHOTS % GROUPS), 0, -1):
                group.add(now - days * DAY + 60 * number)
        watch.later()
        facts, history, options = watch.held.facts, watch.history, watch.options
        assert facts is not None
        assert sum(len(group.snapshots) for group in facts.datastores["tank"].groups.values()) == SNAPSHOTS
        best = float("inf")
        for _ in range(ROUNDS):
            gc.collect()
            begun = time.process_time()
            assess_server(facts, history, options, facts.now)
            best = min(best, 1000 * (time.process_time() - begun))
        gc.collect()
        written = pickle.dumps(facts)
        tracemalloc.start()
        facts = pickle.loads(written)  # noqa: S301
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        kept = assess_server(facts, history, options, facts.now)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert kept.verdicts
    missed.row("20,000 snapshots in 300 groups: judged, ms", best, MOST_MILLISECONDS)
    missed.row("memory of what was read of them, MiB", held / 2**20)
    missed.row("the same, and what the judgement takes at most, MiB", most / 2**20, MOST_MIB)


def first_look(missed: Missed) -> None:
    """Count the requests of each minute from the first look on, until all is read."""
    with watched("large") as (site, server, watch), asyncio.Runner() as runner:
        store = server.add_datastore("tank", total=2**50)
        now = int(watch.now.timestamp())
        for ns in range(MANY_NAMESPACES):
            for number in range(GROUPS):
                store.add_group(f"ns{ns}", "vm", str(100 + number)).add(now - DAY)
        groups = MANY_NAMESPACES * GROUPS
        minutes: list[int] = []
        waiting: list[int] = []
        newest_known = 0
        # The judgement is measured elsewhere; here it would be made 300 times.
        while not minutes or watch.reader.busy:
            facts = runner.run(watch.reader.read(watch.now))
            minutes.append(len(watch.wire.asked))
            watch.wire.asked.clear()
            waiting.append(facts.waiting)
            known = sum(group.group.last_backup is not None for group in facts.datastores["tank"].groups.values())
            newest_known = newest_known or (len(minutes) if known == groups else 0)
            site.clock.set(watch.now + watch.reader.again_in)
    assert newest_known
    assert waiting[newest_known:] == sorted(waiting[newest_known:], reverse=True)
    missed.row("first look at 12,000 groups: requests in the busiest minute", max(minutes), MOST_A_MINUTE)
    missed.row("minutes until the newest backup of every group is known", newest_known)
    missed.row("minutes until every snapshot is read", len(minutes))
    shown = ", ".join(f"{waiting[at]:,}" for at in (newest_known, len(waiting) // 2, -1))
    print(f"\nGroups that the server's entry shows as still to be read, at first, halfway and in the end: {shown}.")


def main() -> int:
    """Print the tables; return 1 where a target was missed."""
    missed = Missed()
    print("| what | value | target | swater2k/ha-proxmox-backup |")
    print("| --- | ---: | ---: | ---: |")
    quiet_day(missed)
    judgement(missed)
    first_look(missed)
    return int(missed.any)


if __name__ == "__main__":
    sys.exit(main())
