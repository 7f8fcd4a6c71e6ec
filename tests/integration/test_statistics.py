"""Long-term statistics in a real recorder."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
    valid_statistic_id,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import text

from custom_components.proxmox_backup_checker.statistics import statistic_ids
from simulator import SimulatedCluster
from simulator.outcomes import failed
from tests.acceptance.conftest import MONDAY_NOON
from tests.acceptance.home import Home

DOMAIN = "proxmox_backup_checker"


@pytest.fixture(autouse=True)
def _custom_integrations(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Let the recorder be there before Home Assistant, which the fixture of the same name for all tests would start."""


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests and a nightly job, on a Monday at noon."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=MONDAY_NOON) as cluster:
        yield cluster


@pytest.fixture
async def home(hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory) -> Home:
    """A Home Assistant in Berlin that is about to look for the first time, after three nights."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    pve.clock.advance(days=3)
    return Home(hass, pve, freezer)


async def settled(home: Home) -> None:
    """Wait until all is in the database."""
    await home.hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(home.hass)


async def rows(home: Home, key: str) -> list[tuple[datetime, float | None]]:
    """Return the hours and values of a statistic."""
    assert home.entry is not None
    statistic_id = statistic_ids(home.entry.unique_id or "", [key])[key]
    found = await get_instance(home.hass).async_add_executor_job(
        statistics_during_period,
        home.hass,
        datetime(2020, 1, 1, tzinfo=UTC),
        None,
        {statistic_id},
        "hour",
        None,
        {"mean"},
    )
    return [(dt_util.utc_from_timestamp(row["start"]), row["mean"]) for row in found.get(statistic_id, [])]


async def metadata(home: Home) -> dict[str, Any]:
    """Return what the recorder knows of our statistics, by the ending of their ids."""
    assert home.entry is not None
    listed = await get_instance(home.hass).async_add_executor_job(list_statistic_ids, home.hass)
    start = f"{DOMAIN}:{statistic_ids(home.entry.unique_id or '', ['x'])['x'].partition(':')[2].removesuffix('x')}"
    return {row["statistic_id"].removeprefix(start): row for row in listed if row["source"] == DOMAIN}


async def test_runs_and_archives_from_before_the_installation_are_there_on_the_first_day(home: Home) -> None:
    await home.look()
    await settled(home)

    sizes, durations = await rows(home, "guest_101_size"), await rows(home, "guest_101_duration")
    nights = [datetime(2026, 1, day, 1, tzinfo=UTC) for day in (13, 14, 15)]
    assert [hour for hour, _ in sizes] == [hour for hour, _ in durations] == nights
    [archive, *_] = home.pve.storage("nas").archive(101)
    assert sizes[-1][1] == pytest.approx(archive.size / 1024**3, rel=0.01)
    assert len(await rows(home, "storage_nas_used")) == 1
    told = await metadata(home)
    assert told["guest_101_size"]["name"] == "web (101): backup size"
    assert told["guest_101_size"]["unit_class"] == "information"
    assert told["guest_101_size"]["statistics_unit_of_measurement"] == "GiB"
    assert told["guest_101_duration"]["statistics_unit_of_measurement"] == "min"
    assert told["storage_nas_used"]["name"] == "nas: used space"
    assert "storage_pve1_local_used" in told


async def test_a_restart_writes_nothing_twice_and_a_new_run_adds_its_hour(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    await home.look()
    await settled(home)
    before = await rows(home, "guest_101_size")
    await home.restart()
    await settled(home)
    assert await rows(home, "guest_101_size") == before

    home.pve.job("nightly").next_run_ends({104: failed("no")})
    await home.after(days=1)
    await settled(home)
    assert len(await rows(home, "guest_101_size")) == len(before) + 1
    assert len(await rows(home, "guest_104_size")) == len(before)
    assert not [
        record
        for record in caplog.records
        if record.levelname in {"WARNING", "ERROR"}
        and record.name.startswith(("homeassistant.components.recorder", "custom"))
    ]


async def test_a_guest_with_another_name_keeps_its_statistic(home: Home) -> None:
    await home.look()
    await settled(home)
    before = await rows(home, "guest_101_size")
    home.pve.guest(101).name = "shop"
    await home.after(minutes=10)
    await settled(home)

    assert (await metadata(home))["guest_101_size"]["name"] == "shop (101): backup size"
    assert await rows(home, "guest_101_size") == before


async def test_statistics_outlive_the_entry(home: Home) -> None:
    await home.look()
    await settled(home)
    assert home.entry is not None
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await settled(home)

    assert len(await rows(home, "guest_101_size")) == 3


def test_ids_stay_apart_where_names_read_alike() -> None:
    ids = statistic_ids("ab-12", ["storage_nas-1_used", "storage_nas_1_used", "guest_101_size"])
    assert ids["guest_101_size"] == "proxmox_backup_checker:ab_12_guest_101_size"
    assert len(set(ids.values())) == 3
    assert all(valid_statistic_id(statistic_id) for statistic_id in ids.values())


async def test_what_the_database_could_not_take_is_written_at_the_next_look(
    home: Home, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    await home.look()
    await settled(home)
    before = await rows(home, "guest_101_size")

    def rename(old: str, new: str) -> None:
        with session_scope(hass=home.hass) as session:
            session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    await get_instance(home.hass).async_add_executor_job(rename, "statistics", "elsewhere")
    await home.after(days=1)
    await home.after(minutes=1)
    await settled(home)
    await get_instance(home.hass).async_add_executor_job(rename, "elsewhere", "statistics")
    assert caplog.text.count("The statistics of small cannot be written") == 1

    await home.after(minutes=1)
    await settled(home)
    assert len(await rows(home, "guest_101_size")) == len(before) + 1
