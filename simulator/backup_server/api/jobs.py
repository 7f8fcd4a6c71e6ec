"""Jobs with what became of their last runs (src/api2/admin/{sync,prune,verify,gc}.rs)."""

from collections.abc import Callable

from simulator.backup_server.jobs import GarbageCollectionJob, Job, PruneJob, SyncJob, VerifyJob

from .datastores import garbage_status, place
from .routes import Answer, Call, Json, Refused, get, shown

DIGEST = {"digest": "0f5c2a6d8b9e1f304152637485960a1b2c3d4e5f60718293a4b5c6d7e8f90a1b"}


def _path(job: Job) -> str:
    return f"{place(job.store)}/{job.ns}".rstrip("/")


def _status(call: Call, job: Job) -> dict[str, Json]:
    """Return the status fields; a state that cannot be read is none, and before 4.1.8 spoils the whole list."""
    server, state = call.server, job.load()
    if state.kind == "unreadable" and server.release < (4, 1, 8):
        raise Refused(400, f"unable to parse job state of {job.id}")
    return state.fields(job.schedule, server.zone, server.world.calendar, server.now)


def _listing[Kind: Job](
    call: Call, kind: type[Kind], visible: Callable[[Kind], bool], row: Callable[[Kind], Json]
) -> Answer:
    store = call.text("store")
    jobs = [job for job in call.server.jobs if isinstance(job, kind) and visible(job) and store in (None, job.store)]
    rows = [
        shown({"id": job.id, "store": job.store, "ns": job.ns or None} | row(job) | _status(call, job)) for job in jobs
    ]
    return Answer(data=rows, beside=DIGEST)


def sees_sync_job(call: Call, job: SyncJob) -> bool:
    """Tell whether the caller sees a sync job: both of its ends have to be his (check_sync_job_read_access)."""
    if not call.may(_path(job), "Datastore.Audit"):
        return False
    if job.direction == "push":
        return call.may(f"/remote/{job.remote}/{job.remote_store}/{job.remote_ns}", "Remote.Audit")
    if job.remote is not None:
        return call.may(f"/remote/{job.remote}", "Remote.Audit")
    return call.may(place(job.remote_store), "Datastore.Audit")


@get("/admin/sync", store=str, sync_direction=str, newer={"sync-direction": (3, 3, 0)})
def sync(call: Call) -> Answer:
    """Return the sync jobs that the caller sees: pulls only, unless asked for more."""
    direction = call.text("sync-direction") or "pull"
    tells = call.server.release >= (3, 3, 0)

    def row(job: SyncJob) -> Json:
        return {
            "owner": job.owner,
            "remote": job.remote,
            "remote-store": job.remote_store,
            "remote-ns": job.remote_ns or None,
            "sync-direction": job.direction if tells and job.direction == "push" else None,
            "remove-vanished": job.remove_vanished or None,
            "comment": job.comment,
            "max-depth": job.max_depth,
            "group-filter": list(job.group_filter) or None,
            "transfer-last": job.transfer_last,
            "resync-corrupt": job.resync_corrupt or None,
            "verified-only": job.verified_only or None,
            "encrypted-only": job.encrypted_only or None,
            "run-on-mount": job.run_on_mount or None,
            "unmount-on-done": job.unmount_on_done or None,
            "schedule": job.schedule,
        }

    return _listing(call, SyncJob, lambda job: direction in ("all", job.direction) and sees_sync_job(call, job), row)


@get("/admin/prune", store=str)
def prune(call: Call) -> Answer:
    """Return the prune jobs that the caller sees; a disabled one has no next run."""

    def row(job: PruneJob) -> Json:
        return {
            "max-depth": job.max_depth,
            "schedule": job.schedule,
            "disable": job.disabled or None,
            "comment": job.comment,
            **job.keep,
        }

    answer = _listing(call, PruneJob, lambda job: call.may(_path(job), "Datastore.Audit", "Datastore.Modify"), row)
    for entry in answer.data:
        if entry.get("disable"):
            entry.pop("next-run", None)
    return answer


@get("/admin/verify", store=str)
def verify(call: Call) -> Answer:
    """Return the verify jobs that the caller sees."""

    def row(job: VerifyJob) -> Json:
        return {
            "max-depth": job.max_depth,
            "schedule": job.schedule,
            "comment": job.comment,
            "ignore-verified": job.ignore_verified,
            "outdated-after": job.outdated_after,
        }

    return _listing(call, VerifyJob, lambda job: call.may(_path(job), "Datastore.Audit", "Datastore.Verify"), row)


@get("/admin/gc", added=(3, 2, 0))
def garbage_collections(call: Call) -> Json:
    """Return the garbage collection of each datastore that can be read."""
    return [
        _garbage_collection(call, job)
        for job in call.server.jobs
        if isinstance(job, GarbageCollectionJob)
        and call.may(place(job.store), "Datastore.Audit")
        and job.datastore.refusal() is None
    ]


@get("/admin/datastore/{store}/gc")
def garbage_collection(call: Call) -> Json:
    """Return the garbage collection of one datastore."""
    call.require(place(str(call.parameters["store"])), "Datastore.Audit")
    job = call.server.job(call.readable().name)
    assert isinstance(job, GarbageCollectionJob)
    row = _garbage_collection(call, job)
    if call.server.release < (3, 2, 0):
        return {name: value for name, value in row.items() if name in garbage_status(job.datastore)}
    return row


def _garbage_collection(call: Call, job: GarbageCollectionJob) -> Json:
    """Mix the figures of the last good run with the state of the latest, as the server does."""
    server, figures, state = call.server, garbage_status(job.datastore), job.load()
    row = figures | {"store": job.store} | shown({"schedule": job.schedule})
    good = job.datastore.garbage.upid
    told = state if good is not None and state.kind == "finished" else type(state)(kind="created", time=server.now)
    fields = told.fields(job.schedule, server.zone, server.world.calendar, server.now)
    fields.pop("last-run-upid", None)
    if good is not None and "last-run-endtime" in fields:
        fields["duration"] = fields["last-run-endtime"] - int(good.split(":")[5], 16)
    return row | fields


@get("/tape/backup", store=str)
def tape_backup(_: Call) -> Answer:
    """Return no jobs: there is no tape."""
    return Answer(data=[], beside=DIGEST)
