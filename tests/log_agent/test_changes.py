"""How a client learns what changed."""

import asyncio
import time
from typing import Any

import pytest

from .conftest import STATE
from .host import LOG, Agent, Host, running_agent


async def changes(agent: Agent, cursor: object = "", wait: float = 0) -> Any:
    """Ask what changed since the cursor."""
    return await agent.json(f"/v1/changes?after={cursor}&wait={wait}")


async def test_the_first_answer_is_everything(agent: Agent) -> None:
    answer = await agent.json("/v1/changes")
    assert answer["complete"] is True
    assert answer["logs"] == (await agent.json("/v1/logs"))["logs"]
    assert answer["jobs"] == (await agent.json("/v1/jobs"))["jobs"]
    assert answer["removed_logs"] == answer["removed_jobs"] == []


async def test_nothing_changed_is_an_empty_answer_with_the_same_cursor(agent: Agent) -> None:
    first = await changes(agent)
    again = await changes(agent, first["cursor"])
    assert again == first | {"complete": False, "logs": [], "jobs": []}


@pytest.mark.parametrize("cursor", ["nonsense", "0.0", ".", "1", "%00", "x" * 200, "deadbeef.999999999999999999999"])
async def test_a_cursor_of_another_time_gives_everything_at_once(agent: Agent, cursor: str) -> None:
    begin = time.monotonic()
    assert (await changes(agent, cursor, wait=20))["complete"] is True
    assert time.monotonic() - begin < 1


async def test_a_cursor_of_the_future_gives_everything(agent: Agent) -> None:
    instance, _, number = (await changes(agent))["cursor"].partition(".")
    assert (await changes(agent, f"{instance}.{int(number) + 1}"))["complete"] is True


async def test_an_agent_that_started_anew_gives_everything(agent: Agent, host: Host) -> None:
    cursor = (await changes(agent))["cursor"]
    async with running_agent(host.root, agent.certificate.parent) as other:
        assert (await changes(other, cursor))["complete"] is True


async def test_who_waits_is_answered_within_a_second_of_a_change(agent: Agent, host: Host) -> None:
    def append() -> None:
        with (host.logs / "qemu-100.log").open("a") as log:
            log.write("more\n")

    def new_log() -> None:
        host.write_log("lxc-101.log", LOG)

    def job_runs() -> None:
        host.write_job("nightly", STATE | {"state": "started"})

    def log_goes() -> None:
        (host.logs / "lxc-101.log").unlink()

    def job_goes() -> None:
        (host.jobs / "vzdump-nightly.json").unlink()

    cursor = (await changes(agent))["cursor"]
    for change, field, expected in (
        (append, "logs", "qemu-100.log"),
        (new_log, "logs", "lxc-101.log"),
        (job_runs, "jobs", "nightly"),
        (log_goes, "removed_logs", "lxc-101.log"),
        (job_goes, "removed_jobs", "nightly"),
    ):
        waiting = asyncio.create_task(changes(agent, cursor, wait=30))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        change()
        begin = time.monotonic()
        answer = await waiting
        assert time.monotonic() - begin < 1
        names = [item if isinstance(item, str) else item.get("name", item.get("id")) for item in answer[field]]
        assert names == [expected]
        assert sum(len(answer[key]) for key in ("logs", "jobs", "removed_logs", "removed_jobs")) == 1
        cursor = answer["cursor"]


async def test_who_waits_in_vain_is_answered_when_the_time_is_over(agent: Agent) -> None:
    cursor = (await changes(agent))["cursor"]
    begin = time.monotonic()
    answer = await changes(agent, cursor, wait=1.5)
    assert 1.4 < time.monotonic() - begin < 2.5
    assert answer["cursor"] == cursor


async def test_the_first_backup_ever_is_noticed_within_a_second(agent: Agent, host: Host) -> None:
    host.logs.rename(host.root / "elsewhere")
    cursor = (await changes(agent))["cursor"]
    waiting = asyncio.create_task(changes(agent, cursor, wait=30))
    await asyncio.sleep(1)
    host.logs.mkdir()
    host.write_log("qemu-100.log", LOG)
    begin = time.monotonic()
    assert [log["name"] for log in (await waiting)["logs"]] == ["qemu-100.log"]
    assert time.monotonic() - begin < 1.2


async def test_a_folder_that_another_one_replaced_is_watched_again(agent: Agent, host: Host) -> None:
    cursor = (await changes(agent))["cursor"]
    waiting = asyncio.create_task(changes(agent, cursor, wait=30))
    await asyncio.sleep(0.3)
    host.logs.rename(host.root / "elsewhere")
    host.logs.mkdir()
    answer = await waiting
    assert answer["removed_logs"] == ["qemu-100.log"]
    waiting = asyncio.create_task(changes(agent, answer["cursor"], wait=30))
    await asyncio.sleep(0.3)
    host.write_log("qemu-100.log", LOG)
    begin = time.monotonic()
    assert [log["name"] for log in (await waiting)["logs"]] == ["qemu-100.log"]
    assert time.monotonic() - begin < 1


async def test_an_empty_folder_that_another_one_replaced_is_watched_by_who_waits_already(
    agent: Agent, host: Host
) -> None:
    (host.logs / "qemu-100.log").unlink()
    cursor = (await changes(agent))["cursor"]
    waiting = asyncio.create_task(changes(agent, cursor, wait=30))
    await asyncio.sleep(0.3)
    host.logs.rename(host.root / "elsewhere")
    host.logs.mkdir()
    await asyncio.sleep(1)
    assert not waiting.done()
    host.write_log("qemu-100.log", LOG)
    begin = time.monotonic()
    assert [log["name"] for log in (await waiting)["logs"]] == ["qemu-100.log"]
    assert time.monotonic() - begin < 1


async def test_everybody_who_waits_is_told(agent: Agent, host: Host) -> None:
    cursor = (await changes(agent))["cursor"]
    waiting = [asyncio.create_task(changes(agent, cursor, wait=30)) for _ in range(4)]
    await asyncio.sleep(0.3)
    host.write_log("lxc-101.log", LOG)
    for answer in await asyncio.gather(*waiting):
        assert [log["name"] for log in answer["logs"]] == ["lxc-101.log"]


async def test_what_changed_while_nobody_waited_is_told_at_once(agent: Agent, host: Host) -> None:
    cursor = (await changes(agent))["cursor"]
    host.write_log("lxc-101.log", LOG)
    host.write_job("weekly", STATE)
    (host.logs / "qemu-100.log").unlink()
    answer = await changes(agent, cursor, wait=30)
    assert [log["name"] for log in answer["logs"]] == ["lxc-101.log"]
    assert [job["id"] for job in answer["jobs"]] == ["weekly"]
    assert answer["removed_logs"] == ["qemu-100.log"]


async def test_an_older_cursor_is_told_all_that_came_since(agent: Agent, host: Host) -> None:
    first = (await changes(agent))["cursor"]
    for number in range(101, 104):
        host.write_log(f"lxc-{number}.log", LOG)
        last = await changes(agent, first)
    assert [log["name"] for log in last["logs"]] == ["lxc-101.log", "lxc-102.log", "lxc-103.log"]


async def test_a_log_that_came_back_is_no_removed_one(agent: Agent, host: Host) -> None:
    first = (await changes(agent))["cursor"]
    (host.logs / "qemu-100.log").unlink()
    await changes(agent, first)
    host.write_log("qemu-100.log", LOG)
    answer = await changes(agent, first)
    assert answer["removed_logs"] == []
    assert [log["name"] for log in answer["logs"]] == ["qemu-100.log"]


async def test_many_removed_logs_are_told_as_everything_that_is_left(agent: Agent, host: Host) -> None:
    for number in range(1100):
        host.write_log(f"qemu-{number + 1000}.log", "")
    first = (await changes(agent))["cursor"]
    for number in range(1100):
        (host.logs / f"qemu-{number + 1000}.log").unlink()
        if number == 500:
            await changes(agent, first)
    await changes(agent, first)
    answer = await changes(agent, first)
    assert answer["complete"] is True
    assert [log["name"] for log in answer["logs"]] == ["qemu-100.log"]


async def test_a_busy_log_is_no_storm_of_answers(agent: Agent, host: Host) -> None:
    cursor = (await changes(agent))["cursor"]
    end = time.monotonic() + 2
    answers = 0

    async def write() -> None:
        while time.monotonic() < end:
            with (host.logs / "qemu-100.log").open("a") as log:
                log.write("progress\n")
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(write())
    while time.monotonic() < end:
        cursor = (await changes(agent, cursor, wait=5))["cursor"]
        answers += 1
    await writing
    assert 4 <= answers <= 9
