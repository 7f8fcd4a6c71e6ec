"""What the entities of the cluster, its guests, jobs, storages and nodes have in common."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched, chain
from operator import is_
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, async_get_current_platform
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .checker.assessment import GuestView, JobView, StorageView
from .checker.model.subject import CLUSTER, Subject
from .checker.model.verdict import Verdict
from .const import DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .devices import device_key, nodes_with_agent

_ADDED_TOGETHER: Final = 10


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
    @abstractmethod
    def verdict(self) -> Verdict | None:
        """The verdict shown, None where its guest or job is not in the assessment."""

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
        before, self._shown = self._shown, (self.view, self.available, acknowledgement)
        if len(before) != len(self._shown) or not all(map(is_, before, self._shown, strict=True)):
            super()._handle_coordinator_update()

    @property
    def view(self) -> GuestView | None:
        """The guest, its verdict and its figures."""
        return self.coordinator.assessment.guests.get(self._vmid)

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The guest's verdict."""
        return self.view.verdict if self.view else None


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

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The job's verdict."""
        return self.view.verdict if self.view else None


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

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The storage's verdict."""
        return self.view.verdict if self.view else None


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


async def async_add_entities_as_they_appear(
    entry: CheckerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, makers: EntityMakers
) -> None:
    """Add the entities of the cluster, and of every guest, job, storage and node, now and whenever there is a new one."""
    coordinator = entry.runtime_data
    known: set[Subject] = {CLUSTER}
    devices, entities = dr.async_get(coordinator.hass), er.async_get(coordinator.hass)
    domain = async_get_current_platform().domain

    def has_device(subject: Subject) -> bool:
        identifier = (DOMAIN, device_key(coordinator.identity, subject))
        return devices.async_get_device_by_identifier(identifier, entry.entry_id) is not None

    def is_disabled(entity: Entity) -> bool:
        """Tell whether somebody wants it off, or nobody has wanted it on: when that changes, the entry is set up again."""
        entity_id = entities.async_get_entity_id(domain, DOMAIN, entity.unique_id or "")
        return entity_id is not None and entities.entities[entity_id].disabled

    def new_entities() -> Iterator[Entity]:
        present = [*coordinator.assessment.verdicts, *map(Subject.node, nodes_with_agent(coordinator))]
        new = [subject for subject in present if subject not in known]
        # What is only out of sight keeps its device, and its entities with it.
        known.difference_update([subject for subject in known.difference(present) if not has_device(subject)])
        known.update(present)
        return (entity for subject in new for entity in makers.make(subject) if not is_disabled(entity))

    async def add(new: Iterable[Entity]) -> None:
        # Home Assistant adds what comes together without a pause.
        for few in batched(new, _ADDED_TOGETHER, strict=False):
            async_add_entities(few)
            await asyncio.sleep(0)

    @callback
    def add_new() -> None:
        new = new_entities()
        if (first := next(new, None)) is not None:
            entry.async_create_task(coordinator.hass, add(chain([first], new)))

    async_add_entities(makers.cluster())
    await add(new_entities())
    entry.async_on_unload(coordinator.async_add_listener(add_new))
