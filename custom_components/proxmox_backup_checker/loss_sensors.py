"""Sensors of what would be lost, of replicas, and of what deleted guests have left."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfInformation

from .checker.model.verdict import Status
from .checker.views.orphans import orphans_of
from .clusters import guests_of_others, is_read
from .coordinator import CheckerCoordinator
from .entity import ClusterEntity, ReplicationEntity, StorageEntity

ORPHANS = SensorEntityDescription(
    key="orphans",
    translation_key="storage_orphans",
    device_class=SensorDeviceClass.DATA_SIZE,
    native_unit_of_measurement=UnitOfInformation.BYTES,
    suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
    suggested_display_precision=1,
    state_class=SensorStateClass.MEASUREMENT,
    entity_registry_enabled_default=False,
)
REPLICATION_STATES = [
    Status.OK,
    Status.PENDING,
    Status.RUNNING,
    Status.WARNING,
    Status.FAILED,
    Status.OVERDUE,
    Status.PAUSED,
    Status.UNKNOWN,
]
REPLICATION_STATUS = SensorEntityDescription(
    key="status",
    translation_key="replication_status",
    device_class=SensorDeviceClass.ENUM,
    options=[status.value for status in REPLICATION_STATES],
    entity_registry_enabled_default=False,
)
REPLICATION_LAST_SUCCESS = SensorEntityDescription(
    key="last_success", translation_key="replication_last_success", device_class=SensorDeviceClass.TIMESTAMP
)
WORST_CASE = SensorEntityDescription(
    key="worst_case",
    translation_key="worst_case",
    device_class=SensorDeviceClass.TIMESTAMP,
)


class WorstCaseSensor(ClusterEntity, SensorEntity):
    """The newest copy that would be left of the guest that would lose most, if what costs most died now.

    It is a moment, so that it changes with the copies and not with every poll; without one the attributes say why.
    """

    @property
    @override
    def native_value(self) -> datetime | None:
        """When that copy was made."""
        worst = self.coordinator.survivals.worst_case
        return worst.moment if worst is not None else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What would have to die, and what would be left of that guest; its name is for those who may see it."""
        worst = self.coordinator.survivals.worst_case
        return {
            "if_died": worst.death.key if worst is not None else None,
            "left": worst.survival.answer.value if worst is not None else None,
        }


class OrphansSensor(StorageEntity, SensorEntity):
    """What guests have left on a storage that no longer exist; unknown while that cannot be told, or not how large it is."""

    @property
    @override
    def native_value(self) -> int | None:
        """The bytes in all."""
        assessment, others = self.coordinator.assessment, guests_of_others(self.hass, self.coordinator)
        is_shared = self.view is None or self.view.storage.node is None
        if not is_read(self.coordinator) or not assessment.guests_complete or (is_shared and others is None):
            return None
        sizes = [one.size for one in orphans_of(assessment, others) if one.storage == self.subject.id]
        return None if None in sizes else sum(size or 0 for size in sizes)


class ReplicationStatus(ReplicationEntity, SensorEntity):
    """How a replication job stands."""

    @property
    @override
    def native_value(self) -> str | None:
        """The status."""
        return self.verdict.status.value if self.verdict else None


class ReplicationLastSuccess(ReplicationEntity, SensorEntity):
    """Of when a replica is."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """The start of the last good run: what the replica holds."""
        return self.verdict.last_success if self.verdict else None


def replication_sensors(coordinator: CheckerCoordinator, job_id: str) -> list[SensorEntity]:
    """Return the sensors of a replication job."""
    return [
        ReplicationStatus(coordinator, job_id, REPLICATION_STATUS),
        ReplicationLastSuccess(coordinator, job_id, REPLICATION_LAST_SUCCESS),
    ]
