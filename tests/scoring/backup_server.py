"""Whether we answer alike what a Proxmox Backup Server answers."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.proxmox.backup_server import namespace
from custom_components.proxmox_backup_checker.proxmox.backup_server.group_filter import GroupFilter, included
from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.human_byte import parse_bytes
from custom_components.proxmox_backup_checker.proxmox.backup_server.namespace import GroupId
from custom_components.proxmox_backup_checker.proxmox.backup_server.server_models import Version
from custom_components.proxmox_backup_checker.proxmox.backup_server.task_state import TaskState
from custom_components.proxmox_backup_checker.proxmox.backup_server.upid import Upid, escape_id, unescape_id
from custom_components.proxmox_backup_checker.proxmox.backup_server.worker_id import parse_worker_id
from custom_components.proxmox_backup_checker.proxmox.retention import Backup, KeepOptions, prune

from .vectors import Vector, Verdict

type Meta = dict[str, Any]


def upid(vector: Vector, _: Meta) -> bool:
    """Parse UPIDs, escape and unescape worker ids."""
    match vector["kind"]:
        case "escape":
            escaped = escape_id(vector["id"])
            return bool(escaped == vector["escaped"] and unescape_id(escaped) == vector["roundtrip"])
        case "unescape_error":
            return refused(unescape_id, vector["escaped"])
        case _ if vector["result"] is None:
            return refused(Upid.parse, vector["upid"])
        case _:
            parsed = Upid.parse(vector["upid"])
            return all(getattr(parsed, name) == value for name, value in vector["result"].items())


def refused(parse: Any, text: str) -> bool:
    """Tell whether a text is refused."""
    try:
        parse(text)
    except ValueError:
        return True
    return False


def worker_id(vector: Vector, _: Meta) -> bool:
    """Read what a task is about."""
    work = parse_worker_id(vector["type"], vector["worker_id"])
    if work is None or vector["result"] is None:
        return work is vector["result"]
    found = {name: getattr(work, name) for name in vector["result"]}
    return bool(
        {name: str(value) if isinstance(value, GroupId) else value for name, value in found.items()} == vector["result"]
    )


def task_state(vector: Vector, _: Meta) -> bool:
    """Read how a task ended."""
    state, expected = TaskState.parse(vector["text"]), vector["result"]
    if state is None or expected is None:
        return state is expected
    return bool(
        state.result == expected["state"]
        and str(state) == expected["text"]
        and state.warnings == expected.get("count", 0)
    )


def namespaces(vector: Vector, _: Meta) -> bool:
    """Read namespaces, and paths with them."""
    match vector["kind"]:
        case "parse" if "error" in vector:
            return refused_with(namespace.components, vector["ns"], vector["error"])
        case "parse":
            ns = vector["ns"]
            found = {
                "components": list(namespace.components(ns)),
                "depth": namespace.depth(ns),
                "path": namespace.path_of(ns),
                "parent": namespace.parent(ns),
                "acl_path": namespace.acl_path("ds1", ns),
            }
            return all(found[name] == vector[name] for name in found)
        case "ns_and_snapshot":
            try:
                ns, snapshot = namespace.parse_snapshot_path(vector["text"])
            except ValueError:
                return vector["snapshot"] is None
            return (ns, str(snapshot)) == (vector["ns"], vector["snapshot"])
        case "map_prefix":
            moved = namespace.map_prefix(vector["ns"], vector["source_prefix"], vector["target_prefix"])
            return bool(moved == vector["result"])
        case _:
            return bool(namespace.fits_depth(vector["ns"], vector["max_depth"]) == vector["ok"])


def refused_with(parse: Any, text: str, message: str) -> bool:
    """Tell whether a text is refused in Proxmox's words."""
    try:
        parse(text)
    except ValueError as error:
        return str(error) == message
    return False


def group_filter(vector: Vector, _: Meta) -> bool:
    """Tell which groups a job takes."""
    filters = [GroupFilter.parse(text) for text in vector["filters"]]
    taken = [group for group in vector["groups"] if included(GroupId.parse(group), filters)]
    return bool(taken == vector["included"])


def human_byte(vector: Vector, _: Meta) -> bool:
    """Read sizes; what is written for people is read back as closely as it says."""
    if vector["kind"] == "parse":
        return bool(parse_bytes(vector["text"]) == vector["bytes"])
    read = parse_bytes(vector["text"])
    return read is not None and abs(read - vector["bytes"]) <= 0.001 * max(vector["bytes"], 1)


def version(vector: Vector, _: Meta) -> bool | None:
    """Put the version together; the client goes by what a server refuses, and asks for no gate."""
    if vector["kind"] == "gate":
        return None
    found = Version.from_api(vector["answer"])
    return (found.text, list(found.release)) == (vector["full"], vector["tuple"])


def marks(vector: Vector, _: Meta) -> bool | None:
    """Mark what a prune keeps; what its callers never ask the inner function of the server is not asked here either."""
    if vector["cls"] in {"pbs_keep0", "pbs_nokeep"}:
        return None
    backups = [
        Backup(backup["ctime"], bool(backup.get("protected")), partial=bool(backup.get("partial")))
        for backup in vector["backups"]
    ]
    found = prune(backups, KeepOptions.from_api(vector["keep"]), ZoneInfo(vector["tz"]))
    return bool(found == vector["marks"])


GROUND_FLOOR: Mapping[str, Verdict] = {
    "upid_pbs": upid,
    "worker_id": worker_id,
    "task_state": task_state,
    "namespace": namespaces,
    "group_filter": group_filter,
    "human_byte": human_byte,
    "version": version,
    "prune_pbs": marks,
}
