"""What vzdump does on a node where a job is silent."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions
from simulator import SimulatedCluster

from ...conftest import poll, set_up


def asked(pve: SimulatedCluster) -> int:
    return sum(request.path.endswith("/vzdump/defaults") for request in pve.requests)


async def test_default_storage_and_retention_are_those_of_each_node(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.node("pve1").defaults = {"storage": "nas", "prune-backups": "keep-last=3"}
    pve.node("pve2").defaults = {"prune-backups": "keep-daily=2"}
    pve.job("nightly").change(storage=None)
    entry = await set_up(hass, pve)
    facts = entry.runtime_data.reading.facts

    assert facts.default_storage == {"pve1": "nas", "pve2": "local", "pve3": "local"}
    # nas has a retention of its own, which does not hide that of the node.
    assert facts.defaults_keep == {"pve1": KeepOptions(last=3), "pve2": KeepOptions(daily=2)}
    assert [facts.storage_name(None, node) for node in ("pve1", "pve2", "pve9")] == ["nas", "local", "local"]


async def test_they_are_not_asked_for_with_every_poll(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    first = asked(pve)
    assert first == 3
    for _ in range(3):
        await poll(hass, entry)
    assert asked(pve) == first


async def test_a_missing_right_still_names_the_storage(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.node("pve1").defaults = {"storage": "nas"}
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit"})
    entry = await set_up(hass, pve)
    assert entry.runtime_data.reading.facts.default_storage == {"pve1": "nas", "pve2": "local", "pve3": "local"}
    assert entry.runtime_data.reading.facts.defaults_keep == {}


async def test_a_default_storage_that_is_not_there_is_named_and_no_trouble(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    pve.node("pve1").defaults = {"storage": "gone", "prune-backups": "keep-last=3"}
    pve.storage("local").prune = None
    entry = await set_up(hass, pve)
    facts = entry.runtime_data.reading.facts

    assert facts.default_storage["pve1"] == "gone"
    assert facts.defaults_keep["pve1"] == KeepOptions(last=3)
    assert "Cannot read backup defaults" not in caplog.text
