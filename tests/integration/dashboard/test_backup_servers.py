"""What the dashboard is told of backup servers, in a real Home Assistant at virtual ones."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import BackupServers, ServedBackupServer

from ..backup_server.conftest import furnished, set_up
from .test_websocket_api import Card


@pytest.fixture
async def site(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    """Two servers whose clock is the machine's."""
    async with BackupServers.start(tmp_path / "servers", ("pbs", "vault")) as servers:
        yield servers


@pytest.fixture
def pbs(site: BackupServers) -> ServedBackupServer:
    """A server with two datastores, a client, and one job of each kind."""
    return furnished(site.servers["pbs"])


@pytest.fixture
async def card(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Card:
    """A card that somebody looks at who may see everything."""
    assert await async_setup_component(hass, DOMAIN, {})
    return Card(await hass_ws_client(hass))


async def test_a_wall_shows_the_jobs_of_a_server_and_another_the_groups(
    hass: HomeAssistant, pbs: ServedBackupServer, card: Card
) -> None:
    entry = await set_up(hass, pbs)
    jobs = await card.subscribe(group="pbsjob")
    assert {row["kind"] for row in jobs["rows"]} == {"sync", "verify", "prune", "gc"}
    assert [(server["name"], server["state"]) for server in jobs["servers"]] == [("pbs", "ok")]
    row = next(row for row in jobs["rows"] if row["kind"] == "sync")
    assert (row["id"], row["where"]) == (f"{entry.entry_id}/pbsjob/sync_copies", "ds1")
    assert hass.states.get(row["entity_id"]) is not None
    assert len(row["cells"]) == 7
    groups = await card.subscribe(group="group")
    nas = next(row for row in groups["rows"] if row["name"] == "nas")
    assert (nas["kind"], nas["status"]) == ("host", "ok")
    assert nas["cells"].endswith("ooo") or nas["cells"].endswith("oon")
    assert (await card.subscribe(group="guest"))["servers"] == []


async def test_a_server_is_told_apart_from_clusters(hass: HomeAssistant, pbs: ServedBackupServer, card: Card) -> None:
    entry = await set_up(hass, pbs)
    told = (await card.ask("info"))["result"]
    assert told["entries"] == []
    assert [(server["id"], server["state"], server["counts"]) for server in told["backup_servers"]] == [
        (entry.entry_id, "ok", None)
    ]
    await hass.config_entries.async_unload(entry.entry_id)
    told = (await card.ask("info"))["result"]
    assert told["backup_servers"][0]["state"] == "not_loaded"


async def test_a_row_of_a_server_that_is_opened_tells_what_its_run_left_out_and_its_log(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer, card: Card
) -> None:
    entry = await set_up(hass, pbs)
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    found = (await card.ask("runs", row=f"{entry.entry_id}/pbsjob/sync_copies", days=7))["result"]
    assert found["verdict"]["status"] == "failed"
    assert found["verdict"]["confidence_text"]
    assert found["runs"][0]["result"] == "failed"
    assert found["url"].endswith("#DataStore-ds1")
    log = await card.ask("log", entry_id=entry.entry_id, upid=found["runs"][0]["upid"])
    assert log["result"]["lines"]
    refused = await card.ask("log", entry_id=entry.entry_id, upid="UPID:pbs:0:0:0:0:reader::root@pam:")
    assert refused["error"]["translation_key"] == "not_a_run"
    group = (await card.ask("runs", row=f"{entry.entry_id}/group/ds1::host/nas", days=7))["result"]
    assert group["facts"]["restore_points"] == 10
    assert group["runs"]
    for row in ("pbsjob/sync_none", "group/ds1::host/none", "pbsjob/"):
        assert not (await card.ask("runs", row=f"{entry.entry_id}/{row}", days=7))["success"]


async def test_causes_of_servers_stand_beside_those_of_clusters_with_what_they_concern(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer, card: Card
) -> None:
    entry = await set_up(hass, pbs)
    assert (await card.ask("causes"))["result"]["causes"] == []
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    (cause,) = (await card.ask("causes", entry_id=entry.entry_id))["result"]["causes"]
    assert cause["jobs"] == 1
    assert [part["status"] for part in cause["parts"]] == ["failed"]
    assert cause["entity_ids"]
    assert cause["todo"]
    german = (await card.ask("causes", language="de"))["result"]["causes"][0]
    assert german["title"] != cause["title"]


async def test_datastores_are_told_with_room_care_and_groups_that_are_nobodys(
    hass: HomeAssistant, pbs: ServedBackupServer, card: Card
) -> None:
    await set_up(hass, pbs)
    (server,) = (await card.ask("datastores"))["result"]["servers"]
    assert server["version"]
    first, second = server["datastores"]
    assert (first["name"], first["comment"], second["name"]) == ("ds1", "main", "ds2")
    assert first["used"] > 0
    assert first["groups"] == 3
    assert first["restore_points"] == 16
    assert first["loose"] == []
    assert first["entity_id"] is not None


async def test_who_may_not_see_a_part_of_a_server_is_told_nothing_of_it(
    hass: HomeAssistant,
    pbs: ServedBackupServer,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: MockUser,
) -> None:
    entry = await set_up(hass, pbs)
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"binary_sensor.nas_problem": {"read": True}}}})
    card = Card(await hass_ws_client(hass, hass_read_only_access_token))
    groups: dict[str, Any] = await card.subscribe(group="group")
    assert [row["name"] for row in groups["rows"]] in (["nas"], [])
    assert (await card.subscribe(group="pbsjob"))["rows"] == []
    assert (await card.ask("datastores"))["result"]["servers"] == []
    assert not (await card.ask("runs", row=f"{entry.entry_id}/pbsjob/sync_copies", days=7))["success"]
