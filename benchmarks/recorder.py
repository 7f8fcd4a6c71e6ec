"""What a day of healthy guests adds to Home Assistant's database, beside its own integration `proxmoxve`.

Usage: python benchmarks/recorder.py [--guests 40 200] [--hours 24]

Three nodes, one nightly job, every run good. Both integrations poll as often as they do by themselves; a real recorder
writes into a real file. Its rows are counted, and the bytes of the pages that they take.
"""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
import sqlite3
import sys
import tempfile
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tests.plugins.home_assistant_release  # noqa: F401, I001  # before all that is patched by it
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # lets a frozen clock be Home Assistant's too

from freezegun import freeze_time
from homeassistant import loader
from homeassistant.components.recorder import get_instance
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from benchmarks.watched_cluster import Served, free_port
from simulator import Scenario, SimulatedCluster
from simulator.cluster import TIB, Cluster

START = datetime(2026, 10, 13, 10, tzinfo=UTC)
DOMAIN = "proxmox_backup_checker"
TABLES = ("states", "state_attributes", "states_meta", "statistics", "statistics_short_term", "events")


def scenario(guests: int) -> Scenario:
    """Return three nodes with so many guests and one job for all of them, a week old."""

    def build(cluster: Cluster) -> None:
        for name in ("pve1", "pve2", "pve3"):
            cluster.add_node(name)
        cluster.add_storage("nas", "nfs", total=40 * TIB, used=TIB, prune="keep-daily=7")
        for index in range(guests):
            add = cluster.add_vm if index % 3 else cluster.add_ct
            add(100 + index, f"guest-{index}", f"pve{1 + index % 3}", size=4, speed=400, filled=0.2)
        cluster.add_job("nightly", "02:00", "nas", all=1, compress="zstd", comment="Nightly")

    return Scenario(name="recorded", title="Recorded", build=build, history_days=7)


async def grown(domain: str, guests: int, hours: float) -> dict[str, int]:
    """Return the rows and bytes that some hours add, after the first poll."""
    with tempfile.TemporaryDirectory() as folder, freeze_time(START, ignore=["asyncio"]) as clock:
        root = Path(folder)
        (root / "config").mkdir()
        (root / "config" / "custom_components").symlink_to(Path(__file__).resolve().parent.parent / "custom_components")
        database = root / "recorded.db"
        async with (
            SimulatedCluster.start(scenario(guests), root / "pve", now=START) as pve,
            async_test_home_assistant(config_dir=str(root / "config")) as hass,
        ):
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            assert await async_setup_component(hass, "http", {"http": {"server_port": free_port()}})
            async_initialize_recorder(hass)
            settings = {"db_url": f"sqlite:///{database}", "commit_interval": 0}
            assert await async_setup_component(hass, "recorder", {"recorder": settings})
            await get_instance(hass).async_recorder_ready.wait()
            entry = MockConfigEntry(
                domain=domain,
                title=domain,
                unique_id="recorded",
                data=data_of(domain, pve),
                version=1 if domain == DOMAIN else 3,
            )
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await settled(hass)
            before = sizes(database)
            end = START + timedelta(hours=hours)
            while pve.clock.now() < end:
                wait = entry.runtime_data.update_interval
                pve.clock.advance(seconds=wait.total_seconds())
                clock.move_to(pve.clock.now())
                await entry.runtime_data.async_refresh()
                await hass.async_block_till_done()
            await settled(hass)
            after = sizes(database)
            hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
            await hass.async_stop(force=True)
    return {name: after[name] - before[name] for name in after}


def data_of(domain: str, pve: SimulatedCluster) -> dict[str, Any]:
    """Return the data of an entry."""
    data = {
        "host": pve.host,
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        "fingerprint": pve.fingerprint,
    }
    return data if domain == DOMAIN else Served.data_of_theirs(data)


async def settled(hass: Any) -> None:
    """Wait until everything is in the file."""
    await hass.async_block_till_done()
    await get_instance(hass).async_block_till_done()


def sizes(database: Path) -> dict[str, int]:
    """Return the rows of each table, and the bytes that all pages with rows take."""
    with sqlite3.connect(database) as connection:
        found = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in TABLES}  # noqa: S608
        pages, size, free = (
            connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")
        )
    return found | {"bytes": (pages - free) * size}


async def measure(guests: list[int], hours: float) -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    print("| guests | integration | rows of states a day | rows of attributes a day | KiB a day |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for number in guests:
        # Theirs changes with every poll alike, so that a part of the day tells the whole.
        for domain, lasting in ((DOMAIN, hours), ("proxmoxve", hours / 12)):
            found = await grown(domain, number, lasting)
            daily = {name: round(value * 24 / lasting) for name, value in found.items()}
            print(
                f"| {number} | {domain} | {daily['states']} | {daily['state_attributes']} | {daily['bytes'] // 1024} |",
                flush=True,
            )


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, nargs="+", default=[40, 200], help="default: 40 200")
    parser.add_argument("--hours", type=float, default=24, help="default: %(default)s")
    asked = parser.parse_args()
    asyncio.run(measure(asked.guests, asked.hours))
    return 0


if __name__ == "__main__":
    sys.exit(main())
