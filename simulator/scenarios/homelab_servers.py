"""The homelab's backup servers: one beside the cluster, and one elsewhere that quietly lacks a guest."""

from datetime import datetime, timedelta

from simulator.backup_server import ServedBackupServer
from simulator.cluster import TIB, Cluster
from simulator.engine import Process
from simulator.guests import GIB

NAMESPACE = "homelab"
REMOTE_USER = "sync@pbs"
_DAY = 86_400


def build_servers(cluster: Cluster) -> None:
    """A local server, and an off-site one to which it pushes."""
    local = cluster.add_backup_server("pbs")
    main = local.add_datastore("main", total=2 * TIB, used=int(0.4 * TIB), gc_schedule="daily", verify_new=True)
    cluster.connect_storage("pbs", main, namespace=NAMESPACE)
    vault = cluster.add_backup_server("vault")
    tank = vault.add_datastore("tank", total=4 * TIB, used=int(0.9 * TIB), gc_schedule="sat 03:00")
    vault.access.grant("/datastore", "DatastorePowerUser", REMOTE_USER, f"{REMOTE_USER}!home")
    local.add_remote("vault", vault, f"{REMOTE_USER}!home", comment="At my parents'")
    # Copied by hand in the beginning, as root: since then the remote's user may not add to it.
    tank.add_namespace(NAMESPACE)
    tank.add_group(NAMESPACE, "ct", "103", "root@pam").add(int(cluster.engine.time), size=3 * GIB)


def build_server_jobs(cluster: Cluster, now: datetime) -> None:
    """The jobs of both servers, and clients that back up by themselves."""
    local, vault = cluster.backup_servers["pbs"], cluster.backup_servers["vault"]
    local.add_sync_job(
        *("s-offsite", "main"),
        schedule="05:30",
        direction="push",
        remote="vault",
        remote_store="tank",
        ns=NAMESPACE,
        remote_ns=NAMESPACE,
        comment="Everything to the vault",
    )
    local.add_prune_job("p-main", "main", "06:30", {"keep-daily": 14, "keep-weekly": 8, "keep-monthly": 6})
    local.add_verify_job("v-main", "main", schedule="sun 07:00", outdated_after=30)
    vault.add_prune_job("p-tank", "tank", "sat 02:00", {"keep-weekly": 12, "keep-monthly": 12})
    vault.add_verify_job("v-tank", "tank", schedule="sat 05:00", outdated_after=60)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=34)
    _let_back_up(local, "host/nas", midnight + timedelta(hours=3), days=1.0, size=120 * GIB)
    _let_back_up(local, "host/laptop-anna", midnight + timedelta(hours=19, minutes=40), days=2.0, size=40 * GIB)


def _let_back_up(server: ServedBackupServer, group: str, begin: datetime, *, days: float, size: int) -> None:
    """Let a client back up for ever from a moment on."""
    owner = f"{group.removeprefix('host/')}@pbs"

    def work() -> Process:
        while True:
            server.backup("main", group, owner=owner, size=size, duration=240.0)
            yield days * _DAY

    server.world.engine.spawn(work(), begin.timestamp())
