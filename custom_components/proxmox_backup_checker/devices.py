"""The device registry: one device for the cluster, and one for each job and guest below it."""

from collections import Counter
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from yarl import URL

from .checker.job_names import job_name
from .checker.picture import Picture
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .proxmox.backup_models import BackupJob
from .proxmox.models import Guest

# A guest that is being moved is in no node's list for a moment.
_POLLS_UNTIL_REMOVED: Final = 3
_MODELS: Final = {"qemu": "Virtual machine", "lxc": "Container"}
_PREFIXES: Final = {"qemu": "VM", "lxc": "CT"}


def cluster_key(identity: str) -> str:
    """Return the identifier of the cluster's device."""
    return f"{identity}_cluster"


def job_key(identity: str, job_id: str) -> str:
    """Return the identifier of a job's device."""
    return f"{identity}_job_{job_id}"


def guest_key(identity: str, vmid: int | str) -> str:
    """Return the identifier of a guest's device; a guest keeps it on whatever node it is."""
    return f"{identity}_guest_{vmid}"


def storage_key(identity: str, storage: str) -> str:
    """Return the identifier of a storage's device."""
    return f"{identity}_storage_{storage}"


class Devices:
    """Keeps the device registry in step with the picture."""

    def __init__(self, hass: HomeAssistant, coordinator: CheckerCoordinator) -> None:
        """Start with the cluster's own device."""
        self._registry = dr.async_get(hass)
        self._coordinator = coordinator
        self._entry_id = coordinator.config_entry.entry_id
        data = coordinator.config_entry.data
        self._page = URL.build(scheme="https", host=data[CONF_HOST], port=data[CONF_PORT], path="/")
        self._absent: Counter[str] = Counter()

    @callback
    def update(self) -> None:
        """Register what is new, rename what has a new name, remove what is surely gone."""
        if not self._coordinator.last_update_success:
            return
        picture = self._coordinator.data
        identity = self._coordinator.identity
        cluster = self._registry.async_get_or_create_from_info(
            config_entry_id=self._entry_id,
            device_info=DeviceInfo(
                identifiers={(DOMAIN, cluster_key(identity))},
                name=picture.cluster.title,
                manufacturer="Proxmox",
                model="Proxmox VE cluster" if picture.cluster.name else "Proxmox VE host",
                entry_type=DeviceEntryType.SERVICE,
                configuration_url=self._page,
            ),
        )
        for job_view in picture.jobs.values():
            self._register(self._job(job_view.job, cluster.id))
        for guest_view in picture.guests.values():
            self._register(self._guest(guest_view.guest, cluster.id))
        for key in picture.storages:
            self._register(self._storage(key, cluster.id))
        self._remove_the_gone(picture)

    def _register(self, info: DeviceInfo) -> None:
        self._registry.async_get_or_create_from_info(config_entry_id=self._entry_id, device_info=info)

    def _job(self, job: BackupJob, cluster_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={(DOMAIN, job_key(self._coordinator.identity, job.job_id))},
            translation_key="job",
            translation_placeholders={"job": job_name(job)},
            manufacturer="Proxmox",
            model="Backup job",
            model_id=job.job_id,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page,
            via_device_id=cluster_id,
        )

    def _guest(self, guest: Guest, cluster_id: str) -> DeviceInfo:
        """Describe a guest; on a node that is down Proxmox does not know its name, and the last one stays."""
        key = (DOMAIN, guest_key(self._coordinator.identity, guest.vmid))
        known = self._registry.async_get_device_by_identifier(key, self._entry_id)
        name = guest.name or (known.name if known else None) or f"{_PREFIXES.get(guest.guest_type, 'VM')} {guest.vmid}"
        return DeviceInfo(
            identifiers={key},
            name=name,
            manufacturer="Proxmox",
            model=_MODELS.get(guest.guest_type, guest.guest_type),
            model_id=str(guest.vmid),
            configuration_url=self._page.with_fragment(f"v1:0:={guest.guest_type}/{guest.vmid}"),
            via_device_id=cluster_id,
        )

    def _storage(self, key: str, cluster_id: str) -> DeviceInfo:
        return DeviceInfo(
            identifiers={(DOMAIN, storage_key(self._coordinator.identity, key))},
            translation_key="storage",
            translation_placeholders={"storage": key},
            manufacturer="Proxmox",
            model="Storage",
            model_id=key,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=self._page,
            via_device_id=cluster_id,
        )

    def _remove_the_gone(self, picture: Picture) -> None:
        """Remove devices of guests and jobs that were absent from several pictures that would have shown them."""
        for device in dr.async_entries_for_config_entry(self._registry, self._entry_id):
            for _, key in device.identifiers:
                if key in _keys(picture, self._coordinator.identity) or not self._would_show(key, picture):
                    self._absent.pop(key, None)
                    continue
                self._absent[key] += 1
                if self._absent[key] >= _POLLS_UNTIL_REMOVED:
                    self._registry.async_remove_device(device.id)
                    del self._absent[key]

    def _would_show(self, key: str, picture: Picture) -> bool:
        """Tell whether the picture is one in which what exists is sure to appear."""
        if key.startswith(job_key(self._coordinator.identity, "")):
            return picture.jobs_visible and picture.cluster.quorate
        return picture.guests_complete


def is_present(device: dr.AnyDeviceEntry, coordinator: CheckerCoordinator) -> bool:
    """Tell whether a device stands for something that is in the picture."""
    keys = _keys(coordinator.data, coordinator.identity)
    return any(domain == DOMAIN and key in keys for domain, key in device.identifiers)


def _keys(picture: Picture, identity: str) -> set[str]:
    return {
        cluster_key(identity),
        *(job_key(identity, job_id) for job_id in picture.jobs),
        *(guest_key(identity, vmid) for vmid in picture.guests),
        *(storage_key(identity, key) for key in picture.storages),
    }
