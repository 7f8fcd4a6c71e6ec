"""Problem sensors, on where a backup is missing, failed or unproven for too long; and what else is yes or no."""

from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .backup_server.binary_sensors import async_setup_binary_sensors
from .checker.model.verdict import Verdict
from .const import is_backup_server
from .coordinator import CheckerCoordinator
from .entity import (
    UNRECORDED,
    ClusterEntity,
    EntityMakers,
    GuestEntity,
    JobEntity,
    NodeEntity,
    ReplicationEntity,
    StorageEntity,
    VerdictEntity,
    add_replication_entities,
    async_add_entities_as_they_appear,
    async_add_guest_entities,
    problem_attributes,
)

PARALLEL_UPDATES = 0

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
GUEST_ENCRYPTED = BinarySensorEntityDescription(
    key="encrypted",
    translation_key="guest_encrypted",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
GUEST_OFFSITE_PROBLEM = BinarySensorEntityDescription(
    key="offsite_problem", translation_key="guest_offsite_problem", device_class=BinarySensorDeviceClass.PROBLEM
)
REPLICATION_PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="replication_problem", device_class=BinarySensorDeviceClass.PROBLEM
)
NODE_AGENT = BinarySensorEntityDescription(
    key="log_agent",
    translation_key="node_log_agent",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the cluster and of every guest, job, storage and node with a log agent."""
    if is_backup_server(entry.data):
        await async_setup_binary_sensors(entry, async_add_entities)
        return
    coordinator: CheckerCoordinator = entry.runtime_data
    makers = EntityMakers(
        cluster=lambda: [ClusterProblem(coordinator, CLUSTER_PROBLEM)],
        guest=lambda vmid: [
            GuestProblem(coordinator, vmid, GUEST_PROBLEM),
            GuestEncrypted(coordinator, vmid, GUEST_ENCRYPTED),
        ],
        job=lambda job_id: [JobProblem(coordinator, job_id, JOB_PROBLEM)],
        storage=lambda key: [StorageProblem(coordinator, key, STORAGE_PROBLEM)],
        node=lambda node: [LogAgentConnected(coordinator, node, NODE_AGENT)],
    )
    await async_add_entities_as_they_appear(entry, async_add_entities, makers)
    offsite = EntityMakers(guest=lambda vmid: [OffsiteProblem(coordinator, vmid, GUEST_OFFSITE_PROBLEM)])
    await async_add_guest_entities(entry, async_add_entities, offsite, lambda view: view.offsite is not None)
    add_replication_entities(
        entry, async_add_entities, lambda job_id: [ReplicationProblem(coordinator, job_id, REPLICATION_PROBLEM)]
    )


class ProblemSensor(VerdictEntity, BinarySensorEntity):
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
        """Why, since when, and what to do."""
        return problem_attributes(self.verdict, self.coordinator.localizer, None) if self.verdict else None


class SilenceableProblem(ProblemSensor):
    """A problem that people can silence, with a dialog of ours."""

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The same, whether it is silenced, and the element that Home Assistant shows in the dialog of the entity."""
        if self.verdict is None:
            return None
        acknowledgement = self.coordinator.assessment.acknowledgement(self.subject)
        return problem_attributes(self.verdict, self.coordinator.localizer, acknowledgement) | {
            "custom_ui_more_info": "pbc-more-info"
        }


class GuestProblem(SilenceableProblem, GuestEntity):
    """Whether a guest's backup is missing."""


class ReplicationProblem(ProblemSensor, ReplicationEntity):
    """Whether a replica is not renewed as its job says; that makes no backup worse."""


class OffsiteProblem(ProblemSensor, GuestEntity):
    """Whether a guest's newest restore point has not come elsewhere in time; that makes its backup here no worse."""

    @property
    @override
    def verdict(self) -> Verdict | None:
        """What is held of the copies that are elsewhere."""
        return self.view.offsite if self.view else None


class JobProblem(SilenceableProblem, JobEntity):
    """Whether a job does not do what it promises."""


class StorageProblem(SilenceableProblem, StorageEntity):
    """Whether a storage endangers the backups on it or those to come."""


class ClusterProblem(SilenceableProblem, ClusterEntity):
    """Whether anything in the cluster is a problem."""


class GuestEncrypted(GuestEntity, BinarySensorEntity):
    """Whether a guest's newest backup is encrypted; whether its key still exists, nobody can tell from here."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is encrypted, None where no backup shows it."""
        return self.view.figures.encrypted if self.view else None


class LogAgentConnected(NodeEntity, BinarySensorEntity):
    """Whether a node's log agent can be read."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what the listener meets between two polls."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.agent_reachability.follow(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Whether the node is one of the cluster: that Proxmox does not answer says nothing of its agents."""
        return self._node in self.coordinator.assessment.nodes

    @property
    @override
    def is_on(self) -> bool:
        """Whether the agent answered both the last poll and its listener."""
        reading = self.coordinator.reading
        online = self.coordinator.assessment.nodes[self._node].online
        failed = reading is not None and self._node in reading.agent_errors
        return online and not failed and self.coordinator.agent_reachability.answers(self._node)
