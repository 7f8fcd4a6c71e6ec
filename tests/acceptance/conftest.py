"""The ground of every row: three nodes in Berlin, four guests, a nightly job at 02:00, and Monday noon."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedCluster
from tests.integration.conftest import RunningAgent, StartAgent, log_agent, start_agent

from .home import Home
from .lab import Lab
from .server_lab import ServerLab

__all__ = ["RunningAgent", "StartAgent", "log_agent", "start_agent"]

MONDAY_NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


@pytest.fixture
def start() -> datetime:
    """The moment at which the cluster begins; a test that needs another one names it as a parameter."""
    return MONDAY_NOON


@pytest.fixture
async def pve(
    hass: HomeAssistant, tmp_path: Path, real_network: None, start: datetime
) -> AsyncIterator[SimulatedCluster]:
    """101 web and 103 dns on pve1, 102 database and 104 files on pve2; the job has not run yet."""
    async with SimulatedCluster.start("small", tmp_path / "pve", now=start) as cluster:
        yield cluster


@pytest.fixture
async def home(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    freezer: FrozenDateTimeFactory,
) -> Home:
    """A Home Assistant in Berlin that is about to look at the cluster for the first time."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    return Home(hass, pve, freezer)


@pytest.fixture
def lab(start: datetime) -> Iterator[Lab]:
    """The same cluster, which is about to be read and judged for the first time, without Home Assistant."""
    made = Lab(start)
    with made.watch:
        yield made


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two backup servers, one of which is about to be read and judged for the first time, without Home Assistant."""
    with ServerLab() as made:
        yield made
