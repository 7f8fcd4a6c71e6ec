"""What the entities of guests and jobs have in common."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .checker.verdict import Verdict
from .const import DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .devices import guest_key, job_key


class VerdictEntity(CoordinatorEntity[CheckerCoordinator]):
    """An entity that shows a part of a verdict."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CheckerCoordinator, device_key: str, description: EntityDescription) -> None:
        """Belong to the device with this key, which is registered already."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{device_key}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device_key)})

    @property
    @abstractmethod
    def verdict(self) -> Verdict | None:
        """The verdict shown, None where its guest or job is not in the picture."""

    @property
    @override
    def available(self) -> bool:
        """Whether there is a verdict to show."""
        return super().available and self.verdict is not None


class GuestEntity(VerdictEntity):
    """An entity of a guest."""

    def __init__(self, coordinator: CheckerCoordinator, vmid: int, description: EntityDescription) -> None:
        """Show the guest with this VMID, wherever it runs."""
        super().__init__(coordinator, guest_key(coordinator.identity, vmid), description)
        self._vmid = vmid

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The guest's verdict."""
        view = self.coordinator.data.guests.get(self._vmid)
        return view.verdict if view else None


class JobEntity(VerdictEntity):
    """An entity of a backup job."""

    def __init__(self, coordinator: CheckerCoordinator, job_id: str, description: EntityDescription) -> None:
        """Show the job with this id."""
        super().__init__(coordinator, job_key(coordinator.identity, job_id), description)
        self._job_id = job_id

    @property
    @override
    def verdict(self) -> Verdict | None:
        """The job's verdict."""
        view = self.coordinator.data.jobs.get(self._job_id)
        return view.verdict if view else None


def add_entities_as_they_appear(
    entry: CheckerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    for_guest: Callable[[int], Iterable[Entity]],
    for_job: Callable[[str], Iterable[Entity]],
) -> None:
    """Add the entities of every guest and job, now and whenever there is a new one."""
    coordinator = entry.runtime_data
    known: set[int | str] = set()

    @callback
    def add_new() -> None:
        guests = coordinator.data.guests.keys() - known
        jobs = coordinator.data.jobs.keys() - known
        known.intersection_update({*coordinator.data.guests, *coordinator.data.jobs})
        known.update(guests, jobs)
        if guests or jobs:
            async_add_entities(
                [
                    *(entity for vmid in sorted(guests) for entity in for_guest(vmid)),
                    *(entity for job_id in sorted(jobs) for entity in for_job(job_id)),
                ]
            )

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))
