"""/nodes/{node}: time and tasks, answered by the node itself."""

from collections.abc import Callable
import sys

from simulator.tasks import Task

from .routes import Answer, ApiError, Call, Json, get

GUEST_MEMORY = 4 * 1024**3
GUEST_UPTIME = 86400 * 12
STATUS_TYPES = ("ok", "warning", "error", "unknown")


@get("/nodes/{node}/time", check=("/nodes/{node}", "Sys.Audit"))
def time(call: Call) -> Json:
    """Return the node's clock and zone; `localtime` is shifted by the zone's offset."""
    node = call.node
    local = node.local(call.time)
    offset = local.utcoffset()
    epoch = node.epoch(call.time)
    shifted = epoch + int(offset.total_seconds() if offset else 0)
    return {"timezone": node.timezone, "time": epoch, "localtime": shifted}


@get("/nodes/{node}/version")
def version(call: Call) -> Json:
    """Return the version of a node."""
    major, minor = call.cluster.release
    return {"version": call.cluster.version, "release": f"{major}.{minor}", "repoid": "14a22df35955d97d"}


def owns(call: Call, task: Task) -> bool:
    """Tell whether the caller started a task, itself or by one of its tokens."""
    return call.who in (task.owner, task.user)


def task_row(task: Task) -> dict[str, Json]:
    """Return a task as lists show it."""
    row: dict[str, Json] = {
        "upid": task.upid,
        "node": task.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.starttime,
        "type": task.type,
        "id": task.id,
        "user": task.user,
    }
    optional = {"tokenid": task.tokenid, "endtime": task.endtime, "status": task.status}
    return row | {name: value for name, value in optional.items() if value is not None}


@get(
    "/nodes/{node}/tasks",
    start=int,
    limit=int,
    source=str,
    typefilter=str,
    userfilter=str,
    vmid=int,
    since=int,
    until=int,
    statusfilter=str,
    errors=bool,
)
def tasks(call: Call) -> Answer:
    """Return the node's tasks, newest first; without `source` no running ones (PVE::API2::Tasks)."""
    source = call.text("source") or "archive"
    if source not in ("archive", "active", "all"):
        message = f"value '{source}' does not have a value in the enumeration 'archive, active, all'"
        raise ApiError(400, "Parameter verification failed.", {"source": message})
    listed = call.node.tasks.active() if source != "archive" else []
    if source != "active":
        listed = [*listed, *call.node.tasks.archived()]
    found = list(filter(_filter(call), listed))
    start = call.number("start", 0)
    rows = [{"status": "RUNNING"} | task_row(task) for task in found[start : start + call.number("limit", 50)]]
    return Answer(data=rows, total=len(found) or None)


def _filter(call: Call) -> Callable[[Task], bool]:
    """Return what tells whether the caller asks for a task, and may see it."""
    since, until = call.number("since", 0), call.number("until", sys.maxsize)
    type_, user, vmid = call.text("typefilter"), call.text("userfilter") or "", call.text("vmid")
    statuses = set((call.text("statusfilter") or ",".join(STATUS_TYPES)).split(","))
    if call.number("errors", 0):
        statuses -= {"ok"}
    everything = call.may(f"/nodes/{call.node.name}", "Sys.Audit")

    def wanted(task: Task) -> bool:
        return (
            since <= task.starttime <= until
            and type_ in (None, task.type)
            and user in task.owner
            and vmid in (None, task.id)
            and task.status_type in statuses
            and (everything or owns(call, task))
        )

    return wanted


def _task(call: Call) -> tuple[Task | None, str | None]:
    """Return a task, None where the index has it no more, and its log, None where the file is gone."""
    upid = str(call.parameters["upid"])
    task = call.node.tasks.find(upid)
    if task is None:
        if not upid.startswith(f"UPID:{call.node.name}:") or upid.count(":") != 8:
            errors = {"upid": "unable to parse worker upid"}
            raise ApiError(400, "Parameter verification failed.", errors)
        call.require(f"/nodes/{call.node.name}", "Sys.Audit")
        return None, None
    if not owns(call, task):
        call.require(f"/nodes/{call.node.name}", "Sys.Audit")
    return task, call.cluster.files.read(f"{call.node.tasks.root}/{task.log_path}")


@get("/nodes/{node}/tasks/{upid}/log", protected=True, start=int, limit=int, download=bool)
def task_log(call: Call) -> Answer:
    """Return lines of a task's log: 50 without `limit`, all of them with 0; `download` gives the text."""
    _, text = _task(call)
    if call.number("download", 0):
        if set(call.parameters) & {"start", "limit"}:
            raise ApiError(500, "'download' cannot be used together with 'start' or 'limit' parameters")
        if text is None:
            raise ApiError(500, "unable to open file - No such file or directory")
        return Answer(text=text)
    if text is None:
        row = {"n": 1, "t": "unable to open file - No such file or directory"}
        return Answer(data=[row] if call.cluster.release >= (9, 0) else row, total=1)
    lines = text.splitlines() or ["no content"]
    start, limit = call.number("start", 0), call.number("limit", 50)
    end = start + limit if limit else len(lines)
    rows = [{"n": number + 1, "t": line} for number, line in enumerate(lines) if start <= number < end]
    return Answer(data=rows, total=len(lines))


@get("/nodes/{node}/tasks/{upid}/status", protected=True)
def task_status(call: Call) -> Json:
    """Return whether a task runs, and how it ended."""
    task, text = _task(call)
    if task is None or text is None:
        raise ApiError(400, "Parameter verification failed.", {"upid": "no such task"})
    row = task_row(task)
    row.pop("endtime", None)
    ended = row.pop("status", None)
    row["status"] = "stopped" if ended else "running"
    return row | ({"exitstatus": ended} if ended else {})


@get("/nodes/{node}/qemu", full=bool)
def virtual_machines(call: Call) -> Json:
    """Return the virtual machines of a node that the caller may see (PVE::API2::Qemu, vmlist)."""
    return _guests(call, "qemu")


@get("/nodes/{node}/lxc")
def containers(call: Call) -> Json:
    """Return the containers of a node that the caller may see (PVE::API2::LXC, vmlist)."""
    return _guests(call, "lxc")


def _guests(call: Call, kind: str) -> list[Json]:
    rows: list[Json] = []
    for guest in call.cluster.guests.values():
        if guest.node != call.node.name or guest.type != kind or not call.may(f"/vms/{guest.vmid}", "VM.Audit"):
            continue
        running = guest.status == "running"
        # No guest is ever as busy as a minute ago.
        load = (guest.vmid * 7919 + int(call.time) // 60 * 104729) % 1000 / 1000
        row: Json = {
            "vmid": guest.vmid,
            "name": guest.name,
            "status": guest.status,
            "cpus": 2,
            "cpu": round(0.01 + 0.05 * load, 4) if running else 0,
            "mem": int(GUEST_MEMORY * (0.3 + 0.1 * load)) if running else 0,
            "maxmem": GUEST_MEMORY,
            "disk": 0 if kind == "qemu" else int(guest.size * guest.filled),
            "maxdisk": guest.size,
            "uptime": GUEST_UPTIME if running else 0,
            "netin": 0,
            "netout": 0,
            "diskread": 0,
            "diskwrite": 0,
        }
        optional = {"template": guest.template or None, "tags": guest.tags, "lock": guest.lock}
        rows.append(row | {name: value for name, value in optional.items() if value is not None})
    return rows
