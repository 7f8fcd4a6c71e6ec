"""What the entities of a backup server, its datastores, jobs and groups have in common."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from ..checker.model.subject import SERVER, Subject
from ..checker.model.verdict import Verdict
from ..checker.server.assessment import ServerAssessment
from ..checker.server.views import DatastoreView, GroupView, ServerJobView
from ..const import DOMAIN
from ..devices import device_key
from ..entity import async_add_for_subjects
from .coordinator import ServerConfigEntry, ServerCoordinator

type Part = ServerAssessment | DatastoreView | ServerJobView | GroupView
"""What is held of a subject: of the server itself everything."""


class ServerEntity(CoordinatorEntity[ServerCoordinator]):
    """An entity of a server or of one of its parts."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: ServerCoordinator, subject: Subject, description: EntityDescription) -> None:
        """Belong to the device of this subject, which is registered already."""
        super().__init__(coordinator)
        self.entity_description = description
        self.subject = subject
        key = device_key(coordinator.identity, subject)
        self._attr_unique_id = f"{key}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, key)})

    @property
    def part(self) -> Part | None:
        """What is held of the subject, None where it is not in the assessment."""
        return part_of(self.coordinator.assessment, self.subject)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the subject, None where it is not in the assessment."""
        assessment = self.coordinator.assessment
        return assessment.verdict if self.subject == SERVER else assessment.verdicts.get(self.subject)

    @property
    @override
    def available(self) -> bool:
        """Whether there is anything to show."""
        return super().available and self.verdict is not None


def part_of(assessment: ServerAssessment, subject: Subject) -> Part | None:
    """Return what an assessment holds of a subject."""
    match subject.kind:
        case "server":
            return assessment
        case "datastore":
            return assessment.datastores.get(subject.id)
        case "pbsjob":
            return assessment.jobs.get(subject.id)
        case "group":
            return assessment.groups.get(subject.id)
        case _:
            return None


type Maker = Callable[[Subject], Iterable[Entity]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerEntityMakers:
    """What makes the entities of each kind of subject; without a maker a kind has none."""

    server: Maker = lambda _: ()
    datastore: Maker = lambda _: ()
    job: Maker = lambda _: ()
    group: Maker = lambda _: ()

    def make(self, subject: Subject) -> Iterable[Entity]:
        """Return the entities of one subject."""
        match subject.kind:
            case "server":
                return self.server(subject)
            case "datastore":
                return self.datastore(subject)
            case "pbsjob":
                return self.job(subject)
            case "group":
                return self.group(subject)
            case _:
                return ()


async def async_add_server_entities(
    entry: ServerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback, makers: ServerEntityMakers
) -> None:
    """Add the entities of the server and of all of its parts, now and whenever there is a new one."""
    coordinator = entry.runtime_data

    def present() -> Iterator[Subject]:
        return iter(coordinator.assessment.verdicts)

    async_add_entities(makers.server(SERVER))
    await async_add_for_subjects(
        coordinator,
        async_add_entities,
        identity=coordinator.identity,
        known={SERVER},
        present=present,
        make=makers.make,
    )
