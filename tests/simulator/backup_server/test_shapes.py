"""Answers of the virtual backup server have the shapes of real ones (tests/data/api/pbs_samples.json)."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest

from simulator.backup_server import BackupServers, ServedBackupServer

from ..test_shapes import kinds
from .ask import ask
from .conftest import NOON

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data/api/pbs_samples.json").read_text())

SAMPLED = {
    "/ping": ["GET /ping (no token)"],
    "/version": ["GET /version (4.2)"],
    "/nodes/localhost/identity": ["GET /nodes/localhost/identity (>=4.1.10)"],
    "/nodes/localhost/time": ["GET /nodes/localhost/time"],
    "/nodes/localhost/status": ["GET /nodes/localhost/status"],
    "/nodes/localhost/subscription": ["GET /nodes/localhost/subscription (Sys.Audit on /)"],
    "/access/permissions": ["GET /access/permissions (recipe)"],
    "/admin/datastore": ["GET /admin/datastore"],
    "/admin/datastore/ds1/namespace": ["GET /admin/datastore/ds1/namespace"],
    "/admin/datastore/ds1/groups?ns=home": ["GET /admin/datastore/ds1/groups?ns=home"],
    "/admin/datastore/ds1/groups": ["GET /admin/datastore/ds1/groups?ns=hosts"],
    "/admin/datastore/ds1/snapshots?ns=home": [
        "GET /admin/datastore/ds1/snapshots?ns=home&backup-type=vm&backup-id=101",
        "GET /admin/datastore/ds1/snapshots?ns=home&backup-type=vm&backup-id=100 (unfinished newest)",
    ],
    "/admin/datastore/ds1/status": ["GET /admin/datastore/ds1/status"],
    "/admin/datastore/ds1/status?verbose=1": ["GET /admin/datastore/ds1/status?verbose=1"],
    "/status/datastore-usage": ["GET /status/datastore-usage"],
    "/admin/gc": ["GET /admin/gc (>=3.2)"],
    "/admin/sync?sync-direction=all": ["GET /admin/sync?sync-direction=all (>=3.3)"],
    "/admin/prune": ["GET /admin/prune"],
    "/admin/verify": ["GET /admin/verify"],
    "/config/datastore": ["GET /config/datastore"],
    "/config/remote": ["GET /config/remote"],
    "/nodes/localhost/tasks?limit=500": ["GET /nodes/localhost/tasks?limit=500"],
    "/nodes/localhost/tasks/{upid}/status": ["GET /nodes/localhost/tasks/{upid}/status"],
    "/nodes/localhost/tasks/{upid}/log?limit=0": ["GET …/log?limit=0 — syncjob pull OK (3.4, before the labels)"],
}


def prepare(site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer) -> str:
    """Let something of all kinds happen, and return the id of a task."""
    pbs.add_sync_job(
        "push-vault",
        "ds1",
        schedule="03:30",
        direction="push",
        remote="vault",
        remote_store="tank",
        ns="home",
        remote_ns="home",
        group_filter=("type:vm",),
        comment="off-site",
        max_depth=0,
        transfer_last=7,
        remove_vanished=True,
    )
    pbs.add_prune_job("s-main", "ds1", "daily", {"keep-last": 3, "keep-daily": 7})
    off = pbs.add_prune_job("s-off", "ds1", "daily", {"keep-daily": 30}, ns="home", max_depth=0)
    pbs.add_verify_job("v-weekly", "ds1", schedule="daily", outdated_after=30)
    bucket = pbs.add_datastore("bucket", backend="s3", gc_schedule="sat 02:00")
    assert bucket.mount_status == "nonremovable"
    pbs.add_datastore("usb-a", removable=True).unplug()
    pbs.add_datastore("cold").enter_maintenance("offline", "disk swap")
    pbs.remotes["vault"].comment = "parents"
    site.clock.set(NOON + timedelta(days=2))
    off.disable()
    home = pbs.store("ds1").add_group("home", "vm", "101")
    home.snapshots[0].archive.encrypted = "aa:bb"
    home.comment = "no-monitor"
    pbs.backup("ds1", "host/nas", owner="nas@pbs!nas", comment="TrueNAS")
    pbs.store("ds1").add_namespace("home", "guests")
    site.clock.advance(seconds=10)
    return pbs.job("push-vault").load().upid or ""


@pytest.mark.parametrize(("path", "samples"), SAMPLED.items())
async def test_answers_look_like_those_of_real_servers(
    site: BackupServers,
    pbs: ServedBackupServer,
    vault: ServedBackupServer,
    session: aiohttp.ClientSession,
    path: str,
    samples: list[str],
) -> None:
    """No field is there that a real answer has not, each has its type, and none that is always there is missing."""
    upid = prepare(site, pbs, vault)
    place, _, query = path.partition("?")
    answer = await ask(session, pbs, place.replace("{upid}", upid), **dict(parse_qsl(query)))
    assert answer.status == 200
    ours = kinds(answer.data)
    real: dict[str, set[str]] = {}
    for sample in samples:
        for where, types in kinds(SAMPLES[sample]["data"]).items():
            real.setdefault(where, set()).update(types)
    assert ours.keys() - real.keys() <= ALLOWED.get(path, set())
    assert {where: types for where, types in ours.items() if where in real and not types <= real[where]} == {}
    assert always(answer.data) >= always(SAMPLES[samples[0]]["data"]) - NOT_SIMULATED


ALLOWED = {
    "/admin/datastore/ds1/groups": {"[].comment"},
    "/admin/sync?sync-direction=all": {"[].verified-only"},
}
"""Fields that real answers have and the samples happen not to show."""
NOT_SIMULATED = {"counts", "cache-stats", "boot-info", "current-kernel", "next-run", "duration"}
"""Fields that the virtual server leaves out, and that nobody reads."""


def always(data: Any) -> set[str]:
    """Return the fields that every row of an answer has."""
    rows = data if isinstance(data, list) else [data]
    sets = [set(row) for row in rows if isinstance(row, dict)]
    return set.intersection(*sets) if sets else set()


ERRORS = {
    "GET /admin/datastore/cold/groups HTTP 400": "/admin/datastore/cold/groups",
    "GET /admin/datastore/usb-a/groups HTTP 400": "/admin/datastore/usb-a/groups",
    "GET /nodes HTTP 403": "/nodes",
}


@pytest.mark.parametrize(("sample", "path"), ERRORS.items())
async def test_errors_are_bare_text_under_a_json_content_type(
    site: BackupServers,
    pbs: ServedBackupServer,
    vault: ServedBackupServer,
    session: aiohttp.ClientSession,
    sample: str,
    path: str,
) -> None:
    prepare(site, pbs, vault)
    answer = await ask(session, pbs, path)
    assert (answer.status, answer.text) == (SAMPLES[sample]["http"], SAMPLES[sample]["text"])
    assert answer.kind.startswith("application/json")


async def test_an_older_server_refuses_what_it_does_not_know(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    pbs.version = "3.2.9"
    refused = await ask(session, pbs, "/admin/sync", sync_direction="all")
    sample = SAMPLES["GET /admin/sync?sync-direction=all (<=3.2) HTTP 400"]
    assert (refused.status, refused.text) == (sample["http"], sample["text"])
    unknown = await ask(session, pbs, "/nodes/localhost/identity")
    sample = SAMPLES["GET /nodes/localhost/identity (older) HTTP 404"]
    assert (unknown.status, unknown.text) == (sample["http"], sample["text"])


async def test_a_wrong_token_is_refused_as_a_real_server_does(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    sample = SAMPLES["401 (any endpoint; 3 s delay)"]
    for token in ("", "nobody@pbs!x:1", f"{pbs.token.id}={pbs.token.secret}", f"{pbs.token.id}:wrong"):
        answer = await ask(session, pbs, "/version", token=token)
        assert (answer.status, answer.text) == (sample["http"], sample["text"])
    assert (await ask(session, pbs, "/ping", token="")).data == {"pong": True}
