"""Who is told of problems, and what the page needs to save an automation for that with the session of who presses."""

from pathlib import Path
from typing import Any

from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

import custom_components.proxmox_backup_checker as integration
from tests.acceptance.home import Home
from tests.acceptance.phone import connect_phone

from .test_websocket_api import Card, card, home, pve

__all__ = ["card", "home", "pve"]

SHIPPED = Path(integration.__path__[0]) / "dashboard" / "blueprints"
PUBLISHED = Path(__file__).parents[3] / "blueprints" / "automation" / "proxmox_backup_checker"


async def setup_of(card: Card, **message: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await card.ask("messages", **message))["result"]
    return answer


async def automations(home: Home, *configs: dict[str, Any]) -> None:
    assert await async_setup_component(home.hass, "automation", {"automation": list(configs)})
    await home.hass.async_block_till_done()


async def save_blueprint(card: Card, blueprint: dict[str, Any]) -> dict[str, Any]:
    """Save a blueprint as the page does."""
    await card.client.send_json_auto_id({"type": "blueprint/save", "domain": "automation", **blueprint})
    return dict(await card.client.receive_json())


def automation_of(path: str) -> dict[str, Any]:
    return {"id": "told", "alias": "told", "use_blueprint": {"path": path, "input": {"notifiers": ["notify.mail"]}}}


@pytest.mark.parametrize("file", sorted(path.name for path in PUBLISHED.glob("*.yaml")))
def test_the_blueprints_that_are_shipped_are_those_that_are_published(file: str) -> None:
    assert (SHIPPED / file).read_text(encoding="utf-8") == (PUBLISHED / file).read_text(encoding="utf-8")
    data = parse_yaml((SHIPPED / file).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    Blueprint(data, expected_domain="automation", schema=BLUEPRINT_SCHEMA)


@pytest.mark.parametrize("kind", ["phone", "notifier"])
def test_the_german_blueprint_does_the_same_and_asks_for_the_same(kind: str) -> None:
    english, german = (
        parse_yaml((SHIPPED / f"{kind}{end}").read_text(encoding="utf-8")) for end in (".yaml", ".de.yaml")
    )
    assert isinstance(english, dict)
    assert isinstance(german, dict)
    asked = [
        Blueprint(data, expected_domain="automation", schema=BLUEPRINT_SCHEMA).inputs for data in (english, german)
    ]
    assert asked[0].keys() == asked[1].keys()
    assert [(field or {}).get("default") for field in asked[0].values()] == [
        (field or {}).get("default") for field in asked[1].values()
    ]
    # Only what is said when no report can be made is in words.
    words = {"no_report"}
    assert [step for step in english["actions"] if not words & step.get("variables", {}).keys()] == [
        step for step in german["actions"] if not words & step.get("variables", {}).keys()
    ]
    assert english["triggers"] == german["triggers"]


async def test_an_administrator_gets_phones_notifiers_and_what_to_save(
    home: Home, hass_ws_client: WebSocketGenerator
) -> None:
    phone = await connect_phone(home.hass)
    card = Card(await hass_ws_client(home.hass))
    told = await setup_of(card)
    assert told["automation"] is None
    assert "ask" not in told
    assert told["phones"] == [{"id": phone.device_id, "name": "Phone"}]
    assert told["blueprints"]["phone"]["path"] == "proxmox_backup_checker/phone.yaml"
    assert (await setup_of(card, language="de"))["blueprints"]["phone"][
        "path"
    ] == "proxmox_backup_checker/phone.de.yaml"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_blueprint_is_saved_once_and_is_no_automation_yet(home: Home, card: Card, language: str) -> None:
    await automations(home)
    blueprint = (await setup_of(card, language=language))["blueprints"]["notifier"]
    saved = await save_blueprint(card, blueprint)
    assert saved["success"], saved
    assert (await save_blueprint(card, blueprint))["error"]["code"] == "already_exists"
    assert (await setup_of(card))["automation"] is None


@pytest.mark.parametrize(
    "path",
    [
        "proxmox_backup_checker/notifier.yaml",
        "proxmox-backup-checker/notifier.yaml",
        "proxmox_backup_checker/notifier.de.yaml",
    ],
)
async def test_an_automation_of_our_blueprints_passes_messages_on_wherever_they_came_from(
    home: Home, card: Card, path: str
) -> None:
    file = Path(home.hass.config.path("blueprints", "automation", *path.split("/")))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text((SHIPPED / file.name).read_text(encoding="utf-8"), encoding="utf-8")
    await automations(home, automation_of(path))
    assert (await setup_of(card))["automation"] == {"entity_id": "automation.told", "id": "told", "on": True}
    await home.hass.services.async_call("automation", "turn_off", {"entity_id": "automation.told"}, blocking=True)
    assert (await setup_of(card))["automation"] == {"entity_id": "automation.told", "id": "told", "on": False}


@pytest.mark.parametrize(("event", "counts"), [("proxmox_backup_checker_message", True), ("something_else", False)])
async def test_an_automation_of_ones_own_counts_where_it_hears_our_messages(
    home: Home, card: Card, event: str, counts: bool
) -> None:
    trigger = {"trigger": "event", "event_type": event}
    await automations(home, {"id": "own", "alias": "own", "triggers": [trigger], "actions": []})
    assert ((await setup_of(card))["automation"] is not None) is counts


async def test_who_is_no_administrator_reads_whom_to_ask_and_gets_nothing_else(
    home: Home, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    admin = await home.hass.auth.async_create_user("Ada", group_ids=["system-admin"])
    client = Card(await hass_ws_client(home.hass, hass_read_only_access_token))
    told = await setup_of(client)
    assert told.keys() == {"automation", "ask"}
    assert admin.name in told["ask"]
