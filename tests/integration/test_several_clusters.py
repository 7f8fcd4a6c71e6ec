"""Two clusters with the same names and numbers in one Home Assistant: nothing mixes."""

from collections.abc import AsyncIterator
import json
from pathlib import Path

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import poll, set_up
from .states import device


@pytest.fixture
async def lab(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Another cluster with the same nodes, guests, storages and jobs as the first, and a guest of its own."""
    async with SimulatedCluster.start("small", tmp_path / "lab") as cluster:
        cluster.name = "lab"
        cluster.add_vm(105, "experiment", "pve1", size=1)
        yield cluster


def _state(hass: HomeAssistant, entry: MockConfigEntry, ending: str, platform: str = "binary_sensor") -> State:
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{entry.unique_id}_{ending}")
    assert entity_id is not None, ending
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def _endings(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert all(found.unique_id.startswith(f"{entry.unique_id}_") for found in entries)
    return {f"{found.domain} {found.unique_id.removeprefix(f'{entry.unique_id}_')}" for found in entries}


async def test_two_clusters_with_the_same_guests_live_side_by_side_and_nothing_mixes(
    hass: HomeAssistant, pve: SimulatedCluster, lab: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    lab.job("nightly").run(outcomes={101: failed("disk full")})
    home_entry, lab_entry = await set_up(hass, pve), await set_up(hass, lab)
    assert home_entry.unique_id != lab_entry.unique_id

    new = {ending for ending in _endings(hass, lab_entry) if "guest_105_" in ending}
    assert new
    assert _endings(hass, lab_entry) == _endings(hass, home_entry) | new
    for ending in ("guest_101_problem", "job_backup-nightly_problem", "cluster_problem"):
        assert (_state(hass, home_entry, ending).state, _state(hass, lab_entry, ending).state) == ("off", "on")
    assert _state(hass, home_entry, "cluster_guests_protected", "sensor").state == "4"
    assert _state(hass, lab_entry, "cluster_guests_protected", "sensor").state == "3"

    for entry in (home_entry, lab_entry):
        cluster = device(hass, entry, "cluster")
        assert cluster is not None
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        assert {found.via_device_id for found in devices if found.id != cluster.id} == {cluster.id}

    # What happens in one leaves the other as it is.
    before = _state(hass, home_entry, "guest_101_problem").last_reported
    lab.guest(104).delete()
    lab.job("nightly").reschedule("22")
    for _ in range(3):
        await poll(hass, lab_entry)
    assert device(hass, lab_entry, "guest_104") is None
    assert device(hass, home_entry, "guest_104") is not None
    assert _state(hass, home_entry, "guest_101_problem").last_reported == before
    issues = [issue.issue_id for issue in ir.async_get(hass).issues.values()]
    assert len(issues) == 1
    assert issues[0].endswith(lab_entry.entry_id)
    told = await async_get_config_entry_diagnostics(hass, home_entry)
    assert "disk full" not in json.dumps(told)
    assert "105" not in told["guests"]

    await hass.config_entries.async_remove(lab_entry.entry_id)
    await hass.async_block_till_done()
    assert not ir.async_get(hass).issues
    await poll(hass, home_entry)
    assert _state(hass, home_entry, "guest_101_problem").state == "off"
    assert device(hass, home_entry, "cluster") is not None
