"""A guest's last backup against its own past under the same circumstances: what explains a change ends that past."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.facts import Facts
from ..model.outcome import Outcome
from ..model.verdict import Reason, Status
from ..runs.run_index import InShort
from .anomalies import CHANGE_AT_LEAST, MUCH_SHORTER, TRIPLED, Taken, anomalies
from .sizes import alike, is_on_server

_LOOKED_BACK: Final = 120
# The lists of all tasks are read once an hour.
_TASKS_READ_WITHIN: Final = timedelta(hours=2)


def far_findings(good: Sequence[Outcome], guest: Guest, context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return what is far from usual about the newest of a guest's good backups."""
    if not good or not can_be_far(good[0], context.in_short(guest)):
        return
    newest = good[0]
    comparable = _comparable(newest, alike(newest, good[1 : _LOOKED_BACK + 1]), guest, context)
    if comparable is not None:
        # The first one of a storage, or after a restore, is new to it as a whole, whatever has changed in the guest.
        taken = [_taken(entry, context.facts) for entry in (newest, *comparable[:-1])]
        yield from anomalies(taken[0], taken[1:])


def can_be_far(newest: Outcome, backups: InShort) -> bool:
    """Tell whether a backup can be far from a guest's others; most look at no further than this."""
    if newest.changed is not None and (newest.changed == 0 or newest.changed > CHANGE_AT_LEAST):
        return True
    size, seconds = newest.size, newest.seconds
    is_large = size is not None and (backups.smallest is None or size > TRIPLED * backups.smallest)
    is_short = seconds is not None and (backups.longest is None or seconds * MUCH_SHORTER < backups.longest)
    return is_large or is_short


def _comparable(newest: Outcome, alike: Sequence[Outcome], guest: Guest, context: Context) -> Sequence[Outcome] | None:
    """Return the backups under the same circumstances: since a disk was enlarged or the guest restored, and before it was.

    None where it is not known yet what people did with the guest before the newest one.
    """
    record = context.guest_record(guest)
    moments = [record.resized] if record is not None else []
    moments += [
        entry.ended
        for entry in context.history.restores.values()
        if entry.target == guest.vmid and entry.ok and entry.started <= newest.started
    ]
    since = max((moment for moment in moments if moment is not None and moment <= newest.started), default=None)
    found = []
    after = newest
    for entry in alike:
        has_grown = after.disks is not None and entry.disks is not None and after.disks > entry.disks
        if has_grown or (since is not None and entry.started < since):
            break
        found.append(entry)
        after = entry
    ended = newest.finished or newest.started
    node = context.history.nodes.get(newest.node)
    read = node.tasks_known_until if node is not None else None
    is_pending = read is not None and read < ended and context.node_now(newest.node) - ended < _TASKS_READ_WITHIN
    return None if is_pending else found


def _taken(outcome: Outcome, facts: Facts) -> Taken:
    zone, on_server = facts.zone_of(outcome.node), is_on_server(outcome, facts)
    return Taken(
        moment=outcome.started,
        weekday=outcome.started.astimezone(zone).weekday(),
        size=None if on_server else outcome.size,
        changed=outcome.changed,
        total=outcome.size if on_server else None,
        seconds=outcome.seconds,
        stopped=outcome.stopped,
    )
