"""Lives through each world with a release and keeps what it leaves: `scripts/upgrade-data CHECKOUT` runs this.

It is no test: its name keeps it out of the suite. Version 0.1.0 was released without this file; its data were made in a
checkout to which nothing but the virtual Proxmox and these worlds had been added.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import json
import os
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator import SimulatedCluster
from tests.acceptance.phone import connect_phone

from .household import CONFIGURATION, DOMAIN, Household
from .worlds import JOINED_HOST, WORLDS, World, day

_CHECKOUT: Final = Path(__file__).parents[2]
_BLUEPRINTS: Final = Path("blueprints", "automation", DOMAIN)
_BETWEEN_LOOKS: Final = timedelta(hours=2)
_FILES: Final = (
    "core.area_registry",
    "core.config_entries",
    "core.device_registry",
    "core.entity_registry",
    "core.label_registry",
    "core.restore_state",
)
_WIDTH: Final = 120

type Deed = Callable[[Household], Awaitable[None]]


@pytest.mark.parametrize("world", list(WORLDS), indirect=True)
@pytest.mark.timeout(900)
async def test_what_a_release_leaves(
    household: Household, world: World, pve: SimulatedCluster, hass_client: ClientSessionGenerator
) -> None:
    (household.folder / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (household.folder / "automations.yaml").write_text("[]", encoding="utf-8")
    shutil.copytree(_CHECKOUT / _BLUEPRINTS, household.folder / _BLUEPRINTS)
    await household.load()
    await household.set_up_automations()
    await _add_the_host(household)
    await _pair(household, "pve1")
    await _choose_settings(household)
    await _arrange(household)
    await _automate(household, hass_client)
    deeds: list[tuple[datetime, Deed]] = [(day(7, 8), _acknowledge)]
    if world is JOINED_HOST:
        deeds.append((day(10, 11), _pair_the_second_node))

    heard = household.listen()
    while pve.clock.now() < world.ends:
        due = [moment for moment, _ in deeds[:1]]
        await world.play(pve, min(pve.clock.now() + _BETWEEN_LOOKS, world.ends, *due))
        await household.look()
        if due and pve.clock.now() == due[0]:
            await deeds.pop(0)[1](household)
    assert not deeds
    assert heard.messages
    kept = {
        "states": household.states(),
        "statistics": await household.statistics(),
        "open_alerts": await household.open_alerts(),
    }
    await household.stop()
    _keep(household, world, kept)


async def _add_the_host(household: Household) -> None:
    """Add the host by its form, as a person does."""
    flow, pve = household.hass.config_entries.flow, household.pve
    step = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    if step["type"] == "menu":
        # Version 0.1.0 begins with the form of a cluster.
        step = await flow.async_configure(step["flow_id"], {"next_step_id": "cluster"})
    data = {"host": pve.host, "port": pve.port, "token_id": pve.token_id, "token_secret": pve.token_secret}
    step = await flow.async_configure(step["flow_id"], data)
    step = await flow.async_configure(step["flow_id"], {})
    assert step["type"] == "create_entry", step
    await household.settle()


async def _pair(household: Household, node: str) -> None:
    """Add the log agent of a node by its pairing line."""
    agent = await household.start_agent(node)
    await _choose_option(household, "add_log_agent", pairing=agent.line)


async def _pair_the_second_node(household: Household) -> None:
    await _pair(household, "pve2")


async def _choose_settings(household: Household) -> None:
    await _choose_option(
        household,
        "settings",
        ignored_guests=["105"],
        longest_age_days=30,
        warnings_are_problems=False,
        hide_names=False,
        limits={
            "start_grace_minutes": 45,
            "new_guest_grace_hours": 12,
            "pause_limit_days": 7,
            "blind_limit_hours": 24,
            "remind_after_days": 3,
        },
    )


async def _choose_option(household: Household, option: str, **entered: Any) -> None:
    options = household.hass.config_entries.options
    step = await options.async_init(household.entry.entry_id)
    step = await options.async_configure(step["flow_id"], {"next_step_id": option})
    step = await options.async_configure(step["flow_id"], entered)
    assert step["type"] == "create_entry", step
    await household.settle()


async def _arrange(household: Household) -> None:
    """Name, label, place, enable, disable and hide some things, as a person does."""
    hass = household.hass
    devices, entities = dr.async_get(hass), er.async_get(hass)
    rack = ar.async_get(hass).async_create("Rack")
    important = lr.async_get(hass).async_create("Important")
    device = _device(household, "guest_102")
    devices.async_update_device(device, name_by_user="Customers", area_id=rack.id, labels={important.label_id})
    devices.async_update_device(_device(household, "storage_local"), area_id=rack.id)
    entities.async_update_entity(
        _entity(household, "binary_sensor", "guest_103_problem"),
        new_entity_id="binary_sensor.name_server_backup",
        name="Backup of the name server",
        icon="mdi:dns",
        labels={important.label_id},
    )
    entities.async_update_entity(_entity(household, "sensor", "guest_101_status"), disabled_by=None)
    disabled = er.RegistryEntryDisabler.USER
    entities.async_update_entity(_entity(household, "binary_sensor", "guest_105_problem"), disabled_by=disabled)
    hidden = er.RegistryEntryHider.USER
    entities.async_update_entity(_entity(household, "sensor", "guest_104_last_success"), hidden_by=hidden)
    await hass.config_entries.async_reload(household.entry.entry_id)
    await household.settle()


def _device(household: Household, key: str) -> str:
    registry = dr.async_get(household.hass)
    identifier = (DOMAIN, f"{household.entry.unique_id}_{key}")
    found = registry.async_get_device_by_identifier(identifier, household.entry.entry_id)
    assert found is not None, key
    return found.id


def _entity(household: Household, domain: str, key: str) -> str:
    registry = er.async_get(household.hass)
    found = registry.async_get_entity_id(domain, DOMAIN, f"{household.entry.unique_id}_{key}")
    assert found is not None, key
    return found


async def _automate(household: Household, hass_client: ClientSessionGenerator) -> None:
    """Make automations of the blueprints, by the dashboard's button, and in the editor."""
    phone = await connect_phone(household.hass)
    client = await hass_client()
    note = [{"event": "note", "event_data": {"by": "{{ this.attributes.friendly_name }}"}}]
    problem = _entity(household, "binary_sensor", "guest_103_problem")
    in_editor: dict[str, dict[str, Any]] = {
        "A guest's backup failed": {
            "triggers": [
                {"trigger": f"{DOMAIN}.backup_failed", "target": {"device_id": _device(household, "guest_103")}}
            ]
        },
        "Any backup failed": {
            "triggers": [{"trigger": f"{DOMAIN}.backup_failed", "target": {"device_id": _device(household, "cluster")}}]
        },
        "An important backup failed": {
            "triggers": [{"trigger": f"{DOMAIN}.backup_failed", "target": {"label_id": "important"}}]
        },
        "A guest's backup is fine again": {
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.backup_recovered",
                    "target": {"entity_id": _entity(household, "binary_sensor", "guest_101_problem")},
                }
            ]
        },
        "A job is overdue": {
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.backup_overdue",
                    "target": {"device_id": _device(household, "job_backup-files")},
                    "options": {"for": {"hours": 2}},
                }
            ]
        },
        "Update the database while it is protected": {
            "triggers": [{"trigger": "time", "at": "04:30:00"}],
            "conditions": [
                {
                    "condition": f"{DOMAIN}.is_protected",
                    "target": {"device_id": _device(household, "guest_102")},
                    "options": {"maximum_age": {"hours": 24}},
                }
            ],
        },
        "A run failed": {
            "triggers": [{"trigger": "state", "entity_id": _entity(household, "event", "job_backup-nightly_activity")}],
            "conditions": [
                {
                    "condition": "template",
                    "value_template": "{{ trigger.to_state.attributes.event_type == 'run_failed' }}",
                }
            ],
        },
        "A message was sent": {
            "triggers": [
                {
                    "trigger": "event",
                    "event_type": f"{DOMAIN}_message",
                    "event_data": {"kind": "changed", "entry_id": household.entry.entry_id},
                }
            ]
        },
    }
    automations = [
        {
            "alias": "Messages to the phone",
            "use_blueprint": {
                "path": f"{DOMAIN}/phone.yaml",
                "input": {"phone": phone.device_id, "cluster": household.entry.entry_id, "critical": True},
            },
        },
        {
            "alias": "Messages by any other way",
            "use_blueprint": {
                "path": f"{DOMAIN}/notifier.yaml",
                "input": {"cluster": household.entry.entry_id, "digest": "day", "extra_actions": note},
            },
        },
        _by_the_button("dns", problem),
        *({"alias": alias, "mode": "parallel", "actions": note, **made} for alias, made in in_editor.items()),
    ]
    for number, automation in enumerate(automations):
        key = str(1767607200000 + number)
        answer = await client.post(f"/api/config/automation/config/{key}", json=automation)
        assert answer.status == 200, await answer.text()
        await household.settle()


def _by_the_button(name: str, entity_id: str) -> dict[str, Any]:
    """Return what "Create automation" in a row's details stores: frontend/src/details/automation.ts, with the release's words."""
    words = json.loads((_CHECKOUT / "frontend/src/i18n/en-more.json").read_text(encoding="utf-8"))
    title = words["automation_name"].replace("{name}", name)
    return {
        "alias": title,
        "description": words["automation_description"].replace("{name}", name),
        "mode": "single",
        "triggers": [{"trigger": "state", "entity_id": entity_id, "to": "on"}],
        "conditions": [],
        "actions": [
            {
                "action": "persistent_notification.create",
                "data": {"title": title, "message": f"{{{{ state_attr('{entity_id}', 'reason') }}}}"},
            }
        ],
    }


async def _acknowledge(household: Household) -> None:
    files = _entity(household, "binary_sensor", "guest_104_problem")
    await household.act(DOMAIN, "acknowledge", entity_id=files, note="A new disk is ordered")


def _keep(household: Household, world: World, kept: dict[str, Any]) -> None:
    """Write everything that is needed to go on from here."""
    release = Path(os.environ["UPGRADE_DATA"])
    folder = release / world.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "storage").mkdir(parents=True)
    for name in (*_FILES, f"{DOMAIN}.{household.entry.entry_id}"):
        _write(folder / "storage" / f"{name}.json", household.read(name))
    for name, content in kept.items():
        _write(folder / f"{name}.json", content)
    for name in ("automations.yaml", "configuration.yaml"):
        shutil.copy(household.folder / name, folder)
    shutil.copytree(_CHECKOUT / _BLUEPRINTS, release / "blueprints", dirs_exist_ok=True)


def _write(path: Path, content: Any) -> None:
    path.write_text(f"{_text(content)}\n", encoding="utf-8")


def _text(content: Any, indent: str = "") -> str:
    """Return JSON in which whatever fits into a line has one line."""
    line = json.dumps(content, ensure_ascii=False)
    if len(indent) + len(line) <= _WIDTH or not isinstance(content, dict | list) or not content:
        return line
    deeper = f"{indent} "
    if isinstance(content, dict):
        parts = [f"{json.dumps(key)}: {_text(value, deeper)}" for key, value in content.items()]
        return f"{{\n{deeper}{f',\n{deeper}'.join(parts)}\n{indent}}}"
    return f"[\n{deeper}{f',\n{deeper}'.join(_text(value, deeper) for value in content)}\n{indent}]"
