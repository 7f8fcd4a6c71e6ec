"""A believable homelab: mostly fine, with one guest that fails, one that nobody backs up, and a backup in progress."""

from datetime import datetime, timedelta

from simulator.cluster import TIB, Cluster
from simulator.guests import GIB, Disk
from simulator.outcomes import Stage, failed
from simulator.restoring import restore
from simulator.scenario import Scenario

from .homelab_servers import build_server_jobs, build_servers

HISTORY_DAYS = 35


def build_hardware(cluster: Cluster) -> None:
    """Three nodes with a NAS and a Proxmox Backup Server, and another such server elsewhere."""
    cluster.name = "homelab"
    for name in ("pve1", "pve2", "pve3"):
        cluster.add_node(name)
    cluster.add_storage("local", "dir", total=94 * GIB, used=21 * GIB, content="iso,vztmpl,backup")
    cluster.add_storage("local-lvm", "lvmthin", total=800 * GIB, used=410 * GIB, content="rootdir,images")
    cluster.add_storage(
        "nas", "nfs", server="192.168.1.20", total=8 * TIB, used=int(3.1 * TIB), prune="keep-daily=7,keep-weekly=4"
    )
    cluster.add_storage("usb", "dir", total=4 * TIB, used=int(0.6 * TIB), path="/mnt/usb", nodes=("pve3",))
    build_servers(cluster)


def build_guests(cluster: Cluster) -> None:
    """A dozen guests, of which all but one tell their addresses."""
    cluster.add_vm(100, "haos", "pve1", size=64, filled=0.3, tags="home", agent=True)
    cluster.add_vm(101, "docker", "pve1", size=120, filled=0.4)
    cluster.add_ct(102, "adguard", "pve1", size=4)
    cluster.add_ct(103, "vaultwarden", "pve1", size=8, pool="important")
    cluster.add_vm(110, "nextcloud", "pve2", size=200, filled=0.5, pool="important")
    cluster.add_vm(
        111,
        "paperless",
        "pve2",
        disks=[
            Disk(key="scsi0", volume="local-lvm:vm-111-disk-0", size=32 * GIB),
            Disk(
                key="scsi1",
                volume="local-lvm:vm-111-disk-1",
                size=64 * GIB,
                included=False,
                reason="backup=no",
            ),
        ],
        pool="important",
    )
    cluster.add_ct(112, "jellyfin", "pve2", size=24, filled=0.4)
    cluster.add_ct(113, "grafana", "pve2", size=12)
    cluster.add_vm(120, "windows11", "pve3", size=100, filled=0.5, status="stopped", agent=None)
    cluster.add_ct(121, "unifi", "pve3", size=10)
    cluster.add_vm(122, "mail", "pve3", size=48, filled=0.6, speed=56.5)
    cluster.add_vm(123, "immich", "pve3", size=80, filled=0.6)
    for vmid in cluster.guests.keys() - {101}:
        cluster.guest(vmid).address = f"192.168.1.{vmid}"
    cluster.pools["important"] = "What must not get lost"


def build_jobs(cluster: Cluster, now: datetime) -> None:
    """Four jobs, the last of them since yesterday."""
    cluster.add_job(
        "backup-3f1a7c52-91de",
        "02:30",
        "nas",
        vmid="100,101,102,103,110,112,113,120,121",
        compress="zstd",
        comment="Nightly to the NAS",
        notes_template="{{guestname}}",
        mailnotification="failure",
        repeat_missed=0,
    )
    cluster.add_job(
        "backup-8b20e6d4-0c77",
        "22:00",
        "pbs",
        pool="important",
        comment="Important guests to the backup server",
        notes_template="{{cluster}}, {{guestname}}, {{node}}, {{vmid}}",
        prune_backups={"keep-daily": "14", "keep-weekly": "8"},
        repeat_missed=1,
    )
    cluster.add_job(
        "backup-c94d1e0b-5a3f",
        "sun 04:00",
        "pbs",
        all=1,
        exclude="122,123",
        comment="Everything on Sundays",
        prune_backups={"keep-weekly": "6"},
        fleecing={"enabled": 1, "storage": "local-lvm"},
    )
    yesterday = now.replace(hour=8, minute=5, second=0, microsecond=0) - timedelta(days=1)
    cluster.at(yesterday, lambda: _add_mail_job(cluster))


def _add_mail_job(cluster: Cluster) -> None:
    """Add a job whose runs nearly touch each other: whenever somebody looks, one is in progress.

    They go to a disk of the guest's own node, and nowhere else.
    """
    cluster.add_job(
        "backup-e7705a18-42b6",
        "*/15",
        "usb",
        vmid="122",
        compress="zstd",
        comment="Mail, every quarter of an hour",
        notes_template="{{guestname}}",
        prune_backups={"keep-last": "6", "keep-hourly": "12"},
    )


def _test_a_restore(cluster: Cluster, begin: datetime) -> None:
    """Restore a guest under another number, look at it, and throw it away: as docs/restore-test.md says."""

    def start() -> None:
        cluster.guest(9110).start()
        cluster.node("pve2").other_task("qmstart", "9110")

    def throw_away() -> None:
        cluster.guest(9110).delete()
        cluster.node("pve2").other_task("qmdestroy", "9110")

    cluster.at(begin, lambda: restore(cluster, 110, 9110, "nas"))
    cluster.at(begin + timedelta(minutes=20), start)
    cluster.at(begin + timedelta(minutes=26), throw_away)


def _leave_archives(cluster: Cluster, begin: datetime) -> None:
    """Try something out in a container, back it up twice, and delete it: its archives stay."""

    def back_up() -> None:
        cluster.backup_by_hand([115], "nas")

    cluster.at(begin, lambda: cluster.add_ct(115, "wiki", "pve2", size=6, filled=0.6))
    cluster.at(begin + timedelta(minutes=10), back_up)
    cluster.at(begin + timedelta(hours=3), back_up)
    cluster.at(begin + timedelta(hours=4), lambda: cluster.guest(115).delete())


def _let_a_log_run_away(cluster: Cluster) -> None:
    """Fill a guest's disk with what nobody reads."""
    cluster.guest(121).filled = 0.97


def build(cluster: Cluster) -> None:
    """Build the homelab and its past."""
    build_hardware(cluster)
    build_guests(cluster)
    now = cluster.clock.now().astimezone(cluster.node("pve1").zone)
    build_jobs(cluster, now)
    build_server_jobs(cluster, now)
    cluster.at(now.replace(hour=18, minute=0) - timedelta(days=1), lambda: _let_a_log_run_away(cluster))
    _leave_archives(cluster, now.replace(hour=15, minute=0) - timedelta(days=20))
    _test_a_restore(cluster, now.replace(hour=19, minute=40) - timedelta(days=9))
    three_nights_ago = now.replace(hour=12, minute=0) - timedelta(days=3)
    silent = failed("VM 101 qmp command 'backup' failed - got timeout", stage=Stage.STARTING)
    cluster.guest(101).fails(silent, since=three_nights_ago, job="backup-3f1a7c52-91de")


HOMELAB = Scenario(
    name="homelab",
    title=(
        "Three nodes, a dozen guests, four jobs, two backup servers; one guest fails, one is in no job, one lacks its "
        "off-site copy, one has left archives, one run is in progress"
    ),
    build=build,
    history_days=HISTORY_DAYS,
)
