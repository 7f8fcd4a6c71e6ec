"""The product as Home Assistant runs it: the one place of the truth machine that knows it.

Its own reader, client and models read the simulator's answers, on a short wire.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
import json
from pkgutil import resolve_name
from random import Random
from typing import Any, Self

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.history.limits import bounded, is_time_to_bound
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.standing import Standing
from custom_components.proxmox_backup_checker.checker.survival import death as deadly
from custom_components.proxmox_backup_checker.checker.survival.what_if import Survivals
from custom_components.proxmox_backup_checker.proxmox.api.errors import AuthenticationError, ProxmoxError
from tests.short_wire import reader_of

from .breaks import Break
from .dying import ArchiveKey, Death, DyingWorld, Killing, Outcome, Promise
from .plan import Plan
from .playing import World

FORGIVEN = 3
PACKAGE = "custom_components.proxmox_backup_checker"


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
        self._standings: Mapping[str, Standing] = {}
        self.looks: list[Look] = []
        self._until_the_end = ExitStack()
        self._runner = self._until_the_end.enter_context(asyncio.Runner())
        self._begin()

    def __enter__(self) -> Self:
        """Look until the end of the block; where a rule is broken, it is so within it."""
        for name, wrong in self._broken.swaps.items():
            owner, _, attribute = f"{PACKAGE}.{name}".rpartition(".")
            place = resolve_name(owner)
            right = getattr(place, attribute)
            setattr(place, attribute, wrong(right))
            self._until_the_end.callback(setattr, place, attribute, right)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loop, and set every rule right."""
        self._until_the_end.close()

    def _begin(self) -> None:
        self._reader = reader_of(self._world, *(plan.name for plan in self._world.plan.nodes if plan.agent))
        self._reader.restore_nodes(self._history.nodes.values())
        self._reader.restore_guests(self._history.guests.values())
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
            self._facts = self._runner.run(
                self._reader.read(now, self._history.runs, restores=self._history.restores)
            ).facts
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
        if self._standings:
            facts = replace(facts, policy=replace(facts.policy, standings=self._standings))
        assessment = judge(self._broken.facts(facts), self._history, self._before)
        self._before, self._history = assessment, assessment.history
        if is_time_to_bound(self._bounded, facts.now):
            self._history, self._bounded = bounded(self._history, facts.now), facts.now
        self.looks.append(
            Look(
                time=facts.now.timestamp(),
                guests={int(one.id): _shown(held) for one, held in assessment.verdicts.items() if one.kind == "guest"},
                jobs={one.id: _shown(held) for one, held in assessment.verdicts.items() if one.kind == "job"},
                stale=stale,
            )
        )

    def say(self, standings: Mapping[str, str]) -> None:
        """Let the user say where storages stand."""
        self._standings = {key: Standing.parse(text) for key, text in standings.items()}

    def deaths(self) -> list[Death]:
        """Return what can die, by the last look; of storages those whose key tells which they are."""
        if self._before is None:
            return []
        survivals = Survivals(self._before)
        places = {survivals.house.keys[place]: place for place in survivals.house.places}
        found = []
        for one in survivals.deaths:
            storage, node = places[one.name] if one.kind == "storage" else (one.name, None)
            found.append(Death(one.kind, storage, node))
        return found

    def if_died(self, death: Death) -> list[Promise]:
        """Return what is promised to be left, by the last look."""
        assert self._before is not None
        survivals = Survivals(self._before)
        name = death.name if death.kind != "storage" else survivals.house.keys[death.name, death.node]
        return [
            Promise(one.vmid, one.answer.value, *_promised(one.copy if one.answer.value == "copy" else None))
            for one in survivals.what_if(deadly.Death.parse(f"{death.kind}:{name}"))
        ]


def _promised(copy: Any) -> tuple[ArchiveKey | None, float]:
    if copy is None:
        return None, 0.0
    (storage, node), name = copy.place, copy.volid.partition(":")[2].removeprefix("backup/")
    return (storage, node, name), copy.seen.timestamp()


def killed(plan: Plan, broken: Break | None = None) -> Outcome:
    """Play a world in which something dies now and then, and hold the product's promises against what is left."""
    world = DyingWorld(plan)
    with Product(world, broken=broken) as product:
        product.say(world.standings)

        def look() -> bool:
            product.look()
            return not product.looks[-1].stale

        killing = Killing(world, look, product.deaths, product.if_died, product.restart)
        world.play(killing)
    return killing.outcome


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
