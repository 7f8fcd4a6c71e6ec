"""The device registry for a backup server: one device for itself, and below it its datastores, and below those jobs and groups."""

from collections import Counter
from datetime import datetime
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from yarl import URL

from ..checker.model.server_facts import ServerFacts
from ..checker.model.subject import SERVER, Subject
from ..checker.server.assessment import ServerAssessment
from ..checker.server.views import GroupView, ServerJobView
from ..const import DOMAIN
from ..devices import device_key, subject_of
from ..proxmox.backup_server.namespace import GroupId
from .coordinator import ServerCoordinator

_POLLS_UNTIL_REMOVED: Final = 3
_GROUP_MODELS: Final = {"host": "device_client", "vm": "device_qemu", "ct": "device_lxc"}


class ServerDevices:
    """Keeps the device registry in step with the assessment of a server."""

    def __init__(self, hass: HomeAssistant, coordinator: ServerCoordinator) -> None:
        """Know of no device yet."""
        self._registry = dr.async_get(hass)
        self._coordinator = coordinator
        self._entry_id = coordinator.config_entry.entry_id
        data = coordinator.config_entry.data
        self._page = URL.build(scheme="https", host=data[CONF_HOST], port=data[CONF_PORT], path="/")
        self._absent: Counter[str] = Counter()
        self._counted: datetime | None = None

    @callback
    def update(self) -> None:
        """Register what is new, rename what has a new name, remove what is surely gone."""
        assessment = self._coordinator.assessment
        server = self._register_server(assessment.facts)
        stores = {store: self._register_store(store, server.id).id for store in assessment.datastores}
        for job in assessment.jobs.values():
            self._register(self._job(job, stores.get(job.store, server.id)))
        for group in assessment.groups.values():
            self._register(self._group(group, stores.get(group.store, server.id)))
        self._remove_the_gone(assessment)

    def _register(self, info: DeviceInfo) -> dr.DeviceEntry:
        return self._registry.async_get_or_create_from_info(config_entry_id=self._entry_id, device_info=info)

    def _key(self, subject: Subject) -> tuple[str, str]:
        return DOMAIN, device_key(self._coordinator.identity, subject)

    def _register_server(self, facts: ServerFacts | None) -> dr.DeviceEntry:
        info = DeviceInfo(
            identifiers={self._key(SERVER)},
            name=self._coordinator.config_entry.title,
            manufacturer="Proxmox",
            model=self._coordinator.localizer.text("device_server"),
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page,
        )
        if facts is not None:
            info["sw_version"] = facts.version.text
        return self._register(info)

    def _register_store(self, store: str, server_id: str) -> dr.DeviceEntry:
        return self._register(
            DeviceInfo(
                identifiers={self._key(Subject.datastore(store))},
                translation_key="datastore",
                translation_placeholders={"datastore": store},
                manufacturer="Proxmox",
                model=self._coordinator.localizer.text("device_datastore"),
                model_id=store,
                entry_type=DeviceEntryType.SERVICE,
                configuration_url=self._page.with_fragment(f"DataStore-{store}"),
                via_device_id=server_id,
            )
        )

    def _job(self, view: ServerJobView, parent_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={self._key(view.subject)},
            translation_key=f"{view.kind}_job",
            translation_placeholders={"job": view.name},
            manufacturer="Proxmox",
            model=self._coordinator.localizer.text(f"device_{view.kind}_job"),
            model_id=view.job_id,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page.with_fragment(f"DataStore-{view.store}"),
            via_device_id=parent_id,
        )

    def _group(self, view: GroupView, parent_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={self._key(view.subject)},
            name=view.name,
            manufacturer="Proxmox",
            model=self._coordinator.localizer.text(_GROUP_MODELS[view.group.backup_type]),
            model_id=str(view.group),
            configuration_url=self._page.with_fragment(f"DataStore-{view.store}"),
            via_device_id=parent_id,
        )

    def _remove_the_gone(self, assessment: ServerAssessment) -> None:
        """Remove devices of what was absent from several readings that would have shown it."""
        if assessment.facts is None:
            return
        # What was read before may be judged again, as while the server is silent.
        is_new, self._counted = assessment.read_at != self._counted, assessment.read_at
        present = _keys(self._coordinator)
        for device in dr.async_entries_for_config_entry(self._registry, self._entry_id):
            for _, key in device.identifiers:
                subject = subject_of(self._coordinator.identity, key)
                if subject is not None and self._is_of_a_cluster(subject):
                    self._registry.async_remove_device(device.id)
                    continue
                if key in present or (subject is not None and not _would_show(subject, assessment.facts)):
                    self._absent.pop(key, None)
                    continue
                self._absent[key] += is_new
                if self._absent[key] >= _POLLS_UNTIL_REMOVED:
                    self._registry.async_remove_device(device.id)
                    del self._absent[key]

    def _is_of_a_cluster(self, subject: Subject) -> bool:
        """Tell whether a group is a guest's that its cluster shows, now that it is watched."""
        if subject.kind != "group" or subject in self._coordinator.assessment.verdicts:
            return False
        return not self._coordinator.links.judges(GroupId.parse(subject.id.split(":", 2)[2]))


def is_present(device: dr.AnyDeviceEntry, coordinator: ServerCoordinator) -> bool:
    """Tell whether a device stands for something that is in the assessment."""
    keys = _keys(coordinator)
    return any(domain == DOMAIN and key in keys for domain, key in device.identifiers)


def _keys(coordinator: ServerCoordinator) -> set[str]:
    return {device_key(coordinator.identity, subject) for subject in coordinator.assessment.verdicts}


def _would_show(subject: Subject, facts: ServerFacts) -> bool:
    """Tell whether the facts are such that what exists is sure to appear: what may not be seen is left out without a word."""
    permissions = facts.permissions
    if not permissions.has("/datastore", "Datastore.Audit"):
        return False
    match subject.kind:
        case "pbsjob":
            kind, _, job_id = subject.id.partition("_")
            if kind == "sync" and not permissions.has("/remote", "Remote.Audit"):
                return False
            # The garbage collection of what is in maintenance, or not mounted, is not listed.
            store = facts.datastores.get(job_id) if kind == "gc" else None
            return store is None or store.datastore.readable
        case "group":
            name, ns, _ = subject.id.split(":", 2)
            found = facts.datastores.get(name)
            return found is None or (found.datastore.readable and (ns in found.listed_at or ns not in found.namespaces))
        case _:
            return True
