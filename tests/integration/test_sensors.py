"""Figures of guests, jobs and storages as sensors, and what the recorder gets of them."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.checker.metrics import free_bytes, used_percent
from custom_components.proxmox_backup_checker.checker.model.facts import StorageFacts
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster

from .conftest import add_entry, poll, set_up
from .states import shown

GIB = 1024**3
OFF = {
    "status",
    "size",
    "duration",
    "restore_points",
    "oldest_restore_point",
    "verification",
    "encrypted",
    "restore_test",
    "verified",
    "copies",
}


async def _set_up_with_everything(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """Set the cluster up with all entities that a user can switch on, but the one that says when it was last looked."""
    entry = await add_entry(hass, pve)
    wanted = [("sensor", f"guest_{vmid}_{key}") for vmid in pve.guests for key in OFF if key != "encrypted"]
    wanted += [("binary_sensor", f"guest_{vmid}_encrypted") for vmid in pve.guests]
    wanted += [("sensor", "storage_nas_full_on")]
    for domain, ending in wanted:
        unique_id = f"{entry.unique_id}_{ending}"
        er.async_get(hass).async_get_or_create(domain, DOMAIN, unique_id, config_entry=entry)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def test_a_guest_has_two_sensors_that_are_on_and_the_rest_for_who_wants_them(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    await set_up(hass, pve)
    entries = [entry for entry in er.async_get(hass).entities.values() if "_guest_101_" in entry.unique_id]
    on = {entry.unique_id.partition("_guest_101_")[2] for entry in entries if not entry.disabled}
    off = {entry.unique_id.partition("_guest_101_")[2] for entry in entries if entry.disabled}
    assert on == {"problem", "last_success"}
    assert off == OFF


async def test_the_figures_of_guests_and_jobs_are_shown(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    # Full rights: only then is a backup server's listing complete.
    pve.limit_token({"/": "Sys.Audit VM.Audit VM.Backup Datastore.Audit Datastore.AllocateSpace Pool.Audit"})
    pve.add_storage("pbs", "pbs").encryption_key = "ab:cd"
    pve.storage("pbs").verifies = True
    pve.job("nightly").run()
    pve.clock.advance(hours=1)
    pve.add_job("offsite", "04:00", "pbs", vmid="101").run()
    pve.clock.advance(minutes=1)
    await _set_up_with_everything(hass, pve)

    def value(ending: str) -> str:
        return shown(hass, ending, "sensor").state

    assert int(value("_guest_102_size")) == pytest.approx(16 * 0.3 * 0.45 * GIB, rel=0.05)
    assert float(value("_guest_102_duration")) > 0
    assert value("_guest_101_restore_points") == "2"
    assert value("_guest_102_restore_points") == "1"
    oldest = dt_util.parse_datetime(value("_guest_101_oldest_restore_point"))
    assert oldest is not None
    assert pve.clock.now() - oldest > timedelta(hours=1)
    assert (value("_guest_101_verification"), value("_guest_102_verification")) == ("ok", "unknown")
    assert shown(hass, "_guest_101_encrypted").state == "on"
    assert shown(hass, "_guest_102_encrypted").state == "unknown"
    whole = float(value("_job_backup-nightly_size")) * GIB
    assert whole > float(value("_guest_102_size"))
    assert float(value("_job_backup-nightly_duration")) > 0
    due = dt_util.parse_datetime(value("_job_backup-nightly_next_run"))
    assert due is not None
    assert due > pve.clock.now()
    assert shown(hass, "_job_backup-nightly_size", "sensor").attributes["unit_of_measurement"] == "GiB"


async def test_a_disabled_job_has_no_next_run(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    assert shown(hass, "_job_backup-nightly_next_run", "sensor").state != "unknown"
    pve.job("nightly").disable()
    await poll(hass, entry)
    assert shown(hass, "_job_backup-nightly_next_run", "sensor").state == "unknown"


async def test_a_poll_that_meets_nothing_new_writes_no_state(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    pve.job("nightly").run()
    entry = await _set_up_with_everything(hass, pve)
    written: list[str] = []

    def note(event: Event[EventStateChangedData]) -> None:
        written.append(event.data["entity_id"])

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    pve.storage("nas").other += 20_000
    for _ in range(2):
        freezer.tick(timedelta(minutes=10))
        await poll(hass, entry)
    assert written == []
    pve.guest(101).tags = "no-backup"
    await poll(hass, entry)
    assert written != []


@pytest.mark.parametrize(
    ("total", "used", "percent", "free"),
    [
        (1000 * GIB, 400 * GIB, 40.0, 600 * GIB),
        (1000 * GIB, 400 * GIB + 12345, 40.0, 600 * GIB),
        (500, 250, 50.0, 250),
        (0, 0, None, None),
        (None, None, None, None),
    ],
)
def test_the_fill_of_a_storage_is_told_to_a_thousandth(
    total: int | None, used: int | None, percent: float | None, free: int | None
) -> None:
    available = total - used if total is not None and used is not None else None
    storage = StorageFacts(storage="nas", node=None, plugin_type="nfs", total=total, used=used, available=available)
    assert (used_percent(storage), free_bytes(storage)) == (percent, free)
