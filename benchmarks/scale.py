"""A data centre of 32 nodes, 5,000 guests, 50 jobs and 60,000 archives: what watching it costs, beside Home Assistant's own.

Usage: python benchmarks/scale.py [--judgement [--against COMMIT]] [--memory] [--home-assistant]

Without an option all three are run: the judgement by itself, from facts to assessment, beside another commit if one is named;
the memory of what is kept of it; and a real Home Assistant that watches the cluster, over HTTPS, with this integration and
with its own `proxmoxve`. The exit status is 1 where a goal is missed.
"""

import argparse
import asyncio
import gc
import logging
from pathlib import Path
import sys
import tempfile
import tracemalloc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tests.plugins.home_assistant_release  # noqa: F401, I001  # before all that is patched by it

from homeassistant import loader
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from benchmarks.judgement import judgement
from benchmarks.large_cluster import FULL, LATER, history_of, later, make_facts
from benchmarks.watched_cluster import Cost, Served, costing, free_port, served
from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge

DOMAIN = "proxmox_backup_checker"
MEMORY_GOAL = 100


def memory() -> bool:
    """Measure what facts, history and assessment take; tell whether the goal is met."""
    tracemalloc.start()
    facts = make_facts()
    history = history_of(facts)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    assessment: Assessment = judge(facts, history)
    assessment = judge(later(facts, LATER), assessment.history, assessment)
    del history
    gc.collect()
    total = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(
        f"memory: facts and history {before / 2**20:.0f} MiB, assessment and indexes {(total - before) / 2**20:.0f} MiB"
    )
    print(f"together {total / 2**20:.0f} MiB, at most {MEMORY_GOAL} MiB")
    return total <= MEMORY_GOAL * 2**20


async def home_assistant() -> None:
    """Let a real Home Assistant watch the cluster, with both integrations, one after the other."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as config:
        (Path(config) / "custom_components").symlink_to(Path(__file__).resolve().parent.parent / "custom_components")
        async with (
            served("datacentre", folder, FULL.archives // FULL.guests) as cluster,
            async_test_home_assistant(config_dir=config) as hass,
        ):
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await async_setup_component(hass, "homeassistant", {})
            await async_setup_component(hass, "http", {"http": {"server_port": free_port()}})
            print(f"{cluster.described['archives']} archives")
            print("| what | seconds | CPU s | requests | longest wait of the loop, ms |")
            print("| --- | ---: | ---: | ---: | ---: |")
            for domain, data in ((DOMAIN, cluster.ours), ("proxmoxve", cluster.theirs)):
                version = 1 if domain == DOMAIN else 3
                entry = MockConfigEntry(domain=domain, title=domain, unique_id="datacentre", data=data, version=version)
                entry.add_to_hass(hass)
                async with costing() as cost:
                    assert await hass.config_entries.async_setup(entry.entry_id)
                    await hass.async_block_till_done()
                await line(f"{domain}: set up for the first time", cost, cluster)
                for number in range(3):
                    async with costing() as cost:
                        await entry.runtime_data.async_refresh()
                        await asyncio.sleep(0.5)
                    cost.seconds -= 0.5
                    await line(f"{domain}: poll {number + 1}", cost, cluster)
                await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()
                async with costing() as cost:
                    assert await hass.config_entries.async_setup(entry.entry_id)
                    await hass.async_block_till_done()
                await line(f"{domain}: start after a restart", cost, cluster)
                await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)


async def line(what: str, cost: Cost, cluster: Served) -> None:
    """Print one line of the table."""
    requests = await cluster.requests()
    print(f"| {what} | {cost.seconds:.2f} | {cost.cpu:.2f} | {requests} | {1000 * cost.longest:.0f} |", flush=True)


def main() -> int:
    """Run what is asked for; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judgement", "memory", "home-assistant"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--against", metavar="COMMIT", help="judge with another commit too, in turns with this tree")
    asked = parser.parse_args()
    everything = not (asked.judgement or asked.memory or asked.home_assistant)
    met = []
    if asked.judgement or everything:
        met.append(judgement(asked.against))
    if asked.memory or everything:
        met.append(memory())
    if asked.home_assistant or everything:
        asyncio.run(home_assistant())
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
