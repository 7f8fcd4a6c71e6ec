"""The gate before an update: is everything that is to be changed backed up?"""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.states import device, entity


async def is_protected(home: Home, target: dict[str, Any], **age: int) -> bool:
    """Ask the condition, as an automation does."""
    assert await async_setup_component(home.hass, "binary_sensor", {})
    await condition.async_setup(home.hass)
    config = {
        "condition": f"{DOMAIN}.is_protected",
        "target": target,
        "options": {"maximum_age": age or {"hours": 24}},
    }
    valid = await condition.async_validate_condition_config(home.hass, config)
    checker = await condition.async_from_config(home.hass, valid)
    try:
        return checker.async_check() is True
    finally:
        checker.async_unload()


def sensor(home: Home, key: str) -> dict[str, str]:
    """Return the target of a problem sensor."""
    found = entity(home.hass, f"_{key}_problem")
    assert found is not None
    return {"entity_id": found.entity_id}


def of_device(home: Home, key: str) -> dict[str, str]:
    """Return the target of a device."""
    assert home.entry is not None
    found = device(home.hass, home.entry, key)
    assert found is not None
    return {"device_id": found.id}


async def test_only_a_good_backup_that_is_young_enough_protects(home: Home) -> None:
    await home.look()
    assert not await is_protected(home, sensor(home, "guest_101"))
    await home.until("2026-01-13T05:00:00")
    for target in (sensor(home, "guest_101"), of_device(home, "guest_101"), of_device(home, "job_backup-nightly")):
        assert await is_protected(home, target)
        assert await is_protected(home, target, hours=5)
        assert not await is_protected(home, target, hours=3)


async def test_one_guest_without_a_good_backup_is_enough_to_say_no(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    assert await is_protected(home, of_device(home, "cluster"))
    home.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    await home.until("2026-01-14T05:00:00")
    web, files = sensor(home, "guest_101")["entity_id"], sensor(home, "guest_104")["entity_id"]
    assert await is_protected(home, {"entity_id": web})
    assert not await is_protected(home, {"entity_id": files}, days=3)
    assert not await is_protected(home, {"entity_id": [web, files]}, days=3)
    assert not await is_protected(home, of_device(home, "cluster"), days=3)
    assert not await is_protected(home, of_device(home, "job_backup-nightly"), days=3)


async def test_what_cannot_be_seen_or_is_not_there_is_not_protected(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    web = sensor(home, "guest_101")["entity_id"]
    assert not await is_protected(home, {"entity_id": [web, "binary_sensor.no_such_guest"]})
    assert not await is_protected(home, {"entity_id": web, "device_id": "0123456789abcdef0123456789abcdef"})
    assert not await is_protected(home, {"area_id": "nowhere"})
    assert not await is_protected(home, of_device(home, "storage_nas"))
    home.pve.faults.broken["/cluster/resources"] = "<html>"
    await home.live(hours=2, step=timedelta(minutes=20))
    assert not await is_protected(home, {"entity_id": web})
    assert home.entry is not None
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert not await is_protected(home, {"entity_id": web})


async def test_a_recent_backup_does_not_protect_where_nothing_can_be_proven(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.limit_token({"/": "VM.Audit Datastore.Audit Pool.Audit"})
    await home.after(minutes=10)
    assert (home.guest(101).problem, home.last_success(101) is not None) == ("unknown", True)
    assert not await is_protected(home, sensor(home, "guest_101"))


async def test_a_guest_that_is_ignored_does_not_keep_the_cluster_from_being_protected(home: Home) -> None:
    home.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    home.options = {"ignored_guests": ["104"]}
    await home.until("2026-01-13T05:00:00")
    assert home.guest(104).status == "ignored"
    assert await is_protected(home, of_device(home, "cluster"))


@pytest.mark.parametrize("options", [{}, {"maximum_age": "soon"}, {"maximum_age": {"seconds": 0}}])
async def test_a_condition_without_a_sensible_age_is_refused(home: Home, options: dict[str, Any]) -> None:
    await home.look()
    await condition.async_setup(home.hass)
    config = {"condition": f"{DOMAIN}.is_protected", "target": sensor(home, "guest_101"), "options": options}
    with pytest.raises(probatio.Invalid):
        await condition.async_validate_condition_config(home.hass, config)


async def test_the_editor_offers_the_condition(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "condition_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    offered = (await client.receive_json())["event"]
    assert offered[f"{DOMAIN}.is_protected"]["fields"].keys() == {"maximum_age"}
