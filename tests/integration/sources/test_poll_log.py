"""The debug log tells each poll as a story, without a secret, and costs nothing where nobody reads it."""

import logging

from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedCluster
from simulator.outcomes import failed, running

from ..conftest import poll, set_up

LOGGER = "custom_components.proxmox_backup_checker"


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOGGER]


async def test_a_poll_tells_what_was_asked_what_was_new_and_what_changed_and_why(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, pve)
    runs = pve.job("nightly").run(outcomes={101: failed("disk full")})
    caplog.set_level(logging.DEBUG, LOGGER)
    caplog.clear()
    await poll(hass, entry)
    asked, *lines = _lines(caplog)
    assert asked.startswith("small: Asked Proxmox ")
    assert "/cluster/resources" in asked
    told = "\n".join(lines)
    assert f"New run {runs[0].upid} of backup-nightly (matched): job errors; 101 failed, 103 ok" in told
    assert "guest_101 is failed, was unknown, problem on (backup_failed): The last backup on pve1 failed" in told
    assert "'rule': 'newest_run'" in told
    assert lines[-1].startswith("small: 3 of 4 guests protected, 1 with a problem, 0 unknown; ")
    assert lines[-1].endswith("next look in 0:10:00")
    assert pve.token_secret not in caplog.text

    caplog.clear()
    await poll(hass, entry)
    asked, last = _lines(caplog)
    assert "no verdicts changed" in last


async def test_a_run_in_progress_and_what_cannot_be_read_are_told(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, pve)
    caplog.set_level(logging.DEBUG, LOGGER)
    [run, *_] = pve.job("nightly").start(outcomes={101: running()})
    pve.clock.advance(seconds=5)
    pve.faults.errors["/nodes/pve3/"] = (595, "No route to host")
    pve.node("pve3").other_task("aptupdate")
    caplog.clear()
    await poll(hass, entry)
    told = "\n".join(_lines(caplog))
    assert run.upid in told
    assert "small: Could not be read: node pve3" in told
    assert "next look in 0:01:00" in told


async def test_a_poll_that_fails_tells_why_and_that_older_facts_stand_in(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, pve)
    caplog.set_level(logging.DEBUG, LOGGER)
    pve.faults.errors["/cluster/resources"] = (500, "broken")
    await poll(hass, entry)
    assert "what was read before stands in: broken (HTTP 500)" in "\n".join(_lines(caplog))
    caplog.clear()
    for _ in range(3):
        await poll(hass, entry)
    assert _lines(caplog)[-1] == "small: Nothing could be read: broken (HTTP 500); next look in 0:05:00"
    assert entry.runtime_data.poll_log.polls[0].error == "broken (HTTP 500)"


async def test_nothing_is_told_unless_somebody_wants_to_hear_it(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    entry = await set_up(hass, pve)
    await poll(hass, entry)
    assert _lines(caplog) == []
    assert len(entry.runtime_data.poll_log.polls) == 2
