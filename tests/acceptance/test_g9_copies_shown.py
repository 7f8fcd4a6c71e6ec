"""Rows G121 to G128 as people see them: the sensors of a guest and of the cluster, the column of the dashboard, the question."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.backup_server import ServedBackupServer
from tests.integration.backup_server.conftest import poll, set_up
from tests.integration.conftest import poll as poll_cluster, set_up as set_up_cluster
from tests.integration.dashboard.test_websocket_api import Card


@pytest.fixture
def start() -> datetime:
    """Now: the servers are on the network, and their certificates are of today."""
    return datetime.now(UTC)


class Houses:
    """A cluster whose server pushes to another one, with what Home Assistant shows of it."""

    def __init__(self, hass: HomeAssistant, pve: SimulatedCluster) -> None:
        """Be about to set it up."""
        self.hass = hass
        self.pve = pve
        self.cluster: MockConfigEntry
        self.local: ServedBackupServer
        self.vault: ServedBackupServer

    async def build(self, **job: Any) -> None:
        """Let the cluster write to one server and that push to another; both have a backup of 101 and 102 an hour ago."""
        self.local, self.vault = self.pve.add_backup_server("pbs"), self.pve.add_backup_server("vault")
        ds1, tank = self.local.add_datastore("ds1"), self.vault.add_datastore("tank")
        await self.local.open()
        await self.vault.open()
        self.pve.connect_storage("backups", ds1, namespace="home")
        self.pve.job("nightly").change(storage="backups")
        self.local.add_remote("vault", self.vault)
        self.vault.access.grant("/datastore", "DatastoreAdmin", "sync@pbs")
        left_out = " ".join(job.get("group_filter", []))
        for vmid in (101, 102):
            time = int(self.local.now) - 3600
            ds1.add_group("home", "vm", str(vmid), "backup@pbs").add(time)
            if str(vmid) not in left_out:
                tank.add_group("a", "vm", str(vmid), "sync@pbs").add(time)
        options = {"ns": "home", "remote_ns": "a", "direction": "push", "schedule": "daily", **job}
        self.local.add_sync_job("offsite", "ds1", remote="vault", remote_store="tank", **options)

    async def watch(self, place: str | None = "elsewhere", **options: Any) -> None:
        """Set up all three entries; the copies sensor of both guests is on."""
        self.cluster = await set_up_cluster(self.hass, self.pve, options=options)
        registry = er.async_get(self.hass)
        for vmid in (101, 102):
            entity_id = self.entity("sensor", f"guest_{vmid}_copies")
            assert entity_id is not None
            registry.async_update_entity(entity_id, disabled_by=None)
        await self.hass.config_entries.async_reload(self.cluster.entry_id)
        server = await set_up(self.hass, self.local, options={"place": "here"})
        await set_up(self.hass, self.vault, options={"place": place} if place else {})
        await poll(self.hass, server)
        await poll_cluster(self.hass, self.cluster)

    def entity(self, platform: str, ending: str) -> str | None:
        """Return what an entity of the cluster is called."""
        return er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{self.cluster.unique_id}_{ending}")

    def shown(self, ending: str) -> State:
        """Return what a sensor shows."""
        entity_id = self.entity("sensor", ending)
        assert entity_id is not None
        state = self.hass.states.get(entity_id)
        assert state is not None
        return state

    @property
    def question(self) -> ir.IssueEntry | None:
        """Whether a place is elsewhere, as it is asked."""
        return ir.async_get(self.hass).async_get_issue(DOMAIN, f"maybe_elsewhere_{self.cluster.entry_id}")


@pytest.fixture
def houses(hass: HomeAssistant, pve: SimulatedCluster) -> Houses:
    return Houses(hass, pve)


async def test_g121_a_guest_shows_its_copies_media_and_what_is_off_site(houses: Houses) -> None:
    await houses.build()
    await houses.watch()

    copies = houses.shown("guest_101_copies")
    assert copies.state == "2"
    told = {name: copies.attributes[name] for name in ("media", "offsite", "rule", "rule_state", "missing")}
    assert told == {"media": 2, "offsite": 1, "rule": "3-2-1", "rule_state": "met", "missing": "3-2-1 is met."}
    assert copies.attributes["newest_offsite"] == copies.attributes["newest"]
    assert [place["counts"] for place in copies.attributes["places"]] == [True, True]


@pytest.mark.parametrize(("chosen", "state"), [("4-3-2", "below"), ("2-1-1", "met"), ("off", None)])
async def test_g121_the_rule_is_chosen_in_the_options(houses: Houses, chosen: str, state: str | None) -> None:
    await houses.build()
    await houses.watch(copies_rule=chosen)

    assert houses.shown("guest_101_copies").attributes["rule_state"] == state
    assert (houses.entity("sensor", "cluster_guests_below_copies_rule") is None) == (state is None)


async def test_g124_the_row_of_a_guest_that_is_left_out_says_what_is_missing(
    houses: Houses, hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    await houses.build(group_filter=["exclude:group:vm/102"])
    await houses.watch()
    card = Card(await hass_ws_client(hass))

    rows = {row["name"]: row["copies"] for row in (await card.subscribe())["rows"]}
    missing = "No copy outside this house: the sync job “offsite” leaves it out."
    assert rows["database"] == {"has": "2-1-0", "state": "below", "missing": missing}
    assert rows["web"] == {"has": "3-2-1", "state": "met", "missing": "3-2-1 is met."}
    told = (await card.ask("runs", row=f"{houses.cluster.entry_id}/guest/102", days=7))["result"]["tally"]
    assert (told["copies"], told["offsite"], told["newest_offsite"]) == ([1, 1], [0, 0], None)
    assert told["rule"]["missing"] == missing
    assert houses.shown("guest_102_copies").attributes["missing"] == missing
    below = houses.shown("cluster_guests_below_copies_rule")
    states = [row["copies"]["state"] for row in (await card.subscribe())["rows"]]
    assert (below.state, below.attributes["rule"]) == (str(states.count("below")), "3-2-1")


async def test_g126_whether_a_second_server_is_elsewhere_is_asked_and_not_assumed(houses: Houses) -> None:
    await houses.build()
    await houses.watch(None)

    assert houses.question is not None
    assert houses.question.translation_placeholders is not None
    assert "vault" in houses.question.translation_placeholders["lines"]
    copies = houses.shown("guest_101_copies")
    assert (copies.attributes["offsite"], copies.attributes["rule_state"]) == (None, "unknown")


@pytest.mark.parametrize("where", ["elsewhere", "here"])
async def test_g126_whoever_answers_in_the_options_is_not_asked_again(houses: Houses, where: str) -> None:
    await houses.build()
    await houses.watch(None)
    hass = houses.hass
    flow = await hass.config_entries.options.async_init(houses.cluster.entry_id)
    form = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "places"})
    assert form["data_schema"] is not None
    assert "vault: tank" in {str(key) for key in form["data_schema"].schema}

    await hass.config_entries.options.async_configure(flow["flow_id"], {"vault: tank": where})
    await hass.async_block_till_done()
    await poll_cluster(hass, houses.cluster)

    assert houses.question is None
    assert houses.shown("guest_101_copies").attributes["offsite"] == (1 if where == "elsewhere" else 0)
    flow = await hass.config_entries.options.async_init(houses.cluster.entry_id)
    form = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "places"})
    assert form["data_schema"] is not None
    said = {str(key): key.description for key in form["data_schema"].schema}
    assert said["vault: tank"] == {"suggested_value": where}
