"""Whether the virtual backup server answers alike what a real one answers."""

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.proxmox.backup_server.datastore_models import DatastoreUsage
from simulator.backup_server.access import Access
from simulator.backup_server.api.datastores import estimated_full_date, linear_regression
from simulator.backup_server.api.jobs import sees_sync_job
from simulator.backup_server.api.routes import Call
from simulator.backup_server.jobs import SyncJob
from simulator.backup_server.names import escape_id, human_byte
from simulator.backup_server.schedule import JobState
from simulator.backup_server.server import BackupServer
from simulator.calendar import proxmox_calendar

from .vectors import Vector, Verdict

type Meta = dict[str, Any]


def access_of(lines: list[str]) -> Access:
    """Return the rights that an acl.cfg gives."""
    access = Access()
    for line in lines:
        _, propagate, path, auth_ids, roles = line.split(":")
        for auth_id in auth_ids.split(","):
            for role in roles.split(","):
                access.grant(path, role, auth_id, propagate=propagate == "1")
    return access


def acl_roles(vector: Vector, _: Meta) -> bool:
    """Find the roles on a path."""
    access = access_of(vector["acl"])
    return all(
        sorted(access.roles(entry["auth_id"], entry["path"])) == sorted(entry["roles"]) for entry in vector["expect"]
    )


def sync_visibility(vector: Vector, meta: Meta) -> bool:
    """Tell who sees a sync job."""
    server = cast(BackupServer, SimpleNamespace(access=access_of(meta["acl"])))
    given = vector["job"]
    job = SyncJob(
        server=server,
        id="j",
        store=given["store"],
        remote=given.get("remote"),
        remote_store=given["remote-store"],
        direction=given.get("sync-direction", "pull"),
    )
    return sees_sync_job(Call(server=server, who=vector["auth_id"], parameters={}), job) is bool(vector["visible"])


def job_schedule(vector: Vector, _: Meta) -> bool:
    """Show what became of a job, and tell when it is due."""
    state, zone, now = state_of(vector), ZoneInfo(vector["tz"]), vector["now"]
    slot = state.scheduler_slot(vector["schedule"], zone, proxmox_calendar, now)
    shown = state.fields(vector["schedule"], zone, proxmox_calendar, now)
    starts = slot is not None and slot <= now and not vector["worker_active"]
    return (shown, slot, starts, shown.get("next-run", now) < now) == (
        vector["api"],
        vector["scheduler_slot"],
        vector["scheduler_starts_now"],
        vector["api_next_run_in_past"],
    )


def state_of(vector: Vector) -> JobState:
    """Return the state that a file holds, with what became of the task in it."""
    stored = vector["state_file"]
    if stored == "missing":
        return JobState()
    if "created" in stored:
        return JobState(kind="created", time=stored["created"]["time"])
    if "started" in stored:
        upid = stored["started"]["upid"]
        if vector["worker_active"]:
            return JobState(kind="started", upid=upid)
        return JobState(kind="finished", upid=upid, state="unknown", endtime=vector["api"]["last-run-endtime"])
    ended = stored["finished"]
    ((word, details),) = ended["state"].items()
    text = {
        "OK": "OK",
        "Unknown": "unknown",
        "Warning": f"WARNINGS: {details.get('count')}",
        "Error": details.get("message"),
    }[word]
    return JobState(
        kind="finished", upid=ended["upid"], state=text, endtime=details["endtime"], updated=ended["updated"]
    )


def forecast(vector: Vector, _: Meta) -> bool:
    """Reckon when a datastore will be full, and read what that means."""
    if vector["kind"] == "regression":
        return linear_regression(vector["x"], vector["y"]) == (vector["a"], vector["b"])
    count, first, last = vector["count"], vector["first"], vector["last"]
    shares = [first + (last - first) * number / (count - 1) for number in range(count)]
    found = estimated_full_date(vector["history_start"], vector["history_delta"], shares)
    about = vector["estimated_full_date_about"]
    if found is None or about is None:
        return found is about
    row = {"store": "ds1", "estimated-full-date": found}
    grows = DatastoreUsage.list_from_api([row]).items[0].full_on(int(datetime(2026, 9, 11).timestamp())) is not None
    return bool(abs(found - about) <= vector["tolerance_s"] and grows == (vector["meaning"] == "date"))


def upid(vector: Vector, _: Meta) -> bool | None:
    """Escape worker ids."""
    return escape_id(vector["id"]) == vector["escaped"] if vector["kind"] == "escape" else None


def sizes(vector: Vector, _: Meta) -> bool | None:
    """Write sizes."""
    return human_byte(vector["bytes"]) == vector["text"] if vector["kind"] == "format_binary" else None


SIMULATOR: Mapping[str, Verdict] = {
    "acl_roles": acl_roles,
    "sync_visibility": sync_visibility,
    "job_schedule": job_schedule,
    "forecast": forecast,
    "upid_pbs": upid,
    "human_byte": sizes,
}
