"""State and last success of guests and jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .checker.verdict import Status, Verdict
from .coordinator import CheckerConfigEntry
from .entity import GuestEntity, JobEntity, VerdictEntity, add_entities_as_they_appear

PARALLEL_UPDATES = 0

GUEST_STATES = [status.value for status in Status if status is not Status.WAITING]
JOB_STATES = [status.value for status in Status]


@dataclass(frozen=True, kw_only=True)
class VerdictSensorDescription(SensorEntityDescription):
    """A sensor and the part of the verdict that it shows."""

    value: Callable[[Verdict], StateType | datetime]


GUEST_SENSORS = (
    VerdictSensorDescription(
        key="status",
        translation_key="guest_status",
        device_class=SensorDeviceClass.ENUM,
        options=GUEST_STATES,
        entity_registry_enabled_default=False,
        value=lambda verdict: verdict.status.value,
    ),
    VerdictSensorDescription(
        key="last_success",
        translation_key="guest_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda verdict: verdict.last_success,
    ),
)
JOB_SENSORS = (
    VerdictSensorDescription(
        key="status",
        translation_key="job_status",
        device_class=SensorDeviceClass.ENUM,
        options=JOB_STATES,
        value=lambda verdict: verdict.status.value,
    ),
    VerdictSensorDescription(
        key="last_success",
        translation_key="job_last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda verdict: verdict.last_success,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CheckerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every guest and job."""
    coordinator = entry.runtime_data
    add_entities_as_they_appear(
        entry,
        async_add_entities,
        lambda vmid: [GuestSensor(coordinator, vmid, description) for description in GUEST_SENSORS],
        lambda job_id: [JobSensor(coordinator, job_id, description) for description in JOB_SENSORS],
    )


class VerdictSensor(VerdictEntity, SensorEntity):
    """A part of a verdict."""

    entity_description: VerdictSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The part shown."""
        return self.entity_description.value(self.verdict) if self.verdict else None


class GuestSensor(VerdictSensor, GuestEntity):
    """A sensor of a guest."""


class JobSensor(VerdictSensor, JobEntity):
    """A sensor of a job."""
