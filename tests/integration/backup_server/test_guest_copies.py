"""What a guest of a cluster shows of its copies on backup servers that are watched as well."""

from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.dashboard.causes import causes
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from simulator import SimulatedCluster
from simulator.backup_server import ServedBackupServer
from tests.automation.test_voice import ask

from ..conftest import poll as poll_cluster, set_up as set_up_cluster
from ..dashboard.test_websocket_api import Card
from .conftest import poll, set_up


@pytest.fixture
async def local(pve: SimulatedCluster) -> ServedBackupServer:
    """A server to which the cluster writes, with a backup of 101 that ended an hour ago."""
    server = pve.add_backup_server("pbs")
    store = server.add_datastore("ds1")
    await server.open()
    pve.connect_storage("backups", store, namespace="home")
    pve.job("nightly").change(storage="backups")
    for vmid in (101, 102):
        store.add_group("home", "vm", str(vmid), "backup@pbs").add(int(server.now) - 3600)
    return server


@pytest.fixture
async def vault(pve: SimulatedCluster, local: ServedBackupServer) -> ServedBackupServer:
    """A server elsewhere, to which the first one pushes; nothing of 102 has come there."""
    server = pve.add_backup_server("vault")
    store = server.add_datastore("tank")
    await server.open()
    local.add_remote("vault", server)
    server.access.grant("/datastore", "DatastoreAdmin", "sync@pbs")
    local.add_verify_job("check", "ds1").start()
    pve.clock.advance(minutes=5)
    local.add_sync_job(
        "offsite",
        "ds1",
        ns="home",
        remote="vault",
        remote_store="tank",
        remote_ns="a",
        direction="push",
        schedule="daily",
    )
    [snapshot] = local.store("ds1").groups["home", "vm", "101"].snapshots
    store.add_group("a", "vm", "101", "sync@pbs").add(snapshot.time)
    store.add_group("a", "vm", "102", "root@pam")
    return server


def shown(hass: HomeAssistant, entry: MockConfigEntry, platform: str, ending: str) -> State | None:
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{entry.unique_id}_{ending}")
    return hass.states.get(entity_id) if entity_id is not None else None


def enable(hass: HomeAssistant, entry: MockConfigEntry, ending: str) -> None:
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{ending}")
    assert entity_id is not None
    registry.async_update_entity(entity_id, disabled_by=None)


async def test_without_a_place_elsewhere_guests_show_nothing_of_it(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    cluster = await set_up_cluster(hass, pve)
    await set_up(hass, local)
    await poll_cluster(hass, cluster)
    assert shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem") is None
    assert shown(hass, cluster, "sensor", "guest_101_offsite_copy") is None
    assert shown(hass, cluster, "sensor", "cluster_guests_without_offsite_copy") is None


async def test_once_a_place_is_declared_guests_show_their_copies_there(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    cluster = await set_up_cluster(hass, pve)
    enable(hass, cluster, "guest_101_copies")
    enable(hass, cluster, "guest_101_verified")
    await hass.config_entries.async_reload(cluster.entry_id)
    await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    await hass.async_block_till_done()

    problem = shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem")
    assert problem is not None
    assert (problem.state, problem.attributes["reason_code"]) == ("off", "offsite_copied")
    copy = shown(hass, cluster, "sensor", "guest_101_offsite_copy")
    assert copy is not None
    assert copy.state != "unknown"
    copies = shown(hass, cluster, "sensor", "guest_101_copies")
    assert copies is not None
    assert copies.state == "2"
    assert [place["stands"] for place in copies.attributes["places"]] == ["here", "elsewhere"]
    verified = shown(hass, cluster, "sensor", "guest_101_verified")
    assert verified is not None
    assert verified.state == copy.state
    missing = shown(hass, cluster, "sensor", "cluster_guests_without_offsite_copy")
    assert missing is not None
    assert missing.state == "0"


async def test_who_is_skipped_by_the_sync_shows_why(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    local.job("offsite").start()
    pve.clock.advance(minutes=5)
    cluster = await set_up_cluster(hass, pve)
    server = await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    await poll(hass, server)

    problem = shown(hass, cluster, "binary_sensor", "guest_102_offsite_problem")
    assert problem is not None
    assert (problem.state, problem.attributes["reason_code"]) == ("on", "offsite_not_owned")
    assert "vm/102" in problem.attributes["reason"]
    assert problem.attributes["next_step"].startswith("On the other server, give the group vm/102")
    ours = shown(hass, cluster, "binary_sensor", "guest_102_problem")
    assert ours is not None
    assert ours.state != "on"


@pytest.fixture
async def talking(hass: HomeAssistant) -> None:
    """A Home Assistant that can converse."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})


@pytest.mark.usefixtures("talking")
async def test_who_asks_for_copies_elsewhere_hears_who_waits_for_one(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    cluster = await set_up_cluster(hass, pve)
    answer = await ask(hass, "Which guests have no off-site copy?")
    assert answer == "Nobody has said of any storage that it stands elsewhere, so I cannot tell."
    await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    name = cluster.runtime_data.assessment.guests[102].guest.name
    answer = await ask(hass, "what guests have no copy elsewhere")
    assert answer.startswith(f"Waiting for a copy outside this house: {name}")


@pytest.mark.usefixtures("talking")
async def test_who_asks_for_copies_elsewhere_hears_who_has_none(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    local.job("offsite").start()
    pve.clock.advance(minutes=5)
    cluster = await set_up_cluster(hass, pve)
    server = await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    await poll(hass, server)
    name = cluster.runtime_data.assessment.guests[102].guest.name
    answer = await ask(hass, "Which guests have no offsite backup?")
    assert answer.startswith(f"No copy outside this house as it should be: {name}.")
    answer = await ask(hass, "Wer hat keine Kopie außer Haus?", "de")
    assert answer.startswith(f"Keine Kopie außer Haus, wie es sein sollte: {name}.")


async def test_who_has_no_copy_elsewhere_is_told_once_is_a_cause_on_the_dashboard_and_can_be_silenced_alone(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    local.job("offsite").start()
    pve.clock.advance(minutes=5)
    cluster = await set_up_cluster(hass, pve)
    heard = async_capture_events(hass, "proxmox_backup_checker_message")
    server = await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    await poll(hass, server)
    await poll_cluster(hass, cluster)

    told = [event.data for event in heard if "copy" in event.data["title"]]
    assert [data["title"] for data in told] == ["No copy outside this house: database (102)"]
    assert "vm/102" in told[0]["message"]
    assert "The backups here are not affected." in told[0]["message"]
    assert "To do: On the other server, give the group vm/102" in told[0]["message"]

    def cause() -> dict[str, Any]:
        localizer = cluster.runtime_data.localizer
        found = causes(hass, Sight(hass, None), localizer, cluster.entry_id)
        return next(one for one in found if one["kind"] == "offsite")

    problem = shown(hass, cluster, "binary_sensor", "guest_102_offsite_problem")
    assert problem is not None
    assert cause()["entity_ids"] == [problem.entity_id]
    assert cause()["rows"] == [f"{cluster.entry_id}/guest/102"]
    assert (cause()["guests"], cause()["silenced"]) == (1, False)
    await hass.services.async_call(DOMAIN, "acknowledge", {"entity_id": problem.entity_id}, blocking=True)
    assert cause()["silenced"] is True
    assessment = cluster.runtime_data.assessment
    assert assessment.acknowledgement(Subject.offsite(102)) is not None
    assert assessment.acknowledgement(Subject.guest(102)) is None


@pytest.mark.parametrize("what", ["unload", "disable", "remove"])
async def test_a_server_that_goes_turns_nothing_red(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer, what: str
) -> None:
    cluster = await set_up_cluster(hass, pve)
    await set_up(hass, local, options={"place": "here"})
    entry = await set_up(hass, vault, options={"place": "elsewhere"})
    before = shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem")
    assert before is not None
    assert before.state == "off"
    if what == "unload":
        await hass.config_entries.async_unload(entry.entry_id)
    elif what == "disable":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await poll_cluster(hass, cluster)

    after = shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem")
    assert after is not None
    # Until the blind limit what was known of a server that is merely not loaded holds.
    assert after.state == ("off" if what == "unload" else "unavailable")
    assert not [
        state
        for state in hass.states.async_all("binary_sensor")
        if "problem" in state.entity_id and state.state == "on"
    ]


@pytest.mark.parametrize("first", ["cluster", "servers"])
async def test_the_order_of_loading_changes_nothing(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer, first: str
) -> None:
    cluster = await set_up_cluster(hass, pve)
    servers = [
        await set_up(hass, local, options={"place": "here"}),
        await set_up(hass, vault, options={"place": "elsewhere"}),
    ]
    order: list[Any] = [cluster, *servers] if first == "cluster" else [*servers, cluster]
    for entry in reversed(order):
        await hass.config_entries.async_unload(entry.entry_id)
    for entry in order:
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        state = shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem")
        if state is not None and state.state != "unavailable":
            assert state.state == "off"
    state = shown(hass, cluster, "binary_sensor", "guest_101_offsite_problem")
    assert state is not None
    assert state.state == "off"


async def test_the_dashboard_tells_of_copies_and_of_the_datastore_behind_a_storage(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    pve: SimulatedCluster,
    local: ServedBackupServer,
    vault: ServedBackupServer,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    local.job("offsite").start()
    pve.clock.advance(minutes=5)
    cluster = await set_up_cluster(hass, pve)
    server = await set_up(hass, local, options={"place": "here"})
    await set_up(hass, vault, options={"place": "elsewhere"})
    await poll(hass, server)
    card = Card(await hass_ws_client(hass))

    rows = {row["name"]: row for row in (await card.subscribe())["rows"]}
    assert "vm/102" in rows["database"]["offsite"]
    assert rows["web"]["offsite"] is None
    told = (await card.ask("runs", row=f"{cluster.entry_id}/guest/101", days=7))["result"]
    assert [copy["stands"] for copy in told["copies"]] == ["here", "elsewhere"]
    assert told["copies"][0]["verified"] == told["copies"][0]["newest"]
    assert told["offsite"]["problem"] is False
    told = (await card.ask("runs", row=f"{cluster.entry_id}/guest/102", days=7))["result"]
    assert told["offsite"]["next_step"].startswith("On the other server")
    storages = (await card.ask("storages"))["result"]["storages"]
    behind = {storage["name"]: storage["behind"] for storage in storages}
    assert (behind["backups"], behind["nas"]) == ("pbs: ds1/home", None)
