"""What the backup server behind a storage tells of why backups do not come, where it is watched as well."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..archives.linking import Link
from ..context import Context
from ..model.facts import READ_LATELY, StorageFacts, storage_key
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason, Status, Verdict

_CLOCK: Final = "pbs_clock_wrong"


def server_hints(guest: Guest, verdict: Verdict, context: Context) -> Iterable[Reason]:
    """Return what helps who looks at a guest that is not well: where a storage is out of reach, and what the clocks show."""
    job = context.job(verdict.job_id)
    name = context.facts.storage_name(job.storage, guest.node) if job is not None else None
    storage = context.facts.storage_of(name, guest.node) if name is not None else None
    link = context.links.get(storage_key(storage)) if storage is not None else None
    if storage is None or link is None:
        return
    if (reason := why_out_of_reach(storage, context)) is not None:
        yield reason
    if verdict.cause is not None and verdict.cause.code == _CLOCK:
        yield _clocks(guest.node, link, context)


def server_findings(guest: Guest, context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return that a guest is a backup server itself: what it holds shares its fate, and cannot bring it back."""
    storages = context.servers_on_guests.get(guest.vmid)
    if not storages:
        return
    values = {"storage": ", ".join(sorted(storages))}
    yield Status.OK, Reason(ReasonCode.BACKUP_SERVER_ON_ITS_CLUSTER, values)
    own = context.archives(guest)
    if own and all(archive.storage in storages for archive in own):
        yield Status.WARNING, Reason(ReasonCode.BACKED_UP_ON_ITSELF, values)


def why_out_of_reach(storage: StorageFacts, context: Context) -> Reason | None:
    """Return why Proxmox VE cannot reach a storage whose server answers us, None where it can, or we cannot either."""
    link = context.links.get(storage_key(storage))
    if link is None or storage.active_on or context.facts.now - link.server.read_at > READ_LATELY:
        return None
    nodes = ", ".join(storage.nodes or sorted(context.facts.nodes))
    values = {"storage": storage.storage, "nodes": nodes, "server": link.server.name}
    pinned = storage.backup_server.fingerprint if storage.backup_server is not None else None
    shown = link.server.fingerprint
    is_outdated = pinned is not None and shown is not None and pinned != shown
    code = ReasonCode.STORAGE_FINGERPRINT_OUTDATED if is_outdated else ReasonCode.STORAGE_UNREACHABLE_SERVER_ANSWERS
    return Reason(code, values)


def _clocks(node: str, link: Link, context: Context) -> Reason:
    facts = context.node(node)
    values = {
        "node": node,
        "node_skew": _skew(facts.skew if facts is not None else timedelta()),
        "server": link.server.name,
        "server_skew": _skew(timedelta(seconds=link.server.skew)),
    }
    return Reason(ReasonCode.CLOCKS_OF_NODE_AND_SERVER, values)


def _skew(skew: timedelta) -> str:
    """Return what a clock is ahead, in minutes: seconds would change with every look."""
    minutes = round(skew / timedelta(minutes=1))
    return f"{minutes:+d} min" if minutes else "0 min"
