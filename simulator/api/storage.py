"""/nodes/{node}/storage and /nodes/{node}/vzdump: storages as a node sees them."""

from simulator import retention
from simulator.nodes import Node
from simulator.storages import Archive, Storage

from .routes import ApiError, Call, Json, get

READ = "Datastore.Audit|Datastore.AllocateSpace"
SECRET_DEFAULTS = {"mailto", "tmpdir", "dumpdir", "script", "ionice"}


@get("/nodes/{node}/storage", protected=True, content=str, storage=str, target=str, enabled=bool, format=bool)
def storages(call: Call) -> Json:
    """Return the storages; with `content` only those enabled here that take it."""
    wanted = call.text("content")
    rows: list[Json] = []
    for storage in call.cluster.storages.values():
        if not call.may(f"/storage/{storage.id}", *READ.split("|")):
            continue
        usable = storage.enabled and storage.serves(call.node.name)
        if wanted is not None and (not usable or not set(wanted.split(",")) & set(storage.content.split(","))):
            continue
        if call.text("storage") in (None, storage.id) and (usable or not call.number("enabled", 0)):
            state = _state(call, storage)
            if total := state["total"]:
                state["used_fraction"] = state["used"] / total
            rows.append({"storage": storage.id, **state})
    return call.in_any_order(rows)


def _state(call: Call, storage: Storage) -> dict[str, Json]:
    node = call.node
    active = storage.active_on(node.name)
    total, used = (storage.total, storage.used_on(node.name)) if active else (0, 0)
    return {
        "type": storage.type,
        "content": call.words_in_any_order(storage.content),
        "enabled": int(storage.enabled and storage.serves(node.name)),
        "active": int(active),
        "shared": int(storage.shared),
        "total": total,
        "used": used,
        "avail": storage.available_on(node.name) if active else 0,
    }


def _storage(call: Call) -> Storage:
    name = str(call.parameters["storage"])
    if name not in call.cluster.storages:
        raise ApiError(500, f"storage '{name}' does not exist")
    return call.cluster.storages[name]


def _active(call: Call) -> Storage:
    storage = _storage(call)
    if error := storage.activation_error(call.node.name):
        raise ApiError(500, error)
    return storage


@get("/nodes/{node}/storage/{storage}/status", check=("/storage/{storage}", READ), protected=True)
def status(call: Call) -> Json:
    """Return the state of one storage; an unreachable one is inactive with zeros."""
    name = str(call.parameters["storage"])
    if name not in call.cluster.storages:
        raise ApiError(400, "Parameter verification failed.", {"storage": "No such storage."})
    return _state(call, call.cluster.storages[name])


@get("/nodes/{node}/storage/{storage}/identity", check=("/storage/{storage}", READ), protected=True)
def identity(call: Call) -> Json:
    """Return which backup server a storage stands for, with pve-storage 9.1.3 and a server of 4.1.10."""
    storage = _active(call)
    server = None if storage.place is None else storage.place.datastore.server
    if server is None or server.release < (4, 1, 10):
        raise ApiError(500, f"storage '{storage.id}' has no identity")
    return {"type": "pbs", "id": server.instance_id}


@get(
    "/nodes/{node}/storage/{storage}/content",
    check=("/storage/{storage}", READ),
    protected=True,
    content=str,
    vmid=int,
)
def content(call: Call) -> Json:
    """Return the archives of which the caller may see each: audit rights alone show none."""
    storage = _active(call)
    if call.text("content") not in (None, "backup"):
        return []
    place = f"/storage/{storage.id}"
    everything = call.may(place, "Datastore.Allocate")
    own = call.may(place, "Datastore.AllocateSpace")
    listed = [
        archive
        for archive in sorted(storage.archives_on(call.node.name), key=lambda entry: entry.name)
        if call.text("vmid") in (None, str(archive.vmid))
    ]
    guests = {archive.vmid for archive in listed}
    visible = {vmid for vmid in guests if everything or (own and call.may(f"/vms/{vmid}", "VM.Backup"))}
    return [_content_row(storage, archive, call.node) for archive in listed if archive.vmid in visible]


def _content_row(storage: Storage, archive: Archive, node: Node) -> Json:
    row: Json = {
        "volid": storage.volid(archive),
        "content": "backup",
        "format": archive.format,
        "subtype": archive.type,
        "vmid": archive.vmid,
        "ctime": storage.ctime(archive, node.zone),
        "size": 1 if archive.unfinished else archive.size,
    }
    optional: dict[str, Json] = {
        "notes": archive.notes,
        "protected": 1 if archive.protected else None,
        "encrypted": archive.encrypted,
    }
    if archive.verification is not None:
        upid = (
            archive.verified_by
            or "UPID:pbs:00000A1B:00C3D2E1:00000021:68A70000:verificationjob:ds1\\x3av\\x2df1:root@pam:"
        )
        optional["verification"] = {"state": archive.verification, "upid": upid}
    return row | {name: value for name, value in optional.items() if value is not None}


@get(
    "/nodes/{node}/storage/{storage}/prunebackups",
    check=("/storage/{storage}", READ),
    protected=True,
    prune_backups=str,
    type=str,
    vmid=int,
)
def prune(call: Call) -> Json:
    """Return what a prune would do with each archive, which nobody filters by rights."""
    storage = _active(call)
    text = call.text("prune-backups") or storage.prune
    if text is None:
        raise ApiError(500, f"no prune-backups options configured for storage '{storage.id}'")
    try:
        keep = retention.parse(text)
    except ValueError as error:
        message = "invalid format - format error"
        raise ApiError(400, "Parameter verification failed.", {"prune-backups": message}) from error
    groups: dict[tuple[str, int], list[Archive]] = {}
    for archive in storage.archives_on(call.node.name):
        if call.text("vmid") in (None, str(archive.vmid)) and call.text("type") in (None, archive.type):
            groups.setdefault((archive.type, archive.vmid), []).append(archive)

    def ctime(archive: Archive) -> int:
        return storage.ctime(archive, call.node.zone)

    return [
        {
            "volid": storage.volid(archive),
            "ctime": ctime(archive),
            "type": archive.type,
            "vmid": str(archive.vmid) if storage.type == "pbs" else archive.vmid,
            "mark": mark,
        }
        for _, group in sorted(groups.items())
        for archive, mark in sorted(
            retention.marks(group, keep, call.node.zone, ctime).items(), key=lambda entry: ctime(entry[0])
        )
    ]


@get("/nodes/{node}/vzdump/defaults", storage=str)
def vzdump_defaults(call: Call) -> Json:
    """Return the options of a backup that names none: vzdump.conf, with the retention of the storage."""
    node = call.node
    name = call.text("storage") or str(node.defaults.get("storage", "local"))
    call.require(f"/storage/{name}", *READ.split("|"))
    storage = call.cluster.storages.get(name)
    if storage is None:
        raise ApiError(500, f"storage '{name}' does not exist")
    defaults: dict[str, Json] = {
        "all": 0,
        "bwlimit": 0,
        "compress": "0",
        "fleecing": {"enabled": 0},
        "ionice": 7,
        "lockwait": 180,
        "mailnotification": "always",
        "mode": "snapshot",
        "notification-mode": "auto",
        "performance": {"max-workers": 16, "pbs-entries-max": 1048576},
        "pigz": 0,
        "prune-backups": "keep-all=1",
        "quiet": 0,
        "remove": 1,
        "stdexcludes": 1,
        "stop": 0,
        "stopwait": 10,
        "storage": name,
        "zstd": 1,
        **node.defaults,
    }
    if storage.prune:
        defaults["prune-backups"] = storage.prune
    if storage.type != "pbs":
        defaults["dumpdir"] = f"{storage.path}/dump"
    if not call.may(f"/nodes/{node.name}", "Sys.Audit"):
        defaults = {key: value for key, value in defaults.items() if key not in SECRET_DEFAULTS}
    return defaults
