"""/nodes/localhost: the host, its clock, and its tasks."""

from datetime import datetime

from simulator.backup_server.tasks import Task

from .routes import Answer, Call, Json, Refused, get

PAGE = 50
AUDIT_TASKS = ("/system/tasks", "Sys.Audit")


@get("/nodes")
def nodes(_: Call) -> Json:
    """Refuse: for the superuser only, which no token is."""
    raise Refused(403, "permission check failed")


@get("/nodes/{node}/identity", added=(4, 1, 10))
def identity(call: Call) -> Json:
    """Return what tells this server from every other."""
    return {"pbs-instance-id": call.server.instance_id}


@get("/nodes/{node}/subscription")
def subscription(call: Call) -> Json:
    """Return the subscription, and with Sys.Audit on / the server's id."""
    answer: Json = {
        "status": call.server.subscription,
        "message": "There is no subscription key",
        "url": "https://www.proxmox.com/en/proxmox-backup-server/pricing",
    }
    if call.may("/", "Sys.Audit"):
        answer["serverid"] = call.server.server_id
    return answer


@get("/nodes/{node}/time")
def time(call: Call) -> Json:
    """Return the clock and the zone."""
    now = int(call.server.now)
    offset = datetime.fromtimestamp(now, call.server.zone).utcoffset()
    assert offset is not None
    return {"timezone": call.server.timezone, "time": now, "localtime": now + int(offset.total_seconds())}


@get("/nodes/{node}/status", check=("/system/status", "Sys.Audit"))
def status(call: Call) -> Json:
    """Return the state of the host."""
    return {
        "uptime": int(call.server.world.engine.time - call.server.boot),
        "loadavg": [0.08, 0.12, 0.09],
        "cpu": 0.013,
        "wait": 0.002,
        "memory": {"total": 8239267840, "used": 2147483648, "free": 6091784192},
        "swap": {"total": 1073737728, "used": 0, "free": 1073737728},
        "root": {"total": 31526391808, "used": 7283212288, "avail": 22616428544},
        "kversion": "Linux 6.17.13-2-pve #1 SMP",
        "cpuinfo": {"model": "Intel(R) N100", "sockets": 1, "cpus": 4},
        "info": {"fingerprint": (call.server.fingerprint or "").lower()},
    }


def _row(task: Task) -> Json:
    row: Json = {
        "upid": task.upid,
        "node": "localhost",
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.starttime,
        "worker_type": task.worker_type,
        "worker_id": task.worker_id,
        "user": task.auth_id,
    }
    if not task.running:
        row |= {"endtime": task.endtime, "status": task.state}
    return row


def _visible(call: Call, task: Task) -> bool:
    return call.may(*AUDIT_TASKS) or call.server.access.owns(call.who, task.auth_id)


@get(
    "/nodes/{node}/tasks",
    start=int,
    limit=int,
    running=bool,
    errors=bool,
    userfilter=str,
    typefilter=str,
    since=int,
    until=int,
    statusfilter=str,
    store=str,
)
def tasks(call: Call) -> Answer:
    """Return tasks: running ones first, then the one that ended last; without the right only one's own."""
    found = []
    since = call.number("since", 0)
    for task in call.server.tasks.listed():
        if task.endtime is not None and task.endtime < since:
            break
        if task.starttime < since or task.starttime > call.number("until", 2**62) or not _visible(call, task):
            continue
        # Both look for a part of the text.
        if (call.text("userfilter") or "") not in task.auth_id or (
            call.text("typefilter") or ""
        ) not in task.worker_type:
            continue
        if (call.parameters.get("running") and not task.running) or (
            call.parameters.get("errors") and task.state == "OK"
        ):
            continue
        found.append(task)
    start, limit = call.number("start", 0), call.number("limit", PAGE) or len(found)
    page = found[start : start + limit]
    return Answer(data=[_row(task) for task in page], beside={"total": start + len(page) + (len(page) == limit)})


def _task(call: Call) -> Task:
    upid = str(call.parameters["upid"])
    task = call.server.tasks.find(upid)
    if task is None:
        raise Refused(400, "No such file or directory (os error 2)")
    if not _visible(call, task):
        raise Refused(403, "permission check failed")
    return task


@get("/nodes/{node}/tasks/{upid}/status")
def task_status(call: Call) -> Json:
    """Return how a task stands."""
    task = _task(call)
    row = _row(task)
    row["type"], row["id"] = row.pop("worker_type"), row.pop("worker_id")
    row.pop("endtime", None)
    state = row.pop("status", None)
    row["status"] = "running" if task.running else "stopped"
    if not task.running:
        row["exitstatus"] = state
        if call.server.release >= (4, 2, 1):
            row["endtime"] = task.endtime
    return row


@get("/nodes/{node}/tasks/{upid}/log", start=int, limit=int, test_status=bool)
def task_log(call: Call) -> Answer:
    """Return lines of a log."""
    task = _task(call)
    if task.log_gone:
        raise Refused(400, "No such file or directory (os error 2)")
    start, limit = call.number("start", 0), call.number("limit", PAGE) or len(task.lines)
    lines = list(enumerate(task.lines, start=1))[start : start + limit]
    beside: dict[str, Json] = {"total": len(task.lines), "success": 1}
    if call.parameters.get("test-status"):
        beside["active"] = task.running
    return Answer(data=[{"n": number, "t": text} for number, text in lines], beside=beside)
