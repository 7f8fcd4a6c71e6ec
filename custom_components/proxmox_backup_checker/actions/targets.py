"""What users point at: the cluster, a guest, a job or a storage, by device, entity or name."""

from collections.abc import Iterable
from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from ..checker.assessment import Assessment, GuestView, JobView, StorageView
from ..checker.model.labels import guest_label, job_name
from ..checker.model.records import Acknowledgement
from ..checker.model.subject import Subject
from ..checker.model.verdict import Verdict
from ..clusters import loaded_cluster
from ..const import DOMAIN
from ..coordinator import CheckerCoordinator
from ..devices import subject_of
from ..translated_errors import invalid


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster, or a guest, job or storage of one."""

    coordinator: CheckerCoordinator
    subject: Subject

    @property
    def view(self) -> GuestView | JobView | StorageView | None:
        """What the assessment holds of it, None for the cluster and for what is no longer there."""
        assessment = self.coordinator.assessment
        match self.subject.kind:
            case "guest":
                return assessment.guests.get(int(self.subject.id))
            case "job":
                return assessment.jobs.get(self.subject.id)
            case "storage":
                return assessment.storages.get(self.subject.id)
            case _:
                return None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on it, None where it is no longer there."""
        if self.subject.kind == "cluster":
            return self.coordinator.assessment.verdict
        view = self.view
        return view.verdict if view is not None else None

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """A person's word that its problem is known."""
        return self.coordinator.assessment.acknowledgement(self.subject)

    @property
    def name(self) -> str:
        """The name that people know it by."""
        match self.view:
            case GuestView(guest=guest):
                return guest_label(guest.name, guest.vmid)
            case JobView(job=job):
                return job_name(job)
            case StorageView(name=name):
                return name
            case _:
                return self.subject.id or self.coordinator.assessment.cluster.title


@callback
def targets_of_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[Target]:
    """Return what entities of ours stand for, each once; those of others are left out."""
    entities = er.async_get(hass)
    entries = [entry for entity_id in entity_ids if (entry := entities.async_get(entity_id)) is not None]
    return targets_of_devices(
        hass, (entry.device_id for entry in entries if entry.device_id and entry.platform == DOMAIN)
    )


@callback
def targets_of_devices(hass: HomeAssistant, device_ids: Iterable[str]) -> list[Target]:
    """Return what devices of ours stand for, each once, of clusters that are set up."""
    devices = dr.async_get(hass)
    found: dict[tuple[str, Subject], Target] = {}
    for device_id in device_ids:
        device = devices.async_get(device_id, include_composite_devices=False)
        if device is None:
            continue
        target = _target_of_device(hass, device)
        if target is not None:
            found[target.coordinator.identity, target.subject] = target
    return [found[key] for key in sorted(found)]


def _target_of_device(hass: HomeAssistant, device: dr.AnyDeviceEntry) -> Target | None:
    coordinator = loaded_cluster(hass.config_entries.async_get_entry(device.config_entry_id))
    if coordinator is None:
        return None
    subjects = (subject_of(coordinator.identity, key) for domain, key in device.identifiers if domain == DOMAIN)
    # A node has a device where it has a log agent, but no verdict.
    found = next((subject for subject in subjects if subject is not None and subject.kind != "node"), None)
    return Target(coordinator, found) if found is not None else None


@callback
def targets_of(hass: HomeAssistant, selection: TargetSelection) -> list[Target]:
    """Return everything of ours that a selection holds."""
    selected = async_extract_referenced_entity_ids(hass, selection)
    entities = er.async_get(hass)
    devices = {
        entry.device_id
        for entity_id in selected.referenced | selected.indirectly_referenced
        if (entry := entities.async_get(entity_id)) is not None and entry.platform == DOMAIN and entry.device_id
    }
    return targets_of_devices(hass, devices | selected.referenced_devices)


def guest_of(coordinator: CheckerCoordinator, assessment: Assessment, text: str) -> Target:
    """Return the guest with a VMID or a name, of those that the caller may see.

    Raises ServiceValidationError.
    """
    guests = assessment.guests
    title = assessment.cluster.title
    if text.isdecimal():
        if int(text) not in guests:
            raise invalid("unknown_guest", guest=text, cluster=title)
        return Target(coordinator, Subject.guest(int(text)))
    named = [vmid for vmid, view in guests.items() if (view.guest.name or "").casefold() == text.casefold()]
    if not named:
        raise invalid("unknown_guest", guest=text, cluster=title)
    if len(named) > 1:
        raise invalid("several_guests", guest=text, vmids=", ".join(map(str, named)))
    return Target(coordinator, Subject.guest(named[0]))


def job_of(coordinator: CheckerCoordinator, assessment: Assessment, text: str) -> Target:
    """Return the job with an id or a name, of those that the caller may see.

    Raises ServiceValidationError.
    """
    jobs = assessment.jobs
    named = [job_id for job_id, view in jobs.items() if job_name(view.job).casefold() == text.casefold()]
    if text in jobs:
        named = [text]
    if not named:
        names = ", ".join(job_name(view.job) for view in jobs.values()) or "–"
        raise invalid("unknown_job", job=text, cluster=assessment.cluster.title, jobs=names)
    if len(named) > 1:
        raise invalid("several_jobs", job=text, ids=", ".join(named))
    return Target(coordinator, Subject.job(named[0]))


def storage_of(coordinator: CheckerCoordinator, assessment: Assessment, text: str) -> Target:
    """Return the storage with a name, of those that the caller may see; one that each node has of its own is written as node/name.

    Raises ServiceValidationError.
    """
    views = assessment.storages.values()
    found = next((view for view in views if view.name == text), None) or assessment.storages.get(text)
    if found is None:
        raise invalid(
            "unknown_storage",
            storage=text,
            cluster=assessment.cluster.title,
            storages=", ".join([view.name for view in views]) or "–",
        )
    return Target(coordinator, Subject.storage(found.key))
