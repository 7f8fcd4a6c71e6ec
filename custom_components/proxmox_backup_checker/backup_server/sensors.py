"""State and figures of a backup server, its datastores, jobs and groups."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfRatio, UnitOfTime
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from ..checker.model.subject import Subject
from ..checker.model.verdict import Status
from ..checker.server.assessment import ServerAssessment
from ..checker.server.views import DatastoreView, GroupView, ServerJobView
from ..proxmox.backup_server.job_models import GarbageCollection
from .coordinator import ServerConfigEntry, ServerCoordinator
from .entity import ServerEntity, ServerEntityMakers, async_add_server_entities

_MANY_GROUPS: Final = 1000
_NEVER: Final = frozenset({Status.WAITING, Status.UNCOVERED})
SERVER_STATES: Final = [
    *(Status.OK.value, Status.WARNING.value, Status.FAILED.value, Status.ASLEEP.value, Status.UNKNOWN.value)
]
DATASTORE_STATES: Final = [*SERVER_STATES, Status.PAUSED.value]
PART_STATES: Final = [status.value for status in Status if status not in _NEVER]

type Value = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(SensorEntityDescription):
    """A sensor of the server and the part of its assessment that it shows."""

    value: Callable[[ServerAssessment], Value]


@dataclass(frozen=True, kw_only=True)
class DatastoreSensorDescription(SensorEntityDescription):
    """A sensor of a datastore and what it shows of it."""

    value: Callable[[DatastoreView], Value]
    is_suitable: Callable[[DatastoreView], bool] = lambda _: True


@dataclass(frozen=True, kw_only=True)
class GarbageSensorDescription(SensorEntityDescription):
    """A sensor of a datastore and what it shows of its last good garbage collection."""

    value: Callable[[GarbageCollection], Value]


@dataclass(frozen=True, kw_only=True)
class JobSensorDescription(SensorEntityDescription):
    """A sensor of a server's job and what it shows of it."""

    value: Callable[[ServerJobView], Value]
    kinds: frozenset[str] = frozenset({"sync", "verify", "prune", "gc"})


@dataclass(frozen=True, kw_only=True)
class GroupSensorDescription(SensorEntityDescription):
    """A sensor of a group and what it shows of it."""

    value: Callable[[GroupView], Value]


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _running(assessment: ServerAssessment) -> int | None:
    return None if assessment.facts is None else sum(task.running for task in assessment.facts.tasks)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _hour(moment: datetime | None) -> datetime | None:
    """Return the hour, so that a forecast is no new state at each look."""
    return moment.replace(minute=0, second=0, microsecond=0) if moment is not None else None


SERVER_SENSORS: Final = (
    ServerSensorDescription(
        key="status",
        translation_key="server_status",
        device_class=SensorDeviceClass.ENUM,
        options=SERVER_STATES,
        value=lambda assessment: assessment.verdict.status.value,
    ),
    ServerSensorDescription(
        key="last_check",
        translation_key="last_check",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda assessment: assessment.read_at,
    ),
    ServerSensorDescription(
        key="version",
        translation_key="server_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda assessment: assessment.facts.version.text if assessment.facts else None,
    ),
    ServerSensorDescription(
        key="clock_difference",
        translation_key="server_clock_difference",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda assessment: round(assessment.facts.skew.total_seconds()) if assessment.facts else None,
    ),
    ServerSensorDescription(
        key="running_tasks",
        translation_key="server_running_tasks",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=_running,
    ),
    ServerSensorDescription(
        key="root_disk",
        translation_key="server_root_disk",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda assessment: _percent(assessment.facts.root_share) if assessment.facts else None,
    ),
)
CERTIFICATE_EXPIRES: Final = SensorEntityDescription(
    key="certificate_expires",
    translation_key="server_certificate_expires",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
DATASTORE_SENSORS: Final = (
    DatastoreSensorDescription(
        key="status",
        translation_key="datastore_status",
        device_class=SensorDeviceClass.ENUM,
        options=DATASTORE_STATES,
        value=lambda view: view.verdict.status.value,
    ),
    DatastoreSensorDescription(
        key="used",
        translation_key="datastore_used",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda view: _percent(view.used_share),
    ),
    DatastoreSensorDescription(
        key="free",
        translation_key="datastore_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: view.facts.usage.available if view.facts.usage else None,
    ),
    DatastoreSensorDescription(
        key="full_on",
        translation_key="datastore_full_on",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: _hour(view.full_on),
        is_suitable=lambda view: not view.is_cache,
    ),
    DatastoreSensorDescription(
        key="last_garbage_collection",
        translation_key="datastore_last_garbage_collection",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.last_collected,
    ),
    DatastoreSensorDescription(
        key="last_backup",
        translation_key="datastore_last_backup",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.last_filled,
    ),
    DatastoreSensorDescription(
        key="restore_points",
        translation_key="datastore_restore_points",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: view.restore_points,
    ),
    DatastoreSensorDescription(
        key="failed_verifications",
        translation_key="datastore_failed_verifications",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: view.failed_verifications,
    ),
    DatastoreSensorDescription(
        key="foreign_groups",
        translation_key="datastore_foreign_groups",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: len(view.foreign),
    ),
    DatastoreSensorDescription(
        key="orphaned_groups",
        translation_key="datastore_orphaned_groups",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: len(view.orphaned),
    ),
    DatastoreSensorDescription(
        key="maintenance",
        translation_key="datastore_maintenance",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda view: view.facts.datastore.maintenance.kind if view.facts.datastore.maintenance else None,
    ),
)
GARBAGE_SENSORS: Final = (
    GarbageSensorDescription(
        key="deduplication",
        translation_key="datastore_deduplication",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        value=lambda garbage: garbage.deduplication_factor,
    ),
    GarbageSensorDescription(
        key="pending",
        translation_key="datastore_pending",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda garbage: garbage.pending_bytes,
    ),
)
JOB_SENSORS: Final = (
    JobSensorDescription(
        key="status",
        translation_key="pbs_job_status",
        device_class=SensorDeviceClass.ENUM,
        options=PART_STATES,
        value=lambda view: view.verdict.status.value,
    ),
    JobSensorDescription(
        key="last_success",
        translation_key="pbs_job_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verdict.last_success,
    ),
    JobSensorDescription(
        key="next_run",
        translation_key="pbs_job_next_run",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.next_run,
    ),
    JobSensorDescription(
        key="duration",
        translation_key="pbs_job_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: _seconds(view.duration),
    ),
    JobSensorDescription(
        key="transferred",
        translation_key="pbs_job_transferred",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: view.transferred,
        kinds=frozenset({"sync"}),
    ),
    JobSensorDescription(
        key="groups_failed",
        translation_key="pbs_job_groups_failed",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda view: len(view.troubles) if view.last_ended else None,
        kinds=frozenset({"sync", "verify"}),
    ),
)
GROUP_SENSORS: Final = (
    GroupSensorDescription(
        key="status",
        translation_key="group_status",
        device_class=SensorDeviceClass.ENUM,
        options=PART_STATES,
        value=lambda view: view.verdict.status.value,
    ),
    GroupSensorDescription(
        key="last_success",
        translation_key="group_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verdict.last_success or view.last_backup,
    ),
    GroupSensorDescription(
        key="restore_points",
        translation_key="group_restore_points",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: view.restore_points,
    ),
    GroupSensorDescription(
        key="size",
        translation_key="group_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda view: view.size,
    ),
    GroupSensorDescription(
        key="verified",
        translation_key="group_verified",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda view: view.verified,
    ),
    GroupSensorDescription(
        key="owner",
        translation_key="group_owner",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda view: view.owner,
    ),
    GroupSensorDescription(
        key="rhythm",
        translation_key="group_rhythm",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda view: _seconds(view.usual_gap),
    ),
)


async def async_setup_sensors(entry: ServerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the sensors of a server and of each of its parts."""
    coordinator = entry.runtime_data

    def of_store(subject: Subject) -> list[Entity]:
        if (view := coordinator.assessment.datastores.get(subject.id)) is None:
            return [StatusOfUnread(coordinator, subject, DATASTORE_SENSORS[0])]
        suitable = [described for described in DATASTORE_SENSORS if described.is_suitable(view)]
        return [
            *(ServerSensor(coordinator, subject, described) for described in suitable),
            *(GarbageSensor(coordinator, subject, described) for described in GARBAGE_SENSORS),
        ]

    def of_job(subject: Subject) -> list[Entity]:
        if (job := coordinator.assessment.jobs.get(subject.id)) is None:
            return [StatusOfUnread(coordinator, subject, JOB_SENSORS[0])]
        kind = job.kind
        return [ServerSensor(coordinator, subject, described) for described in JOB_SENSORS if kind in described.kinds]

    def of_group(subject: Subject) -> list[Entity]:
        if subject.id not in coordinator.assessment.groups:
            return [StatusOfUnread(coordinator, subject, GROUP_SENSORS[0])]
        return [GroupSensor(coordinator, subject, described) for described in GROUP_SENSORS]

    makers = ServerEntityMakers(
        server=lambda subject: [
            *(ServerSensor(coordinator, subject, described) for described in SERVER_SENSORS),
            CertificateExpires(coordinator, subject, CERTIFICATE_EXPIRES),
        ],
        datastore=of_store,
        job=of_job,
        group=of_group,
    )
    await async_add_server_entities(entry, async_add_entities, makers)


class ServerSensor(ServerEntity, SensorEntity):
    """A sensor of a server or of one of its parts."""

    entity_description: (
        ServerSensorDescription | DatastoreSensorDescription | JobSensorDescription | GroupSensorDescription
    )

    @property
    @override
    def native_value(self) -> Value:
        """The part shown."""
        value: Callable[[Any], Value] = self.entity_description.value
        return value(self.part) if self.part is not None else None


class StatusOfUnread(ServerEntity, SensorEntity):
    """The status of a part of a server that has not been read since the start."""

    @property
    @override
    def native_value(self) -> Value:
        """The status, which rests with the server or is not seen."""
        return self.verdict.status.value if self.verdict is not None else None


class CertificateExpires(ServerEntity, SensorEntity):
    """Until when the certificate is valid that the server shows."""

    @property
    @override
    def native_value(self) -> Value:
        """The moment, None before it was looked at."""
        return self.coordinator.certificate_expires


class GarbageSensor(ServerEntity, SensorEntity):
    """A figure of the last good garbage collection of a datastore."""

    entity_description: GarbageSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """The figure, None where there never was one."""
        facts = self.coordinator.assessment.facts
        found = facts.garbage_collections if facts is not None else ()
        garbage = next((one for one in found if one.store == self.subject.id and one.good_upid is not None), None)
        return self.entity_description.value(garbage) if garbage is not None else None


class GroupSensor(ServerSensor):
    """A sensor of a group."""

    def __init__(self, coordinator: ServerCoordinator, subject: Subject, description: GroupSensorDescription) -> None:
        """Start disabled among very many groups, for all of which Home Assistant takes no more than the problem sensors."""
        super().__init__(coordinator, subject, description)
        if len(coordinator.assessment.groups) > _MANY_GROUPS:
            self._attr_entity_registry_enabled_default = False
