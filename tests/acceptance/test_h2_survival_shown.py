"""Rows H27 to H33: what people see of what would be left, and where they say where storages stand."""

from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.proxmox_backup_checker.const import DOMAIN
from tests.integration.states import entity, shown

from .home import Home

TUESDAY = "2026-01-13T05:00:00"
OPTION = "storage_places"
SAID = {OPTION: {"nas": "here"}}


async def what_if(home: Home, user: MockUser | None = None, **died: str) -> dict[str, Any]:
    """Return what the action answers."""
    context = Context(user_id=user.id) if user is not None else None
    answer = await home.hass.services.async_call(
        DOMAIN, "what_if", died, blocking=True, return_response=True, context=context
    )
    assert isinstance(answer, dict)
    return dict(answer)


def left(answer: dict[str, Any]) -> dict[int, str]:
    """Return what is left of each guest that is named."""
    return {guest["vmid"]: guest["left"] for guest in answer["guests"]}


def worst_case(home: Home) -> tuple[str, dict[str, Any]]:
    """Return the state of the cluster's sensor, and its attributes."""
    state = shown(home.hass, "_cluster_worst_case", "sensor")
    return state.state, dict(state.attributes)


def issue(home: Home) -> ir.IssueEntry | None:
    """Return the issue about guests whose copies all lie on their node."""
    assert home.entry is not None
    return ir.async_get(home.hass).async_get_issue(DOMAIN, f"lost_with_node_{home.entry.entry_id}")


@pytest.mark.parametrize(
    ("died", "lost", "alive"),
    [({"node": "pve1"}, {101, 103}, {102, 104}), ({"node": "pve2"}, {102, 104}, {101, 103})],
)
async def test_h27_the_action_tells_what_would_be_left_and_from_which_copy(
    home: Home, died: dict[str, str], lost: set[int], alive: set[int]
) -> None:
    home.options = SAID
    await home.until(TUESDAY)

    answer = await what_if(home, **died)

    assert left(answer) == dict.fromkeys(lost, "copy") | dict.fromkeys(alive, "lives")
    assert [guest["vmid"] for guest in answer["guests"]][:2] == sorted(lost)
    first = answer["guests"][0]
    assert first["copy"]["storage"] == "nas"
    assert first["copy"]["written"].startswith("2026-01-13T01:")
    assert first["text"] == "The copy from today 02:00 on nas is left; 4 hours of work would be lost."
    assert answer["counts"] == {"none": 0, "unknown": 0, "copy": 2, "lives": 2}


async def test_h27_the_action_names_no_guest_that_its_caller_may_not_see(
    home: Home, hass_read_only_user: MockUser
) -> None:
    home.options = SAID
    await home.until(TUESDAY)
    sensor = entity(home.hass, "_guest_103_problem")
    assert sensor is not None
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {sensor.entity_id: {"read": True}}}})

    answer = await what_if(home, hass_read_only_user, node="pve1")

    assert left(answer) == {103: "copy"}
    assert "web" not in str(answer)
    assert answer["counts"]["copy"] == 1


@pytest.mark.parametrize("died", [{}, {"node": "pve1", "storage": "nas"}, {"node": "pve9"}, {"storage": "attic"}])
async def test_h27_the_action_wants_one_thing_that_there_is(home: Home, died: dict[str, str]) -> None:
    await home.look()

    with pytest.raises(ServiceValidationError):
        await what_if(home, **died)


async def test_h28_the_worst_case_is_a_moment_that_changes_with_the_copies(home: Home) -> None:
    home.options = SAID
    await home.until(TUESDAY)
    before, attributes = worst_case(home)
    assert before.startswith("2026-01-13T01:")
    assert (attributes["if_died"], attributes["left"]) == ("node:pve1", "copy")

    await home.after(hours=6)
    assert worst_case(home)[0] == before
    await home.after(hours=24)
    assert worst_case(home)[0] > before


async def test_h28_where_nobody_has_said_where_the_share_stands_the_worst_case_is_unknown(home: Home) -> None:
    await home.until(TUESDAY)

    state, attributes = worst_case(home)

    assert (state, attributes["left"]) == ("unknown", "unknown")
    assert issue(home) is None


@pytest.mark.parametrize("taken", [(101,), (101, 103)])
async def test_h29_guests_whose_copies_all_die_with_their_node_are_named_in_one_issue(
    home: Home, taken: tuple[int, ...]
) -> None:
    home.options = SAID
    await home.until(TUESDAY)
    assert issue(home) is None
    nas = home.pve.storage("nas")
    home.pve.job("nightly").change(vmid=",".join(str(vmid) for vmid in (101, 102, 103, 104) if vmid not in taken))
    for vmid in taken:
        home.pve.backup_by_hand([vmid], "local")
        for archive in nas.archive(vmid):
            nas.remove(archive)
    await home.after(hours=26)

    found = issue(home)

    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["lines"].startswith("- pve1: web (101)")
    assert found.translation_placeholders["count"] == str(len(taken))


@pytest.mark.parametrize("said", [{"nas": "node:pve1"}, {"nas": "guest:101"}])
async def test_h29_the_issue_goes_with_the_reason_for_it_and_is_not_for_ignored_guests(
    home: Home, said: dict[str, str]
) -> None:
    home.options = {OPTION: said}
    await home.until(TUESDAY)
    assert issue(home) is not None
    assert home.entry is not None

    home.hass.config_entries.async_update_entry(home.entry, options={OPTION: said, "ignored_guests": ["101", "103"]})
    await home.restart()
    assert issue(home) is None

    home.hass.config_entries.async_update_entry(home.entry, options=SAID)
    await home.restart()
    assert issue(home) is None


@pytest.mark.parametrize(("vmid", "node", "in_job"), [(101, "pve1", "102,104"), (104, "pve2", "101,102,103")])
async def test_h30_a_guest_without_any_copy_is_no_matter_of_the_issue(
    home: Home, vmid: int, node: str, in_job: str
) -> None:
    home.options = SAID
    home.pve.job("nightly").change(vmid=in_job)
    await home.until(TUESDAY)

    answer = await what_if(home, node=node)

    assert left(answer)[vmid] == "none"
    assert next(one for one in answer["guests"] if one["vmid"] == vmid)["text"] == (
        "Lost. There is no copy of it anywhere."
    )
    assert issue(home) is None


@pytest.mark.parametrize(
    ("said", "answer"), [("here", "copy"), ("elsewhere", "copy"), ("node:pve1", "none"), ("not_said", "unknown")]
)
async def test_h31_people_say_in_the_options_where_a_storage_stands(home: Home, said: str, answer: str) -> None:
    await home.until(TUESDAY)
    assert home.entry is not None
    flow = await home.hass.config_entries.options.async_init(home.entry.entry_id)
    form = await home.hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "places"})
    assert form["data_schema"] is not None
    assert {str(key) for key in form["data_schema"].schema} == {"nas", "pve1/local", "pve2/local", "pve3/local"}
    entered = dict.fromkeys(("pve1/local", "pve2/local", "pve3/local"), "not_said")

    await home.hass.config_entries.options.async_configure(flow["flow_id"], {**entered, "nas": said})
    await home.hass.async_block_till_done()

    assert home.entry.options.get(OPTION, {}) == ({} if said == "not_said" else {"nas": said})
    assert left(await what_if(home, node="pve1"))[101] == answer


@pytest.mark.parametrize(("polls", "hours"), [(6, 2.0), (40, 0.25)])
async def test_h32_reading_where_disks_and_addresses_are_costs_one_request_a_guest_and_day(
    home: Home, polls: int, hours: float
) -> None:
    await home.look()
    before = len(home.pve.requests)
    for _ in range(polls):
        await home.after(hours=hours)

    asked = [request.path for request in home.pve.requests[before:]]
    assert [path for path in asked if path.endswith(("/config", "/network"))] == []


@pytest.mark.parametrize(("broken", "died"), [(True, {"node": "pve1"}), (False, {"storage": "nas"})])
async def test_h33_while_the_cluster_cannot_be_read_the_answer_is_that_of_the_last_look(
    home: Home, broken: bool, died: dict[str, str]
) -> None:
    home.options = SAID
    await home.until(TUESDAY)
    before = await what_if(home, **died)
    if broken:
        home.pve.faults.broken["/cluster/resources"] = "<html>"
    else:
        for node in ("pve1", "pve2", "pve3"):
            home.pve.node(node).go_offline()
    await home.after(minutes=20)

    after = await what_if(home, **died)

    assert left(after) == left(before)
    assert after["read"] == before["read"]
