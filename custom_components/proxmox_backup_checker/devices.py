"""The device registry: one device for the cluster, and below it one for each job, guest and storage, and each node with a log agent."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.util import dt as dt_util
from yarl import URL

from .checker.assessment import Assessment, GuestView, StorageView
from .checker.history.update import forgotten
from .checker.model.labels import guest_name, job_name
from .checker.model.subject import CLUSTER, Subject
from .const import CONF_IDENTITY, DOMAIN
from .coordinator import CheckerCoordinator
from .proxmox.api.backup_models import BackupJob
from .proxmox.api.cluster_models import Guest
from .texts.localizer import Localizer

PROBLEM: Final = "_problem"
"""How the unique ids of problem sensors end, after the key of their device."""

# A guest that is being moved is in no node's list for a moment.
_POLLS_UNTIL_REMOVED: Final = 3
_REGISTERED_TOGETHER: Final = 25
# Pages of Proxmox' web interface as its links name them (pve-manager, www/manager6/StateProvider.js): what is selected, and
# which of its tabs is open; 21 is "Backup", 4 the list of tasks, 18 the datacenter.
_JOBS_PAGE: Final = "v1:0:18:4:::::::21"
_GUEST_PAGES: Final = {"qemu": "v1:0:=qemu/{}:4:::::21::", "lxc": "v1:0:=lxc/{}:4::::::21:"}
_STORAGE_PAGE: Final = "v1:0:=storage/{node}/{storage}:4::=contentBackup:::::"
_NODE_PAGE: Final = "v1:0:=node/{}:4:4::::::"


def guest_page(guest_type: str, vmid: int) -> str:
    """Return the place of a guest's backups in the web interface of Proxmox."""
    return _GUEST_PAGES[guest_type].format(vmid)


def identity_of(entry: ConfigEntry[Any]) -> str:
    """Return the first part of every unique id: the cluster's, or what a backup server was known by when its entry was made."""
    return entry.data.get(CONF_IDENTITY) or entry.unique_id or entry.entry_id


def device_key(identity: str, subject: Subject) -> str:
    """Return the identifier of the device that stands for something; a guest keeps it on whatever node it is."""
    return f"{identity}_{subject.key}"


def subject_of(identity: str, key: str) -> Subject | None:
    """Return what a device, or an entity whose unique id begins so, stands for; None where it is none of this cluster's."""
    try:
        return Subject.parse(key.removeprefix(f"{identity}_"))
    except ValueError:
        return None


class Devices:
    """Keeps the device registry in step with the assessment."""

    def __init__(self, hass: HomeAssistant, coordinator: CheckerCoordinator, localizer: Localizer) -> None:
        """Start with the cluster's own device; `localizer` says what a device is."""
        self._localizer = localizer
        self._registry = dr.async_get(hass)
        self._coordinator = coordinator
        self._entry_id = coordinator.config_entry.entry_id
        data = coordinator.config_entry.data
        self._page = URL.build(scheme="https", host=data[CONF_HOST], port=data[CONF_PORT], path="/")
        self._absent: Counter[str] = Counter()
        self._counted: datetime | None = None
        self._registered: dict[int, Guest] = {}
        self._none_gone: tuple[object, ...] | None = None

    async def async_register(self) -> None:
        """Register everything at the start, and let others have their turn after every few guests."""
        cluster = self._register_cluster()
        for some in batched(tuple(self._coordinator.assessment.guests.items()), _REGISTERED_TOGETHER, strict=False):
            self._register_guests(dict(some), cluster.id)
            await asyncio.sleep(0)
        self.update()

    @callback
    def update(self) -> None:
        """Register what is new, rename what has a new name, remove what is surely gone."""
        if not self._coordinator.last_update_success:
            return
        assessment = self._coordinator.assessment
        cluster = self._register_cluster()
        for job_view in assessment.jobs.values():
            self._register(self._job(job_view.job, cluster.id))
        self._register_guests(assessment.guests, cluster.id)
        self._registered = {vmid: view.guest for vmid, view in assessment.guests.items()}
        for storage_view in assessment.storages.values():
            self._register(self._storage(storage_view, cluster.id))
        for node in nodes_with_agent(self._coordinator):
            self._register(self._node(node, cluster.id))
        self._remove_the_gone(assessment)

    def _register(self, info: DeviceInfo) -> dr.DeviceEntry:
        return self._registry.async_get_or_create_from_info(config_entry_id=self._entry_id, device_info=info)

    def _register_cluster(self) -> dr.DeviceEntry:
        cluster = self._coordinator.assessment.cluster
        return self._register(
            DeviceInfo(
                identifiers={(DOMAIN, device_key(self._coordinator.identity, CLUSTER))},
                name=cluster.title,
                manufacturer="Proxmox",
                model=self._localizer.text("device_cluster" if cluster.name else "device_host"),
                entry_type=DeviceEntryType.SERVICE,
                configuration_url=self._page,
            )
        )

    def _register_guests(self, guests: Mapping[int, GuestView], cluster_id: str) -> None:
        for vmid, view in guests.items():
            # A guest that is the same object has not changed.
            if self._registered.get(vmid) is not view.guest:
                self._register(self._guest(view.guest, cluster_id))
                self._registered[vmid] = view.guest

    def _job(self, job: BackupJob, cluster_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={(DOMAIN, device_key(self._coordinator.identity, Subject.job(job.job_id)))},
            translation_key="job",
            translation_placeholders={"job": job_name(job)},
            manufacturer="Proxmox",
            model=self._localizer.text("device_job"),
            model_id=job.job_id,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page.with_fragment(_JOBS_PAGE),
            via_device_id=cluster_id,
        )

    def _guest(self, guest: Guest, cluster_id: str) -> DeviceInfo:
        """Describe a guest; on a node that is down Proxmox does not know its name, and the last one stays."""
        key = (DOMAIN, device_key(self._coordinator.identity, Subject.guest(guest.vmid)))
        known = self._registry.async_get_device_by_identifier(key, self._entry_id)
        name = guest_name(guest.name or (known.name if known else None), guest.vmid, guest.guest_type)
        return DeviceInfo(
            identifiers={key},
            name=name,
            manufacturer="Proxmox",
            model=self._localizer.text(f"device_{guest.guest_type}"),
            model_id=str(guest.vmid),
            configuration_url=self._page.with_fragment(guest_page(guest.guest_type, guest.vmid)),
            via_device_id=cluster_id,
        )

    def _storage(self, view: StorageView, cluster_id: str) -> DeviceInfo:
        """Describe a storage; its page is that of a node which can use it."""
        key, storage = view.key, view.storage
        nodes = sorted(storage.active_on) or sorted(
            node for node in self._coordinator.assessment.nodes if storage.serves(node)
        )
        page = _STORAGE_PAGE.format(node=nodes[0], storage=storage.storage) if nodes else None
        return DeviceInfo(
            identifiers={(DOMAIN, device_key(self._coordinator.identity, Subject.storage(key)))},
            translation_key="storage",
            translation_placeholders={"storage": view.name},
            manufacturer="Proxmox",
            model=self._localizer.text("device_storage"),
            model_id=view.name,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page.with_fragment(page),
            via_device_id=cluster_id,
        )

    def _node(self, node: str, cluster_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={(DOMAIN, device_key(self._coordinator.identity, Subject.node(node)))},
            name=node,
            manufacturer="Proxmox",
            model=self._localizer.text("device_node"),
            configuration_url=self._page.with_fragment(_NODE_PAGE.format(node)),
            via_device_id=cluster_id,
        )

    def _remove_the_gone(self, assessment: Assessment) -> None:
        """Remove devices of guests and jobs that were absent from several readings that would have shown them."""
        if assessment.read_at == self._counted:
            # An assessment may be published again, as after a person's word or while what was read before stands in.
            return
        self._counted = assessment.read_at
        self._remove_gone_replications(assessment)
        things = (
            set(assessment.guests),
            set(assessment.jobs),
            set(assessment.storages),
            nodes_with_agent(self._coordinator),
        )
        if things == self._none_gone:
            return
        present = _keys(self._coordinator)
        self._none_gone = things
        for device in dr.async_entries_for_config_entry(self._registry, self._entry_id):
            for _, key in device.identifiers:
                if key not in present:
                    self._none_gone = None
                if key in present or not self._would_show(key, assessment):
                    self._absent.pop(key, None)
                    continue
                self._absent[key] += 1
                if self._absent[key] >= _POLLS_UNTIL_REMOVED:
                    self._registry.async_remove_device(device.id)
                    del self._absent[key]

    def _remove_gone_replications(self, assessment: Assessment) -> None:
        """Remove the entities of replication jobs that are gone; the device is their guest's, which stays."""
        entities, begin = er.async_get(self._coordinator.hass), f"{self._coordinator.identity}_replication_"
        for entity in er.async_entries_for_config_entry(entities, self._entry_id):
            job_id, _, _ = entity.unique_id.removeprefix(begin).partition("_")
            if not entity.unique_id.startswith(begin):
                continue
            vmid, _, _ = job_id.partition("-")
            is_hidden = Subject("guest", vmid) in assessment.out_of_sight
            if job_id in assessment.replications or is_hidden or not assessment.replications_complete:
                self._absent.pop(entity.unique_id, None)
                continue
            self._absent[entity.unique_id] += 1
            if self._absent[entity.unique_id] >= _POLLS_UNTIL_REMOVED:
                entities.async_remove(entity.entity_id)
                del self._absent[entity.unique_id]

    def _would_show(self, key: str, assessment: Assessment) -> bool:
        """Tell whether the assessment is one in which what exists is sure to appear."""
        subject = subject_of(self._coordinator.identity, key)
        match subject.kind if subject is not None else None:
            case "job":
                return assessment.jobs_visible and assessment.cluster.quorate
            case "node":
                return assessment.cluster.quorate
            case "storage":
                return self._storages_visible() and assessment.guests_complete
            case _:
                return assessment.guests_complete

    def _storages_visible(self) -> bool:
        """Tell whether the token still sees storages: Proxmox leaves out those that it does not, without a word."""
        reading = self._coordinator.reading
        return reading is not None and reading.permissions.has("/storage", "Datastore.Audit")


async def async_forget(device: dr.AnyDeviceEntry, coordinator: CheckerCoordinator) -> bool:
    """Forget what a device stands for, and tell whether that was possible: what is listed would come again."""
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    assessment, identity = coordinator.assessment, coordinator.identity
    hidden = [subject for subject in assessment.out_of_sight if device_key(identity, subject) in keys]
    if not hidden:
        return keys.isdisjoint(_keys(coordinator))
    for subject in hidden:
        await coordinator.async_take_up(partial(forgotten, subject=subject, now=dt_util.utcnow()))
    return True


def nodes_with_agent(coordinator: CheckerCoordinator) -> list[str]:
    """Return the nodes of the cluster that have a log agent."""
    return sorted(coordinator.agent_nodes & coordinator.assessment.nodes.keys())


def _keys(coordinator: CheckerCoordinator) -> set[str]:
    assessment, identity = coordinator.assessment, coordinator.identity
    nodes = (Subject.node(node) for node in nodes_with_agent(coordinator))
    return {device_key(identity, subject) for subject in (*assessment.verdicts, *nodes)}
