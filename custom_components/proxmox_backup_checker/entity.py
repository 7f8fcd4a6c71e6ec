"""What the entities of the cluster, its guests, jobs, storages and nodes have in common."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched, chain
from operator import is_
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, async_get_current_platform
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .checker.assessment import GuestView, JobView, StorageView
from .checker.model.records import Acknowledgement
from .checker.model.subject import CLUSTER, Subject
from .checker.model.verdict import Verdict
from .const import DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .devices import device_key, nodes_with_agent
from .texts.localizer import Localizer

_ADDED_TOGETHER: Final = 10
_LONGEST_ERROR: Final = 500

UNRECORDED: Final = frozenset(
    {
        *("verdict", "reason", "since", "last_success", "next_due", "confidence", "failures", "findings", "error"),
        *("next_step", "seen_since", "acknowledged", "acknowledged_until", "custom_ui_more_info"),
    }
)
"""The attributes of a problem sensor that the recorder leaves out."""


class CheckerEntity(CoordinatorEntity[CheckerCoordinator]):
    """An entity of one of the devices."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CheckerCoordinator, subject: Subject, description: EntityDescription) -> None:
        """Belong to the device of this subject, which is registered already."""
        super().__init__(coordinator)
        self.entity_description = description
        self.subject = subject
        key = device_key(coordinator.identity, subject)
        self._attr_unique_id = f"{key}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, key)})


class VerdictEntity(CheckerEntity):
    """An entity that shows a part of a verdict."""

    @property
    def verdict(self) -> Verdict | None:
        """The verdict shown, also on what is out of sight now; None where its guest or job is not in the assessment."""
        return self.coordinator.assessment.verdicts.get(self.subject)

    @property
    @override
    def available(self) -> bool:
        """Whether there is a verdict to show."""
        return super().available and self.verdict is not None


class GuestEntity(VerdictEntity):
    """An entity of a guest."""

    def __init__(self, coordinator: CheckerCoordinator, vmid: int, description: EntityDescription) -> None:
        """Show the guest with this VMID, wherever it runs."""
        super().__init__(coordinator, Subject.guest(vmid), description)
        self._vmid = vmid
        self._shown: tuple[object, ...] = ()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state where there can be another one: a view that is the same object has not changed."""
        acknowledgement = self.coordinator.assessment.acknowledgement(self.subject)
        before, self._shown = self._shown, (self.view or self.verdict, self.available, acknowledgement)
        if len(before) != len(self._shown) or not all(map(is_, before, self._shown, strict=True)):
            super()._handle_coordinator_update()

    @property
    def view(self) -> GuestView | None:
        """The guest, its verdict and its figures; None where it is not listed."""
        return self.coordinator.assessment.guests.get(self._vmid)


class JobEntity(VerdictEntity):
    """An entity of a backup job."""

    def __init__(self, coordinator: CheckerCoordinator, job_id: str, description: EntityDescription) -> None:
        """Show the job with this id."""
        super().__init__(coordinator, Subject.job(job_id), description)
        self._job_id = job_id

    @property
    def view(self) -> JobView | None:
        """The job, its verdict and its figures."""
        return self.coordinator.assessment.jobs.get(self._job_id)


class StorageEntity(VerdictEntity):
    """An entity of a storage."""

    def __init__(self, coordinator: CheckerCoordinator, storage: str, description: EntityDescription) -> None:
        """Show the storage with this key."""
        super().__init__(coordinator, Subject.storage(storage), description)
        self._storage = storage

    @property
    def view(self) -> StorageView | None:
        """The storage and its verdict."""
        return self.coordinator.assessment.storages.get(self._storage)


class ClusterEntity(VerdictEntity):
    """An entity of the cluster as a whole."""

    def __init__(self, coordinator: CheckerCoordinator, description: EntityDescription) -> None:
        """Show the cluster."""
        super().__init__(coordinator, CLUSTER, description)

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The cluster's verdict."""
        return self.coordinator.assessment.verdict


class NodeEntity(CheckerEntity):
    """An entity of a node with a log agent."""

    def __init__(self, coordinator: CheckerCoordinator, node: str, description: EntityDescription) -> None:
        """Show the node with this name."""
        super().__init__(coordinator, Subject.node(node), description)
        self._node = node


def _none(_: Hashable) -> Iterable[Entity]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityMakers:
    """What makes the entities of each kind of subject; without a maker a kind has none."""

    cluster: Callable[[], Iterable[Entity]] = tuple
    guest: Callable[[int], Iterable[Entity]] = _none
    job: Callable[[str], Iterable[Entity]] = _none
    storage: Callable[[str], Iterable[Entity]] = _none
    node: Callable[[str], Iterable[Entity]] = _none

    def make(self, subject: Subject) -> Iterable[Entity]:
        """Return the entities of one subject."""
        match subject.kind:
            case "cluster":
                return self.cluster()
            case "guest":
                return self.guest(int(subject.id))
            case "job":
                return self.job(subject.id)
            case "storage":
                return self.storage(subject.id)
            case "node":
                return self.node(subject.id)
            case _:
                return ()


async def async_add_entities_as_they_appear(
    entry: CheckerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, makers: EntityMakers
) -> None:
    """Add the entities of the cluster, and of every guest, job, storage and node, now and whenever there is a new one."""
    coordinator = entry.runtime_data

    def present() -> Iterable[Subject]:
        return [*coordinator.assessment.verdicts, *map(Subject.node, nodes_with_agent(coordinator))]

    async_add_entities(makers.cluster())
    await async_add_for_subjects(
        coordinator,
        async_add_entities,
        identity=coordinator.identity,
        known={CLUSTER},
        present=present,
        make=makers.make,
    )


class ReplicationEntity(VerdictEntity):
    """An entity of a replication job, on the device of its guest."""

    def __init__(self, coordinator: CheckerCoordinator, job_id: str, description: EntityDescription) -> None:
        """Show the job with this id."""
        super().__init__(coordinator, Subject.replication(job_id), description)
        self._job_id = job_id
        job = coordinator.assessment.replications[job_id].replication.job
        key = device_key(coordinator.identity, Subject.guest(job.vmid))
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, key)})
        self._attr_translation_placeholders = {"target": job.target}

    @property
    @override
    def verdict(self) -> Verdict | None:
        """What is held of the job."""
        view = self.coordinator.assessment.replications.get(self._job_id)
        return view.verdict if view is not None else None


def add_replication_entities(
    entry: CheckerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[str], Iterable[Entity]],
) -> None:
    """Add the entities of every replication job, now and whenever there is a new one."""
    coordinator, known = entry.runtime_data, set[str]()

    @callback
    def add_new() -> None:
        there = coordinator.assessment.replications.keys()
        new = there - known
        if coordinator.assessment.replications_complete:
            # One that is made again with the same id has entities again.
            known.intersection_update(there)
        known.update(new)
        if new:
            async_add_entities([entity for job_id in sorted(new) for entity in make(job_id)])

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))


async def async_add_guest_entities(
    entry: CheckerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    makers: EntityMakers,
    applies: Callable[[GuestView], bool],
) -> None:
    """Add what guests have only once it applies to them, such as what tells of copies elsewhere, and the cluster's own with it."""
    coordinator = entry.runtime_data

    def present() -> Iterable[Subject]:
        guests = coordinator.assessment.guests.items()
        found = [Subject.guest(vmid) for vmid, view in guests if applies(view)]
        return [CLUSTER, *found] if found else []

    await async_add_for_subjects(
        coordinator, async_add_entities, identity=coordinator.identity, known=set(), present=present, make=makers.make
    )


async def async_add_for_subjects(
    coordinator: DataUpdateCoordinator[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    identity: str,
    known: set[Subject],
    present: Callable[[], Iterable[Subject]],
    make: Callable[[Subject], Iterable[Entity]],
) -> None:
    """Add the entities of each subject that is present and not yet known, now and whenever there is a new one."""
    hass, entry = coordinator.hass, coordinator.config_entry
    assert entry is not None
    devices, entities = dr.async_get(hass), er.async_get(hass)
    domain = async_get_current_platform().domain

    def has_device(subject: Subject) -> bool:
        return (
            devices.async_get_device_by_identifier((DOMAIN, device_key(identity, subject)), entry.entry_id) is not None
        )

    def is_disabled(entity: Entity) -> bool:
        """Tell whether somebody wants it off, or nobody has wanted it on: when that changes, the entry is set up again."""
        entity_id = entities.async_get_entity_id(domain, DOMAIN, entity.unique_id or "")
        return entity_id is not None and entities.entities[entity_id].disabled

    def new_entities() -> Iterator[Entity]:
        there = list(present())
        new = [subject for subject in there if subject not in known]
        # What is only out of sight keeps its device, and its entities with it.
        known.difference_update([subject for subject in known.difference(there) if not has_device(subject)])
        known.update(there)
        return (entity for subject in new for entity in make(subject) if not is_disabled(entity))

    async def add(new: Iterable[Entity]) -> None:
        # Home Assistant adds what comes together without a pause.
        for few in batched(new, _ADDED_TOGETHER, strict=False):
            async_add_entities(few)
            await asyncio.sleep(0)

    @callback
    def add_new() -> None:
        new = new_entities()
        if (first := next(new, None)) is not None:
            entry.async_create_task(hass, add(chain([first], new)))

    await add(new_entities())
    entry.async_on_unload(coordinator.async_add_listener(add_new))


def problem_attributes(
    verdict: Verdict, localizer: Localizer, acknowledgement: Acknowledgement | None
) -> dict[str, Any]:
    """Return what a problem sensor tells beside its state: why, since when, and how sure."""
    return {
        "verdict": verdict.lasting.value,
        "reason_code": verdict.reason.code.value,
        "reason": localizer.sentence(verdict.reason),
        "since": verdict.since.isoformat() if verdict.since else None,
        "seen_since": verdict.seen_since.isoformat() if verdict.seen_since else None,
        "last_success": verdict.last_success.isoformat() if verdict.last_success else None,
        "next_due": verdict.next_due.isoformat() if verdict.next_due else None,
        "confidence": verdict.confidence.value,
        "failures": verdict.failures,
        "findings": localizer.sentences(verdict.findings),
        "next_step": localizer.next_step(verdict),
        "error": verdict.error and verdict.error[:_LONGEST_ERROR],
        "acknowledged": acknowledgement is not None,
        "acknowledged_until": acknowledgement.until.isoformat() if acknowledgement and acknowledgement.until else None,
    }
