"""What users point at: the cluster, a guest, a job or a storage, by device, entity or name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from ..checker.assessment import GuestView, JobView, Picture, StorageView
from ..checker.model.labels import job_name
from ..checker.model.records import Acknowledgement
from ..checker.model.verdict import Verdict
from ..checker.views.report import guest_title
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..devices import cluster_key, guest_key, job_key, storage_key
from ..translated_errors import invalid

type Kind = Literal["cluster", "guest", "job", "storage"]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a verdict; `key` is a VMID, a job's id or a storage's key, and empty for the cluster."""

    coordinator: CheckerCoordinator
    kind: Kind
    key: str = ""

    @property
    def view(self) -> GuestView | JobView | StorageView | None:
        """What the picture holds of it, None for the cluster and for what is no longer there."""
        picture = self.coordinator.assessment
        match self.kind:
            case "guest":
                return picture.guests.get(int(self.key))
            case "job":
                return picture.jobs.get(self.key)
            case "storage":
                return picture.storages.get(self.key)
            case _:
                return None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on it, None where it is no longer there."""
        if self.kind == "cluster":
            return self.coordinator.assessment.verdict
        view = self.view
        return view.verdict if view is not None else None

    @property
    def verdict_key(self) -> str:
        """What its verdict is known by, such as guest_101 or cluster."""
        return f"{self.kind}_{self.key}" if self.key else self.kind

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """A person's word that its problem is known."""
        return self.coordinator.assessment.acknowledgement(self.verdict_key)

    @property
    def name(self) -> str:
        """The name that people know it by."""
        match self.view:
            case GuestView(guest=guest):
                return guest_title(guest.name, guest.vmid)
            case JobView(job=job):
                return job_name(job)
            case _:
                return self.key or self.coordinator.assessment.cluster.title


@callback
def things_of_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[Thing]:
    """Return what entities of ours stand for, each once; those of others are left out."""
    entities = er.async_get(hass)
    entries = [entry for entity_id in entity_ids if (entry := entities.async_get(entity_id)) is not None]
    return things_of_devices(
        hass, (entry.device_id for entry in entries if entry.device_id and entry.platform == DOMAIN)
    )


@callback
def things_of_devices(hass: HomeAssistant, device_ids: Iterable[str]) -> list[Thing]:
    """Return what devices of ours stand for, each once, of clusters that are set up."""
    devices = dr.async_get(hass)
    found: dict[tuple[str, Kind, str], Thing] = {}
    for device_id in device_ids:
        device = devices.async_get(device_id, include_composite_devices=False)
        if device is None:
            continue
        thing = _thing_of_device(hass, device)
        if thing is not None:
            found[thing.coordinator.identity, thing.kind, thing.key] = thing
    return [found[key] for key in sorted(found)]


def _thing_of_device(hass: HomeAssistant, device: dr.AnyDeviceEntry) -> Thing | None:
    entry: CheckerConfigEntry | None = hass.config_entries.async_get_entry(device.config_entry_id)
    if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        return None
    coordinator = entry.runtime_data
    identity = coordinator.identity
    for domain, key in device.identifiers:
        if domain != DOMAIN:
            continue
        if key == cluster_key(identity):
            return Thing(coordinator, "cluster")
        if (vmid := key.removeprefix(guest_key(identity, ""))) != key and vmid.isdecimal():
            return Thing(coordinator, "guest", vmid)
        if (job_id := key.removeprefix(job_key(identity, ""))) != key:
            return Thing(coordinator, "job", job_id)
        if (storage := key.removeprefix(storage_key(identity, ""))) != key:
            return Thing(coordinator, "storage", storage)
    return None


@callback
def things_of_target(hass: HomeAssistant, selection: TargetSelection) -> list[Thing]:
    """Return everything of ours that a target holds."""
    selected = async_extract_referenced_entity_ids(hass, selection)
    entities = er.async_get(hass)
    devices = {
        entry.device_id
        for entity_id in selected.referenced | selected.indirectly_referenced
        if (entry := entities.async_get(entity_id)) is not None and entry.platform == DOMAIN and entry.device_id
    }
    return things_of_devices(hass, devices | selected.referenced_devices)


def guest_of(coordinator: CheckerCoordinator, assessment: Picture, text: str) -> Thing:
    """Return the guest with a VMID or a name, of those that the caller may see.

    Raises ServiceValidationError.
    """
    guests = assessment.guests
    title = assessment.cluster.title
    if text.isdecimal():
        if int(text) not in guests:
            raise invalid("unknown_guest", guest=text, cluster=title)
        return Thing(coordinator, "guest", str(int(text)))
    named = [vmid for vmid, view in guests.items() if (view.guest.name or "").casefold() == text.casefold()]
    if not named:
        raise invalid("unknown_guest", guest=text, cluster=title)
    if len(named) > 1:
        raise invalid("several_guests", guest=text, vmids=", ".join(map(str, named)))
    return Thing(coordinator, "guest", str(named[0]))


def job_of(coordinator: CheckerCoordinator, assessment: Picture, text: str) -> Thing:
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
    return Thing(coordinator, "job", named[0])


def storage_of(coordinator: CheckerCoordinator, assessment: Picture, text: str) -> Thing:
    """Return the storage with a name, of those that the caller may see; one that each node has of its own is written as node/name.

    Raises ServiceValidationError.
    """
    storages = assessment.storages
    if text not in storages:
        raise invalid(
            "unknown_storage",
            storage=text,
            cluster=assessment.cluster.title,
            storages=", ".join(storages) or "–",
        )
    return Thing(coordinator, "storage", text)
