"""Reads the backup runs of the nodes: their lists from poll to poll, and each finished log once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ...checker.history.limits import RUNS_PER_NODE
from ...checker.model.facts import Run
from ...checker.model.records import KEPT
from ...proxmox.api.answer import run_off_loop_if_large
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Task
from ...proxmox.api.errors import NodeUnreachableError, PermissionDeniedError, ProxmoxError, UnexpectedAnswerError
from ...proxmox.vzdump import log as vzdump_log
from ...proxmox.vzdump.log import VzdumpLog
from ..task_group import task_group
from ..troubles import PollTroubles

# More than two months of nightly runs on three nodes; what is left of a longer history follows with the next polls.
_LOGS_PER_POLL: Final = 200
# A run can show up in the list late, since its node's clock and ours differ.
_OVERLAP: Final = timedelta(days=1)
# Polls come far more often: a node that was not read for longer was away, and may have lost its list meanwhile.
_READ_ON_WITHIN: Final = timedelta(hours=1)
# A log that Proxmox cannot give is asked for less and less often, and in the end taken for one that is gone.
_FIRST_PAUSE: Final = timedelta(minutes=10)
_LONGEST_PAUSE: Final = timedelta(hours=2)
_TRIES: Final = 5
_TRIED_FOR: Final = timedelta(hours=6)


@dataclass(slots=True)
class NodeRuns:
    """The runs of one node as its list last showed them; `read` on our clock.

    Of the runs that started at `known_since` or later none is missing. `has_lost_runs` tells that Proxmox has forgotten runs
    that it listed the time before; `lost` are the UPIDs of all those among `tasks` that it has forgotten.
    """

    tasks: dict[str, Task] = field(default_factory=dict)
    read: datetime | None = None
    known_since: datetime | None = None
    has_lost_runs: bool = False
    lost: frozenset[str] = frozenset()

    @property
    def newest_start(self) -> datetime | None:
        """The start of the newest run, by the node's clock."""
        newest = max(self.tasks.values(), key=lambda task: task.started, default=None)
        return None if newest is None else _start_of(newest)


@dataclass(frozen=True, slots=True)
class _Failure:
    """How often a log could not be read, since when, and when it is tried again."""

    tries: int
    first: datetime
    again: datetime


class RunReader:
    """Keeps the lists of runs, and the logs of those runs that the history does not hold yet."""

    def __init__(self, client: ProxmoxClient) -> None:
        """Read through a client."""
        self._client = client
        self._nodes: dict[str, NodeRuns] = {}
        self._logs: dict[str, VzdumpLog | None] = {}
        self._growing: dict[str, VzdumpLog | None] = {}
        self._failures: dict[str, _Failure] = {}
        self._unread: tuple[datetime, ...] = ()
        self._waiting: frozenset[str] = frozenset()
        self._ended: frozenset[str] = frozenset()

    @property
    def unread(self) -> tuple[datetime, ...]:
        """The starts of the finished runs that were listed, but whose logs are still to be read."""
        return self._unread

    @property
    def waiting(self) -> frozenset[str]:
        """The UPIDs of those among them that ran on nodes which can be seen now."""
        return self._waiting

    @property
    def ended(self) -> frozenset[str]:
        """The UPIDs of all listed runs that are over and whose logs were read."""
        return self._ended

    def of(self, node: str) -> NodeRuns:
        """Return what is known of a node's runs."""
        return self._nodes.setdefault(node, NodeRuns())

    async def read_list(self, node: str, now: datetime, skew: timedelta = timedelta()) -> None:
        """Read a node's list of runs, after the first time only from the last reading and the oldest running one on.

        After a gap it is read as a whole again: runs may have come and gone, or the list been lost. Runs that the history no longer keeps are
        left out, however long Proxmox lists them. `skew` is what the node's clock is ahead of ours: it dates the runs.

        Raises any ProxmoxError; what was read before stays then.
        """
        known = self.of(node)
        since = None
        if known.read is not None and now - known.read <= _READ_ON_WITHIN:
            running = (task.started for task in known.tasks.values() if task.running)
            since = min([int((known.read + min(skew, timedelta()) - _OVERLAP).timestamp()), *running])
        listed = [(_start_of(task), task) for task in await self._client.vzdump_tasks(node, since)]
        if since is None:
            oldest = min((started for started, _ in listed), default=now + skew)
            if known.known_since is None or known.read is None or oldest > known.read + skew:
                known.known_since = oldest
        # What goes on is always listed: a run that is not any more has ended, and its end has left the list as well.
        found = {task.upid for _, task in listed}
        lost = [
            task
            for task in known.tasks.values()
            if (since is None or task.started > since) and task.upid not in found and task.upid not in known.lost
        ]
        known.has_lost_runs = bool(lost)
        if lost:
            last = max(task.started for task in lost)
            known.known_since = min((started for started, task in listed if task.started > last), default=now + skew)
        known.tasks = {upid: task for upid, task in known.tasks.items() if not task.running or upid in found}
        known.tasks |= {task.upid: task for _, task in listed}
        _bound(known, now - KEPT)
        known.lost = (known.lost | {task.upid for task in lost}) & (known.tasks.keys() - found)
        known.read = now

    def is_current(self, node: str, now: datetime) -> bool:
        """Tell whether a node's list need not be read where nothing has begun or ended since: nothing goes on there."""
        known = self.of(node)
        return (
            known.read is not None
            and timedelta() <= now - known.read <= _READ_ON_WITHIN
            and not any(task.running for task in known.tasks.values())
        )

    def nothing_new(self, node: str, now: datetime) -> None:
        """Take note that a node's list would show now what it showed when it was read."""
        known = self.of(node)
        known.has_lost_runs = False
        _bound(known, now - KEPT)
        known.read = now

    async def runs(
        self, visible: Collection[str], known: Collection[str], now: datetime, troubles: PollTroubles
    ) -> tuple[Run, ...]:
        """Return the runs that are not in the history, `known` by UPID, with their logs.

        Of the nodes that are not visible now, those that were read before. A finished run whose log is still to be read
        is not among them.
        """
        listed = [task for runs in self._nodes.values() for task in runs.tasks.values()]
        tasks = [task for task in listed if task.running or task.upid not in known]
        tasks.sort(key=lambda task: task.started, reverse=True)
        self._forget_all_but({task.upid for task in tasks})
        reachable = [task for task in tasks if task.node in visible]
        waiting = [task for task in reachable if not task.running and task.upid not in self._logs]
        waiting = [task for task in waiting if self._is_worth_a_try(task, now)][:_LOGS_PER_POLL]
        running = [task for task in reachable if task.running and self._is_worth_a_try(task, now)]
        async with task_group() as group:
            for task in (*running, *waiting):
                group.create_task(self._read_log(task, now, troubles))
        over = [task for task in tasks if not task.running]
        self._unread = tuple(_start_of(task) for task in over if task.upid not in self._logs)
        self._waiting = frozenset(task.upid for task in over if task.node in visible and task.upid not in self._logs)
        self._ended = frozenset(
            task.upid for task in listed if not task.running and (task.upid in known or task.upid in self._logs)
        )
        return tuple(self._with_logs(task for task in tasks if task.node in visible or not task.running))

    def _forget_all_but(self, upids: Collection[str]) -> None:
        """Forget what was read of runs that are in the history now, or listed no more."""
        self._logs = {upid: log for upid, log in self._logs.items() if upid in upids}
        self._growing = {upid: log for upid, log in self._growing.items() if upid in upids}
        self._failures = {upid: failure for upid, failure in self._failures.items() if upid in upids}

    def _with_logs(self, tasks: Iterable[Task]) -> Iterable[Run]:
        """Yield the runs; one in progress whose log cannot be read now has what was read of it last."""
        for task in tasks:
            if task.running:
                yield Run(task=task, log=self._growing.get(task.upid))
            elif task.upid in self._logs:
                yield Run(task=task, log=self._logs[task.upid])

    async def _read_log(self, task: Task, now: datetime, troubles: PollTroubles) -> None:
        try:
            text = await self._client.task_log(task.node, task.upid)
        except NodeUnreachableError, PermissionDeniedError:
            return
        except ProxmoxError as error:
            troubles.note(f"task logs of {task.node}", error)
            self._note_failure(task, now)
            return
        self._failures.pop(task.upid, None)
        if task.running:
            self._growing[task.upid] = None if text is None else await _parsed(text)
        else:
            self._logs[task.upid] = None if text is None else await _parsed(text, finished=True)

    def _is_worth_a_try(self, task: Task, now: datetime) -> bool:
        failure = self._failures.get(task.upid)
        return failure is None or now >= failure.again or now < failure.first

    def _note_failure(self, task: Task, now: datetime) -> None:
        """Try again with the next poll, then less and less often; a finished log that never comes is taken for gone.

        Then the run's status and the archives decide, as for any log that Proxmox no longer has.
        """
        before = self._failures.get(task.upid)
        tries = before.tries + 1 if before else 1
        first = before.first if before else now
        pause = timedelta() if tries == 1 else min(_FIRST_PAUSE * 2 ** min(tries - 2, 10), _LONGEST_PAUSE)
        self._failures[task.upid] = _Failure(tries, first, now + pause)
        if not task.running and tries >= _TRIES and now - first >= _TRIED_FOR:
            self._logs[task.upid] = None


def _start_of(task: Task) -> datetime:
    """Return the start of a task.

    Raises UnexpectedAnswerError where it, or the end, is no moment.
    """
    try:
        if task.ended is not None:
            datetime.fromtimestamp(task.ended, UTC)
        return datetime.fromtimestamp(task.started, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise UnexpectedAnswerError(f"/nodes/{task.node}/tasks: {task.upid} has no time that can be") from error


def _bound(runs: NodeRuns, oldest: datetime) -> None:
    """Leave out the runs that started before `oldest`, and all but the newest of very many."""
    newest_first = sorted(runs.tasks.values(), key=lambda task: task.started, reverse=True)
    first = oldest.timestamp()
    kept = [task for task in newest_first[:RUNS_PER_NODE] if task.started >= first]
    runs.tasks = {task.upid: task for task in kept}
    if runs.known_since is None:
        return
    runs.known_since = max(runs.known_since, oldest)
    if len(newest_first) > RUNS_PER_NODE:
        runs.known_since = max(runs.known_since, _start_of(newest_first[RUNS_PER_NODE]))


async def _parsed(text: str, *, finished: bool | None = None) -> VzdumpLog:
    return await run_off_loop_if_large(len(text), partial(vzdump_log.parse, finished=finished), text)
