"""Datastores and their use of space (src/api2/admin/datastore.rs, src/api2/status/mod.rs, src/api2/config)."""

from collections.abc import Sequence

from simulator.backup_server.content import Datastore
from simulator.backup_server.server import Remote

from .routes import Answer, Call, Json, get, shown

ANY = (
    "Datastore.Audit",
    "Datastore.Modify",
    "Datastore.Read",
    "Datastore.Verify",
    "Datastore.Backup",
    "Datastore.Prune",
)
USAGE = ("Datastore.Audit", "Datastore.Backup")
MONTH = 30 * 86_400
HALF_HOUR = 1_800
FEWEST_POINTS = 7


def place(store: str) -> str:
    """Return the path of the rights to a datastore."""
    return f"/datastore/{store}"


def maintenance(datastore: Datastore) -> str | None:
    """Return a maintenance mode as property string."""
    if datastore.maintenance is None or datastore.message is None:
        return datastore.maintenance
    return f"type={datastore.maintenance},message={datastore.message}"


def backend(call: Call, datastore: Datastore) -> str | None:
    """Return the kind of the backend, which older versions do not tell."""
    return datastore.backend if call.server.release >= (4, 1, 6) else None


def mount_status(call: Call, datastore: Datastore) -> str | None:
    """Return whether the disk is there, which older versions do not tell."""
    return datastore.mount_status if call.server.release >= (3, 3, 0) else None


@get("/admin/datastore")
def datastores(call: Call) -> Json:
    """Return the datastores of which the caller may see anything."""
    return [
        {"store": datastore.name, "comment": datastore.comment}
        | shown(
            {
                "mount-status": mount_status(call, datastore),
                "maintenance": maintenance(datastore),
                "backend-type": backend(call, datastore),
            }
        )
        for datastore in call.server.datastores.values()
        if call.may_below(place(datastore.name), *ANY)
    ]


def usage(datastore: Datastore) -> dict[str, Json]:
    """Return the use of space."""
    return {"total": datastore.total, "used": datastore.used, "avail": datastore.available}


@get("/admin/datastore/{store}/status", verbose=bool)
def status(call: Call) -> Json:
    """Return the use of space; zeros for a caller who has other rights only."""
    path = place(str(call.parameters["store"]))
    full = call.may(path, *USAGE)
    if not full and not call.may_below(path, *ANY):
        call.require(path, *USAGE)
    datastore = call.readable()
    figures = usage(datastore) if full else {"total": 0, "used": 0, "avail": 0}
    answer: Json = figures | shown({"backend-type": backend(call, datastore)})
    if call.parameters.get("verbose") and full:
        answer["gc-status"] = garbage_status(datastore)
    return answer


def garbage_status(datastore: Datastore) -> dict[str, Json]:
    """Return what the last successful garbage collection found."""
    status = datastore.garbage
    return {
        "upid": status.upid,
        "index-file-count": status.index_file_count,
        "index-data-bytes": status.index_data_bytes,
        "disk-bytes": status.disk_bytes,
        "disk-chunks": status.disk_bytes // 1_400_000,
        "removed-bytes": status.removed_bytes,
        "removed-chunks": status.removed_bytes // 1_400_000,
        "pending-bytes": status.pending_bytes,
        "pending-chunks": status.pending_bytes // 1_400_000,
        "removed-bad": 0,
        "still-bad": status.still_bad,
    }


@get("/status/datastore-usage")
def datastore_usage(call: Call) -> Json:
    """Return the use of all datastores, with a month of history."""
    rows = []
    for datastore in call.server.datastores.values():
        path = place(datastore.name)
        row: dict[str, Json] = {"store": datastore.name} | shown(
            {"mount-status": mount_status(call, datastore), "backend-type": backend(call, datastore)}
        )
        if not call.may(path, *USAGE):
            if call.may_below(path, *ANY):
                rows.append({"store": datastore.name} | shown({"mount-status": mount_status(call, datastore)}))
            continue
        refusal = datastore.refusal()
        if refusal is not None and not refusal.endswith("is not mounted"):
            row["error"] = refusal
        elif refusal is None:
            row |= usage(datastore) | _history(call, datastore) | {"gc-status": garbage_status(datastore)}
        rows.append(row)
    return rows


def _history(call: Call, datastore: Datastore) -> dict[str, Json]:
    now = call.server.world.engine.time
    start = int(now - MONTH) // HALF_HOUR * HALF_HOUR
    shares = datastore.shares(start + number * HALF_HOUR for number in range(MONTH // HALF_HOUR))
    date = estimated_full_date(start, HALF_HOUR, shares)
    return shown({"history": shares, "history-start": start, "history-delta": HALF_HOUR, "estimated-full-date": date})


def estimated_full_date(start: int, delta: int, shares: Sequence[float | None]) -> int | None:
    """Return when a datastore will be full by linear regression; 0 where it stays as it is, None for too few points."""
    points = [(start + number * delta, share) for number, share in enumerate(shares) if share is not None]
    if len(points) < FEWEST_POINTS:
        return None
    first, slope = linear_regression([moment for moment, _ in points], [share for _, share in points])
    return 0 if slope == 0.0 else int((1.0 - first) / slope)


def linear_regression(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return a and b of y = a + b·x (src/tools/statistics.rs)."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((value - mean_x) ** 2 for value in x)
    slope = sum((one - mean_x) * (other - mean_y) for one, other in zip(x, y, strict=True)) / spread
    return mean_y - slope * mean_x, slope


@get("/config/datastore")
def datastore_config(call: Call) -> Answer:
    """Return the configuration of the datastores that the caller may audit."""
    rows = [
        {"name": datastore.name, "path": datastore.path}
        | shown(
            {
                "comment": datastore.comment,
                "gc-schedule": call.server.job(datastore.name).schedule,
                "verify-new": datastore.verify_new or None,
                "maintenance-mode": maintenance(datastore),
                "backing-device": "1f2e3d4c-5b6a-4798-8877-665544332211" if datastore.removable else None,
                "backend": "type=s3,client=b2,bucket=pbs" if datastore.backend == "s3" else None,
            }
        )
        for datastore in call.server.datastores.values()
        if call.may(place(datastore.name), "Datastore.Audit")
    ]
    return Answer(data=rows, beside={"digest": "aa"})


@get("/config/remote")
def remotes(call: Call) -> Answer:
    """Return the other servers that the caller may audit."""
    rows = [
        _remote(remote) for remote in call.server.remotes.values() if call.may(f"/remote/{remote.name}", "Remote.Audit")
    ]
    return Answer(data=rows, beside={"digest": "bb"})


def _remote(remote: Remote) -> Json:
    return {"name": remote.name, "host": remote.host, "auth-id": remote.auth_id} | shown(
        {"port": remote.port, "fingerprint": remote.fingerprint, "comment": remote.comment}
    )
