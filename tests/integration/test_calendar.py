"""The calendar of backup runs, as the calendar page and automations get it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.calendar import calendar_event
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason
from custom_components.proxmox_backup_checker.checker.views.agenda import AgendaItem
from simulator import SimulatedCluster
from simulator.outcomes import failed
from tests.acceptance.conftest import MONDAY_NOON
from tests.acceptance.home import Home
from tests.integration.states import entity

CALENDAR = "calendar.small_backup_runs"


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests and a nightly job, on a Monday at noon."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=MONDAY_NOON) as cluster:
        yield cluster


@pytest.fixture
async def home(hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory) -> Home:
    """A Home Assistant in Berlin on Wednesday morning, after a good night and one in which files (104) failed."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    await async_setup_component(hass, "http", {})
    home = Home(hass, pve, freezer)
    await home.until("2026-01-13T05:00:00")
    pve.job("nightly").next_run_ends({104: failed("No space left on device")})
    await home.until("2026-01-14T05:00:00")
    return home


async def test_the_month_shows_what_ran_with_its_reason_and_every_slot_to_come(
    home: Home, hass_client: ClientSessionGenerator
) -> None:
    answer: Any = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": CALENDAR, "start_date_time": "2026-01-01 00:00:00", "end_date_time": "2026-02-01 00:00:00"},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    events = answer[CALENDAR]["events"]

    assert [event["summary"] for event in events[:3]] == [
        "✓ nightly",
        "✗ nightly: failed for 1 of 4 guests",
        "nightly",
    ]
    assert len(events) == 2 + 17
    assert events[0]["start"].startswith("2026-01-13T02:00:0")
    assert events[0]["location"] == "pve1, pve2"
    assert "The job “nightly” backed up on pve1: web (101), dns (103)." in events[0]["description"]
    assert "could not back up files (104) on pve2: " in events[1]["description"]
    assert events[2]["start"] == "2026-01-15T02:00:00+01:00"
    assert events[2]["description"].startswith("Planned, to nas: web (101), database (102)")

    client = await hass_client()
    address = f"/api/calendars/{CALENDAR}?start=2026-01-13T00:00:00Z&end=2026-01-16T00:00:00Z"
    response = await client.get(address)
    assert response.status == HTTPStatus.OK
    rows = await response.json()
    assert [row["summary"] for row in rows] == [event["summary"] for event in events[:3]]
    assert len({row["uid"] for row in rows}) == 3


async def test_the_calendar_is_on_while_a_run_goes_on_and_names_the_next_one(home: Home) -> None:
    found = entity(home.hass, "_cluster_runs", "calendar")
    assert found is not None
    state = home.hass.states.get(CALENDAR)
    assert state is not None
    assert (state.state, state.attributes["message"]) == ("off", "nightly")
    assert state.attributes["start_time"] == "2026-01-15 02:00:00"

    home.pve.job("nightly").start()
    await home.after(seconds=20)
    state = home.hass.states.get(CALENDAR)
    assert state is not None
    assert state.state == "on"
    assert state.attributes["message"].startswith("▶ nightly: running on pve")


async def test_a_missed_slot_is_in_the_calendar_with_its_reason(home: Home) -> None:
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-15T11:00:00")
    answer: Any = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": CALENDAR, "start_date_time": "2026-01-15 00:00:00", "duration": timedelta(hours=12)},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    events = {event["summary"]: event for event in answer[CALENDAR]["events"]}

    assert events.keys() == {"✓ nightly", "✗ nightly: missed"}
    assert events["✗ nightly: missed"]["location"] == "pve2"
    assert "pve2" in events["✗ nightly: missed"]["description"]


async def test_the_calendar_speaks_german(home: Home) -> None:
    home.hass.config.language = "de"
    await home.restart()
    found = entity(home.hass, "_cluster_runs", "calendar")
    assert found is not None
    answer: Any = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": found.entity_id, "start_date_time": "2026-01-14 00:00:00", "duration": timedelta(hours=12)},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    [event] = answer[found.entity_id]["events"]

    assert event["summary"] == "✗ nightly: für 1 von 4 Gästen fehlgeschlagen"
    assert "Der Job „nightly“ konnte files (104) auf pve2 nicht sichern" in event["description"]
    assert dt_util.parse_datetime(event["start"]) is not None


async def test_a_run_over_the_hour_that_comes_twice_is_in_the_calendar(home: Home) -> None:
    """From 02:50 to 02:10 on the clock: Home Assistant takes that for an end before the start."""
    assert home.entry is not None
    begin = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    item = AgendaItem(
        identity="run",
        start=begin,
        end=begin + timedelta(minutes=20),
        title=Reason(ReasonCode.AGENDA_SUCCEEDED, {"job": "nightly"}),
    )
    event = calendar_event(item, home.entry.runtime_data.localizer)

    assert event.start_datetime_local.isoformat() == "2026-10-25T02:50:00+02:00"
    assert event.end_datetime_local >= event.start_datetime_local


async def test_a_run_that_outlasts_the_hour_that_comes_twice_ends_when_it_ended(home: Home) -> None:
    assert home.entry is not None
    begin = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    item = AgendaItem(
        identity="run",
        start=begin,
        end=begin + timedelta(hours=2),
        title=Reason(ReasonCode.AGENDA_SUCCEEDED, {"job": "nightly"}),
    )
    event = calendar_event(item, home.entry.runtime_data.localizer)
    assert event.end_datetime_local.isoformat() == "2026-10-25T03:50:00+01:00"
