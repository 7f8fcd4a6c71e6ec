"""The product as Home Assistant runs it: the one place of the truth machine that knows it.

Its own reader, client and models read the simulator's answers; only the wire is short: what would be an HTTPS request is a
call of the function that answers it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import json
from random import Random
from typing import Any, Self, cast, override
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.history.limits import bounded, is_time_to_bound
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.connection import _error
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    ProxmoxError,
)
from custom_components.proxmox_backup_checker.proxmox.log_agent.client import API_VERSION, LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import AgentStatus, JobStateFile
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from simulator.access import PermissionDenied
from simulator.api.routes import Answer, ApiError, Call, find, read_parameters
from simulator.nodes import Node

from .breaks import Break
from .playing import World

FORGIVEN = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a guest or job: its problem is on, off, unknown or absent; `why` is for people."""

    problem: str
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What the product shows at a moment; it is `stale` where it could not read anything then."""

    time: float
    guests: Mapping[int, Shown]
    jobs: Mapping[str, Shown]
    stale: bool = False


class Wire:
    """A connection to one node of a world."""

    def __init__(self, world: World, host: str) -> None:
        """Lead to the node at an address."""
        self._world = world
        self._node = next((node for node in world.cluster.nodes.values() if node.ip == host), None)

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        """Return the `data` of a GET; raises what the product's own connection raises."""
        world, node = self._world, self._node
        if not world.token.enabled:
            raise AuthenticationError("authentication failure")
        if node is None or not node.online or not world.reachable:
            raise CannotConnectError("No route to host")
        try:
            answer = _answered(world, node, path, {name: str(value) for name, value in (parameters or {}).items()})
        except PermissionDenied as denied:
            raise _failure(path, 403, str(denied)) from denied
        except ApiError as failure:
            raise _failure(path, failure.status, str(failure), failure.errors) from failure
        return answer.data if isinstance(answer, Answer) else answer


def _failure(path: str, status: int, message: str, errors: Mapping[str, str] | None = None) -> ProxmoxError:
    body = {"data": None, "message": f"{message}\n"} | ({"errors": dict(errors)} if errors else {})
    return _error("the host", path, status, message, json.dumps(body).encode())


def _answered(world: World, contacted: Node, path: str, query: Mapping[str, str]) -> object:
    """Answer as the server of a node does (simulator/api/server.py)."""
    found = find(path)
    if found is None:
        raise ApiError(501, f"Method 'GET {path}' not implemented")
    route, places = found
    named: dict[str, str | int] = {name: unquote(value) for name, value in places.items()}
    call = Call(cluster=world.cluster, contacted=contacted, who=world.token.id, parameters=named)
    if route.check is not None:
        call.require(route.check[0].format(**named), *route.check[1])
    target = named.get("node")
    if target is not None and not world.cluster.nodes[str(target)].online:
        raise ApiError(595, "No route to host")
    return route.handler(replace(call, parameters={**named, **read_parameters(route, query)}))


class ShortClient(ProxmoxClient):
    """The product's client on such a wire."""

    def __init__(self, world: World) -> None:
        """Ask the first node."""
        self._world = world
        first = next(iter(world.cluster.nodes.values()))
        super().__init__(cast(Any, None), first.ip, 8006, token_id="a@b!c", token_secret="s", fingerprint=None)

    @override
    def _connect(self, host: str, port: int, fingerprint: str | None) -> Any:
        return Wire(self._world, host)


class ShortAgent:
    """The log agent of a node, without a wire."""

    def __init__(self, world: World, node: Node) -> None:
        """Stand on a node."""
        self._world, self._node = world, node

    async def status(self) -> AgentStatus:
        """Return who it is."""
        now = self._world.cluster.clock.now()
        return AgentStatus(
            version="0", api=API_VERSION, node=self._node.name, time=now, time_zone=self._node.timezone,
            boot_time=now, logs="readable", jobs="readable",
        )  # fmt: skip

    @property
    def unreadable_jobs(self) -> dict[str, str]:
        """Return none: every user of a host may read its job states."""
        return {}

    async def jobs(self) -> tuple[JobStateFile, ...]:
        """Return what the scheduler noted."""
        if not self._world.reachable or not self._node.online:
            raise CannotConnectError("No route to host")
        found = []
        for job in self._world.cluster.jobs.values():
            state = job.states.get(self._node.name)
            if state is None:
                continue
            found.append(
                JobStateFile(
                    job_id=job.id,
                    state=state.state,
                    upid=state.upid,
                    message=state.msg.strip() if state.msg else None,
                    time=_moment(state.time),
                    updated=_moment(state.updated),
                    enabled=bool(state.enabled),
                    schedule=state.schedule,
                    error=None,
                    modified=self._world.cluster.clock.now(),
                )
            )
        return tuple(found)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


async def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class Product:
    """Looks at a world, and keeps what it has shown."""

    def __init__(
        self, world: World, *, shuffled: bool = False, forgetful: bool = False, broken: Break | None = None
    ) -> None:
        """Look through the product's eyes.

        `shuffled` mixes every list of the facts; `forgetful` starts the product anew before every look, with the same
        reader, so that all that it knows went through its file. `broken` is a rule that is to be broken.
        """
        self._world = world
        self._broken = broken or Break("none")
        self._shuffled, self._forgetful = shuffled, forgetful
        self._history = History()
        self._facts: Facts | None = None
        self._failed = 0
        self._bounded: datetime | None = None
        self._before: Assessment | None = None
        self.looks: list[Look] = []
        self._runner = asyncio.Runner()
        self._begin()

    def __enter__(self) -> Self:
        """Look until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loop."""
        self._runner.close()

    def _begin(self) -> None:
        agents = {
            plan.name: cast(LogAgentClient, ShortAgent(self._world, self._world.cluster.nodes[plan.name]))
            for plan in self._world.plan.nodes
            if plan.agent
        }
        self._reader = ClusterReader(ShortClient(self._world), agents, _zone)
        # A look takes no time in a world; how busy this machine is must not show in what a clock is ahead.
        self._reader._clocks._timer = lambda: 0.0
        self._reader.restore_nodes(self._history.nodes.values())
        self._reader.restore_storages(self._history.storages)
        self._facts = self._before = None
        self._failed = 0

    def restart(self) -> None:
        """Forget all but the file."""
        if self._broken.forgets:
            self._history = History()
        self._through_the_file()
        self._begin()

    def _through_the_file(self) -> None:
        self._history = from_data(json.loads(json.dumps(to_data(self._history))))[0]

    def look(self) -> None:
        """Look now."""
        now = self._world.cluster.clock.now()
        try:
            self._facts = self._runner.run(self._reader.read(now, self._history.runs)).facts
            self._failed = 0
        except ProxmoxError as error:
            self._failed += 1
            if self._facts is None or not self._stands_in(error, now):
                self.looks.append(Look(time=now.timestamp(), guests={}, jobs={}, stale=True))
                return
            self._judge(replace(self._facts, now=now), stale=True)
            return
        self._judge(self._facts, stale=False)

    def _stands_in(self, error: ProxmoxError, now: datetime) -> bool:
        assert self._facts is not None
        read = self._facts.read_at or now
        return (
            isinstance(error, AuthenticationError)
            or now - read >= self._facts.policy.blind_limit
            or self._failed <= FORGIVEN
        )

    def _judge(self, facts: Facts, *, stale: bool) -> None:
        if self._forgetful:
            self._through_the_file()
            self._before = None
        if self._shuffled:
            facts = _shuffled(facts)
        assessment = judge(self._broken.facts(facts), self._history, self._before)
        self._before, self._history = assessment, assessment.history
        if is_time_to_bound(self._bounded, facts.now):
            self._history, self._bounded = bounded(self._history, facts.now), facts.now
        self.looks.append(
            Look(
                time=facts.now.timestamp(),
                guests={vmid: _shown(view.verdict) for vmid, view in assessment.guests.items()},
                jobs={job_id: _shown(view.verdict) for job_id, view in assessment.jobs.items()},
                stale=stale,
            )
        )


def _shown(verdict: Any) -> Shown:
    problem = {True: "on", False: "off", None: "unknown"}[verdict.problem]
    values = " ".join(f"{name}={value}" for name, value in verdict.reason.values.items())
    return Shown(problem, f"{verdict.status.value}: {verdict.reason.code} {values}".strip())


def _shuffled(facts: Facts) -> Facts:
    """Return the same facts, each list in another order."""
    dice = Random(facts.now.timestamp())

    def mixed[Thing](things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        return tuple(dice.sample(things, len(things)))

    def listing(storage: Any) -> Any:
        kept = storage.listing
        return storage if kept is None else replace(storage, listing=replace(kept, archives=mixed(kept.archives)))

    return replace(
        facts,
        nodes=dict(mixed(tuple(facts.nodes.items()))),
        guests=mixed(facts.guests),
        jobs=None if facts.jobs is None else mixed(facts.jobs),
        runs=mixed(facts.runs),
        job_states=mixed(facts.job_states),
        storages=mixed(tuple(listing(storage) for storage in facts.storages)),
        included=dict(mixed(tuple((name, mixed(guests)) for name, guests in facts.included.items()))),
    )
