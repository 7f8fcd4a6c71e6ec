"""What lies on a datastore: namespaces, groups and snapshots (src/api2/admin/{datastore,namespace}.rs)."""

from simulator.backup_server.content import MANIFEST, Group, Snapshot

from .routes import Call, Json, Refused, get, shown

LIST = ("Datastore.Audit", "Datastore.Backup")
NAMESPACE = ("Datastore.Audit", "Datastore.Read", "Datastore.Backup", "Datastore.Modify")
DEEPEST = 7


def _place(call: Call, ns: str) -> str:
    return f"/datastore/{call.parameters['store']}/{ns}".rstrip("/")


@get("/admin/datastore/{store}/namespace", parent=str, max_depth=int)
def namespaces(call: Call) -> Json:
    """Return the namespaces that the caller may see."""
    parent = call.text("parent") or ""
    if not call.may_below(_place(call, parent), *NAMESPACE):
        raise Refused(403, "permission check failed")
    datastore = call.readable()
    return [
        {"ns": ns} | shown({"comment": datastore.namespaces[ns]})
        for ns in datastore.below(parent, call.number("max-depth", DEEPEST))
        if call.may(_place(call, ns), *NAMESPACE)
    ]


def _listed(call: Call) -> list[Group]:
    """Return the groups of a namespace; with a right to back up only, no more than one's own."""
    ns = call.text("ns") or ""
    path = _place(call, ns)
    call.require(path, *LIST)
    everything = call.may(path, "Datastore.Audit")
    datastore = call.readable()
    if ns not in datastore.namespaces:
        raise Refused(400, f"namespace '{ns}' does not exist in datastore '{datastore.name}'")
    return [group for group in datastore.groups_in(ns) if everything or call.server.access.owns(call.who, group.owner)]


@get("/admin/datastore/{store}/groups", ns=str)
def groups(call: Call) -> Json:
    """Return the groups of one namespace: each with its newest finished snapshot, and how many there are."""
    return [_group(group) for group in _listed(call)]


def _group(group: Group) -> Json:
    newest = group.newest_finished
    if newest is None and len(group.snapshots) == 1:
        newest = group.snapshots[0]
    return {
        "backup-type": group.type,
        "backup-id": group.id,
        "last-backup": newest.time if newest else 0,
        "backup-count": len(group.snapshots),
        "files": newest.files if newest else [],
        "owner": group.owner,
    } | shown({"comment": group.comment})


@get("/admin/datastore/{store}/snapshots", ns=str, backup_type=str, backup_id=str)
def snapshots(call: Call) -> Json:
    """Return snapshots, in the order in which the folders happen to be; of a group that is not there, none."""
    return [
        _snapshot(snapshot)
        for group in _listed(call)
        if call.text("backup-type") in (None, group.type) and call.text("backup-id") in (None, group.id)
        for snapshot in group.snapshots
    ]


def _snapshot(snapshot: Snapshot) -> Json:
    archive = snapshot.archive
    row: Json = {
        "backup-type": snapshot.group.type,
        "backup-id": snapshot.group.id,
        "backup-time": snapshot.time,
        "owner": snapshot.group.owner,
        "protected": archive.protected,
    }
    if not snapshot.finished:
        return row | {"files": [{"filename": name} for name in snapshot.files]}
    upid = archive.verified_by
    verified = archive.verification is not None and upid is not None
    return (
        row
        | {"files": _files(snapshot), "size": archive.size}
        | shown(
            {
                "comment": (archive.notes or "").partition("\n")[0] or None,
                "fingerprint": archive.encrypted,
                "verification": {"upid": upid, "state": archive.verification} if verified else None,
            }
        )
    )


def _files(snapshot: Snapshot) -> Json:
    mode = "encrypt" if snapshot.archive.encrypted else "none"
    rows: list[Json] = []
    left = snapshot.archive.size - 512
    for name in snapshot.files:
        if name == "client.log.blob":
            rows.append({"filename": name})
            continue
        small = name.endswith(".blob")
        of_manifest = "sign-only" if mode == "encrypt" else "none"
        size = 512 if small else left
        rows.append({"filename": name, "crypt-mode": of_manifest if name == MANIFEST else mode, "size": size})
        left = left if small else 0
    return rows
