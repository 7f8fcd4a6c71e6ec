"""Problem sensors: on where a backup is missing, failed or unproven for too long."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CheckerConfigEntry
from .entity import (
    ClusterEntity,
    EntityMakers,
    GuestEntity,
    JobEntity,
    StorageEntity,
    VerdictEntity,
    add_entities_as_they_appear,
)

PARALLEL_UPDATES = 0

_LONGEST_ERROR: Final = 500

GUEST_PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="guest_problem", device_class=BinarySensorDeviceClass.PROBLEM
)
JOB_PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="job_problem", device_class=BinarySensorDeviceClass.PROBLEM
)

STORAGE_PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="storage_problem", device_class=BinarySensorDeviceClass.PROBLEM
)
CLUSTER_PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="cluster_problem", device_class=BinarySensorDeviceClass.PROBLEM
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CheckerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a problem sensor for the cluster and for every guest, job and storage."""
    coordinator = entry.runtime_data
    makers = EntityMakers(
        cluster=lambda: [ClusterProblem(coordinator, CLUSTER_PROBLEM)],
        guest=lambda vmid: [GuestProblem(coordinator, vmid, GUEST_PROBLEM)],
        job=lambda job_id: [JobProblem(coordinator, job_id, JOB_PROBLEM)],
        storage=lambda key: [StorageProblem(coordinator, key, STORAGE_PROBLEM)],
    )
    add_entities_as_they_appear(entry, async_add_entities, makers)


class ProblemSensor(VerdictEntity, BinarySensorEntity):
    """Whether there is a problem, and why; unknown where nothing can be proven."""

    _unrecorded_attributes = frozenset(
        {
            "custom_ui_more_info",
            "reason",
            "since",
            "last_success",
            "next_due",
            "confidence",
            "failures",
            "findings",
            "error",
            "next_step",
        }
    )

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether there is a problem."""
        return self.verdict.problem if self.verdict else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Why, since when, and how sure."""
        if (verdict := self.verdict) is None:
            return None
        return {
            "reason_code": verdict.reason.code,
            "reason": self.coordinator.reasons.sentence(verdict.reason),
            "since": verdict.since.isoformat() if verdict.since else None,
            "last_success": verdict.last_success.isoformat() if verdict.last_success else None,
            "next_due": verdict.next_due.isoformat() if verdict.next_due else None,
            "confidence": verdict.confidence.value,
            "failures": verdict.failures,
            "findings": self.coordinator.reasons.sentences(verdict.findings),
            "next_step": self.coordinator.reasons.step(verdict.cause) if verdict.cause else None,
            "error": verdict.error and verdict.error[:_LONGEST_ERROR],
            # Home Assistant shows this element of ours in the dialog of the entity.
            "custom_ui_more_info": "pbc-more-info",
        }


class GuestProblem(ProblemSensor, GuestEntity):
    """Whether a guest's backup is missing."""


class JobProblem(ProblemSensor, JobEntity):
    """Whether a job does not do what it promises."""


class StorageProblem(ProblemSensor, StorageEntity):
    """Whether a storage endangers the backups on it or those to come."""


class ClusterProblem(ProblemSensor, ClusterEntity):
    """Whether anything in the cluster is a problem."""
