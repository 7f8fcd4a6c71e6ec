"""A mixed month of a virtual homelab: which job every run was found to belong to, held against what really happened.

Usage: python benchmarks/attribution.py [--days 31]

Jobs alike but for the storage or the schedule, runs of single guests, of pools, of everything, on three nodes; runs by
"Run now", by hand and by a token; runs that wait for the lock of another, that are made up for after a boot, that fail
before they write a line; jobs that are edited, renamed, disabled and deleted. The same month is judged twice: by
the Proxmox API alone, and with a log agent on every node. The exit status is 1 when a run was linked to the wrong job.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
import tempfile
from zoneinfo import ZoneInfo

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "log_agent"))

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.client import LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import PairingCode
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    make_certificate,
    server_context,
)
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken
from simulator import SimulatedCluster
from simulator.outcomes import failed, interrupted, lock_timeout, storage_unreachable
from simulator.scenario import Scenario
from simulator.scenarios.homelab import build_guests, build_hardware
from simulator.vzdump import Run

START = datetime(2026, 10, 5, 11, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
TOKEN = "benchmark-benchmark-benchmark-benchmark"
BETWEEN_POLLS = timedelta(minutes=10)


def build(pve: SimulatedCluster) -> None:
    """Build the homelab with jobs that are easy to mistake for each other."""
    build_hardware(pve)
    build_guests(pve)
    nightly = "100,101,102,103,110,112,113,120,121"
    pve.add_job("nightly-nas", "02:30", "nas", vmid=nightly, compress="zstd")
    pve.add_job("nightly-pbs", "02:30", "pbs", vmid=nightly)
    pve.add_job("pool", "22:00", "pbs", pool="important", repeat_missed=1)
    pve.add_job("everything", "sun 04:00", "pbs", all=1, exclude="122", prune_backups={"keep-weekly": "6"})
    pve.add_job("mail-noon", "12:00", "nas", vmid="122", compress="zstd")
    pve.add_job("mail-evening", "mon..fri 18:00", "nas", vmid="122", compress="zstd")
    pve.add_job("docker", "fri 02:00", "nas", vmid="101", compress="zstd")
    pve.add_job("docker-hours", "0/6:15", "pbs", vmid="101", mode="stop")
    pve.add_job("third-node", "tue 05:00", "local", all=1, node="pve3", compress="zstd")


def events(pve: SimulatedCluster) -> dict[int, list[tuple[int, Callable[[], object]]]]:
    """Return what people do and what breaks, as calls by day and hour of the day."""
    nas, pbs = pve.job("nightly-nas"), pve.job("nightly-pbs")
    return {
        1: [(15, lambda: nas.start(by="root@pam")), (16, lambda: pve.backup_by_hand([101, 102], "nas"))],
        2: [(9, lambda: pve.backup_by_hand([122], "nas", by="root@pam!script"))],
        3: [(20, lambda: pve.node("pve2").go_offline())],
        4: [(9, lambda: pve.node("pve2").come_online())],
        5: [(20, lambda: nas.next_run_ends({101: failed("disk full")}))],
        6: [(20, lambda: pbs.next_run_ends(outcome=storage_unreachable("connection refused")))],
        7: [(13, lambda: nas.change(vmid="100,101,102,103,110,112,113,120,121,122"))],
        8: [(12, lambda: pve.guest(101).migrate("pve2")), (17, lambda: pve.job("docker").run(by="root@pam"))],
        9: [(20, lambda: pbs.next_run_ends(outcome=lock_timeout()))],
        10: [(13, lambda: nas.reschedule("01:00")), (15, lambda: pve.backup_by_hand([122], "pbs"))],
        12: [(20, lambda: nas.next_run_ends({110: interrupted()}))],
        13: [(13, lambda: pbs.change(comment="To the backup server", notes_template="{{guestname}}"))],
        14: [(13, pve.job("mail-evening").disable), (20, lambda: pve.node("pve3").go_offline())],
        15: [(6, lambda: pve.node("pve3").come_online())],
        17: [(13, lambda: nas.change(storage="local")), (16, lambda: nas.run(by="root@pam"))],
        18: [(13, lambda: nas.change(storage="nas"))],
        19: [(13, pve.job("mail-evening").enable), (17, lambda: pve.guest(101).migrate("pve1"))],
        20: [(13, pve.job("docker-hours").delete)],
        21: [(13, lambda: pbs.reschedule("02:35"))],
        22: [(14, lambda: pve.job("pool").run(by="root@pam"))],
        24: [(20, lambda: pbs.next_run_ends(outcome=storage_unreachable("connection refused")))],
        25: [(12, lambda: pve.add_job("docker-hours", "0/6:15", "nas", vmid="101", mode="stop"))],
    }


class Checker:
    """The checker as Home Assistant runs it."""

    def __init__(self, client: ProxmoxClient, agents: dict[str, LogAgentClient]) -> None:
        """Begin without a history."""
        self._reader = ClusterReader(client, agents, _zone)
        self._picture: Assessment | None = None
        self.history = History()

    async def look(self, now: datetime) -> None:
        """Read and judge."""
        reading = await self._reader.read(now, self.history.runs)
        self._picture = judge(reading.facts, self.history, self._picture)
        self.history = self._picture.history


async def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@asynccontextmanager
async def log_agents(
    pve: SimulatedCluster, session: aiohttp.ClientSession, folder: Path
) -> AsyncIterator[dict[str, LogAgentClient]]:
    """Run a log agent on every node."""
    clients = {}
    async with AsyncExitStack() as stack:
        for node in pve.nodes:
            certificates = folder / node
            certificates.mkdir(parents=True)
            make_certificate(certificates, node)
            server = Server(
                config=AgentConfig(
                    root=pve.files_of(node), node=node, time_zone="Europe/Berlin", token=GivenToken(TOKEN)
                ),
                host="127.0.0.1",
                port=0,
                context=server_context(certificates / CERTIFICATE_FILE, certificates / KEY_FILE),
            )
            port = (await server.start())[0][1]
            stack.push_async_callback(server.stop)
            pairing = PairingCode.from_parts(
                f"https://127.0.0.1:{port}", TOKEN, fingerprint(certificates / CERTIFICATE_FILE)
            )
            clients[node] = LogAgentClient(session, pairing)
        yield clients


def kind_of(run: Run) -> str:
    """Say how a run came about, and what makes it hard to link."""
    if run.job is None:
        return "by hand"
    if not run.scheduled:
        return "Run now"
    if run.status not in {"OK", "job errors"} and not any("starting new backup job" in line for line in run.lines):
        return "by schedule, broke off before its first line"
    return "by schedule"


def table(pve: SimulatedCluster, checker: Checker) -> tuple[list[str], list[str]]:
    """Return how the runs of each kind were linked, and what was wrong."""
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for run in pve.dispatch.ever:
        if run.task.endtime is None:
            continue
        record = checker.history.runs.get(run.upid)
        told = Confidence(record.confidence).value if record else "not read"
        counts.setdefault(kind_of(run), Counter())[told] += 1
        truth = run.job.id if run.job else None
        found = record.job_id if record else None
        missed = record is not None and record.confidence is Confidence.MANUAL and truth is not None
        if record is not None and (missed or found not in {None, truth}):
            wrong.append(f"{run.upid}: {kind_of(run)}, {truth}; found {found} ({told})")
    columns = [*dict.fromkeys(value.value for value in Confidence), "not read"]
    columns = [column for column in columns if any(count[column] for count in counts.values())]
    lines = [f"{'':48}{'runs':>7}" + "".join(f"{column:>11}" for column in columns)]
    for kind, count in sorted(counts.items()):
        lines.append(f"{kind:48}{count.total():7}" + "".join(f"{count[column]:11}" for column in columns))
    return lines, wrong


async def play(days: int, *, with_agents: bool) -> list[str]:
    """Play the month, print the table and return what was wrong."""
    scenario = Scenario(name="mixed-month", title="A mixed month", build=build, history_days=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            SimulatedCluster.start(scenario, folder / "pve", now=START) as pve,
            aiohttp.ClientSession() as session,
            log_agents(pve, session, folder / "agents") as agents,
        ):
            client = ProxmoxClient(
                session,
                pve.host,
                pve.port,
                token_id=pve.token_id,
                token_secret=pve.token_secret,
                fingerprint=pve.fingerprint,
            )
            checker = Checker(client, agents if with_agents else {})
            calendar = events(pve)
            end = START + timedelta(days=days)
            while (now := pve.clock.now()) < end:
                local = now.astimezone(ZONE)
                today = calendar.get((now - START).days, [])
                for event in [event for event in today if event[0] <= local.hour]:
                    today.remove(event)
                    event[1]()
                await checker.look(pve.clock.now())
                pve.clock.advance(seconds=BETWEEN_POLLS.total_seconds())
            await checker.look(pve.clock.now())
            lines, wrong = table(pve, checker)
    print("with a log agent on every node" if with_agents else "by the Proxmox API alone")
    print("\n".join(lines))
    print(f"linked to a wrong job: {len(wrong)}")
    print("\n".join(wrong), end="\n" if wrong else "")
    return wrong


def main() -> int:
    """Print both tables; 1 when a run was linked to a wrong job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=31, help="days to play (default: %(default)s)")
    days = parser.parse_args().days
    wrong = asyncio.run(play(days, with_agents=False)) + asyncio.run(play(days, with_agents=True))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
