"""Language models that speak for Home Assistant: what they are told, by Home Assistant's own tools for Assist."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.privacy.test_sight import policy_of
from tests.integration.states import entity

IO_ERROR = "job failed with err -5 - Input/output error"
UNKNOWN_ERROR = "xyzzy: frobnication refused (0x17)"


@pytest.fixture
async def talking(home: Home) -> Home:
    """A Home Assistant that can converse, before our integration is set up."""
    assert await async_setup_component(home.hass, "homeassistant", {})
    assert await async_setup_component(home.hass, "conversation", {})
    return home


def expose(home: Home, *endings: str) -> None:
    for ending in endings:
        found = entity(home.hass, f"_{ending}_problem")
        assert found is not None, ending
        async_expose_entity(home.hass, "conversation", found.entity_id, True)


async def assist(home: Home, user: MockUser | None = None, language: str = "en", api: str = "assist") -> Any:
    context = llm.LLMContext(
        platform="test",
        context=Context(user_id=user.id if user else None),
        language=language,
        assistant="conversation",
        device_id=None,
    )
    return await llm.async_get_api(home.hass, api, context)


async def told(home: Home, tool: str, user: MockUser | None = None, language: str = "en", **given: Any) -> Any:
    instance = await assist(home, user, language)
    result = await instance.async_call_tool(llm.ToolInput(tool_name=f"{DOMAIN}__{tool}", tool_args=given))
    data = result.data if isinstance(result, llm.ToolResult) else result
    return json.loads(json.dumps(data))


def ours(instance: Any) -> list[Any]:
    return [tool for tool in instance.tools if tool.name.startswith(f"{DOMAIN}__")]


async def test_there_are_no_tools_before_something_is_exposed_and_only_for_assist(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    assert not ours(await assist(talking))
    expose(talking, "guest_101")
    tools = ours(await assist(talking))
    assert {tool.name for tool in tools} == {
        f"{DOMAIN}__{name}" for name in ("not_backed_up", "explain", "next_backups")
    }
    for tool in tools:
        assert tool.annotations.read_only
        assert not tool.annotations.destructive
        assert tool.integration == DOMAIN
    admin = MockUser(is_owner=True).add_to_hass(talking.hass)
    assert not ours(await assist(talking, user=admin, api="homeassistant"))


async def test_what_is_not_backed_up_is_told_of_what_is_exposed_alone(talking: Home) -> None:
    for vmid in (102, 104):
        talking.pve.guest(vmid).fails(failed(IO_ERROR))
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_101", "guest_104")
    answer = await told(talking, "not_backed_up")
    [cluster] = answer["clusters"]
    assert [found["name"] for found in cluster["problems"]] == ["files (104)"]
    assert cluster["problems"][0]["reason"].endswith("a disk reported read or write errors.")
    assert cluster["problems"][0]["next_step"]
    assert (cluster["protected"], cluster["guests"]) == (1, 2)
    assert (cluster["number_of_problems"], cluster["number_that_cannot_be_verified"]) == (1, 0)
    assert "database" not in json.dumps(answer)
    assert "exposed" in answer["tells_of"]


async def test_why_is_told_in_our_sentences_and_never_in_those_of_the_log(talking: Home) -> None:
    talking.pve.guest(103).fails(failed(UNKNOWN_ERROR))
    talking.pve.guest(104).fails(failed(IO_ERROR))
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_103", "guest_104", f"job_{talking.pve.job('nightly').id}", "storage_nas")
    for name, kind in (("dns", "guest"), ("104", "guest"), ("nightly", "job"), ("nas", "storage")):
        answer = await told(talking, "explain", name=name)
        [found] = answer["clusters"][0]["found"]
        assert found["kind"] == kind
        assert found["reason"]
    for answer in (
        await told(talking, "explain", name="dns"),
        await told(talking, "explain", name="nightly"),
        await told(talking, "not_backed_up"),
        await told(talking, "next_backups"),
    ):
        assert "xyzzy" not in json.dumps(answer)
        assert "err -5" not in json.dumps(answer)


async def test_what_is_not_exposed_is_not_explained(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_101")
    assert (await told(talking, "explain", name="files"))["clusters"] == [{"found": []}]
    assert (await told(talking, "explain", name="nightly"))["clusters"] == [{"found": []}]


async def test_the_next_backups_are_told(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_101", f"job_{talking.pve.job('nightly').id}")
    [cluster] = (await told(talking, "next_backups"))["clusters"]
    assert {(one["kind"], one["name"]) for one in cluster["due"]} == {("guest", "web (101)"), ("job", "nightly")}
    assert {one["due"] for one in cluster["due"]} == {"2026-01-14T01:00:00+00:00"}


async def test_the_answer_is_in_the_language_of_the_question(talking: Home) -> None:
    talking.pve.guest(104).fails(failed(IO_ERROR))
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_104")
    [cluster] = (await told(talking, "not_backed_up", language="de"))["clusters"]
    assert "Lese- oder Schreibfehler" in cluster["problems"][0]["reason"]


async def test_a_cluster_that_cannot_be_read_is_not_called_fine(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_101")
    assert talking.entry is not None
    await talking.hass.config_entries.async_unload(talking.entry.entry_id)
    [cluster] = (await told(talking, "not_backed_up"))["clusters"]
    assert cluster.keys() == {"error"}
    assert "cannot be reached" in cluster["error"]


async def test_a_person_is_told_only_of_what_they_may_see(talking: Home, hass_read_only_user: MockUser) -> None:
    for vmid in (101, 104):
        talking.pve.guest(vmid).fails(failed(IO_ERROR))
    await talking.until("2026-01-13T05:00:00")
    expose(talking, "guest_101", "guest_104")
    hass_read_only_user.mock_policy(policy_of(talking, "guest_101"))
    [cluster] = (await told(talking, "not_backed_up", user=hass_read_only_user))["clusters"]
    assert [found["name"] for found in cluster["problems"]] == ["web (101)"]


async def test_a_list_that_is_cut_says_how_long_it_is(talking: Home) -> None:
    for vmid in range(200, 260):
        talking.pve.add_vm(vmid, f"new{vmid}", "pve1", size=1)
    await talking.look()
    await talking.live(days=3, step=timedelta(hours=12))
    expose(talking, *(f"guest_{vmid}" for vmid in range(200, 260)))
    [cluster] = (await told(talking, "not_backed_up"))["clusters"]
    assert cluster["number_of_problems"] == 60
    assert len(cluster["problems"]) == 50
