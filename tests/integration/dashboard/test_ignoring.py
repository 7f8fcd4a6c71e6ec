"""Since when a guest is in no job, as far as anybody looked, and leaving it alone from where that is shown."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import SimulatedCluster
from tests.acceptance.home import Home

from .test_websocket_api import MONDAY_NOON, Card, card, home

__all__ = ["card", "home"]


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """A cluster with a guest that has been in no job for as long as anybody knows."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=MONDAY_NOON) as cluster:
        cluster.add_vm(110, "forgotten", "pve1")
        yield cluster


def row_of(home: Home, key: str = "guest/110") -> str:
    """Return the id of a row."""
    assert home.entry is not None
    return f"{home.entry.entry_id}/{key}"


async def details_of(home: Home, card: Card, key: str = "guest/110") -> dict[str, Any]:
    """Return what is shown of a row that is opened."""
    return dict((await card.ask("runs", row=row_of(home, key), days=7))["result"])


async def test_a_guest_in_no_job_from_the_beginning_says_since_when_at_least(home: Home, card: Card) -> None:
    told = await details_of(home, card)
    assert told["verdict"]["since"] is None
    assert told["verdict"]["seen_since"] == MONDAY_NOON.timestamp()
    assert any(said.startswith("This has been so at least since") for said in told["grounds"])
    assert told["verdict"]["next_step"]
    assert home.guest(110).attributes["seen_since"] == MONDAY_NOON.isoformat()
    [cause] = (await card.ask("causes"))["result"]["causes"]
    assert (cause["since"], cause["seen_since"]) == (None, MONDAY_NOON.timestamp())


async def test_neither_a_backup_by_hand_nor_a_restart_is_taken_for_its_beginning(home: Home, card: Card) -> None:
    home.pve.backup_by_hand([110], "nas", at=home.pve.clock.now())
    await home.after(seconds=20)
    assert home.guest(110).status == "running"
    await home.after(hours=1)
    assert home.guest(110).status == "uncovered"
    await home.restart()
    assert (await details_of(home, card))["verdict"]["seen_since"] == MONDAY_NOON.timestamp()


async def test_one_that_left_its_job_while_somebody_looked_says_since_when(home: Home, card: Card) -> None:
    home.pve.job("nightly").change(vmid="102,103,104")
    await home.after(days=3)
    told = await details_of(home, card, "guest/101")
    assert (told["verdict"]["status"], told["verdict"]["seen_since"]) == ("uncovered", None)
    assert datetime.fromtimestamp(told["verdict"]["since"], home.now.tzinfo) > home.now - timedelta(days=4)


async def test_it_is_left_alone_by_the_option_and_watched_again(home: Home, card: Card) -> None:
    assert home.entry is not None
    assert (await details_of(home, card))["ignoring"] == "offered"
    assert (await details_of(home, card, "guest/101"))["ignoring"] is None

    assert (await card.ask("ignore", row=row_of(home), ignored=True))["success"]
    await home.hass.async_block_till_done()
    assert home.entry.options["ignored_guests"] == ["110"]
    assert home.guest(110).brief == ("off", "ignored")
    assert (await details_of(home, card))["ignoring"] == "chosen"

    assert (await card.ask("ignore", row=row_of(home), ignored=False))["success"]
    await home.hass.async_block_till_done()
    assert "ignored_guests" not in home.entry.options
    assert home.guest(110).brief == ("on", "uncovered")


async def test_a_disabled_job_is_left_alone_too(home: Home, card: Card) -> None:
    assert home.entry is not None
    home.pve.job("nightly").disable()
    await home.after(hours=1)
    assert (await details_of(home, card, "job/backup-nightly"))["ignoring"] == "offered"
    assert (await card.ask("ignore", row=row_of(home, "job/backup-nightly"), ignored=True))["success"]
    await home.hass.async_block_till_done()
    assert home.entry.options["ignored_jobs"] == ["backup-nightly"]


async def test_who_is_no_administrator_changes_nothing(
    home: Home, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    assert home.entry is not None
    visitor = Card(await hass_ws_client(home.hass, hass_read_only_access_token))
    answer = await visitor.ask("ignore", row=row_of(home), ignored=True)
    assert (answer["success"], answer["error"]["code"]) == (False, "unauthorized")
    assert "ignored_guests" not in home.entry.options


@pytest.mark.parametrize("row", ["nonsense", "other/guest/110", "{entry}/pbsjob/1", "{entry}/guest/x"])
async def test_what_is_no_guest_or_job_of_a_cluster_is_refused(home: Home, card: Card, row: str) -> None:
    assert home.entry is not None
    answer = await card.ask("ignore", row=row.format(entry=home.entry.entry_id), ignored=True)
    assert (answer["success"], answer["error"]["code"]) == (False, "not_found")
