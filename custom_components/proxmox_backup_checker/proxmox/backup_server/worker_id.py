"""What a task of a backup server is about, read from its worker id.

Forms as in src/server/{sync,verify_job,prune_job,gc_job}.rs, src/api2/{admin/datastore,backup,reader}; ids as the API shows them, unescaped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from typing import Final

from .namespace import ROOT, GroupId, components, split_path

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_HEX_TIME: Final = re.compile(r"[0-9A-Fa-f]{1,10}")
_SAME_SERVER: Final = "-"
_LONGEST: Final = 2_048


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What a task is about; None is what its id does not tell.

    `ns` is the empty text for the root. `time` is the moment of a snapshot, in epoch seconds. Of a sync job `store` is the local
    datastore, and `remote` is None where the other one is on the same server. `target` is where a group is moved.
    """

    store: str
    ns: str | None = None
    group: GroupId | None = None
    time: int | None = None
    remote: str | None = None
    remote_store: str | None = None
    job: str | None = None
    pool: str | None = None
    drive: str | None = None
    target: str | None = None


def parse_worker_id(worker_type: str, worker_id: str | None) -> Work | None:
    """Return what a task is about, None where its id does not say, or not in a form that we know."""
    read = _READERS.get(worker_type)
    if read is None or not worker_id or len(worker_id) > _LONGEST:
        return None
    try:
        return read(worker_id.split(":"))
    except ValueError:
        return None


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"not a name: {text[:200]!r}")
    return text


def _namespace(text: str) -> str:
    components(text)
    return text


def _only_store(parts: list[str]) -> Work:
    (store,) = parts
    return Work(store=_name(store))


def _whole_store(parts: list[str]) -> Work:
    (store,) = parts
    return Work(store=_name(store), ns=ROOT)


def _sync_job(parts: list[str]) -> Work:
    """Read `remote:remote-store:store:ns:job`; old ones have no namespace, and the root is an empty one."""
    remote, remote_store, store, *rest = parts
    if len(rest) not in {1, 2}:
        raise ValueError("not the id of a sync job")
    return Work(
        remote=None if remote == _SAME_SERVER else _name(remote),
        remote_store=_name(remote_store),
        store=_name(store),
        ns=_namespace(rest[0]) if len(rest) == 2 else ROOT,
        job=_name(rest[-1]),
    )


def _verification_job(parts: list[str]) -> Work:
    store, job = parts
    return Work(store=_name(store), job=_name(job))


def _prune_job(parts: list[str]) -> Work:
    store, *rest = parts
    if len(rest) > 1:
        raise ValueError("not the id of a prune job")
    return Work(store=_name(store), ns=_namespace(rest[0]) if rest else ROOT)


def _prune(parts: list[str]) -> Work:
    """Read `store:ns:vm/100`, `store:vm/100` or `store:ns`; the namespace of the root is empty."""
    if len(parts) == 3:
        store, ns, group = parts
        return Work(store=_name(store), ns=_namespace(ns), group=GroupId.parse(group))
    if len(parts) == 2:
        try:
            return Work(store=_name(parts[0]), ns=ROOT, group=GroupId.parse(parts[1]))
        except ValueError:
            return _prune_job(parts)
    return _prune_job(parts)


def _group_anywhere(parts: list[str]) -> Work:
    store, group = parts
    return Work(store=_name(store), group=GroupId.parse(group))


def _snapshot_anywhere(parts: list[str]) -> Work:
    store, path = parts
    group, time = _group_and_time(path)
    return Work(store=_name(store), group=group, time=time)


def _group_and_time(path: str) -> tuple[GroupId, int]:
    group, _, time = path.rpartition("/")
    if _HEX_TIME.fullmatch(time) is None:
        raise ValueError(f"not a snapshot: {path[:200]!r}")
    return GroupId.parse(group), int(time, 16)


def _verify(parts: list[str]) -> Work:
    """Read `store`, `store:ns/a` for all that is there, or `store:vm/100/TIME` of the check after a backup."""
    if len(parts) == 1:
        return _whole_store(parts)
    store, path = parts
    ns, rest = split_path(path)
    if not rest:
        return Work(store=_name(store), ns=ns)
    if ns == ROOT:
        try:
            return _snapshot_anywhere(parts)
        except ValueError:
            # Written plainly by some versions.
            return Work(store=_name(store), ns=_namespace(rest))
    group, time = _group_and_time(rest)
    return Work(store=_name(store), ns=ns, group=group, time=time)


def _verify_group(parts: list[str]) -> Work:
    """Read `store:ns/a/vm/100`; that of the root begins with a slash, or not."""
    store, path = parts
    ns, rest = split_path(path.removeprefix("/"))
    return Work(store=_name(store), ns=ns, group=GroupId.parse(rest))


def _verify_snapshot(parts: list[str]) -> Work:
    store, path = parts
    ns, rest = split_path(path.removeprefix("/"))
    group, time = _group_and_time(rest)
    return Work(store=_name(store), ns=ns, group=group, time=time)


def _move_group(parts: list[str]) -> Work:
    """Read `store:ns/vm/100:target`, where the namespace is written plainly."""
    store, path, target = parts
    *names, kind, number = path.split("/")
    ns = _namespace("/".join(names))
    return Work(store=_name(store), ns=ns, group=GroupId.parse(f"{kind}/{number}"), target=_namespace(target))


def _move_namespace(parts: list[str]) -> Work:
    store, ns, target = parts
    return Work(store=_name(store), ns=_namespace(ns), target=_namespace(target))


def _tape_job(parts: list[str]) -> Work:
    store, pool, drive, job = parts
    return Work(store=_name(store), pool=_name(pool), drive=_name(drive), job=_name(job))


def _tape(parts: list[str]) -> Work:
    store, pool, drive = parts
    return Work(store=_name(store), pool=_name(pool), drive=_name(drive))


_READERS: Final[Mapping[str, Callable[[list[str]], Work]]] = {
    "backup": _group_anywhere,
    "create-datastore": _only_store,
    "delete-datastore": _only_store,
    "garbage_collection": _only_store,
    "mount-device": _only_store,
    "mount-sync-jobs": _only_store,
    "move-group": _move_group,
    "move-namespace": _move_namespace,
    "prune": _prune,
    "prunejob": _prune_job,
    "reader": _snapshot_anywhere,
    "s3-refresh": _only_store,
    "sync": _only_store,
    "syncjob": _sync_job,
    "tape-backup": _tape,
    "tape-backup-job": _tape_job,
    "unmount-device": _only_store,
    "verificationjob": _verification_job,
    "verify": _verify,
    "verify_group": _verify_group,
    "verify_snapshot": _verify_snapshot,
}
