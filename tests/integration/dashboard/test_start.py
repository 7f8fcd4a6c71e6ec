"""The first days as the dashboard tells of them: what is watched, when the first proof comes, what is left to do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.dashboard.start import checklists
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from simulator import SimulatedCluster
from tests.acceptance.home import Home

from .test_websocket_api import Card

MONDAY_NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
TONIGHT = datetime(2026, 1, 13, 1, 0, tzinfo=UTC)


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Four guests and a nightly job that has not run yet."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=MONDAY_NOON) as cluster:
        yield cluster


@pytest.fixture
async def home(hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory) -> Home:
    """A Home Assistant that has just looked for the first time."""
    home = Home(hass, pve, freezer)
    await home.look()
    return home


def started(home: Home) -> dict[str, Any]:
    [checklist] = checklists(home.hass, Sight(home.hass, None), None)
    return checklist


async def test_a_card_asks_for_it(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    card = Card(await hass_ws_client(home.hass))
    assert (await card.ask("start"))["result"] == {"clusters": [started(home)]}
    assert (await card.ask("start", entry_id="other"))["result"] == {"clusters": []}


async def test_on_the_first_day_the_first_proof_is_announced(home: Home) -> None:
    first = started(home)
    assert (first["guests"], first["proven"], first["in_no_job"], first["jobs"]) == (4, 0, 0, 1)
    assert first["first_due"] == int(TONIGHT.timestamp())
    assert (first["rights_missing"], first["nodes"], first["agents"]) == (False, 3, 0)


async def test_after_the_first_night_all_is_proven(home: Home) -> None:
    await home.live(days=1, step=timedelta(hours=6))
    after = started(home)
    assert (after["proven"], after["first_due"]) == (4, None)


async def test_a_guest_in_no_job_is_counted_and_one_that_is_ignored_is_not(home: Home) -> None:
    home.pve.job("nightly").change(vmid="101,102,103")
    home.pve.guest(103).tags = "no-backup"
    await home.live(days=2, step=timedelta(hours=12))
    found = started(home)
    assert (found["guests"], found["in_no_job"]) == (3, 1)


async def test_a_guest_of_which_no_job_can_be_told_is_not_said_to_be_in_one(home: Home) -> None:
    home.pve.job("nightly").change(vmid=None, pool="web")
    home.pve.pools["web"] = ""
    home.pve.guest(101).pool = "web"
    home.pve.limit_token({"/": "VM.Audit Sys.Audit Datastore.Audit"})
    await home.live(hours=2, step=timedelta(hours=1))
    found = started(home)
    assert (found["guests"], found["in_no_job"]) == (4, 4)
