"""A Home Assistant that keeps real files in a folder of its own, with a recorder, a phone and automations."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedCluster

from .household import Household
from .worlds import WORLDS, World


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant read and write real files, which its test package keeps it from."""
    return {}


@pytest.fixture
def load_registries() -> bool:
    """Leave the registries to the household, which loads them once their files are there."""
    return False


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: Any) -> None:
    """Prepare the recorder, as it must be before there is a Home Assistant."""


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """The world that the test is about, by its name."""
    return WORLDS[request.param]


@pytest.fixture
async def pve(hass: HomeAssistant, world: World, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Its Proxmox, at the moment of the first look ever; time still flows, since what signs certificates keeps the first clock it meets."""
    async with world.start(tmp_path / "pve") as pve:
        yield pve


@pytest.fixture
async def household(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    freezer: FrozenDateTimeFactory,
    async_test_recorder: Any,
    tmp_path: Path,
) -> AsyncIterator[Household]:
    """Its Home Assistant, which is not started yet, at the same moment."""
    freezer.move_to(pve.clock.now())
    async with AsyncExitStack() as stack:
        yield Household(hass, pve, freezer, async_test_recorder, tmp_path / "agents", stack)
