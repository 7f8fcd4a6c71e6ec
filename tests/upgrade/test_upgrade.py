"""What a release has left is kept by the present source: every setting, name, id, memory and automation.

`data` has a folder for each release and in it one for each world, written by `scripts/upgrade-data`. A deliberate change of
what is kept comes with a migration, and what that does is said in `MIGRATED`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import json
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.components.automation import automations_with_device, devices_in_automation, entities_in_automation
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CoreState
from homeassistant.data_entry_flow import section
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from simulator import SimulatedCluster
from simulator.outcomes import failed
from tests.acceptance.phone import Phone, open_channel
from tests.integration.backup_server.conftest import set_up as set_up_server

from .household import DOMAIN, Heard, Household
from .worlds import IO_ERROR, SINGLE_HOST, WORLDS, World

_DATA: Final = Path(__file__).parent / "data"
_CASES: Final = [(release.name, world) for release in sorted(_DATA.iterdir()) for world in WORLDS]
_AFTER: Final = timedelta(minutes=10)
"""How long Home Assistant was down for the update."""

MIGRATED: Final[Mapping[str, Mapping[str, str]]] = {}
"""By world, the endings of unique ids, identifiers and statistics that a migration has changed, and what they are now."""

_MOVES_ON: Final = frozenset({"evaluated", "listed", "fingerprint", "address", "archives"})
"""What of the history follows Proxmox from look to look."""

_GROWS: Final = frozenset({"samples"})


@dataclass
class Left:
    """What a release has left of a world."""

    folder: Path

    def read(self, name: str) -> Any:
        """Return one of its files."""
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def stored(self, name: str) -> Any:
        """Return the content of one of Home Assistant's files."""
        return self.read(f"storage/{name}")["data"]

    @property
    def entry(self) -> dict[str, Any]:
        """The config entry."""
        return next(entry for entry in self.stored("core.config_entries")["entries"] if entry["domain"] == DOMAIN)

    @property
    def entities(self) -> list[dict[str, Any]]:
        """The registered entities."""
        return [entity for entity in self.stored("core.entity_registry")["entities"] if entity["platform"] == DOMAIN]

    @property
    def devices(self) -> list[dict[str, Any]]:
        """The registered devices."""
        entry_id = self.entry["entry_id"]
        devices = self.stored("core.device_registry")["devices"]
        return [device for device in devices if device["config_entry_id"] == entry_id]


@dataclass
class Upgraded:
    """The same Home Assistant some minutes later, started with the present source."""

    household: Household
    world: World
    left: Left
    heard: Heard
    phone: Phone

    def now(self, key: str) -> str:
        """Return what a unique id, an identifier or a statistic is called now."""
        for ending, new in MIGRATED.get(self.world.name, {}).items():
            if key.endswith(ending):
                return f"{key.removesuffix(ending)}{new}"
        return key

    async def next_night(self) -> None:
        """Let a night pass in which 101 recovers and 103 fails for the first time, and the morning come."""
        pve = self.household.pve
        pve.guest(101).recovers()
        pve.guest(103).fails(failed(IO_ERROR), job="backup-nightly")
        morning = (pve.clock.now() + timedelta(days=1)).replace(hour=5)
        while pve.clock.now() < morning:
            pve.clock.advance(hours=4)
            await self.household.look()
            await self.household.let_timers_run(seconds=90)


@pytest.fixture(params=_CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A release and the name of a world."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def world(case: tuple[str, str]) -> World:
    """The world."""
    return WORLDS[case[1]]


@pytest.fixture
def left(case: tuple[str, str]) -> Left:
    """What the release has left of it."""
    return Left(_DATA.joinpath(*case))


@pytest.fixture
async def upgraded(household: Household, pve: SimulatedCluster, world: World, left: Left) -> Upgraded:
    """Home Assistant with what the release has left and the present source, after its first look."""
    await world.play(pve, world.ends + _AFTER)
    _copy(left, household)
    await _move(household)
    await household.load(CoreState.not_running)
    _remember_statistics(household, left.read("statistics"))
    heard = household.listen()
    await household.set_up_automations()
    await household.set_up()
    phone = await open_channel(household.hass, _owner(household))
    await household.finish_start()
    assert household.entry.state is ConfigEntryState.LOADED
    return Upgraded(household, world, left, heard, phone)


def _copy(left: Left, household: Household) -> None:
    """Put the files where Home Assistant has them."""
    for name in ("automations.yaml", "configuration.yaml"):
        shutil.copy(left.folder / name, household.folder)
    shutil.copytree(left.folder.parent / "blueprints", household.folder / "blueprints" / "automation" / DOMAIN)
    for path in (left.folder / "storage").iterdir():
        shutil.copy(path, household.folder / ".storage" / path.stem)


async def _move(household: Household) -> None:
    """Have the files lead to the ports and certificates of this test; the log agents get the tokens that are known."""
    path = household.folder / ".storage" / "core.config_entries"
    content = json.loads(path.read_text(encoding="utf-8"))
    [entry] = [entry for entry in content["data"]["entries"] if entry["domain"] == DOMAIN]
    entry["data"] |= {"port": household.pve.port, "fingerprint": household.pve.fingerprint}
    for node, known in entry["options"]["log_agents"].items():
        agent = await household.start_agent(node, known["token"])
        known |= {"url": agent.url, "fingerprint": agent.fingerprint}
    path.write_text(json.dumps(content), encoding="utf-8")


def _remember_statistics(household: Household, statistics: dict[str, dict[str, Any]]) -> None:
    """Fill the database with the statistics of before."""
    # The recorder must not be imported before the fixtures have prepared it.
    from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData  # noqa: PLC0415
    from homeassistant.components.recorder.statistics import async_add_external_statistics  # noqa: PLC0415

    for statistic_id, known in statistics.items():
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            name=known["name"],
            source=DOMAIN,
            statistic_id=statistic_id,
            unit_class=known["unit_class"],
            unit_of_measurement=known["unit"],
        )
        rows = [
            StatisticData(start=datetime.fromisoformat(start), mean=mean, min=least, max=most)
            for start, mean, least, most in known["hours"]
        ]
        async_add_external_statistics(household.hass, metadata, rows)


def _owner(household: Household) -> User:
    """Return the user who has registered the phone."""
    [phone] = household.hass.config_entries.async_entries("mobile_app")
    owner: User = MockUser(id=phone.data["user_id"], name="Owner").add_to_hass(household.hass)
    return owner


async def test_the_entry_its_options_and_its_log_agents_are_kept(upgraded: Upgraded) -> None:
    entry, before = upgraded.household.entry, upgraded.left.entry
    assert (entry.entry_id, entry.unique_id, entry.title) == (before["entry_id"], before["unique_id"], before["title"])
    where = {"port", "fingerprint"}
    assert {key: entry.data.get(key) for key in before["data"] if key not in where} == {
        key: value for key, value in before["data"].items() if key not in where
    }
    agents = {node: agent["token"] for node, agent in entry.options["log_agents"].items()}
    assert agents == {node: agent["token"] for node, agent in before["options"]["log_agents"].items()}
    settings = {key: value for key, value in before["options"].items() if key != "log_agents"}
    assert len(settings) == 5
    assert {key: entry.options.get(key) for key in settings} == settings
    assert not upgraded.household.hass.config_entries.flow.async_progress()
    told = {issue.issue_id for issue in ir.async_get(upgraded.household.hass).issues.values()}
    assert not {issue for issue in told if "history" in issue or "agent" in issue or "validation" in issue}


async def test_the_form_of_the_settings_shows_what_was_chosen(upgraded: Upgraded) -> None:
    options = upgraded.household.hass.config_entries.options
    step = await options.async_init(upgraded.household.entry.entry_id)
    step = await options.async_configure(step["flow_id"], {"next_step_id": "settings"})
    chosen = {key: value for key, value in upgraded.left.entry["options"].items() if key != "log_agents"}
    suggested = _suggested(step["data_schema"])
    assert {key: suggested.get(key) for key in chosen} == chosen


def _suggested(schema: Any) -> dict[str, Any]:
    """Return the values that a form comes with, those of its sections too."""
    found: dict[str, Any] = {}
    for key, value in schema.schema.items():
        if isinstance(value, section):
            found |= _suggested(value.schema)
        elif key.description:
            found[key.schema] = key.description.get("suggested_value")
    return found


async def test_every_device_is_kept_over_many_looks(upgraded: Upgraded) -> None:
    for _ in range(4):
        upgraded.household.pve.clock.advance(minutes=10)
        await upgraded.household.look()
    registry = dr.async_get(upgraded.household.hass)
    for before in upgraded.left.devices:
        device = registry.async_get(before["id"])
        assert isinstance(device, dr.DeviceEntry), before["identifiers"]
        assert device.identifiers == {(domain, upgraded.now(key)) for domain, key in before["identifiers"]}
        assert device.name_by_user == before["name_by_user"]
        assert device.area_id == before["area_id"]
        assert device.labels == set(before["labels"])
        assert device.disabled_by == before["disabled_by"]
        assert device.via_device_id == before["via_device_id"]
    devices = dr.async_entries_for_config_entry(registry, upgraded.household.entry.entry_id)
    assert len({(device.name, device.model) for device in devices}) == len(devices)


async def test_every_entity_is_kept_as_it_was_arranged(upgraded: Upgraded) -> None:
    registry = er.async_get(upgraded.household.hass)
    for before in upgraded.left.entities:
        entity = registry.async_get(before["entity_id"])
        assert entity is not None, before["entity_id"]
        assert entity.id == before["id"]
        assert entity.unique_id == upgraded.now(before["unique_id"])
        assert entity.device_id == before["device_id"]
        kept = ("name", "icon", "area_id", "hidden_by", "disabled_by", "device_class", "unit_of_measurement")
        assert {key: getattr(entity, key) for key in kept} == {key: before[key] for key in kept}
        assert entity.labels == set(before["labels"])
        assert entity.original_device_class == before["original_device_class"]
        state_class = (before["capabilities"] or {}).get("state_class")
        assert (entity.capabilities or {}).get("state_class") == state_class


async def test_every_entity_is_provided_and_none_twice(upgraded: Upgraded) -> None:
    registry, hass = er.async_get(upgraded.household.hass), upgraded.household.hass
    before = upgraded.left.read("states")
    for entity_id, shown in before.items():
        state = hass.states.get(entity_id)
        assert state is not None, entity_id
        assert (state.state == STATE_UNAVAILABLE) == (shown["state"] == STATE_UNAVAILABLE), entity_id
    entry_id = upgraded.household.entry.entry_id
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.disabled:
            registry.async_update_entity(entity.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry_id)
    await upgraded.household.settle()
    entities = er.async_entries_for_config_entry(registry, entry_id)
    for entity in entities:
        state = hass.states.get(entity.entity_id)
        assert state is not None, entity.entity_id
        assert not state.attributes.get("restored"), f"{entity.entity_id} is not provided any more"
    said = [(entity.domain, entity.device_id, entity.original_name) for entity in entities]
    assert len(set(said)) == len(said)


async def test_what_is_shown_is_what_was_shown(upgraded: Upgraded) -> None:
    """Problems, their acknowledgements, the last good backups, and what has happened last."""
    states = upgraded.household.states()
    before = upgraded.left.read("states")
    assert any(shown.get("acknowledged") for shown in before.values())
    for entity_id, shown in before.items():
        if entity_id.startswith(("binary_sensor.", "event.")) or entity_id.endswith("_last_good_backup"):
            now = states.get(entity_id, {})
            if entity_id.startswith("binary_sensor.storage_"):
                # 0.1.0 took the end of any run to a storage of this name, on whichever node.
                shown = {**shown, "last_success": now.get("last_success")}
            assert now == shown, entity_id


async def test_nothing_old_is_told_again(upgraded: Upgraded) -> None:
    for _ in range(3):
        upgraded.household.pve.clock.advance(minutes=10)
        await upgraded.household.look()
    assert upgraded.heard == Heard()
    assert upgraded.phone.arrived == []
    assert await upgraded.household.open_alerts() == upgraded.left.read("open_alerts")


@pytest.mark.parametrize("case", [case for case in _CASES if case[1] == SINGLE_HOST.name], ids="-".join)
async def test_guests_that_two_sync_jobs_leave_out_are_one_message_which_says_what_is_new(upgraded: Upgraded) -> None:
    """The servers are added after the update: nobody had heard of copies elsewhere before."""
    pve, hass = upgraded.household.pve, upgraded.household.hass
    local, vault = pve.add_backup_server("pbs"), pve.add_backup_server("vault")
    store, tank = local.add_datastore("ds1"), vault.add_datastore("tank")
    for server in (local, vault):
        await server.open()
    pve.connect_storage("pbs", store, owner="backup@pbs")
    pve.job("nightly").change(storage="pbs")
    local.add_remote("vault", vault)
    vault.access.grant("/datastore", "DatastoreAdmin", "sync@pbs")
    for vmid in ("101", "102"):
        tank.add_group("", "vm", vmid, "root@pam")
    tank.add_group("", "ct", "103", "root@pam")
    for kind in ("vm", "ct"):
        pushing = {"remote": "vault", "remote_store": "tank", "direction": "push", "schedule": "04:00"}
        local.add_sync_job(f"all-{kind}", "ds1", group_filter=(f"type:{kind}",), **pushing)
    pve.guest(101).recovers()
    await set_up_server(hass, local, options={"place": "here"})
    await set_up_server(hass, vault, options={"place": "elsewhere"})
    morning = (pve.clock.now() + timedelta(days=1)).replace(hour=5)
    while pve.clock.now() < morning:
        pve.clock.advance(hours=4)
        await upgraded.household.look()

    told = [message for message in upgraded.heard.messages if "outside this house" in message["title"]]
    assert [message["title"] for message in told] == ["No copy outside this house: 3 guests"]
    text = told[0]["message"]
    assert "New since yesterday 10:20: copies outside this house are watched too." in text
    assert "web (101), database (102): The sync job “all-vm”" in text
    assert "dns (103): The sync job “all-ct”" in text
    assert "To do: Open each of these guests on the dashboard" in text


async def test_all_that_was_remembered_is_written_again(upgraded: Upgraded) -> None:
    """Runs that Proxmox has forgotten too, with the outcomes of their guests."""
    name = f"{DOMAIN}.{upgraded.left.entry['entry_id']}"
    before = _rows_told(upgraded.left.stored(name))
    listed = {task.upid for node in upgraded.household.pve.nodes.values() for task in node.tasks.archived()}
    assert set(before["runs"]) - listed
    assert set(before["runs"]) & listed
    await upgraded.household.stop()
    now = _rows_told(upgraded.household.read(name)["data"])
    assert now["evaluated"] > before["evaluated"]
    _assert_contains(now, before, "history")


def _rows_told(data: dict[str, Any]) -> dict[str, Any]:
    """Return the history with the outcomes of its runs by the names of their fields."""
    shapes = data["shapes"]
    runs = {
        upid: {
            **run,
            "outcomes": [dict(zip(shapes[shape], values, strict=True)) for shape, *values in run.get("outcomes", ())],
        }
        for upid, run in data["runs"].items()
    }
    return {**{key: value for key, value in data.items() if key != "shapes"}, "runs": runs}


def _assert_contains(now: Any, before: Any, where: str) -> None:
    """Assert that everything of before is still there, whatever there is beside it."""
    if isinstance(before, dict):
        for key, value in before.items():
            assert key in now, f"{where}: {key} is gone"
            if key in _GROWS:
                assert [item for item in value if item not in now[key]] == [], f"{where}, {key}"
            elif key not in _MOVES_ON:
                _assert_contains(now[key], value, f"{where}, {key}")
    elif isinstance(before, list):
        assert len(now) == len(before), where
        for number, (new, old) in enumerate(zip(now, before, strict=True)):
            _assert_contains(new, old, f"{where}, {number}")
    else:
        assert now == before, where


async def test_statistics_go_on_under_their_ids(upgraded: Upgraded) -> None:
    before = upgraded.left.read("statistics")
    after = await upgraded.household.statistics()
    assert set(after) == {upgraded.now(statistic_id) for statistic_id in before}
    await upgraded.next_night()
    after = await upgraded.household.statistics()
    assert set(after) == {upgraded.now(statistic_id) for statistic_id in before}
    for statistic_id, known in before.items():
        new = after[upgraded.now(statistic_id)]
        assert new["unit"] == known["unit"]
        assert new["hours"][: len(known["hours"])] == known["hours"]
    grown = upgraded.now(next(key for key in before if key.endswith("_guest_102_size")))
    assert len(after[grown]["hours"]) == len(before[grown]["hours"]) + 1


@pytest.mark.parametrize("case", [case for case in _CASES if case[1] == SINGLE_HOST.name], ids="-".join)
async def test_a_host_that_becomes_a_cluster_keeps_its_storages(upgraded: Upgraded) -> None:
    """Its own ones too, of which the others have their like; entities, statistics and history go on under the same names."""
    pve, hass = upgraded.household.pve, upgraded.household.hass
    entities, devices = er.async_get(hass), dr.async_get(hass)
    await pve.join("home", "pve2")
    for _ in range(5):
        pve.clock.advance(hours=4)
        await upgraded.household.look()
    before = [entity for entity in upgraded.left.entities if "_storage_local_" in entity["unique_id"]]
    assert len(before) >= 4
    for entity in before:
        now = entities.async_get(entity["entity_id"])
        assert now is not None, entity["entity_id"]
        assert (now.id, now.unique_id) == (entity["id"], entity["unique_id"])
        state = hass.states.get(entity["entity_id"])
        assert state is None or state.state != STATE_UNAVAILABLE, entity["entity_id"]
    own = entities.async_get("binary_sensor.storage_local_problem")
    new = entities.async_get("binary_sensor.storage_pve2_local_problem")
    assert own is not None
    assert new is not None
    found = [devices.async_get(entity.device_id or "") for entity in (own, new)]
    assert [device and device.name for device in found] == ["Storage pve1/local", "Storage pve2/local"]
    statistics = upgraded.left.read("statistics")
    key = next(key for key in statistics if key.endswith("_storage_local_used"))
    after = await upgraded.household.statistics()
    assert len(after[key]["hours"]) > len(statistics[key]["hours"])
    assert not any(key.endswith("_storage_pve1_local_used") for key in after)


async def test_automations_are_valid_and_lead_to_what_exists(upgraded: Upgraded) -> None:
    hass = upgraded.household.hass
    automations = hass.states.async_entity_ids("automation")
    assert len(automations) == 11
    entities, devices = er.async_get(hass), dr.async_get(hass)
    for automation in automations:
        state = hass.states.get(automation)
        assert state is not None
        assert state.state == "on", automation
        for entity_id in entities_in_automation(hass, automation):
            assert entities.async_get(entity_id) is not None, (automation, entity_id)
            assert hass.states.get(entity_id) is not None, (automation, entity_id)
        for device_id in devices_in_automation(hass, automation):
            assert devices.async_get(device_id) is not None, (automation, device_id)
    led = [device for device in upgraded.left.devices if automations_with_device(hass, device["id"])]
    assert len(led) >= 4


async def test_automations_do_their_work_in_the_next_night(upgraded: Upgraded) -> None:
    await upgraded.next_night()
    assert set(upgraded.heard.automations) == {
        "A guest's backup failed",
        "Any backup failed",
        "A guest's backup is fine again",
        "A message was sent",
        "A run failed",
        "An important backup failed",
        "Backup of dns needs attention",
        "Messages by any other way",
        "Messages to the phone",
        "Update the database while it is protected",
    }
    told = [alert["tag"] for alert in upgraded.left.read("open_alerts")]
    [nightly] = [tag for tag in told if tag.endswith("-job_backup-nightly")]
    assert nightly in upgraded.phone.screen
