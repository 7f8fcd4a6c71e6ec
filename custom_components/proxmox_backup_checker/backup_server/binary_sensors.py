"""Problem sensors of a backup server and its parts, and what else of them is yes or no."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..checker.model.subject import Subject
from ..checker.server.views import DatastoreView, GroupView
from ..entity import UNRECORDED, problem_attributes
from ..proxmox.backup_server.datastore_models import MountStatus
from .coordinator import ServerConfigEntry
from .entity import ServerEntity, ServerEntityMakers, async_add_server_entities


def _problem(translation_key: str) -> BinarySensorEntityDescription:
    return BinarySensorEntityDescription(
        key="problem", translation_key=translation_key, device_class=BinarySensorDeviceClass.PROBLEM
    )


SERVER_PROBLEM: Final = _problem("server_problem")
DATASTORE_PROBLEM: Final = _problem("datastore_problem")
PBS_JOB_PROBLEM: Final = _problem("pbs_job_problem")
GROUP_PROBLEM: Final = _problem("group_problem")
DATASTORE_MOUNTED: Final = BinarySensorEntityDescription(
    key="mounted",
    translation_key="datastore_mounted",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
GROUP_ENCRYPTED: Final = BinarySensorEntityDescription(
    key="encrypted",
    translation_key="group_encrypted",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


async def async_setup_binary_sensors(
    entry: ServerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a server and of each of its parts."""
    coordinator = entry.runtime_data

    def of_store(subject: Subject) -> list[Entity]:
        made: list[Entity] = [ServerProblem(coordinator, subject, DATASTORE_PROBLEM)]
        view = coordinator.assessment.datastores.get(subject.id)
        if view is not None and view.facts.datastore.mount_status in {MountStatus.MOUNTED, MountStatus.NOT_MOUNTED}:
            made.append(DatastoreMounted(coordinator, subject, DATASTORE_MOUNTED))
        return made

    makers = ServerEntityMakers(
        server=lambda subject: [ServerProblem(coordinator, subject, SERVER_PROBLEM)],
        datastore=of_store,
        job=lambda subject: [ServerProblem(coordinator, subject, PBS_JOB_PROBLEM)],
        group=lambda subject: [
            ServerProblem(coordinator, subject, GROUP_PROBLEM),
            GroupEncrypted(coordinator, subject, GROUP_ENCRYPTED),
        ],
    )
    await async_add_server_entities(entry, async_add_entities, makers)


class ServerProblem(ServerEntity, BinarySensorEntity):
    """Whether there is a problem, and why; unknown where nothing can be proven."""

    _unrecorded_attributes = UNRECORDED

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether there is a problem."""
        return self.verdict.problem if self.verdict else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Why, since when, and how sure."""
        if self.verdict is None:
            return None
        acknowledgement = self.coordinator.assessment.acknowledgement(self.subject)
        # Home Assistant shows this element of ours in the dialog of the entity.
        return problem_attributes(self.verdict, self.coordinator.localizer, acknowledgement) | {
            "custom_ui_more_info": "pbc-more-info"
        }


class DatastoreMounted(ServerEntity, BinarySensorEntity):
    """Whether the disk of a datastore is there."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is mounted, None where the server does not say."""
        part = self.part
        status = part.facts.datastore.mount_status if isinstance(part, DatastoreView) else MountStatus.UNKNOWN
        return None if status is MountStatus.UNKNOWN else status is not MountStatus.NOT_MOUNTED


class GroupEncrypted(ServerEntity, BinarySensorEntity):
    """Whether the newest backup of a group is encrypted."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is encrypted, None where no backup shows it."""
        return self.part.encrypted if isinstance(self.part, GroupView) else None
