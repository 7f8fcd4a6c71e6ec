"""Answers have the shapes that Proxmox documents and delivers."""

import json
from pathlib import Path
from typing import Any

from fakepve import schema
import pytest

from simulator import SimulatedCluster, failed, running

from .client import Client

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data/api/samples.json").read_text())
SCHEMA = schema.load()

DELIVERED_OTHERWISE = {
    ("/cluster/backup", "prune-backups"),
    ("/cluster/backup", "fleecing"),
    ("/cluster/backup/{id}", "prune-backups"),
    ("/cluster/backup/{id}", "fleecing"),
    ("/nodes/{node}/vzdump/defaults", "fleecing"),
    ("/nodes/{node}/vzdump/defaults", "performance"),
}
"""Documented as a property string, delivered as an object."""

PATHS = [
    "/version",
    "/access/permissions",
    "/cluster/status",
    "/cluster/config/nodes",
    "/cluster/resources",
    "/cluster/backup",
    "/cluster/backup/backup-nightly",
    "/cluster/backup/backup-nightly/included_volumes",
    "/cluster/backup-info/not-backed-up",
    "/cluster/jobs/schedule-analyze?schedule=21:00",
    "/cluster/tasks",
    "/nodes",
    "/nodes/pve1/time",
    "/nodes/pve1/tasks?source=all",
    "/nodes/pve1/tasks/{upid}/log",
    "/nodes/pve1/tasks/{upid}/status",
    "/cluster/replication",
    "/nodes/pve1/replication",
    "/nodes/pve1/network",
    "/nodes/pve1/qemu/101/config",
    "/nodes/pve1/lxc/103/config",
    "/nodes/pve1/storage",
    "/nodes/pve1/storage/nas/status",
    "/nodes/pve1/storage/nas/content?content=backup",
    "/nodes/pve1/storage/nas/prunebackups?prune-backups=keep-all=1",
    "/nodes/pve1/vzdump/defaults?storage=nas",
    "/storage",
    "/storage/nas",
    "/pools",
    "/pools/prod",
    "/pools?poolid=prod",
]


def deviations(spec: dict[str, Any], value: Any, place: str) -> list[str]:
    """Return where a value is not what a schema says."""
    kind = spec.get("type")
    if kind == "array":
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [text for item in value for text in deviations(spec.get("items", {}), item, place)]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{place}: no object"]
        properties: dict[str, Any] = spec.get("properties", {})
        found = [
            f"{place}: {name} is missing"
            for name, sub in properties.items()
            if not sub.get("optional") and name not in value
        ]
        if spec.get("additionalProperties") == 0:
            found += [f"{place}: {name} is unknown" for name in value.keys() - properties.keys()]
        for name, sub in properties.items():
            if name in value and (place, name) not in DELIVERED_OTHERWISE:
                found += deviations(sub, value[name], f"{place}.{name}")
        return found
    _, error = schema.check_value(spec, value)
    return [f"{place}: {value!r} {error}"] if error else []


async def prepare(pve: SimulatedCluster) -> str:
    """Let something happen, let the token see all of it, and return the id of a task."""
    pve.pools["prod"] = "production"
    pve.guest(101).pool = "prod"
    pve.replicate(101, "pve2")
    pve.guest(101).address, pve.guest(103).address = "192.168.1.51", "192.168.1.53"
    pve.guest(101).tags = "a;b"
    pve.add_ct(110, "lab", "pve1")
    pve.job("nightly").run({104: failed("out of space")})
    pve.limit_token({"/": "PVEAuditor VM.Backup Datastore.AllocateSpace Datastore.Allocate"})
    run = pve.job("nightly").start({101: running(30)})[0]
    pve.clock.advance(minutes=2)
    return run.upid


@pytest.mark.parametrize("path", PATHS)
async def test_answers_follow_the_schema_of_the_api(pve: SimulatedCluster, client: Client, path: str) -> None:
    """Every answer is what Proxmox's own description of its API promises."""
    path = path.replace("{upid}", await prepare(pve))
    place, _, query = path.partition("?")
    match = SCHEMA.match(place)
    parameters = dict([query.split("=", 1)]) if query else {}
    data = (await client.get(place, **parameters)).data
    assert data
    assert deviations(match.methods["GET"]["returns"], data, match.template) == []


SAMPLED = {
    "/version": "GET /version (9.2)",
    "/cluster/status": "GET /cluster/status (cluster)",
    "/cluster/resources?type=vm": "GET /cluster/resources?type=vm",
    "/cluster/resources?type=storage": "GET /cluster/resources?type=storage",
    "/cluster/resources?type=node": "GET /cluster/resources?type=node",
    "/cluster/backup": "GET /cluster/backup",
    "/cluster/backup/backup-nightly": "GET /cluster/backup/{id} (no next-run)",
    "/cluster/backup/backup-nightly/included_volumes": "GET /cluster/backup/{id}/included_volumes",
    "/cluster/backup-info/not-backed-up": "GET /cluster/backup-info/not-backed-up",
    "/cluster/jobs/schedule-analyze?schedule=21:00": "GET /cluster/jobs/schedule-analyze?schedule=21:00&iterations=2",
    "/nodes/pve1/time": "GET /nodes/pve1/time",
    "/nodes/pve1/tasks?source=all": "GET /nodes/pve1/tasks?typefilter=vzdump&source=all&limit=500",
    "/nodes/pve1/tasks/{upid}/log": "GET /nodes/pve1/tasks/{upid}/log?limit=0",
    "/nodes/pve1/storage": "GET /nodes/pve1/storage?content=backup",
    "/nodes/pve1/storage/nas/content": "GET /nodes/pve1/storage/nas-backup/content?content=backup",
    "/nodes/pve1/storage/pbs/content": "GET /nodes/pve1/storage/pbs1/content?content=backup",
    "/nodes/pve1/storage/nas/prunebackups": "GET /nodes/pve1/storage/nas-backup/prunebackups?prune-backups=keep-all=1",
    "/nodes/pve1/storage/pbs/prunebackups?prune-backups=keep-last=1": (
        "GET /nodes/pve1/storage/pbs1/prunebackups?prune-backups=keep-last=1&vmid=101&type=qemu"
    ),
    "/nodes/pve1/vzdump/defaults?storage=nas": "GET /nodes/pve1/vzdump/defaults?storage=nas-backup",
    "/storage": "GET /storage",
    "/pools": "GET /pools",
    "/cluster/tasks": "GET /cluster/tasks (<=25 per node, running first)",
}
NOT_IN_SAMPLES = {"export", "nodes", "disable", "vgname", "thinpool", "lock", "pid", "is_mountpoint"}
"""Fields that Proxmox has and the samples do not show."""


def kinds(value: Any, place: str = "") -> dict[str, set[str]]:
    """Return the JSON types that stand at each place of a value."""
    found: dict[str, set[str]] = {place: {type(value).__name__.replace("float", "int")}}
    inner: list[tuple[str, Any]] = []
    if isinstance(value, list):
        inner = [(f"{place}[]", entry) for entry in value]
    elif isinstance(value, dict):
        inner = [(f"{place}.{name}", entry) for name, entry in value.items()]
    for name, entry in inner:
        for where, types in kinds(entry, name).items():
            found.setdefault(where, set()).update(types)
    return found


@pytest.mark.parametrize(("path", "sample"), SAMPLED.items())
async def test_answers_look_like_those_of_real_hosts(
    pve: SimulatedCluster, client: Client, path: str, sample: str
) -> None:
    """No field is there that a real answer has not, and each has its type."""
    server = pve.add_storage("pbs", "pbs")
    server.encryption_key, server.verifies = "aa:bb:cc:dd", True
    for _ in range(2):
        pve.backup_by_hand([101, 103], "pbs")
    path = path.replace("{upid}", await prepare(pve))
    place, _, query = path.partition("?")
    parameters = dict([query.split("=", 1)]) if query else {}
    ours, real = kinds((await client.get(place, **parameters)).data), kinds(SAMPLES[sample]["data"])
    strangers = {where for where in ours.keys() - real.keys() if where.rpartition(".")[2] not in NOT_IN_SAMPLES}
    assert strangers == set()
    assert {where: types for where, types in ours.items() if where in real and not types <= real[where]} == {}
