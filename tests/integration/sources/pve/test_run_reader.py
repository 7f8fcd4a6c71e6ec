"""The runs of a node, from list to list: a Proxmox with very many of them, or whose logs cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import override

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Task
from custom_components.proxmox_backup_checker.proxmox.api.errors import ApiError
from custom_components.proxmox_backup_checker.sources.pve.run_reader import RunReader

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

    def __init__(self, *tasks: Task) -> None:
        """Take the tasks that it lists."""
        self.tasks = tasks

    @override
    async def vzdump_tasks(self, node: str, since: int | None = None) -> tuple[Task, ...]:
        """Return all of them."""
        return self.tasks

    @override
    async def task_log(self, node: str, upid: str, start: int = 0) -> str | None:
        """Fail as a busy node does."""
        raise ApiError(500, "got timeout")


async def test_of_very_many_runs_the_newest_are_kept_and_the_older_ones_are_not_said_to_be_known() -> None:
    reader = RunReader(Proxmox(*(task(minutes) for minutes in range(600))))
    await reader.read_list("pve1", NOW)
    known = reader.of("pve1")
    assert len(known.tasks) == 500
    assert task(499).upid in known.tasks
    assert task(500).upid not in known.tasks
    assert known.known_since == NOW - timedelta(minutes=500)


async def test_a_run_in_progress_whose_log_cannot_be_read_is_a_run_all_the_same() -> None:
    """A finished one waits for its log instead, since nothing else tells how it ended for each guest."""
    reader = RunReader(Proxmox(task(1, status=None), task(60)))
    await reader.read_list("pve1", NOW)
    [run] = await reader.runs({"pve1"}, known=())
    assert (run.task, run.log) == (task(1, status=None), None)
    assert reader.unread == (NOW - timedelta(minutes=60),)
