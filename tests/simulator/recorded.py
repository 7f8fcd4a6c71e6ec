"""The recorded host (tests/data/recorded) built in the simulator, and how answers are held against the record."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from simulator import Scenario, SimulatedCluster, Stage, failed, interrupted, lock_timeout, warning
from simulator.cluster import Cluster
from simulator.guests import Disk

from .client import Answer, Client

RECORDED = Path(__file__).parents[1] / "data/recorded"
MIB = 1024**2
FRIDAY = datetime(2026, 12, 4, 15, 30, tzinfo=UTC)

type Recorded = dict[str, Any]


def read(name: str) -> Any:
    """Return one of the files."""
    return json.loads((RECORDED / name).read_text())


ANSWERS: list[Recorded] = read("answers.json")


def build(cluster: Cluster) -> None:
    """Build the host that was recorded."""
    cluster.name = None
    cluster.add_node("pve1")
    cluster.add_storage(
        "local",
        content="rootdir,vztmpl,images,iso,backup",
        total=270_553_174_016,
        used=28_000 * MIB,
        prune="keep-all=1",
    )
    cluster.storages["local"].reserved = 150_000 * MIB
    nas = cluster.add_storage("nas", total=92_500_992, path="/var/mnt/nas", is_mountpoint=True, prune="keep-last=5")
    nas.reserved = 7 * MIB
    for vmid, name in ((100, "nas-vm"), (103, "win")):
        disk = Disk(key="scsi0", volume=f"local:{vmid}/vm-{vmid}-disk-0.qcow2", size=32 * MIB)
        cluster.add_vm(vmid, name, "pve1", disks=[disk], filled=0.1, speed=2, agent=None)
    for vmid, name in ((101, "web"), (102, "mail")):
        volume = f"local:{vmid}/subvol-{vmid}-disk-0.subvol"
        disk = Disk(key="rootfs", volume=volume, size=16 * MIB, reason="rootfs", mount="/")
        cluster.add_ct(vmid, name, "pve1", disks=[disk], filled=0.05, status="stopped")
    keep = {"keep-last": "2"}
    cluster.add_job(
        "backup-all",
        "02:00",
        "nas",
        all=1,
        comment="all nightly",
        mailnotification="failure",
        notes_template="{{guestname}}",
        compress="zstd",
        prune_backups=keep,
    )
    cluster.add_job(
        "backup-two",
        "12:00",
        "local",
        vmid="101,102",
        mode="stop",
        exclude_path=["/var/log/*"],
        fleecing={"enabled": 0},
        notification_mode="notification-system",
        repeat_missed=1,
        compress="zstd",
        prune_backups=keep,
    )
    cluster.add_job("backup-off", "sat 03:00", "local", enabled=False, vmid="103", compress="0", prune_backups=keep)


WORLD = Scenario(name="recorded", title="The host that was recorded", build=build, history_days=4)


def live(pve: SimulatedCluster) -> None:
    """Let tasks end in all the ways that were asked for."""
    token = "root@pam!full"
    pve.backup_by_hand([100], "local", outcomes={100: interrupted()}, by=token)
    pve.backup_by_hand([103], "local", outcomes={103: failed("VM is locked (backup)", stage=Stage.PREPARING)}, by=token)
    pve.job("backup-all").run({100: warning("attempt to clean up left-over fleecing images failed")})
    pve.storage("nas").go_offline()
    pve.job("backup-all").run()
    pve.storage("nas").come_online()
    pve.job("backup-all").run(outcome=lock_timeout())
    pve.backup_by_hand([101], "local", from_shell=True)
    pve.backup_by_hand([100], "local", outcomes={100: interrupted()}, from_shell=True)


def token_of(pve: SimulatedCluster, rights: str) -> str | None:
    """Return the token that has the recorded rights; None is that of Home Assistant."""
    match rights.split(maxsplit=1)[0]:
        case "audit":
            return None
        case "no":
            return ""
        case "wrong":
            return f"{pve.token_id}=00000000-0000-0000-0000-000000000000"
        case "unknown":
            return "nobody@pve!none=00000000-0000-0000-0000-000000000000"
        case "malformed":
            return "nonsense"
        case name:
            token = next(token for token in pve.access.tokens.values() if token.id.endswith(f"!{name}"))
            return f"{token.id}={token.secret}"


STATUSES = {
    row["upid"]: row["status"]
    for entry in ANSWERS
    if entry["request"] == "GET /nodes/pve1/tasks?typefilter=vzdump&source=all&limit=5000"
    for row in entry["body"]["data"]
}


def task_for(pve: SimulatedCluster, upid: str) -> str:
    """Return the task of ours that ended as the recorded one; one that does not exist stays what it is."""
    by_token = "!" in upid
    tasks = pve.node("pve1").tasks.archived()
    found = (task.upid for task in tasks if task.status == STATUSES.get(upid) and bool(task.tokenid) == by_token)
    return next(found, upid)


async def ask(pve: SimulatedCluster, client: Client, recorded: Recorded) -> Answer:
    """Ask what was asked, with the rights that it was asked with."""
    path, _, query = str(recorded["request"]).removeprefix("GET ").partition("?")
    parts = [task_for(pve, unquote(part)) if part.startswith("UPID") else part for part in path.split("/")]
    parameters = {name.replace("-", "_"): value for name, value in parse_qsl(query)}
    return await client.get("/".join(parts), token=token_of(pve, recorded["rights"]), **parameters)


def shape(value: Any, place: str = "") -> dict[str, set[str]]:
    """Return the fields of each object and the JSON types at each place; rows of one type are of one shape."""
    found: dict[str, set[str]] = {place: {type(value).__name__.replace("float", "int")}}
    inner: list[tuple[str, Any]] = []
    if isinstance(value, list):
        inner = [
            (f"{place}[{entry.get('type', '')}]" if isinstance(entry, dict) else f"{place}[]", entry) for entry in value
        ]
    elif isinstance(value, dict):
        found[f"{place} fields"] = {" ".join(sorted(value))}
        inner = [(f"{place}.{name}", entry) for name, entry in value.items()]
    for name, entry in inner:
        for where, types in shape(entry, name).items():
            found.setdefault(where, set()).update(types)
    return found


def difference(ours: Any, real: Any) -> dict[str, tuple[set[str], set[str]]]:
    """Return where an answer of ours has a shape that the recorded one has not."""
    mine, theirs = shape(ours), shape(real)
    return {
        where: (kinds, theirs.get(where, set()))
        for where, kinds in mine.items()
        if not kinds <= theirs.get(where, set())
    }
