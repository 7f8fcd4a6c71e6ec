"""Seconds from the end of a backup run to the sensor, with and without a log agent.

Usage: python benchmarks/end_of_run.py [runs with the agent] [runs without it]

A real Home Assistant with the integration watches the virtual cluster over TLS. A run that Home Assistant knows to be in
progress ends at any time between two polls, in turns with a failed guest and with a good one; the clock stops when the
problem sensor of that guest says so. It runs inside pytest for the sake of Home Assistant's test fixture, nothing else is of the tests.
"""

import asyncio
import os
from pathlib import Path
import random
import statistics
import sys
import time
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90
pytest_plugins = ["tests.integration.conftest"]
TARGET = 5


async def seconds_to_sensor(hass: Any, pve: Any, entry: Any, wait: float, *, fails: bool) -> float:
    """Seconds from the end of one run to the sensor, which was of the other opinion before."""
    from simulator.outcomes import failed  # noqa: PLC0415
    from tests.integration.states import problem  # noqa: PLC0415

    pve.clock.advance(hours=3)
    pve.job("nightly").start({101: failed("disk full")} if fails else {})
    pve.files_of("pve1")
    await entry.runtime_data.async_refresh()
    before = problem(hass, 101)[0]
    await asyncio.sleep(wait)
    assert problem(hass, 101)[0] == before
    pve.clock.advance(hours=2)
    pve.files_of("pve1")
    start = time.monotonic()
    while problem(hass, 101)[0] != ("on" if fails else "off"):
        assert time.monotonic() - start < PATIENCE
        await asyncio.sleep(0.02)
    return time.monotonic() - start


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Leave out what the plugin checks after a test: this is none."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("with_agent", [True, False])
async def test_seconds_to_sensor(hass: Any, pve: Any, start_agent: Any, with_agent: bool) -> None:
    """Measure, print, and hold the figure with the agent to its target."""
    from tests.integration.conftest import set_up  # noqa: PLC0415

    if not (runs := int(os.environ["RUNS_WITH_AGENT" if with_agent else "RUNS_WITHOUT"])):
        pytest.skip("not asked for")
    options: dict[str, Any] = {"log_agents": {}}
    for node in pve.nodes if with_agent else ():
        options["log_agents"] |= (await start_agent(node)).options["log_agents"]
    pve.job("nightly").run()
    entry = await set_up(hass, pve, options=options)
    dice = random.Random(1)
    longest = 6 if with_agent else 60
    found = sorted(
        [
            await seconds_to_sensor(hass, pve, entry, dice.uniform(1.5, longest), fails=not number % 2)
            for number in range(runs)
        ]
    )
    await hass.config_entries.async_unload(entry.entry_id)
    title = "with an agent on every node" if with_agent else "without"
    print(f"\n{title:30} {len(found):3} runs: median {statistics.median(found):5.1f} s, longest {found[-1]:5.1f} s")
    if with_agent:
        assert found[-1] < TARGET


def main() -> int:
    """Run the measurement below pytest."""
    os.chdir(ROOT)
    os.environ["RUNS_WITH_AGENT"], os.environ["RUNS_WITHOUT"] = [*sys.argv[1:], *("10", "5")[len(sys.argv) - 1 :]]
    plugins = ("-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist")
    return pytest.main(["-q", "-s", *plugins, __file__])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
