"""What the dashboard is told of what guests have left that no longer exist: rows H37, H38 and H41."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.acceptance.conftest import home, pve, start
from tests.acceptance.home import Home

from .test_websocket_api import Card

__all__ = ["home", "pve", "start"]


@pytest.fixture
async def without_dns(home: Home) -> Home:
    """A container that was backed up once is gone."""
    await home.until("2026-01-13T05:00:00")
    home.pve.guest(103).delete()
    for _ in range(4):
        await home.after(hours=1)
    return home


@pytest.fixture
async def off(without_dns: Home, request: pytest.FixtureRequest) -> Home:
    """Nodes are off, or the whole cluster cannot be read."""
    for node in request.param:
        without_dns.pve.node(node).go_offline()
    await without_dns.after(hours=1)
    return without_dns


async def told(card: Card, **asked: Any) -> list[dict[str, Any]]:
    """Return what the command tells of orphans."""
    answer: list[dict[str, Any]] = (await card.ask("storages", **asked))["result"]["orphans"]
    return answer


async def test_h37_the_dashboard_lists_orphans_by_storage(
    without_dns: Home, hass_ws_client: WebSocketGenerator
) -> None:
    card = Card(await hass_ws_client(without_dns.hass))

    [storage] = await told(card)

    [guest] = storage["guests"]
    assert (storage["name"], storage["size"]) == ("nas", guest["size"])
    assert (guest["vmid"], guest["name"], guest["archives"], guest["seen_here"]) == (103, "dns", 1, True)
    # The token may not see how large the archives of others are: the run that wrote it tells.
    assert guest["size"] > 0
    assert await told(card, entry_id="other") == []


@pytest.mark.parametrize("off", [("pve2",), ("pve1", "pve2", "pve3")], indirect=True)
async def test_h38_the_dashboard_lists_none_while_their_owner_may_be_out_of_sight(
    off: Home, hass_ws_client: WebSocketGenerator
) -> None:
    assert await told(Card(await hass_ws_client(off.hass))) == []


@pytest.mark.parametrize("sees_storage", [True, False])
async def test_h41_the_dashboard_names_orphans_only_to_who_sees_all(
    without_dns: Home,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: MockUser,
    sees_storage: bool,
) -> None:
    seen = {"binary_sensor.storage_nas_problem": {"read": True}} if sees_storage else {}
    hass_read_only_user.mock_policy({"entities": {"entity_ids": seen}})
    card = Card(await hass_ws_client(without_dns.hass, hass_read_only_access_token))
    assert await told(card) == []
