"""The dashboard card's subscription and questions, in a real Home Assistant at a virtual cluster."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.dashboard.board import board_of
from simulator import SimulatedCluster
from simulator.outcomes import failed
from tests.acceptance.home import Home

from ..conftest import add_entry

MONDAY_NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


@dataclass
class Card:
    """What a card hears, and what it asks."""

    client: Any
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, command: str, **message: Any) -> dict[str, Any]:
        """Return the answer to a command, and keep the events that come before it."""
        kind = command if command == "unsubscribe_events" else f"{DOMAIN}/{command}"
        await self.client.send_json_auto_id({"type": kind, **message})
        while (answer := await self.client.receive_json())["type"] == "event":
            self.heard.append(answer["event"])
        return dict(answer)

    async def subscribe(self, **message: Any) -> dict[str, Any]:
        """Subscribe, and return the snapshot."""
        answer = await self.ask("wall/subscribe", **{"group": "guest", "days": 7, **message})
        assert answer["success"], answer
        self.heard.clear()
        return await self.hear("snapshot")

    async def hear(self, kind: str) -> dict[str, Any]:
        """Return the next event of a kind."""
        while True:
            event = self.heard.pop(0) if self.heard else (await self.client.receive_json())["event"]
            if event["t"] == kind:
                return dict(event)

    async def heard_nothing(self) -> bool:
        """Tell whether nothing was sent up to now."""
        await self.ask("info")
        return self.heard == []


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Four guests and a nightly job that has not run yet."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=MONDAY_NOON) as cluster:
        yield cluster


@pytest.fixture
async def home(hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory) -> Home:
    """A Home Assistant in Berlin, two nights after it first looked at the cluster."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    home = Home(hass, pve, freezer)
    await home.look()
    await home.live(days=2, step=timedelta(hours=12))
    return home


@pytest.fixture
async def card(home: Home, hass_ws_client: WebSocketGenerator) -> Card:
    """A card that has not asked for anything yet."""
    return Card(await hass_ws_client(home.hass))


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def brief(row: dict[str, Any]) -> tuple[str, bool | None, str]:
    """Return how a row is, and its days."""
    return row["status"], row["problem"], row["cells"]


async def test_what_a_card_shows_at_first(home: Home, card: Card) -> None:
    snapshot = await card.subscribe()
    assert (snapshot["v"], snapshot["end"], snapshot["days"], snapshot["tz"]) == (2, "2026-01-14", 7, "Europe/Berlin")
    [server] = snapshot["servers"]
    assert (server["name"], server["state"], server["counts"]["protected"]) == ("small", "ok", 4)
    web = by_name(snapshot["rows"])["web"]
    assert home.entry is not None
    assert web["id"] == f"{home.entry.entry_id}/guest/101"
    assert (web["kind"], *brief(web)) == ("qemu", "ok", False, "uuuuuoo")
    assert web["entity_id"] == "binary_sensor.web_backup_problem"
    assert (web["where"], web["reason"]) == ("pve1", "Backed up by the job “nightly” on pve1.")
    assert (web["jobs"], web["storages"]) == (["nightly"], ["nas"])
    assert (web["failures"], web["acknowledged"], web["new"], web["deleted"]) == (0, False, False, False)
    assert dr.async_get(home.hass).async_get(web["device_id"]) is not None
    assert web["next_due"] - web["last_success"] < 24 * 3600
    [job] = (await card.subscribe(group="job"))["rows"]
    assert (job["name"], job["kind"], *brief(job)) == ("nightly", "job", "ok", False, "uuuuuoo")
    assert job["where"] == "nas"
    storages = (await card.ask("storages"))["result"]["storages"]
    shares = [storage["used"] / storage["total"] for storage in storages]
    assert shares == sorted(shares, reverse=True)
    nas = next(storage for storage in storages if storage["name"] == "nas")
    assert nas["reason"] == "25 % full."
    assert nas["entity_id"].startswith("binary_sensor.")
    assert (await card.ask("storages", entry_id="other"))["result"]["storages"] == []
    for days in (6, 61, "many"):
        answer = await card.ask("wall/subscribe", group="guest", days=days)
        assert answer["error"]["code"] == "invalid_format"


async def test_each_card_speaks_the_language_of_who_looks(home: Home, card: Card) -> None:
    home.pve.job("nightly").run({102: failed("timeout")})
    await home.after(minutes=30)
    told = {}
    for language in ("en", "de", "de-CH", "fr"):
        rows = by_name((await card.subscribe(language=language))["rows"])
        row = rows["web"]
        details = (await card.ask("runs", row=row["id"], days=7, language=language))["result"]["verdict"]
        storages = (await card.ask("storages", language=language))["result"]["storages"]
        nas = next(storage["reason"] for storage in storages if storage["name"] == "nas")
        told[language] = (row["reason"], details["reason"], details["confidence_text"], nas)
    english = (
        "Backed up by the job “nightly” on pve1.",
        "Backed up by the job “nightly” on pve1.",
        "Very likely: matched by its settings",
        "25 % full.",
    )
    german = (
        "Vom Job „nightly“ auf pve1 gesichert.",
        "Vom Job „nightly“ auf pve1 gesichert.",
        "Sehr wahrscheinlich: an den Einstellungen erkannt",
        "Zu 25 % voll.",
    )
    assert told["en"] == told["fr"] == english
    assert told["de"] == told["de-CH"] == german
    assert (await card.ask("wall/subscribe", group="guest", days=7, language="x" * 36))["error"][
        "code"
    ] == "invalid_format"


async def test_what_is_wrong_with_a_server_is_told_in_the_language_of_who_looks(home: Home, card: Card) -> None:
    for node in home.pve.nodes.values():
        home.pve.servers[node.name].refuse()
    await home.after(minutes=20)
    [server] = (await card.subscribe(language="de"))["servers"]
    assert "nicht erreichbar" in server["error"]


async def test_only_what_changed_is_sent_and_a_new_day_brings_all(home: Home, card: Card) -> None:
    await card.subscribe()
    await home.after(minutes=10)
    assert await card.heard_nothing()
    home.pve.job("nightly").run({102: failed("timeout")})
    await home.after(minutes=30)
    event = await card.hear("rows")
    rows = by_name(event["rows"])
    assert brief(rows["database"]) == ("failed", True, "uuuuuof")
    assert rows["database"]["failures"] == 1
    assert event["gone"] == []
    assert (await card.hear("servers"))["servers"][0]["counts"]["problems"] == 1
    midnight = datetime(2026, 1, 14, 23, 0, 1, tzinfo=UTC)
    home.freezer.move_to(midnight)
    async_fire_time_changed(home.hass, midnight)
    await home.hass.async_block_till_done()
    event = await card.hear("snapshot")
    assert event["end"] == "2026-01-15"
    assert [row["name"] for row in event["rows"]] == ["database", "dns", "files", "web"]
    assert [row["cells"] for row in event["rows"]] == ["uuuuofp", "uuuuoop", "uuuuoop", "uuuuoop"]
    assert (await card.ask("unsubscribe_events", subscription=1))["success"]
    card.heard.clear()
    home.pve.job("nightly").run()
    await home.after(minutes=30)
    assert await card.heard_nothing()


async def test_entries_come_and_go_while_a_card_is_open(home: Home, card: Card) -> None:
    assert home.entry is not None
    await card.subscribe()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    event = await card.hear("snapshot")
    assert (event["rows"], event["servers"][0]["state"]) == ([], "not_loaded")
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()
    assert len((await card.hear("snapshot"))["rows"]) == 4
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    while (event := await card.hear("snapshot"))["servers"]:
        pass
    assert event["rows"] == []


async def test_a_guest_that_is_new_and_one_that_was_removed_are_marked(home: Home, card: Card) -> None:
    await card.subscribe()
    home.pve.add_vm(110, "fresh", "pve1", size=8)
    home.pve.remove_guest(104, purge=True)
    await home.after(minutes=10)
    rows = by_name((await card.hear("rows"))["rows"])
    assert rows["fresh"]["new"]
    assert (rows["files"]["deleted"], rows["files"]["entity_id"]) == (True, None)
    assert rows["files"]["reason"].startswith("No longer in the cluster since")
    again = (await card.subscribe(days=8))["rows"]
    assert by_name(again)["fresh"]["entity_id"] == "binary_sensor.fresh_backup_problem"
    assert again[-1]["name"] == "files"
    gone = (await card.ask("runs", row=again[-1]["id"], days=8))["result"]
    assert (gone["verdict"]["status"], gone["verdict"]["reason_code"]) == ("ignored", "guest_removed")
    assert [run["result"] for run in gone["runs"]] == ["ok", "ok"]


async def test_a_guest_that_the_token_may_no_longer_see_stays_on_the_wall_as_unknown(home: Home, card: Card) -> None:
    await card.subscribe()
    home.pve.limit_token(
        {"/": "Sys.Audit Pool.Audit Datastore.Audit", **{f"/vms/{vmid}": "VM.Audit" for vmid in (101, 102, 103)}}
    )
    await home.after(minutes=10)
    [hidden] = [row for row in (await card.subscribe(days=8))["rows"] if row["name"] == "files"]
    assert (hidden["status"], hidden["problem"], hidden["deleted"]) == ("unknown", None, False)
    assert hidden["reason"].startswith("The token may no longer see this guest: it needs VM.Audit on /vms")
    # What was seen of it before stays, and its sensor is that of before.
    assert (hidden["cells"][-1], hidden["entity_id"]) == ("o", "binary_sensor.files_backup_problem")
    opened = (await card.ask("runs", row=hidden["id"], days=8))["result"]
    assert opened["verdict"]["reason_code"] == "guest_hidden"
    assert opened["verdict"]["next_step"].startswith("Give the token this right.")
    [cause] = (await card.ask("causes"))["result"]["causes"]
    assert (cause["guests"], cause["link"]) == (1, "/config/repairs")
    assert hidden["id"] in cause["rows"]


async def test_a_server_that_cannot_be_read_is_told_with_the_age_of_its_data(home: Home, card: Card) -> None:
    await card.subscribe()
    read_at = int(home.now.timestamp())
    for node in home.pve.nodes.values():
        home.pve.servers[node.name].refuse()
    await home.after(minutes=20)
    servers = (await card.hear("servers"))["servers"]
    assert (servers[0]["state"], servers[0]["since"]) == ("stale", read_at)
    assert "cannot be reached" in servers[0]["error"]
    info = (await card.ask("info"))["result"]
    assert info["entries"] == servers
    for node in home.pve.nodes.values():
        home.pve.servers[node.name].resume()
    home.pve.token.enabled = False
    await home.after(minutes=20)
    assert (await card.hear("servers"))["servers"][0]["state"] == "auth_failed"


async def test_e02_nothing_is_summed_up_of_a_server_that_is_no_longer_read(home: Home, card: Card) -> None:
    for node in home.pve.nodes.values():
        home.pve.servers[node.name].refuse()
    told = []
    for _ in range(4):
        await home.after(minutes=10)
        [server] = (await card.ask("info"))["result"]["entries"]
        told.append((server["state"], server["counts"] and server["counts"]["protected"]))
    assert told == [*[("stale", 4)] * 3, ("unreachable", None)]


async def test_a_server_that_never_answered_is_told(
    hass: HomeAssistant, pve: SimulatedCluster, hass_ws_client: WebSocketGenerator
) -> None:
    entry = await add_entry(hass, pve, fingerprint=":".join(["AB"] * 32))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    [server] = (await Card(await hass_ws_client(hass)).ask("info"))["result"]["entries"]
    assert (server["state"], server["counts"]) == ("certificate", None)
    assert "not the confirmed one" in server["error"]


async def test_a_row_that_is_opened_tells_everything(
    home: Home, card: Card, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    assert home.entry is not None
    home.pve.job("nightly").run({102: failed("VM 102 qmp command 'backup' failed - got timeout")})
    await home.after(minutes=30)
    row = f"{home.entry.entry_id}/guest/102"
    found = (await card.ask("runs", row=row, days=7))["result"]
    assert (found["row"]["id"], found["end"]) == (row, "2026-01-14")
    verdict = found["verdict"]
    assert (verdict["status"], verdict["problem"], verdict["failures"]) == ("failed", True, 1)
    assert verdict["reason_code"] == "backup_failed"
    assert verdict["confidence_text"]
    assert verdict["next_step"]
    assert verdict["evidence"] == [found["runs"][0]["upid"]]
    assert [run["result"] for run in found["runs"]] == ["failed", "ok", "ok"]
    assert found["runs"][0]["cause"]
    assert found["runs"][0]["day"] == "2026-01-14"
    assert len(found["archives"]) == 2
    assert found["url"].endswith("#v1:0:=qemu/102:4:::::21::")
    job_row = f"{home.entry.entry_id}/job/backup-nightly"
    of_job = (await card.ask("runs", row=job_row, days=7))["result"]
    assert {run["result"] for run in of_job["runs"]} == {"failed", "ok"}
    sizes = (await card.ask("sizes", ids=[row, job_row, "nonsense", f"{row[:-3]}{'9' * 5000}"], days=7))["result"]
    assert sizes.keys() == {row, job_row}
    assert sizes[row][:5] == [None] * 5
    assert sizes[row][5] > 1024**3
    upid = found["runs"][0]["upid"]
    log = (await card.ask("log", entry_id=home.entry.entry_id, upid=upid, vmid=102))["result"]
    assert log["first_error"] in [line["n"] for line in log["lines"] if line["level"] == "error"]
    whole = (await card.ask("log", entry_id=home.entry.entry_id, upid=upid, whole=True))["result"]
    assert len(whole["lines"]) == whole["total"]
    assert whole["truncated"] is False
    entry_id = home.entry.entry_id
    for absent in (
        "nonsense",
        "other/guest/101",
        f"{entry_id}/guest/999",
        f"{entry_id}/job/none",
        f"{entry_id}/guest/x",
        f"{entry_id}/guest/{'1' * 5000}",
        f"{entry_id}/guest/١٠١",
    ):
        answer = await card.ask("runs", row=absent, days=7)
        assert (answer["error"]["code"], answer["error"]["translation_key"]) == ("not_found", "row_not_found")
    answer = await card.ask("log", entry_id=entry_id, upid="nonsense")
    assert answer["error"]["translation_key"] == "not_a_run"
    answer = await card.ask("log", entry_id="other", upid=upid)
    assert answer["error"]["translation_key"] == "cluster_not_loaded"
    visitor = Card(await hass_ws_client(home.hass, hass_read_only_access_token))
    answer = await visitor.ask("log", entry_id=entry_id, upid=upid)
    assert answer["error"]["code"] == "unauthorized"
    assert len((await visitor.subscribe())["rows"]) == 4


async def test_the_coming_night_is_told_with_who_waits_for_whom(home: Home, card: Card) -> None:
    assert home.entry is not None
    home.pve.add_job("second", "02:00", "nas", vmid="101", comment="Second")
    await home.after(minutes=10)
    [night] = (await card.ask("night"))["result"]["nights"]
    assert night["entry_id"] == home.entry.entry_id
    ran = [(run["job_id"], run["node"]) for run in night["runs"]]
    assert ran == [("backup-nightly", "pve1"), ("backup-nightly", "pve2"), ("second", "pve1")]
    second = night["runs"][-1]
    assert second["begin"] - second["slot"] == 60
    assert (second["job"], second["known"], second["late"], second["gives_up"]) == ("Second", False, False, False)
    assert night["done"] == second["end"] == max(run["end"] for run in night["runs"])
    assert night["done_by"] is None
    assert [(told["job"], told["text"].partition(",")[0]) for told in night["told"]] == [
        ("Second", "On pve1 the job waits for nightly")
    ]
    assert (await card.ask("night", entry_id="other"))["result"] == {"nights": []}


async def test_commands_are_there_before_any_cluster(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    card = Card(await hass_ws_client(hass))
    info = (await card.ask("info"))["result"]
    assert info["entries"] == []
    assert len(info["frontend_hash"]) == 10
    snapshot = await card.subscribe()
    assert (snapshot["rows"], snapshot["servers"]) == ([], [])


async def test_what_cards_show_is_worked_out_once_for_all_of_them_and_kept_where_it_is_as_before(
    home: Home, card: Card
) -> None:
    assert home.entry is not None
    await card.subscribe()
    board = board_of(home.hass, home.entry)
    assert board is not None
    shown = await board.async_shown(("guest", 7, "en"))
    assert await board.async_shown(("guest", 7, "en")) is shown
    home.pve.job("nightly").run({102: failed("timeout")})
    await home.after(minutes=30)
    await card.hear("rows")
    await card.hear("servers")
    later = await board.async_shown(("guest", 7, "en"))
    assert await board.async_shown(("guest", 7, "en")) is later
    entry_id = home.entry.entry_id
    rows = {vmid: f"{entry_id}/guest/{vmid}" for vmid in (101, 102)}
    assert later.rows[rows[102]].row["status"] == "failed"
    assert next(iter(later.rows)) == rows[102]
    await home.after(minutes=10)
    assert await card.heard_nothing()
    latest = await board.async_shown(("guest", 7, "en"))
    assert latest is not later
    assert all(latest.rows[row_id] is found for row_id, found in later.rows.items())


async def test_cards_of_different_days_and_groups_each_hear_their_own(
    home: Home, card: Card, hass_ws_client: WebSocketGenerator
) -> None:
    others = [Card(await hass_ws_client(home.hass)) for _ in range(2)]
    await card.subscribe(days=7)
    await others[0].subscribe(days=14)
    await others[1].subscribe(group="job", days=14)
    home.pve.job("nightly").run({102: failed("timeout")})
    await home.after(minutes=30)
    heard = [by_name((await one.hear("rows"))["rows"]) for one in (card, *others)]
    assert [len(heard[number]["database"]["cells"]) for number in (0, 1)] == [7, 14]
    assert heard[2].keys() == {"nightly"}
    await others[1].ask("unsubscribe_events", subscription=1)
    home.pve.job("nightly").run()
    await home.after(minutes=30)
    assert by_name((await card.hear("rows"))["rows"])["database"]["status"] == "ok"


async def test_a_run_that_goes_on_shows_how_far_it_is(home: Home) -> None:
    home.pve.add_vm(100, "large", "pve1", size=400)
    home.pve.job("nightly").change(vmid="100,101")
    await home.after(minutes=5)
    await home.until("2026-01-15T01:03:00")
    assert home.entry is not None
    board = board_of(home.hass, home.entry)
    assert board is not None
    [job] = [found.row for found in (await board.async_shown(("job", 7, "en"))).rows.values()]
    guests = [found.row for found in (await board.async_shown(("guest", 7, "en"))).rows.values()]
    [large] = [row for row in guests if row["progress"] is not None]
    assert large["progress"] is not None
    assert large["progress"]["total"] is not None
    assert (large["name"], large["status"]) == ("large", "running")
    assert 0 < large["progress"]["done"] < large["progress"]["total"]
    assert job["progress"] == {"percent": 0, "done": 0, "total": 2, "now": "large (100)", "ends": None}


async def test_the_runs_of_the_last_days_are_told_the_newest_first(home: Home, card: Card) -> None:
    home.pve.job("nightly").run({102: failed("timeout")})
    await home.after(minutes=30)
    assert home.entry is not None
    told = (await card.ask("activity"))["result"]["activity"]
    assert [item["status"] for item in told] == ["failed", "ok", "ok"]
    assert told[0]["title"] == "nightly: failed for 1 of 4 guests"
    assert any("102" in detail or "timeout" in detail for detail in told[0]["details"])
    assert {item["row"] for item in told} == {f"{home.entry.entry_id}/job/backup-nightly"}
    assert told[0]["at"] > told[1]["at"] > told[2]["at"]
    german = (await card.ask("activity", language="de"))["result"]["activity"]
    assert german[0]["title"] != told[0]["title"]
    assert (await card.ask("activity", entry_id="other"))["result"]["activity"] == []
