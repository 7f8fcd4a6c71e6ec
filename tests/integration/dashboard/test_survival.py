"""What the view "If … died" asks for."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.acceptance.conftest import home, pve, start
from tests.acceptance.home import Home
from tests.integration.privacy.test_sight import policy_of

from .test_websocket_api import Card

__all__ = ["home", "pve", "start"]


@pytest.fixture
async def watched(home: Home) -> Home:
    """A night with backups on a share that stands in this house."""
    home.options = {"storage_places": {"nas": "here"}}
    await home.until("2026-01-13T05:00:00")
    return home


async def told(card: Card, **asked: Any) -> dict[str, Any]:
    """Return what the command answers."""
    answer: dict[str, Any] = (await card.ask("survival", **asked))["result"]
    return answer


async def test_at_first_it_is_what_costs_most(watched: Home, hass_ws_client: WebSocketGenerator) -> None:
    card = Card(await hass_ws_client(watched.hass))
    assert watched.entry is not None
    entry_id = watched.entry.entry_id

    found = await told(card)

    assert [death["key"].removeprefix(f"{entry_id}/") for death in found["deaths"]] == [
        *("node:pve1", "node:pve2", "node:pve3", "storage:nas", "storage:pve1/local", "storage:pve1/local-lvm"),
        *("storage:pve2/local", "storage:pve2/local-lvm", "storage:pve3/local", "place:here", "place:elsewhere"),
    ]
    assert found["answer"]["died"] == f"{entry_id}/node:pve1"
    assert [(guest["name"], guest["left"]) for guest in found["answer"]["guests"]] == [
        *(("web", "copy"), ("dns", "copy"), ("database", "lives"), ("files", "lives"))
    ]
    assert found["answer"]["guests"][0]["text"] == "The copy from today 02:00 on nas is left."
    assert found["answer"]["guests"][0]["lost"] == "4 hours"


@pytest.mark.parametrize(("died", "bare"), [("storage:nas", True), ("node:pve3", False)])
async def test_something_else_can_be_chosen(
    watched: Home, hass_ws_client: WebSocketGenerator, died: str, bare: bool
) -> None:
    card = Card(await hass_ws_client(watched.hass))
    assert watched.entry is not None

    found = await told(card, died=f"{watched.entry.entry_id}/{died}", language="de")

    assert {guest["left"] for guest in found["answer"]["guests"]} == {"lives"}
    assert {guest["bare"] for guest in found["answer"]["guests"]} == {bare}
    assert found["answer"]["heading"].startswith("Wenn der ")


async def test_what_there_is_not_has_no_answer(watched: Home, hass_ws_client: WebSocketGenerator) -> None:
    card = Card(await hass_ws_client(watched.hass))
    assert (await told(card, died="nowhere/node:pve1"))["answer"] is None


async def test_who_may_see_one_guest_reads_of_that_one_alone(
    watched: Home,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: MockUser,
) -> None:
    hass_read_only_user.mock_policy(policy_of(watched, "guest_101"))
    card = Card(await hass_ws_client(watched.hass, hass_read_only_access_token))

    found = await told(card)

    assert [guest["name"] for guest in found["answer"]["guests"]] == ["web"]
    assert "dns" not in str(found)
    assert [death["kind"] for death in found["deaths"] if death["kind"] == "storage"] == []
    assert found["answer"]["storages"] == []


async def test_a_word_of_somebody_hides_nothing_from_who_sees_all(
    watched: Home, hass_ws_client: WebSocketGenerator
) -> None:
    card = Card(await hass_ws_client(watched.hass))
    before = await told(card)
    assert watched.entry is not None
    await watched.entry.runtime_data.async_take_up(lambda history: history)

    after = await told(card)

    assert [death["key"] for death in after["deaths"]] == [death["key"] for death in before["deaths"]]
    assert after["answer"]["storages"] == before["answer"]["storages"]
