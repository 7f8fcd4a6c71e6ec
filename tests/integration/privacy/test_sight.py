"""What a person sees whom Home Assistant's policy lets see one guest: that one, by every command and every action."""

from collections.abc import Callable
from datetime import timedelta
import json
import re
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from custom_components.proxmox_backup_checker.voice import answer_of
from simulator.outcomes import failed
from tests.acceptance.conftest import home, pve, start
from tests.acceptance.home import Home
from tests.integration.dashboard.test_websocket_api import Card
from tests.integration.states import entity

__all__ = ["home", "pve", "start"]

OTHERS = ("database", "dns", "files", "102", "103", "104", "no space", "nightly")


def policy_of(home: Home, *endings: str) -> dict[str, Any]:
    """Return a policy that lets somebody read these problem sensors."""
    found = [entity(home.hass, f"_{ending}_problem") for ending in endings]
    return {"entities": {"entity_ids": {each.entity_id: {"read": True} for each in found if each is not None}}}


@pytest.fixture
async def watched(home: Home, hass_read_only_user: MockUser) -> Home:
    """Two nights; in the second database (102) and files (104) could not be saved. The visitor may see web (101) only."""
    await home.look()
    await home.live(days=1, step=timedelta(hours=12))
    home.pve.job("nightly").run({102: failed("no space"), 104: failed("no space")})
    await home.after(minutes=30)
    hass_read_only_user.mock_policy(policy_of(home, "guest_101"))
    return home


@pytest.fixture
async def visitor(watched: Home, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str) -> Card:
    """The visitor's browser."""
    return Card(await hass_ws_client(watched.hass, hass_read_only_access_token))


type Act = Callable[..., Any]


@pytest.fixture
def act(watched: Home, hass_read_only_user: MockUser) -> Act:
    """Return what calls an action for the visitor, and returns its answer."""

    async def act(action: str, **data: Any) -> dict[str, Any]:
        context = Context(user_id=hass_read_only_user.id)
        found = await watched.hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True, context=context
        )
        answer: dict[str, Any] = json.loads(json.dumps(found))
        return answer

    return act


def tells_of_others(answer: object, *but: str) -> list[str]:
    """Return what an answer tells of what the visitor may not see."""
    text = json.dumps(answer)
    # Within an id of Home Assistant's own, any digits can stand.
    return [
        word
        for word in OTHERS
        if re.search(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])", text) and word not in but
    ]


async def test_the_wall_has_the_rows_that_may_be_seen(watched: Home, visitor: Card) -> None:
    snapshot = await visitor.subscribe()
    assert [row["name"] for row in snapshot["rows"]] == ["web"]
    counts = snapshot["servers"][0]["counts"]
    assert (counts["guests"], counts["protected"], counts["problems"]) == (1, 1, 0)
    assert (await visitor.subscribe(group="job"))["rows"] == []
    watched.pve.job("nightly").run({101: failed("no room"), 102: failed("no space")})
    await watched.after(minutes=30)
    event = await visitor.hear("rows")
    assert [row["name"] for row in event["rows"]] == ["web"]
    assert tells_of_others(event, "nightly") == []


async def test_questions_about_other_rows_are_answered_as_if_there_were_none(watched: Home, visitor: Card) -> None:
    assert watched.entry is not None
    rows = [f"{watched.entry.entry_id}/guest/{vmid}" for vmid in (101, 102, 103, 104)]
    job = f"{watched.entry.entry_id}/job/backup-nightly"
    sizes = (await visitor.ask("sizes", ids=[*rows, job], days=7))["result"]
    assert sizes.keys() == {rows[0]}
    for row in (*rows[1:], job):
        assert (await visitor.ask("runs", row=row, days=7))["error"]["translation_key"] == "row_not_found"
    found = (await visitor.ask("runs", row=rows[0], days=7))["result"]
    assert len(found["runs"]) == 2
    assert tells_of_others(found, "nightly") == []
    assert (await visitor.ask("storages"))["result"]["storages"] == []
    assert (await visitor.ask("info"))["result"]["entries"][0]["counts"]["guests"] == 1


async def test_what_is_asked_for_by_target_or_name_has_to_be_seen(watched: Home, act: Act) -> None:
    sensors = [entity(watched.hass, f"_guest_{vmid}_problem") for vmid in (101, 104)]
    assert sensors[0] is not None
    assert sensors[1] is not None
    [verdict] = (await act("explain", entity_id=sensors[0].entity_id))["verdicts"]
    assert verdict["name"] == "web (101)"
    assert (await act("explain", guest="web"))["verdicts"] == [verdict]
    for action in ("explain", "list_runs", "list_archives"):
        with pytest.raises(Unauthorized):
            await act(action, entity_id=sensors[1].entity_id)
        for guest in ("files", "104"):
            with pytest.raises(ServiceValidationError) as refused:
                await act(action, guest=guest)
            assert refused.value.translation_key == "unknown_guest"
    with pytest.raises(ServiceValidationError) as refused:
        await act("explain", job="other")
    assert tells_of_others(str(refused.value)) == []
    with pytest.raises(Unauthorized):
        await act("explain")


async def test_lists_reports_and_open_problems_are_of_what_may_be_seen(watched: Home, act: Act) -> None:
    runs = await act("list_runs")
    assert [outcome["vmid"] for run in runs["runs"] for outcome in run["guests"]] == [101, 101]
    assert tells_of_others(runs, "nightly") == []
    assert (await act("list_runs", guest="web")) == runs
    archives = await act("list_archives")
    assert {archive["vmid"] for archive in archives["archives"]} == {101}
    report = await act("report")
    assert (report["guests"], report["protected"], report["failures"], report["to_look_at"]) == (1, 1, [], [])
    assert tells_of_others(report, "nightly") == []
    assert (await act("open_alerts"))["count"] == 0
    assert tells_of_others(await act("open_alerts")) == []


async def test_a_run_is_told_as_if_it_had_been_for_those_who_may_be_seen_alone(watched: Home, act: Act) -> None:
    watched.pve.job("nightly").run({103: failed("no room")})
    await watched.after(minutes=30)
    run, *_ = (await act("list_runs"))["runs"]
    assert (run["status"], run["warnings"], run["error"]) == ("OK", 0, None)
    assert run["seconds"] <= run["guests"][0]["seconds"] + 1
    [told] = (await act("report"))["jobs"]
    assert (told["runs_failed"], told["runs_with_warnings"]) == (0, 0)
    answer: Any = await watched.hass.services.async_call(DOMAIN, "report", {}, blocking=True, return_response=True)
    [whole] = answer["jobs"]
    assert whole["runs_failed"] > 0
    assert told["seconds"] < whole["seconds"]


async def test_somebody_who_may_see_more_sees_more(
    watched: Home, visitor: Card, act: Act, hass_read_only_user: MockUser
) -> None:
    hass_read_only_user.mock_policy(policy_of(watched, "guest_101", "guest_102", "cluster", "storage_nas"))
    assert [row["name"] for row in (await visitor.subscribe())["rows"]] == ["database", "web"]
    assert [storage["name"] for storage in (await visitor.ask("storages"))["result"]["storages"]] == ["nas"]
    report = await act("report")
    assert [found["name"] for found in report["to_look_at"]] == ["database (102)"]
    assert report["failures"][0]["error"] == "no space"
    [alert] = (await act("open_alerts"))["alerts"]
    assert [guest["vmid"] for guest in alert["guests"]] == [102]
    assert "files" not in json.dumps(alert)
    [cluster] = (await act("explain"))["verdicts"]
    assert "database" in cluster["text"]
    assert "files" not in cluster["text"]


async def test_who_may_see_everything_and_whoever_is_no_user_sees_all(
    watched: Home, act: Act, hass_read_only_user: MockUser
) -> None:
    hass_read_only_user.mock_policy({"entities": {"all": {"read": True}}})
    assert (await act("report"))["guests"] == 4
    hass_read_only_user.mock_policy({"entities": True})
    assert (await act("report"))["guests"] == 4
    found = await watched.hass.services.async_call(DOMAIN, "report", {}, blocking=True, return_response=True)
    assert found is not None
    assert found["guests"] == 4


async def test_a_voice_tells_what_its_owner_may_see(watched: Home, hass_read_only_user: MockUser) -> None:
    said = await answer_of(watched.hass, Sight(watched.hass, hass_read_only_user))
    assert "1 of 1" in said
    assert tells_of_others(said) == []
    assert "files" in await answer_of(watched.hass, Sight(watched.hass, None))
