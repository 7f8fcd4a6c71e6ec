"""A virtual Proxmox Backup Server: API, clock, jobs, tasks with logs, and what lies on it."""

from .content import Datastore, Group, Snapshot
from .server import BackupServer, Remote
from .simulated import BackupServers, ServedBackupServer

__all__ = ["BackupServer", "BackupServers", "Datastore", "Group", "Remote", "ServedBackupServer", "Snapshot"]
