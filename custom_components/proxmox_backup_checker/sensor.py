"""State and figures of the cluster, its guests, jobs and storages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfRatio, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .backup_server.sensors import async_setup_sensors
from .checker.assessment import Assessment, GuestView, JobView, StorageView
from .checker.copies.copies import newest_verified
from .checker.metrics import Verification, free_bytes, used_percent
from .checker.model.verdict import Status
from .const import is_backup_server
from .coordinator import CheckerCoordinator
from .copies_sensors import BELOW_RULE, COPIES, GuestCopies, GuestsBelowRule
from .entity import (
    ClusterEntity,
    EntityMakers,
    GuestEntity,
    JobEntity,
    StorageEntity,
    add_replication_entities,
    async_add_entities_as_they_appear,
    async_add_guest_entities,
)
from .loss_sensors import ORPHANS, WORST_CASE, OrphansSensor, WorstCaseSensor, replication_sensors

PARALLEL_UPDATES = 0

_MANY_GUESTS: Final = 1000

JOB_STATES = [status.value for status in Status if status is not Status.ASLEEP]
GUEST_STATES = [status for status in JOB_STATES if status != Status.WAITING]


@dataclass(frozen=True, kw_only=True)
class GuestSensorDescription(SensorEntityDescription):
    """A sensor of a guest and what it shows of it."""

    value: Callable[[GuestView], StateType | datetime]


@dataclass(frozen=True, kw_only=True)
class JobSensorDescription(SensorEntityDescription):
    """A sensor of a job and what it shows of it."""

    value: Callable[[JobView], StateType | datetime]


GUEST_SENSORS = (
    GuestSensorDescription(
        key="status",
        translation_key="guest_status",
        device_class=SensorDeviceClass.ENUM,
        options=GUEST_STATES,
        entity_registry_enabled_default=False,
        value=lambda view: view.verdict.status.value,
    ),
    GuestSensorDescription(
        key="last_success",
        translation_key="guest_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verdict.last_success,
    ),
    GuestSensorDescription(
        key="size",
        translation_key="guest_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: view.figures.size,
    ),
    GuestSensorDescription(
        key="duration",
        translation_key="guest_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: _seconds(view.figures.duration),
    ),
    GuestSensorDescription(
        key="restore_points",
        translation_key="guest_restore_points",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: view.figures.restore_points,
    ),
    GuestSensorDescription(
        key="oldest_restore_point",
        translation_key="guest_oldest_restore_point",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda view: view.figures.oldest,
    ),
    GuestSensorDescription(
        key="verification",
        translation_key="guest_verification",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in Verification],
        entity_registry_enabled_default=False,
        value=lambda view: view.figures.verification.value if view.figures.verification else None,
    ),
    GuestSensorDescription(
        key="verified",
        translation_key="guest_verified",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda view: newest_verified(view.copies),
    ),
    GuestSensorDescription(
        key="restore_test",
        translation_key="guest_restore_test",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda view: view.figures.restore.ended if view.figures.restore else None,
    ),
)
GUEST_OFFSITE_COPY = GuestSensorDescription(
    key="offsite_copy",
    translation_key="guest_offsite_copy",
    device_class=SensorDeviceClass.TIMESTAMP,
    value=lambda view: view.offsite.last_success if view.offsite else None,
)
JOB_SENSORS = (
    JobSensorDescription(
        key="status",
        translation_key="job_status",
        device_class=SensorDeviceClass.ENUM,
        options=JOB_STATES,
        value=lambda view: view.verdict.status.value,
    ),
    JobSensorDescription(
        key="last_success",
        translation_key="job_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verdict.last_success,
    ),
    JobSensorDescription(
        key="next_run",
        translation_key="job_next_run",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verdict.next_due,
    ),
    JobSensorDescription(
        key="duration",
        translation_key="job_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: _seconds(view.figures.duration),
    ),
    JobSensorDescription(
        key="size",
        translation_key="job_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: view.figures.size,
    ),
)


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


@dataclass(frozen=True, kw_only=True)
class ClusterSensorDescription(SensorEntityDescription):
    """A sensor of the cluster and the part of the assessment that it shows."""

    value: Callable[[Assessment], StateType | datetime]


@dataclass(frozen=True, kw_only=True)
class StorageSensorDescription(SensorEntityDescription):
    """A sensor of a storage and what it shows of it."""

    value: Callable[[StorageView], StateType | datetime]


CLUSTER_STATES = [Status.OK.value, Status.WARNING.value, Status.FAILED.value, Status.UNKNOWN.value]
CLUSTER_SENSORS = (
    ClusterSensorDescription(
        key="status",
        translation_key="cluster_status",
        device_class=SensorDeviceClass.ENUM,
        options=CLUSTER_STATES,
        value=lambda assessment: assessment.verdict.status.value,
    ),
    ClusterSensorDescription(
        key="guests_protected",
        translation_key="guests_protected",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda assessment: assessment.counts.protected,
    ),
    ClusterSensorDescription(
        key="guests_with_problem",
        translation_key="guests_with_problem",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda assessment: assessment.counts.problems,
    ),
    ClusterSensorDescription(
        key="causes",
        translation_key="causes",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda assessment: assessment.causes,
    ),
    ClusterSensorDescription(
        key="guests_uncovered",
        translation_key="guests_uncovered",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda assessment: assessment.counts.uncovered,
    ),
    ClusterSensorDescription(
        key="guests_restorable",
        translation_key="guests_restorable",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda assessment: len(assessment.restorable),
    ),
    ClusterSensorDescription(
        key="last_check",
        translation_key="last_check",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda assessment: assessment.read_at,
    ),
)
WITHOUT_OFFSITE_COPY = ClusterSensorDescription(
    key="guests_without_offsite_copy",
    translation_key="guests_without_offsite_copy",
    state_class=SensorStateClass.MEASUREMENT,
    value=lambda assessment: assessment.without_offsite_copy,
)
STORAGE_SENSORS = (
    StorageSensorDescription(
        key="used",
        translation_key="storage_used",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda view: used_percent(view.storage),
    ),
    StorageSensorDescription(
        key="free",
        translation_key="storage_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: free_bytes(view.storage),
    ),
    StorageSensorDescription(
        key="full_on",
        translation_key="storage_full_on",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda view: view.full_on.replace(minute=0, second=0, microsecond=0) if view.full_on else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the cluster and of every guest, job and storage."""
    if is_backup_server(entry.data):
        await async_setup_sensors(entry, async_add_entities)
        return
    coordinator: CheckerCoordinator = entry.runtime_data
    makers = EntityMakers(
        cluster=lambda: [
            *(ClusterSensor(coordinator, description) for description in CLUSTER_SENSORS),
            WorstCaseSensor(coordinator, WORST_CASE),
        ],
        guest=lambda vmid: [
            *(GuestSensor(coordinator, vmid, description) for description in GUEST_SENSORS),
            GuestCopies(coordinator, vmid, COPIES),
        ],
        job=lambda job_id: [JobSensor(coordinator, job_id, description) for description in JOB_SENSORS],
        storage=lambda key: [
            *(StorageSensor(coordinator, key, description) for description in STORAGE_SENSORS),
            OrphansSensor(coordinator, key, ORPHANS),
        ],
    )
    await async_add_entities_as_they_appear(entry, async_add_entities, makers)
    add_replication_entities(entry, async_add_entities, partial(replication_sensors, coordinator))
    offsite = EntityMakers(
        cluster=lambda: [ClusterSensor(coordinator, WITHOUT_OFFSITE_COPY)],
        guest=lambda vmid: [GuestSensor(coordinator, vmid, GUEST_OFFSITE_COPY)],
    )
    await async_add_guest_entities(entry, async_add_entities, offsite, lambda view: view.offsite is not None)
    rule = EntityMakers(cluster=lambda: [GuestsBelowRule(coordinator, BELOW_RULE)])
    await async_add_guest_entities(entry, async_add_entities, rule, lambda view: view.rule is not None)


class GuestSensor(GuestEntity, SensorEntity):
    """A sensor of a guest."""

    entity_description: GuestSensorDescription

    def __init__(self, coordinator: CheckerCoordinator, vmid: int, description: GuestSensorDescription) -> None:
        """Start disabled among very many guests, for all of whom Home Assistant takes no more than the problem sensors."""
        super().__init__(coordinator, vmid, description)
        if len(coordinator.assessment.guests) > _MANY_GUESTS:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The part shown."""
        return self.entity_description.value(self.view) if self.view else None


class JobSensor(JobEntity, SensorEntity):
    """A sensor of a job."""

    entity_description: JobSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The part shown."""
        return self.entity_description.value(self.view) if self.view else None


class ClusterSensor(ClusterEntity, SensorEntity):
    """A sensor of the cluster as a whole."""

    entity_description: ClusterSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The part shown."""
        return self.entity_description.value(self.coordinator.assessment)


class StorageSensor(StorageEntity, SensorEntity):
    """A sensor of a storage."""

    entity_description: StorageSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The figure shown."""
        return self.entity_description.value(self.view) if self.view else None
