"""Triggers in real automations of a real Home Assistant."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components import automation
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.states import device, entity, shown

IO_ERROR = "job failed with err -5 - Input/output error"
KINDS = ("backup_failed", "backup_overdue", "backup_recovered")

type Fired = Callable[[], list[tuple[str, str]]]


async def automate(hass: HomeAssistant, target: dict[str, Any], **options: Any) -> Fired:
    """Set up an automation for each trigger; return what fired since the last question, by trigger and entity."""
    calls = async_mock_service(hass, "test", "note")
    texts = {"kind": "{{ trigger.platform }}", "entity": "{{ trigger.entity_id }}"}
    automations = [
        {
            "alias": kind,
            "triggers": {"trigger": f"{DOMAIN}.{kind}", "target": target, "options": options},
            "actions": {"action": "test.note", "data": texts},
            "mode": "parallel",
        }
        for kind in KINDS
    ]
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: automations})
    await hass.async_block_till_done()

    def fired() -> list[tuple[str, str]]:
        found = [(call.data["kind"].removeprefix(f"{DOMAIN}."), call.data["entity"]) for call in calls]
        calls.clear()
        return sorted(found)

    return fired


def problem_of(home: Home, key: str) -> str:
    """Return the entity id of a problem sensor."""
    found = entity(home.hass, f"_{key}_problem")
    assert found is not None
    return found.entity_id


async def test_a_failure_fires_for_every_run_that_fails_and_once_it_is_good_again(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    files = problem_of(home, "guest_104")
    fired = await automate(home.hass, {"entity_id": files})

    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until("2026-01-14T05:00:00")
    assert fired() == [("backup_failed", files)]
    await home.live(hours=18, step=timedelta(hours=6))
    assert fired() == []
    await home.until("2026-01-15T05:00:00")
    assert fired() == [("backup_failed", files)]

    home.pve.guest(104).recovers()
    await home.until("2026-01-16T05:00:00")
    assert fired() == [("backup_recovered", files)]
    await home.until("2026-01-17T05:00:00")
    assert fired() == []


async def test_an_overdue_backup_fires_once_however_long_it_lasts(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    web, nightly = problem_of(home, "guest_101"), problem_of(home, "job_backup-nightly")
    fired = await automate(home.hass, {"entity_id": [web, nightly]})

    home.pve.node("pve1").go_offline()
    home.pve.clock.set(datetime(2026, 1, 14, 2, tzinfo=UTC))
    home.pve.node("pve1").come_online()
    await home.until("2026-01-14T08:00:00")
    assert fired() == [("backup_overdue", nightly), ("backup_overdue", web)]
    await home.live(hours=12, step=timedelta(hours=4))
    assert fired() == []
    await home.until("2026-01-15T05:00:00")
    assert fired() == [("backup_recovered", nightly), ("backup_recovered", web)]


async def test_the_cluster_stands_for_all_of_its_guests_and_jobs_and_for_those_to_come(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    assert home.entry is not None
    cluster = device(home.hass, home.entry, "cluster")
    assert cluster is not None
    fired = await automate(home.hass, {"device_id": cluster.id})

    home.pve.add_vm(105, "new", "pve1", size=1)
    home.pve.job("nightly").change(vmid="101,102,103,104,105")
    await home.after(hours=1)
    home.pve.guest(105).fails(failed(IO_ERROR))
    await home.until("2026-01-14T05:00:00")
    new, nightly = problem_of(home, "guest_105"), problem_of(home, "job_backup-nightly")
    assert fired() == [("backup_failed", nightly), ("backup_failed", new)]


async def test_a_problem_sensor_of_somebody_else_and_one_of_a_storage_fire_nothing(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    registry = er.async_get(home.hass)
    foreign = registry.async_get_or_create(
        "binary_sensor", "other", "x_guest_1_problem", original_device_class="problem"
    ).entity_id
    storage = problem_of(home, "storage_nas")
    fired = await automate(home.hass, {"entity_id": [foreign, storage]})
    attributes = {"device_class": "problem", "verdict": "failed", "failures": 1}
    home.hass.states.async_set(foreign, "off", {"device_class": "problem", "verdict": "ok"})
    home.hass.states.async_set(foreign, "on", attributes)
    home.hass.states.async_set(storage, "on", attributes)
    await home.hass.async_block_till_done()
    assert fired() == []


async def test_a_start_tells_nothing_old_and_what_happened_out_of_sight_is_told_once_it_is_seen(home: Home) -> None:
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until("2026-01-13T05:00:00")
    files, web = problem_of(home, "guest_104"), problem_of(home, "guest_101")
    fired = await automate(home.hass, {"entity_id": [files, web]})
    await home.restart()
    assert shown(home.hass, "_guest_104_problem").state == "on"
    assert fired() == []

    home.pve.faults.broken["/cluster/resources"] = "<html>"
    await home.live(hours=2, step=timedelta(minutes=20))
    assert shown(home.hass, "_guest_104_problem").state == "unavailable"
    home.pve.guest(104).recovers()
    home.pve.guest(101).fails(failed(IO_ERROR))
    home.pve.clock.set(datetime(2026, 1, 14, 5, tzinfo=UTC))
    del home.pve.faults.broken["/cluster/resources"]
    await home.look()
    assert fired() == [("backup_failed", web), ("backup_recovered", files)]


async def test_a_disabled_job_is_no_recovery(home: Home) -> None:
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until("2026-01-13T05:00:00")
    fired = await automate(home.hass, {"entity_id": problem_of(home, "job_backup-nightly")})
    home.pve.job("nightly").disable()
    await home.after(hours=1)
    assert home.job().brief == ("off", "paused")
    home.pve.guest(104).recovers()
    home.pve.job("nightly").enable()
    await home.until("2026-01-14T05:00:00")
    assert home.job().brief == ("off", "ok")
    assert fired() == []


async def test_the_editor_offers_the_triggers_for_our_problem_sensors(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "trigger_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    offered = (await client.receive_json())["event"]
    sensors = {"integration": DOMAIN, "domain": ["binary_sensor"], "device_class": ["problem"]}
    for kind in KINDS:
        assert offered[f"{DOMAIN}.{kind}"]["target"]["entity"] == [sensors]
