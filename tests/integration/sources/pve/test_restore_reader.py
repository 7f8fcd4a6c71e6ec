"""Restores are read once an hour, each log once, and none is lost that goes on from one look to the next."""

from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Restore
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Task
from custom_components.proxmox_backup_checker.proxmox.api.errors import ApiError, NodeUnreachableError, ProxmoxError
from custom_components.proxmox_backup_checker.sources.pve.restore_reader import RestoreReader
from custom_components.proxmox_backup_checker.sources.read_schedule import ReadSchedule
from custom_components.proxmox_backup_checker.sources.troubles import PollTroubles

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LOG = "restoring 'nas:backup/vzdump-lxc-200-2026_01_02-03_04_05.tar.zst' now..\nTASK OK"


def task(kind: str, begun: datetime, *, ended: bool = True, number: int = 0) -> Task:
    start = int(begun.timestamp())
    return Task(
        upid=f"UPID:pve1:{number:08X}:00000001:{start:08X}:{kind}:9200:root@pam:",
        node="pve1",
        started=start,
        task_type=kind,
        task_id="9200",
        user="root@pam",
        ended=start + 60 if ended else None,
        status="OK" if ended else None,
    )


class Proxmox(ProxmoxClient):
    """Answers with these tasks and this log, or with an error."""

    def __init__(self, *tasks: Task) -> None:
        """Begin with these tasks."""
        self.listed = list(tasks)
        self.asked: list[int | None] = []
        self.logs = 0
        self.error: ProxmoxError | None = None

    @override
    async def all_tasks(self, node: str, since: int | None = None) -> tuple[Task, ...]:
        """Return the tasks that began since then."""
        self.asked.append(since)
        return tuple(entry for entry in self.listed if entry.started >= (since or 0))

    @override
    async def task_log(self, node: str, upid: str, start: int = 0) -> str | None:
        """Return the log."""
        self.logs += 1
        if self.error is not None:
            raise self.error
        return LOG


class Reading:
    """A reader of one node, and its looks."""

    def __init__(self, *tasks: Task) -> None:
        """Begin with these tasks on the node."""
        self.proxmox = Proxmox(*tasks)
        self.reader = RestoreReader(self.proxmox, ReadSchedule())
        self.known: set[str] = set()

    async def look(self, now: datetime = NOW) -> tuple[Restore, ...]:
        """Look; what is returned is known to the history afterwards."""
        await self.reader.read_list("pve1", now, timedelta())
        found = await self.reader.restores({"pve1"}, self.known, PollTroubles())
        self.known |= {restore.task.upid for restore in found}
        return found


async def test_a_quiet_node_is_asked_once_an_hour() -> None:
    reading = Reading(task("qmstart", NOW - timedelta(days=3)))
    for minutes in range(0, 240, 10):
        await reading.look(NOW + timedelta(minutes=minutes))
    assert len(reading.proxmox.asked) == 4
    assert reading.proxmox.asked[0] is None
    assert None not in reading.proxmox.asked[1:]


async def test_a_log_is_read_once() -> None:
    reading = Reading(task("vzrestore", NOW - timedelta(hours=5)))
    [found] = await reading.look()
    assert found.log is not None
    assert found.log.archive is not None
    for hours in range(1, 5):
        assert await reading.look(NOW + timedelta(hours=hours)) == ()
    assert reading.proxmox.logs == 1


async def test_what_the_history_has_is_not_read_after_a_restart() -> None:
    done = task("vzrestore", NOW - timedelta(hours=5))
    reading = Reading(done)
    reading.known = {done.upid}
    assert await reading.look() == ()
    assert reading.proxmox.logs == 0


async def test_a_restore_that_takes_hours_is_found_when_it_ends() -> None:
    going_on = task("vzrestore", NOW - timedelta(minutes=10), ended=False)
    reading = Reading(going_on)
    for hours in range(6):
        assert await reading.look(NOW + timedelta(hours=hours)) == ()
    reading.proxmox.listed = [task("vzrestore", NOW - timedelta(minutes=10))]
    [found] = await reading.look(NOW + timedelta(hours=6))
    assert found.task.upid == going_on.upid


async def test_a_node_that_does_not_answer_is_asked_again_and_a_log_that_never_comes_is_given_up() -> None:
    reading = Reading(task("qmrestore", NOW - timedelta(hours=1)))
    reading.proxmox.error = NodeUnreachableError("pve1", "no route to host")
    for _ in range(10):
        assert await reading.look() == ()
    reading.proxmox.error = ApiError(500, "got timeout")
    found: tuple[Restore, ...] = ()
    for _ in range(5):
        assert found == ()
        found = await reading.look()
    [restore] = found
    assert restore.log is None


@pytest.mark.parametrize("kind", ["qmstart", "vzdump", "vncproxy"])
async def test_nothing_else_is_read(kind: str) -> None:
    reading = Reading(task(kind, NOW - timedelta(hours=1)))
    assert await reading.look() == ()
    assert [entry.task_type for entry in reading.reader.guest_tasks] == (["qmstart"] if kind == "qmstart" else [])


async def test_a_long_list_may_have_lost_tasks_and_a_short_one_has_not() -> None:
    reading = Reading(*(task("qmstart", NOW - timedelta(hours=1), number=number) for number in range(400)))
    await reading.look()
    long = reading.reader.reach("pve1")
    assert long is not None
    assert (long.since, long.until, long.is_complete) == (NOW - timedelta(hours=1), NOW, False)
    short = Reading()
    await short.look()
    assert short.reader.reach("pve1") is not None
    assert short.reader.reach("pve1").is_complete  # type: ignore[union-attr]
