"""Which archives a job's runs keep and which they remove."""

from collections.abc import Mapping
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.retention import KeepOptions
from ..model.facts import StorageFacts

_FLAGS_OFF: Final = frozenset({"0", "False", "no", "off"})


def retention_of(
    job: BackupJob, storage: StorageFacts | None, default: KeepOptions | None = None
) -> KeepOptions | None:
    """Return the retention of a job: its own, else its storage's, else the node's `default` of /etc/vzdump.conf.

    None where there is none that Proxmox shows: a backup server may have its own (PVE/VZDump.pm, new). Proxmox 7 still
    knows `maxfiles`, which is the same as keep-last.
    """
    options = job.options.get("prune-backups")
    try:
        if isinstance(options, Mapping):
            return KeepOptions.from_api(options)
        if isinstance(options, str) and options:
            return KeepOptions.parse(options)
        if "maxfiles" in job.options:
            return KeepOptions.from_api({"keep-last": job.options["maxfiles"]})
    except ValueError:
        return None
    return (storage.keep if storage is not None else None) or default


def removes_old(job: BackupJob) -> bool:
    """Tell whether a job's runs remove old archives."""
    return str(job.options.get("remove", "1")) not in _FLAGS_OFF
