"""What people call jobs and guests, and how sizes, durations and lists are written."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from .facts import StorageFacts
from .records import GuestRecord, JobRecord

_MOST_NAMES: Final = 5
_GUEST_PREFIXES: Final = {"qemu": "VM", "lxc": "CT"}
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def job_name(job: BackupJob) -> str:
    """Return the first line of a job's comment that says anything, else its schedule and storage, else its id."""
    written = next((line for line in (job.comment or "").splitlines() if line.strip()), None)
    if written is not None:
        return written
    if job.schedule:
        return f"{job.schedule} → {_place(job)}"
    return job.job_id


def _place(job: BackupJob) -> str:
    """Return where a job writes to, as far as it says so itself: a storage, or the folder of one that only root can make."""
    return job.storage or str(job.options.get("dumpdir") or "local")


def names_of_jobs(jobs: Iterable[BackupJob]) -> str:
    """Return the names of jobs as one value: a line each, which a sentence puts into quotation marks of its language."""
    return "\n".join(job_name(job) for job in jobs)


def job_name_by_id(job_id: str | None, records: Mapping[str, JobRecord]) -> str:
    """Return the name of a job, of a deleted one too: its id where nothing is remembered of it, empty without an id."""
    record = records.get(job_id) if job_id is not None else None
    return record.name if record is not None else job_id or ""


def job_with_storage(job: BackupJob) -> str:
    """Return a job's name with the storage that it writes to."""
    name = job_name(job)
    return name if "→" in name or not job.storage else f"{name} → {job.storage}"


def storage_name(storage: StorageFacts, storages: Iterable[StorageFacts]) -> str:
    """Return a storage's id, with its node where another node has one of the same name."""
    if storage.node is None or not any(
        other.storage == storage.storage and other.node != storage.node for other in storages
    ):
        return storage.storage
    return f"{storage.node}/{storage.storage}"


def guest_name(name: str | None, vmid: int, guest_type: str) -> str:
    """Return a guest's name, else what Proxmox calls it, such as CT 101."""
    return name or f"{_GUEST_PREFIXES.get(guest_type, 'VM')} {vmid}"


def guest_label(name: str | None, vmid: int) -> str:
    """Return a guest's name with its number, the number alone where the name is not known."""
    return f"{name} ({vmid})" if name else str(vmid)


def labels_of_guests(vmids: Iterable[int], records: Mapping[int, GuestRecord]) -> tuple[str, ...]:
    """Return the labels of guests, of deleted ones too."""
    return tuple(guest_label(record.name if (record := records.get(vmid)) else None, vmid) for vmid in vmids)


def abbreviated(texts: Iterable[str], most: int = _MOST_NAMES) -> str:
    """Return texts as one: the first few, and how many more there are."""
    every = list(texts)
    more = f", … (+{len(every) - most})" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def size_text(size: int) -> str:
    """Return a size in bytes as people read it, in the units of Proxmox' web interface."""
    value, unit = float(size), _UNITS[0]
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def duration_text(duration: timedelta) -> str:
    """Return a duration in hours and minutes, as `1 h 12 min`; at least one minute."""
    hours, minutes = divmod(max(1, round(duration.total_seconds() / 60)), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])
