"""/cluster/backup and its neighbours: jobs and coverage."""

from datetime import UTC, datetime

from simulator.guests import Guest
from simulator.jobs import Covered, Job, MissingPoolError
from simulator.scheduler import next_event

from .routes import ApiError, Call, Json, get


@get("/cluster/backup", check=("/", "Sys.Audit"))
def jobs(call: Call) -> Json:
    """Return all jobs, those of vzdump.cron first."""
    rows: list[Json] = []
    for job in sorted(call.cluster.jobs.values(), key=lambda job: not job.legacy):
        row: Json = job.listing()
        event = None if job.legacy else _next(call, job.schedule)
        rows.append(row if event is None else row | {"next-run": event})
    return rows


def _next(call: Call, schedule: str) -> int | None:
    try:
        return next_event(schedule, call.contacted, call.time)
    except ValueError:
        return None


def _job(call: Call) -> Job:
    name = str(call.parameters["id"])
    if name not in call.cluster.jobs:
        raise ApiError(400, "Parameter verification failed.", {"id": f"No such job '{name}'"})
    return call.cluster.jobs[name]


@get("/cluster/backup/{id}", check=("/", "Sys.Audit"))
def job(call: Call) -> Json:
    """Return one job, without its next run."""
    return _job(call).listing()


@get("/cluster/backup/{id}/included_volumes", check=("/", "Sys.Audit"), protected=True)
def included_volumes(call: Call) -> Json:
    """Return the guests of a job with their disks."""
    found = _covered(_job(call))
    guests = sorted((guest for local in found.by_node.values() for guest in local), key=lambda guest: guest.vmid)
    children = [_volumes(guest) for guest in guests if call.may(f"/vms/{guest.vmid}", "VM.Audit")]
    children += [{"id": vmid, "type": "unknown", "leaf": 1} for vmid in found.missing]
    return {"children": children}


def _covered(job: Job) -> Covered:
    try:
        return job.guests()
    except MissingPoolError as error:
        raise ApiError(500, str(error)) from error


def _volumes(guest: Guest) -> Json:
    disks = [
        {
            "id": f"{guest.vmid}:{disk.key}",
            "name": disk.volume,
            "included": int(disk.included),
            "reason": disk.reason,
            "leaf": 1,
        }
        for disk in guest.disks
    ]
    return {
        "id": guest.vmid,
        "type": guest.type,
        "name": guest.name,
        "children": disks,
        "leaf": 0 if disks else 1,
    }


@get("/cluster/backup-info/not-backed-up", check=("/", "Sys.Audit"))
def not_backed_up(call: Call) -> Json:
    """Return guests in no job; disabled jobs count, as in Proxmox."""
    inside = {
        guest.vmid
        for entry in call.cluster.jobs.values()
        for guests in _covered(entry).by_node.values()
        for guest in guests
    }
    return [
        {"vmid": guest.vmid, "type": guest.type, "name": guest.name}
        for guest in sorted(call.cluster.guests.values(), key=lambda guest: guest.vmid)
        if guest.vmid not in inside and call.may(f"/vms/{guest.vmid}", "VM.Audit")
    ]


@get(
    "/cluster/jobs/schedule-analyze",
    schedule=str,
    iterations=int,
    starttime=int,
    required=("schedule",),
)
def schedule_analyze(call: Call) -> Json:
    """Return the next events of a schedule in the contacted node's zone."""
    schedule = str(call.parameters["schedule"])
    if (start := call.text("starttime")) is not None:
        raise ApiError(500, f'invalid type: string "{start}", expected i64')
    iterations = call.number("iterations", 10)
    if not 1 <= iterations <= 100:
        word, limit = ("minimum", 1) if iterations < 1 else ("maximum", 100)
        message = f"value must have a {word} value of {limit}"
        raise ApiError(400, "Parameter verification failed.", {"iterations": message})
    rows: list[Json] = []
    moment = call.time
    for _ in range(iterations):
        try:
            event = next_event(schedule, call.contacted, moment)
        except ValueError as error:
            raise ApiError(400, "Parameter verification failed.", {"schedule": str(error)}) from error
        if event is None:
            break
        utc = f"{datetime.fromtimestamp(event, UTC):%a %b %e %H:%M:%S %Y}"
        rows.append({"timestamp": event, "utc": utc})
        moment = event
    return rows
