"""Three months of a virtual cluster with random faults: how often the checker is wrong.

Usage: python benchmarks/three_months.py [--days 90] [--seed 1] [--worlds 0]

Nodes lose power, storages go away, guests fail, move and come back, the API is out of reach, rights and the token itself
are taken and given back, the checker is restarted, and within the three months from January on the clocks are changed.
What is kept from one assessment to the next is held against what is found anew, at every look. Every day at noon, long after all runs, a ledger that knows what really happened is held
against the verdict on each guest: an alarm without a reason and a missing backup called fine are both errors. The exit
status is 1 when there is one. `--worlds 5` then plays that many worlds of the truth machine (`tests/truth`) for as long: other
nodes, zones, storages, jobs and guests each, and everything that can happen there, judged at every look.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
import random
import sys
import tempfile
from zoneinfo import ZoneInfo

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import ProxmoxError
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from simulator import SimulatedCluster
from simulator.outcomes import failed
from simulator.simulated import AUDIT
from tests.truth.checking import KINDS, check
from tests.truth.plan import make
from tests.truth.story import tell

START = datetime(2026, 1, 12, 11, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
BETWEEN_POLLS = timedelta(minutes=40)
SLOT_HOUR = 2
FAULTS = ("node", "storage", "guest", "guest", "api", "rights", "token", "restart", "move", "quiet", "quiet")
SHOWN = ("guests", "jobs", "storages", "counts", "verdict", "history", "events", "alerts")

type Seen = Callable[[datetime, Assessment], None]


class Checker:
    """The checker as Home Assistant runs it: a reader, a history that survives restarts, the last facts as a stand-in."""

    def __init__(self, session: aiohttp.ClientSession, pve: SimulatedCluster, seen: Seen | None = None) -> None:
        """Watch a cluster; `seen` is given every assessment, and else each is held against what is found anew."""
        self._session, self._pve, self._seen = session, pve, seen
        self._history = History()
        self._facts: Facts | None = None
        self.assessment: Assessment | None = None
        self._before: Assessment | None = None
        self.restart()

    def restart(self) -> None:
        """Forget everything but the file with the history."""
        self._history = from_data(json.loads(json.dumps(to_data(self._history))))[0]
        client = ProxmoxClient(
            self._session,
            self._pve.host,
            self._pve.port,
            token_id=self._pve.token_id,
            token_secret=self._pve.token_secret,
            fingerprint=self._pve.fingerprint,
        )
        self._reader = ClusterReader(client, {}, zone)
        self._reader.restore_nodes(self._history.nodes.values())
        self._reader.restore_storages(self._history.storages)
        self._before = None

    async def look(self) -> None:
        """Read and judge, or judge by what was read last."""
        now = self._pve.clock.now()
        try:
            self._facts = (await self._reader.read(now, self._history.runs)).facts
        except ProxmoxError:
            if self._facts is None:
                return
            self._facts = replace(self._facts, now=now)
        before, self.assessment = self._before, judge(self._facts, self._history, self._before)
        self._before = self.assessment
        if self._seen is not None:
            self._seen(now, self.assessment)
        elif before is not None:
            anew = judge(self._facts, self._history)
            assert all(getattr(anew, part) == getattr(self.assessment, part) for part in SHOWN)
        self._history = self.assessment.history


async def zone(name: str) -> ZoneInfo:
    """Return a time zone."""
    return ZoneInfo(name)


def backed_up(pve: SimulatedCluster, vmid: int, since: float) -> bool:
    """Tell whether a guest has a finished archive that was begun since a moment."""
    return any(
        archive.vmid == vmid and archive.ctime >= since and not archive.unfinished
        for archive in pve.storage("nas").archives
    )


class Faults:
    """Faults that begin at noon and last for some days at most."""

    def __init__(self, pve: SimulatedCluster, dice: random.Random) -> None:
        """Begin without any."""
        self._pve, self._dice = pve, dice
        self._ends: list[tuple[datetime, str, object]] = []
        self.blind_nodes: set[str] = set()
        self.count: Counter[str] = Counter()

    def end_what_is_over(self) -> None:
        """Mend what has lasted long enough."""
        now = self._pve.clock.now()
        for fault in [fault for fault in self._ends if fault[0] <= now]:
            self._ends.remove(fault)
            _, kind, what = fault
            if kind == "node":
                self._pve.node(str(what)).come_online()
            elif kind == "storage":
                self._pve.storage("nas").come_online()
            elif kind == "guest":
                self._pve.guest(int(str(what))).recovers()
            elif kind == "api":
                for server in self._pve.servers.values():
                    server.resume()
            elif kind == "rights":
                self._pve.limit_token({"/": AUDIT})
            elif kind == "token":
                self._pve.access.tokens[self._pve.token_id] = self._pve.token

    @property
    def active(self) -> set[str]:
        """The kinds of faults that last."""
        return {kind for _, kind, _ in self._ends}

    def begin(self) -> str | None:
        """Let a fault begin, or none; only one of a kind at a time."""
        kind = self._dice.choice(FAULTS)
        if kind in self.active or kind == "quiet" or (kind == "node" and "api" in self.active):
            return None
        self.count[kind] += 1
        what: object = None
        if kind == "node":
            what = self._dice.choice(("pve1", "pve2", "pve3"))
            self._pve.node(str(what)).go_offline()
        elif kind == "storage":
            self._pve.storage("nas").go_offline()
        elif kind == "guest":
            what = self._dice.choice(list(self._pve.guests))
            self._pve.guest(int(str(what))).fails(failed("job failed with err -5 - Input/output error"))
        elif kind == "api":
            for server in self._pve.servers.values():
                server.refuse()
        elif kind == "rights":
            self._pve.limit_token({"/": "VM.Audit Sys.Audit Pool.Audit Datastore.Audit", "/nodes": "VM.Audit"})
        elif kind == "token":
            del self._pve.access.tokens[self._pve.token_id]
        elif kind == "move":
            up = [name for name, node in self._pve.nodes.items() if node.online]
            guest = self._pve.guest(self._dice.choice(list(self._pve.guests)))
            if self._pve.node(guest.node).online:
                guest.migrate(self._dice.choice(up))
            return kind
        elif kind == "restart":
            return kind
        days = self._dice.choice((0.2, 0.7, 1, 2))
        self._ends.append((self._pve.clock.now() + timedelta(days=days), kind, what))
        return kind


async def run(days: int, seed: int, seen: Seen | None = None) -> tuple[Counter[str], list[str], Faults]:
    """Play the months and return the ledger; `seen` is given every assessment."""
    ledger: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            SimulatedCluster.start("small", Path(folder), now=START) as pve,
            aiohttp.ClientSession() as session,
        ):
            checker, faults = Checker(session, pve, seen), Faults(pve, random.Random(seed))
            await checker.look()
            for _ in range(days):
                faults.end_what_is_over()
                if faults.begin() == "restart":
                    checker.restart()
                noon = (pve.clock.now().astimezone(ZONE) + timedelta(days=1)).replace(hour=12, minute=0)
                while pve.clock.now() < noon:
                    faults.end_what_is_over()
                    step = min(BETWEEN_POLLS, noon - pve.clock.now())
                    pve.clock.advance(seconds=step.total_seconds())
                    await checker.look()
                write_down(pve, checker, faults, noon, ledger, wrong)
    return ledger, wrong, faults


def write_down(
    pve: SimulatedCluster,
    checker: Checker,
    faults: Faults,
    noon: datetime,
    ledger: Counter[str],
    wrong: list[str],
) -> None:
    """Hold the verdicts of one noon against what has happened."""
    slot = datetime(noon.year, noon.month, noon.day, SLOT_HOUR, tzinfo=ZONE)
    if slot.astimezone(UTC).astimezone(ZONE).hour != SLOT_HOUR:
        # The clocks skip the slot of this day, and Proxmox does not make up for it.
        ledger["no slot on this day"] += len(pve.guests)
        return
    assessment = checker.assessment
    assert assessment is not None
    for vmid in pve.guests:
        view = assessment.guests.get(vmid)
        missing = not backed_up(pve, vmid, slot.timestamp())
        shown = "absent" if view is None else {True: "on", False: "off", None: "unknown"}[view.verdict.problem]
        if view is not None and view.verdict.status is Status.UNKNOWN and view.verdict.problem:
            shown = "unknown for too long"
        ledger[f"{'missing' if missing else 'there'}, shown {shown}"] += 1
        what = view.verdict.reason.code if view else "-"
        note = f"{noon:%Y-%m-%d} guest {vmid}: backup {'missing' if missing else 'there'}, shown {shown} ({what})"
        note += f", faults {sorted(faults.active)}"
        if missing and shown == "off":
            wrong.append(f"MISSED  {note}")
        elif not missing and shown == "on":
            wrong.append(f"FALSE   {note}")


def play_worlds(count: int, days: int, seed: int) -> int:
    """Play worlds of the truth machine and print what came out; return how many had faults."""
    logging.getLogger("custom_components.proxmox_backup_checker").setLevel(logging.ERROR)
    faulty = 0
    for number in range(seed, seed + count):
        report = check(make(number, days=days))
        faulty += bool(report.faults)
        kinds = ", ".join(f"{kind} {report.kinds[kind]}" for kind in KINDS)
        print(f"world {number}: {report.looks} looks, {report.asked} verdicts, {kinds}")
        if report.faults:
            print(tell(report.plan, report.faults[0]))
    return faulty


def main() -> int:
    """Print the ledger; 1 when a verdict was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=90, help="days to play (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the faults (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=0, help="random worlds to play besides (default: %(default)s)")
    asked = parser.parse_args()
    ledger, wrong, faults = asyncio.run(run(asked.days, asked.seed))
    print(f"{asked.days} days, seed {asked.seed}; faults: {dict(sorted(faults.count.items()))}")
    for line, count in sorted(ledger.items()):
        print(f"{count:6}  {line}")
    missed = sum(line.startswith("MISSED") for line in wrong)
    print(f"missed alarms: {missed}, false alarms: {len(wrong) - missed}")
    print("\n".join(wrong))
    faulty = play_worlds(asked.worlds, asked.days, asked.seed)
    return 1 if wrong or faulty else 0


if __name__ == "__main__":
    sys.exit(main())
