"""What can be decided for a server: what is watched, where it stands, when it is on, and how long to wait."""

from datetime import time, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.backup_server.options import server_options
from custom_components.proxmox_backup_checker.checker.model.server_options import Hours, Place, ServerOptions
from simulator.backup_server import ServedBackupServer

from .conftest import poll, set_up


async def _open(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, step)
    return result


async def _submit(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.options.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


def _suggested(result: Any) -> dict[str, Any]:
    """Return what the fields of a form show."""
    return {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


async def test_datastores_and_namespaces_can_be_left_out_and_taken_in_again(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    result = await _open(hass, entry, "server_content")
    assert _suggested(result) == {"datastores": ["ds1", "ds2"], "namespaces": ["ds1:", "ds1:home", "ds2:"]}
    await _submit(hass, result, {"datastores": ["ds1"], "namespaces": ["ds1:"]})
    assert entry.options == {"ignore": ["ds2", "ds1:home"]}
    assessment = entry.runtime_data.assessment
    assert set(assessment.datastores) == {"ds1"}
    assert {key for key, view in assessment.groups.items() if view.verdict.status.value != "ignored"} == {
        "ds1::host/nas"
    }

    result = await _open(hass, entry, "server_content")
    assert _suggested(result) == {"datastores": ["ds1"], "namespaces": ["ds1:"]}
    await _submit(hass, result, {"datastores": ["ds1", "ds2"], "namespaces": ["ds1:", "ds1:home", "ds2:"]})
    assert entry.options == {}
    assert set(entry.runtime_data.assessment.datastores) == {"ds1", "ds2"}


async def test_place_and_hours_can_be_changed(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs, options={"ignore": ["ds2"]})
    result = await _open(hass, entry, "server_place")
    result = await _submit(hass, result, {"place": "elsewhere", "always_on": False, "awake_from": "20:00:00"})
    assert result["errors"] == {"base": "hours_missing"}
    hours = {"awake_from": "20:00:00", "awake_until": "01:00:00"}
    await _submit(hass, result, {"place": "elsewhere", "always_on": False, **hours})
    assert entry.options == {"ignore": ["ds2"], "place": "elsewhere", "awake": ["20:00:00", "01:00:00"]}

    result = await _open(hass, entry, "server_place")
    assert _suggested(result) == {"place": "elsewhere", "always_on": False, **hours}
    await _submit(hass, result, {"place": "unknown", "always_on": True})
    assert entry.options == {"ignore": ["ds2"]}


async def test_groups_can_be_ignored_and_limits_set(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs, options={"ignore": ["ds2"], "place": "here"})
    result = await _open(hass, entry, "server_settings")
    usual = {"verify_limit": 35, "gc_limit": 7, "blind_limit_hours": 24}
    flags = {"warnings_are_problems": False, "hide_names": False}
    await _submit(hass, result, {"ignore": ["ds1::host/nas"], **usual, **flags, "verify_limit": 0, "hide_names": True})
    assert entry.options == {
        "ignore": ["ds2", "ds1::host/nas"],
        "place": "here",
        "verify_limit": 0,
        "hide_names": True,
    }
    assert entry.runtime_data.assessment.groups["ds1::host/nas"].verdict.status.value == "ignored"

    await _submit(hass, await _open(hass, entry, "server_settings"), {"ignore": [], **usual, **flags})
    assert entry.options == {"ignore": ["ds2"], "place": "here"}


async def test_options_of_a_server_that_is_not_loaded_keep_what_was_decided(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs, options={"ignore": ["ds2", "ds1:home"]})
    pbs.power_off()
    await hass.config_entries.async_reload(entry.entry_id)
    result = await _open(hass, entry, "server_settings")
    usual = {"verify_limit": 35, "gc_limit": 7, "blind_limit_hours": 24}
    await _submit(hass, result, {**usual, "warnings_are_problems": True, "hide_names": False})
    assert entry.options == {"ignore": ["ds2", "ds1:home"], "warnings_are_problems": True}


async def test_an_ignored_group_is_not_offered_as_a_problem(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs, options={"ignore": ["ds1::host/nas"]})
    await poll(hass, entry)
    assert entry.runtime_data.assessment.groups["ds1::host/nas"].verdict.problem is False


@pytest.mark.parametrize(
    ("options", "decided"),
    [
        ({}, ServerOptions()),
        ({"place": "here"}, ServerOptions(place=Place.HERE)),
        (
            {"ignore": ["ds2", "ds1:", "ds1:home", "ds1:a/b:host/nas"]},
            ServerOptions(
                ignored_stores=frozenset({"ds2"}),
                ignored_namespaces=frozenset({("ds1", ""), ("ds1", "home")}),
                ignored_groups=frozenset({"ds1:a/b:host/nas"}),
            ),
        ),
        ({"awake": ["20:00:00", "01:00:00"]}, ServerOptions(awake=(Hours(time(20), time(1)),))),
        ({"verify_limit": 0, "gc_limit": 14}, ServerOptions(verify_limit=None, gc_limit=timedelta(days=14))),
        ({"rhythm": {"ds1::host/nas": 7}}, ServerOptions(rhythm={"ds1::host/nas": timedelta(days=7)})),
        ({"asleep_limit": {"usb": 10}}, ServerOptions(asleep_limit={"usb": timedelta(days=10)})),
        ({"rotation": [["a", "b"]]}, ServerOptions(rotation=(frozenset({"a", "b"}),))),
        ({"blind_limit_hours": 2}, ServerOptions(blind_limit=timedelta(hours=2))),
    ],
)
def test_options_are_what_their_names_say(options: dict[str, Any], decided: ServerOptions) -> None:
    assert server_options(options) == decided


async def test_the_rhythm_of_a_client_can_be_set_and_left_to_be_learned_again(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    result = await _open(hass, entry, "server_rhythm")
    assert result["description_placeholders"] == {"set": "–"}
    await _submit(hass, result, {"group": "ds1::host/nas", "days": 7})
    assert entry.options == {"rhythm": {"ds1::host/nas": 7}}
    view = entry.runtime_data.assessment.groups["ds1::host/nas"]
    assert (view.usual_gap, view.is_rhythm_set) == (timedelta(days=7), True)

    result = await _open(hass, entry, "server_rhythm")
    assert result["description_placeholders"] == {"set": "nas (ds1): 7 d"}
    await _submit(hass, result, {"group": "ds1::host/nas", "days": 0})
    assert entry.options == {}
    assert not entry.runtime_data.assessment.groups["ds1::host/nas"].is_rhythm_set


async def test_disks_that_take_turns_and_how_long_one_may_be_away_can_be_set(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    for name in ("disk-a", "disk-b"):
        pbs.add_datastore(name, removable=True)
    entry = await set_up(hass, pbs)
    result = await _open(hass, entry, "server_disks")
    await _submit(hass, result, {"rotation": ["disk-b", "disk-a"], "datastore": "disk-a", "days": 10})
    assert entry.options == {"asleep_limit": {"disk-a": 10}, "rotation": [["disk-a", "disk-b"]]}

    result = await _open(hass, entry, "server_disks")
    assert _suggested(result) == {"rotation": ["disk-a", "disk-b"]}
    await _submit(hass, result, {"rotation": [], "datastore": "disk-a", "days": 0})
    assert entry.options == {}


async def test_a_server_without_removable_disks_is_not_asked_about_them(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["menu_options"] == ["server_content", "server_place", "server_settings", "server_rhythm", "heartbeat"]
