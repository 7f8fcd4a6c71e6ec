"""Which guests would be left, and from which copy, if something died now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Final, Self

from ..assessment import Assessment, to_be_protected
from ..context import Context
from ..copies.copies import Copies
from ..copies.places import Places
from ..copies.unseen import unlisted_storages, unseen_storages
from .copies import Copy, copies_of, is_site, replica_place
from .death import ELSEWHERE, HERE, Death, Doubt, DoubtCode, Fate, Lot
from .fates import Fates
from .house import House

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Answer(StrEnum):
    """What is left of a guest: itself, a copy, nothing, or nobody can know."""

    NONE = "none"
    UNKNOWN = "unknown"
    COPY = "copy"
    LIVES = "lives"


@dataclass(frozen=True, kw_only=True, slots=True)
class Survival:
    """What becomes of a guest and of its copies.

    `copies` says what is left of them where the guest itself were gone: a copy, none, or nobody can know, for which `doubt`
    is the reason. `copy` is the newest that surely survives, `perhaps` one that may and is newer. `had_copies` tells
    whether there are any now.
    """

    vmid: int
    lot: Lot
    copies: Answer
    copy: Copy | None = None
    perhaps: Copy | None = None
    doubt: Doubt | None = None
    had_copies: bool = False

    @property
    def answer(self) -> Answer:
        """What is left."""
        if self.lot is Lot.LIVES:
            return Answer.LIVES
        may_live = self.lot is Lot.UNKNOWN and self.copies is Answer.NONE
        return Answer.UNKNOWN if may_live else self.copies

    @property
    def is_total_loss(self) -> bool:
        """Whether the guest surely goes, and with it all copies that it has."""
        return self.lot is Lot.DIES and self.copies is Answer.NONE and self.had_copies

    @property
    def badness(self) -> tuple[int, datetime]:
        """The place among others, the worst first: nothing left, not known, then the oldest copy."""
        order = (Answer.NONE, Answer.UNKNOWN, Answer.COPY, Answer.LIVES)
        return order.index(self.answer), self.copy.written if self.copy else _NEVER


@dataclass(frozen=True, kw_only=True, slots=True)
class WorstCase:
    """The death that would cost most, and the guest that would lose most by it."""

    death: Death
    survival: Survival

    @property
    def moment(self) -> datetime | None:
        """When the newest copy of that guest that survives was made, None where there is none, or nobody can know."""
        copy = self.survival.copy
        return copy.written if copy is not None and self.survival.copies is Answer.COPY else None


@dataclass(frozen=True)
class Survivals:
    """Answers what would be left, for one assessment."""

    assessment: Assessment
    _fates: dict[Death, Fates] = field(default_factory=dict)
    _newest: dict[int, tuple[Copy, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, assessment: Assessment) -> Self:
        """Find out at once what is always shown; the rest is found when somebody asks."""
        made = cls(assessment)
        _ = made.worst_case
        _ = made.total_losses
        return made

    @property
    def _context(self) -> Context:
        return self.assessment.context

    @cached_property
    def _copies(self) -> Copies:
        known = {vmid: view.copies for vmid, view in self.assessment.guests.items()}
        return Copies(Places(self._context), known)

    @cached_property
    def house(self) -> House:
        """What rests on what."""
        return House.of(self._context.facts, self._copies)

    @cached_property
    def deaths(self) -> tuple[Death, ...]:
        """What can die: every node, every storage, and either house."""
        nodes = (Death("node", node) for node in self.house.nodes)
        replicas = {replica_place(node) for node in self.house.nodes}
        keys = sorted(key for place, key in self.house.keys.items() if place not in replicas)
        storages = (Death("storage", key) for key in keys)
        return (*nodes, *storages, HERE, ELSEWHERE)

    def can_die(self, death: Death) -> bool:
        """Tell whether there is such a thing."""
        return death in self.deaths

    def what_if(self, death: Death) -> tuple[Survival, ...]:
        """Return what becomes of every guest, the worst first."""
        fates = self._after(death)
        found = (self._survival(vmid, fates.of_guest(vmid), fates) for vmid in self.assessment.guests)
        return tuple(sorted(found, key=lambda one: (*one.badness, one.vmid)))

    def storages_after(self, death: Death) -> Mapping[str, Fate]:
        """Return what becomes of every storage, by its key."""
        return {self.house.keys[place]: fate for place, fate in self._after(death).places.items()}

    @cached_property
    def worst_case(self) -> WorstCase | None:
        """The death of a node or a storage by which some guest would lose most, None where none would lose anything."""
        cases = (
            WorstCase(death=death, survival=survival)
            for death in self.deaths
            if death.kind != "place"
            for survival in self.losers(death)
        )
        return min(cases, key=lambda case: (*case.survival.badness, case.death), default=None)

    @cached_property
    def total_losses(self) -> Mapping[str, tuple[int, ...]]:
        """The guests that would be gone with all their copies, by the node that would take them."""
        return {
            node: lost
            for node in self.house.nodes
            if (lost := tuple(one.vmid for one in self.losers(Death("node", node)) if one.is_total_loss))
        }

    @property
    def asked_about(self) -> Mapping[str, str]:
        """The storages of which their user is to say where they stand, and the datastores to which copies are brought: names by key.

        Storages are those for backups, and those of all nodes.
        """
        house, datastores = self.house, self._copies.places.datastores
        backups = {(storage.storage, storage.node) for storage in self._context.facts.storages}
        sites = {place for place in house.keys if is_site(place)}
        storages = [
            key for place, key in house.keys.items() if place not in sites and (place in backups or place[1] is None)
        ]
        return {**{key: key for key in sorted(storages)}, **datastores}

    @property
    def is_known(self) -> bool:
        """Whether it could be read of every guest where its disks lie."""
        return all(footing.places is not None for footing in self.house.guests_of)

    @cached_property
    def _protected(self) -> frozenset[int]:
        return frozenset(to_be_protected(self.assessment))

    def losers(self, death: Death) -> Iterator[Survival]:
        """Yield what becomes of those guests that need a backup and do not surely live on."""
        fates = self._after(death)
        for footing, fate in fates.footings.items():
            if fate.lot is not Lot.LIVES:
                for vmid in self.house.guests_of[footing]:
                    if vmid in self._protected:
                        yield self._survival(vmid, fate, fates)

    def _after(self, death: Death) -> Fates:
        if death not in self._fates:
            self._fates[death] = Fates.after(death, self.house)
        return self._fates[death]

    def _copies_of(self, vmid: int) -> tuple[Copy, ...]:
        if vmid not in self._newest:
            guest = self.assessment.guests[vmid].guest
            self._newest[vmid] = copies_of(guest, self._context, self._copies)
        return self._newest[vmid]

    def _survival(self, vmid: int, fate: Fate, fates: Fates) -> Survival:
        copies = self._copies_of(vmid)
        left = [(copy, self._of_copy(copy, fates)) for copy in copies]
        sure = next((copy for copy, its in left if its.lot is Lot.LIVES), None)
        perhaps, why = next(((copy, its.doubt) for copy, its in left if its.lot is Lot.UNKNOWN), (None, None))
        if sure is not None:
            is_newer = perhaps is not None and perhaps.written > sure.written
            return Survival(
                vmid=vmid,
                lot=fate.lot,
                copies=Answer.COPY,
                copy=sure,
                perhaps=perhaps if is_newer else None,
                doubt=why if is_newer else None,
                had_copies=True,
            )
        doubt = why if perhaps is not None else self._unseen(vmid, fates)
        return Survival(
            vmid=vmid,
            lot=fate.lot,
            copies=Answer.NONE if doubt is None else Answer.UNKNOWN,
            perhaps=perhaps,
            doubt=doubt or fate.doubt,
            had_copies=bool(copies),
        )

    def _of_copy(self, copy: Copy, fates: Fates) -> Fate:
        """Return what becomes of a copy: that of its storage, unless it is not known that it is there now."""
        fate = fates.places[copy.place]
        if fate.lot is not Lot.LIVES or copy.doubt is None:
            return fate
        return Fate(Lot.UNKNOWN, Doubt(code=copy.doubt, storage=copy.key))

    def _unseen(self, vmid: int, fates: Fates) -> Doubt | None:
        """Return why there may be a copy that nobody sees."""
        for storage in unlisted_storages(self._context):
            place = (storage.storage, storage.node)
            if fates.places[place].lot is not Lot.DIES:
                return Doubt(code=DoubtCode.UNLISTED, storage=self.house.keys[place])
        for name in sorted(unseen_storages(self.assessment.guests[vmid].guest, self._context)):
            return Doubt(code=DoubtCode.UNSEEN, storage=name or None)
        return None
