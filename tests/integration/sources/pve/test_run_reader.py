"""The runs of a node, from list to list: a Proxmox with very many of them, or whose logs cannot be read."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, override

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Run
from custom_components.proxmox_backup_checker.checker.model.records import KEPT
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Task
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    CannotConnectError,
    NoAnswerError,
    ProxmoxError,
    UnexpectedAnswerError,
)
from custom_components.proxmox_backup_checker.sources.pve.run_reader import RunReader
from custom_components.proxmox_backup_checker.sources.troubles import PollTroubles

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def task(minutes_ago: int, status: str | None = "OK") -> Task:
    started = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    return Task(
        upid=f"UPID:pve1:00000001:00000001:{started:08X}:vzdump::root@pam:",
        node="pve1",
        started=started,
        task_type="vzdump",
        task_id="",
        user="root@pam",
        ended=None if status is None else started + 30,
        status=status,
    )


class Proxmox(ProxmoxClient):
    """Answers with a list of tasks, and with no log."""

    def __init__(self, *tasks: Task, logs: dict[str, str | ProxmoxError] | None = None) -> None:
        """Take the tasks that it lists, and their logs; any other is refused as by a busy node."""
        self.tasks = tasks
        self.logs = logs or {}
        self.asked: list[str] = []
        self.under_way = 0

    @override
    async def vzdump_tasks(self, node: str, since: int | None = None) -> tuple[Task, ...]:
        """Return all of them."""
        return self.tasks

    @override
    async def task_log(self, node: str, upid: str, start: int = 0) -> str | None:
        """Return a log, or fail."""
        self.asked.append(upid)
        self.under_way += 1
        try:
            await asyncio.sleep(0)
            found = self.logs.get(upid, ApiError(500, "got timeout"))
            if isinstance(found, ProxmoxError):
                raise found
            return found
        finally:
            self.under_way -= 1


SILENCE = NoAnswerError("The host did not answer in time")


async def look(reader: RunReader, now: datetime = NOW, known: tuple[str, ...] = ()) -> tuple[Run, ...]:
    """Poll a cluster of one node."""
    await reader.read_list("pve1", now)
    return await reader.runs({"pve1"}, known, now, PollTroubles())


async def test_of_very_many_runs_the_newest_are_kept_and_the_older_ones_are_not_said_to_be_known() -> None:
    reader = RunReader(Proxmox(*(task(minutes) for minutes in range(600))))
    await reader.read_list("pve1", NOW)
    known = reader.of("pve1")
    assert len(known.tasks) == 500
    assert task(499).upid in known.tasks
    assert task(500).upid not in known.tasks
    assert known.known_since == NOW - timedelta(minutes=500)


async def test_a_run_that_proxmox_has_forgotten_is_lost_once_whatever_its_date() -> None:
    ahead, before, after = task(-5 * 24 * 60), task(60), task(-10)
    proxmox = Proxmox(ahead, before)
    reader = RunReader(proxmox)
    await reader.read_list("pve1", NOW)
    proxmox.tasks = ()
    lost = NOW + timedelta(minutes=1)
    await reader.read_list("pve1", lost)
    known = reader.of("pve1")
    assert (known.has_lost_runs, known.known_since) == (True, lost)
    for minutes in (2, 60, 600, 700, 1300):
        proxmox.tasks = (after,) if minutes > 10 else ()
        await reader.read_list("pve1", NOW + timedelta(minutes=minutes))
        assert (known.has_lost_runs, known.known_since) == (False, lost)
    proxmox.tasks = ()
    await reader.read_list("pve1", NOW + timedelta(minutes=1310))
    assert (known.has_lost_runs, known.known_since) == (True, NOW + timedelta(minutes=1310))


async def test_a_list_that_was_lost_while_the_node_was_away_tells_of_no_run_before_it_came_back() -> None:
    """Its last run was days ago, so that a list from the last reading on would have been empty anyway."""
    proxmox = Proxmox(task(5 * 24 * 60))
    reader = RunReader(proxmox)
    await reader.read_list("pve1", NOW)
    proxmox.tasks = ()
    back = NOW + timedelta(hours=8)
    await reader.read_list("pve1", back)
    known = reader.of("pve1")
    assert (known.has_lost_runs, known.known_since) == (True, back)


async def test_a_list_that_was_lost_and_has_a_new_run_is_known_only_since_that_one() -> None:
    proxmox = Proxmox(task(5 * 24 * 60))
    reader = RunReader(proxmox)
    await reader.read_list("pve1", NOW)
    proxmox.tasks = (task(-2 * 60),)
    await reader.read_list("pve1", NOW + timedelta(hours=3))
    known = reader.of("pve1")
    assert (known.has_lost_runs, known.known_since) == (True, NOW + timedelta(hours=2))


async def test_a_list_that_has_gone_back_to_an_older_state_is_known_only_since_what_came_after_the_lost_run() -> None:
    """A host that keeps its logs in memory writes them to its disk once a day, and loses the rest with its power."""
    older, newer, after = task(4 * 24 * 60), task(60), task(-3 * 60)
    proxmox = Proxmox(older, newer)
    reader = RunReader(proxmox)
    await reader.read_list("pve1", NOW)
    proxmox.tasks = (older, after)
    await reader.read_list("pve1", NOW + timedelta(hours=5))
    known = reader.of("pve1")
    assert (known.has_lost_runs, known.known_since) == (True, NOW + timedelta(hours=3))


async def test_a_run_in_progress_whose_log_cannot_be_read_is_a_run_all_the_same() -> None:
    """A finished one waits for its log instead, since nothing else tells how it ended for each guest."""
    reader = RunReader(Proxmox(task(1, status=None), task(60)))
    await reader.read_list("pve1", NOW)
    [run] = await reader.runs({"pve1"}, (), NOW, PollTroubles())
    assert (run.task, run.log) == (task(1, status=None), None)
    assert reader.unread == (NOW - timedelta(minutes=60),)


async def test_one_log_that_never_comes_keeps_no_other_from_being_read() -> None:
    slow, good = task(60), task(120)
    proxmox = Proxmox(slow, good, logs={slow.upid: SILENCE, good.upid: "TASK OK"})
    reader = RunReader(proxmox)
    for minutes in range(0, 60, 10):
        runs = await look(reader, NOW + timedelta(minutes=minutes))
        assert [run.task.upid for run in runs] == [good.upid]
        assert reader.unread == (NOW - timedelta(minutes=60),)
    # At once, with the next poll, and then after pauses that double.
    assert proxmox.asked.count(slow.upid) == 4


async def test_a_log_that_has_not_come_for_hours_is_taken_for_one_that_is_gone() -> None:
    slow = task(60)
    reader = RunReader(Proxmox(slow, logs={slow.upid: SILENCE}))
    seen = [(await look(reader, NOW + timedelta(minutes=minutes)), minutes) for minutes in range(0, 720, 10)]
    first = next(minutes for runs, minutes in seen if runs)
    assert 6 * 60 <= first <= 9 * 60
    [run] = seen[-1][0]
    assert (run.task, run.log) == (slow, None)
    assert reader.unread == ()


async def test_a_host_that_answers_no_log_at_all_is_not_there_and_nothing_is_left_behind() -> None:
    tasks = [task(minutes) for minutes in range(200)]
    proxmox = Proxmox(*tasks, logs={each.upid: SILENCE for each in tasks})
    with pytest.raises(NoAnswerError):
        await look(RunReader(proxmox))
    await asyncio.sleep(0)
    assert proxmox.under_way == 0


async def test_a_host_that_cannot_be_reached_ends_the_poll_at_once() -> None:
    proxmox = Proxmox(task(1), logs={task(1).upid: CannotConnectError("refused")})
    with pytest.raises(CannotConnectError):
        await look(RunReader(proxmox))


async def test_a_run_in_progress_keeps_what_was_last_read_of_its_log() -> None:
    running = task(30, status=None)
    proxmox = Proxmox(running, logs={running.upid: "INFO: starting new backup job: vzdump 101 --storage nas"})
    reader = RunReader(proxmox)
    [first] = await look(reader)
    assert first.log is not None
    proxmox.logs[running.upid] = SILENCE
    [second] = await look(reader, NOW + timedelta(minutes=1))
    assert second.log == first.log


async def test_runs_older_than_what_is_kept_are_not_read_however_long_proxmox_lists_them() -> None:
    days = KEPT // timedelta(days=1)
    young, old = task(60 * 24 * (days - 1)), task(60 * 24 * (days + 1))
    proxmox = Proxmox(young, old, logs={young.upid: "TASK OK", old.upid: "TASK OK"})
    reader = RunReader(proxmox)
    assert [run.task for run in await look(reader)] == [young]
    assert proxmox.asked == [young.upid]
    assert reader.of("pve1").known_since == NOW - KEPT


async def test_a_run_is_over_once_its_log_was_read_or_the_history_has_it() -> None:
    running, unread, read, known = task(1, status=None), task(2), task(3), task(4)
    reader = RunReader(Proxmox(running, unread, read, known, logs={read.upid: "TASK OK"}))
    await look(reader, known=(known.upid,))
    assert reader.ended == {read.upid, known.upid}


@pytest.mark.parametrize("field", ["started", "ended"])
async def test_a_task_whose_times_cannot_be_is_no_answer(field: str) -> None:
    times: dict[str, Any] = {field: 2**53}
    odd = replace(task(1), **times)
    with pytest.raises(UnexpectedAnswerError, match="no time that can be"):
        await look(RunReader(Proxmox(odd)))
