"""A data centre of 32 nodes, 5,000 guests, 50 jobs and 60,000 archives: what watching it costs, beside Home Assistant's own.

Usage: python benchmarks/scale.py [--judgement] [--memory] [--home-assistant]

Without an option all three are run: the judgement by itself, from facts to picture; the memory of what is kept of it; and a
real Home Assistant that watches the cluster, over HTTPS, with this integration and with its own `proxmoxve`.
"""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import gc
import logging
from pathlib import Path
import sys
import tempfile
import time
import tracemalloc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tests.plugins.home_assistant_release  # noqa: F401, I001  # before all that is patched by it

from homeassistant import loader
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from benchmarks.large_cluster import FULL, NOON, make_facts, runs_of
from benchmarks.watched_cluster import Cost, Served, costing, free_port, served
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.history.limits import bounded
from custom_components.proxmox_backup_checker.checker.assessment import Picture, judge
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History

DOMAIN = "proxmox_backup_checker"
LATER = timedelta(minutes=10)


def history_of(facts: Facts) -> History:
    """Return what is kept of thirteen months of nights: no more than thirty runs each of so many guests."""
    began = NOON - timedelta(days=FULL.nights)
    runs = {run.upid: run for run in runs_of(facts, range(40))}
    # Guests and jobs that were there when it began.
    known = judge(replace(facts, now=began, read_at=began), History()).history
    return bounded(History(began=began, evaluated=NOON - LATER, runs=runs, jobs=known.jobs, guests=known.guests), NOON)


def later(facts: Facts, by: timedelta) -> Facts:
    """Return the same facts, read anew."""
    now = facts.now + by
    nodes = {name: replace(node, tasks_read=now) for name, node in facts.nodes.items()}
    return replace(facts, now=now, read_at=now, nodes=nodes, guests=tuple(replace(guest) for guest in facts.guests))


def cpu(work: Callable[[], object], times: int = 5) -> float:
    """Return the least processor time that something took, in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return 1000 * min(taken)


def judgement() -> None:
    """Measure the judgement by itself."""
    facts = make_facts()
    history = history_of(facts)
    outcomes = sum(len(run.outcomes) for run in history.runs.values())
    print(f"kept of {FULL.nights} nights: {len(history.runs)} runs with {outcomes} outcomes")
    first = judge(facts, history)
    settled = judge(later(facts, LATER), first.history, first)
    quiet = later(facts, 2 * LATER)
    anew = replace(quiet, policy=Policy(ignored_guests=frozenset({1})))
    print(f"| {'judgement':<60} | CPU ms |")
    print(f"| {'-' * 60} | -----: |")
    for what, work in (
        ("the first one after a start, with all indexes", lambda: judge(facts, history)),
        ("every guest and job anew, as after a change of the options", lambda: judge(anew, settled.history, settled)),
        ("nothing has changed", lambda: judge(quiet, settled.history, settled)),
    ):
        print(f"| {what:<60} | {cpu(work):6.0f} |")


def memory() -> None:
    """Measure what facts, history and picture take."""
    tracemalloc.start()
    facts = make_facts()
    history = history_of(facts)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    picture: Picture = judge(facts, history)
    picture = judge(later(facts, LATER), picture.history, picture)
    del history
    gc.collect()
    total = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"memory: facts and history {before / 2**20:.0f} MiB, picture and indexes {(total - before) / 2**20:.0f} MiB")


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
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judgement", "memory", "home-assistant"):
        parser.add_argument(f"--{name}", action="store_true")
    asked = parser.parse_args()
    everything = not (asked.judgement or asked.memory or asked.home_assistant)
    if asked.judgement or everything:
        judgement()
    if asked.memory or everything:
        memory()
    if asked.home_assistant or everything:
        asyncio.run(home_assistant())
    return 0


if __name__ == "__main__":
    sys.exit(main())
