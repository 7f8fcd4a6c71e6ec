"""Whether a guest's backups can be restored: proven by those that people have restored, and by nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.records import RestoreRecord
from ..model.wrong_dates import WRONG_DATE

USUAL_LIMIT: Final = timedelta(days=180)
"""After this time a proof is old, where nobody has chosen another one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreProof:
    """What is known of the restores of a guest's backups.

    `proven` is the newest that went well, and `failed` the newest of all where that did not. `known_since` is the moment since
    which none was missed on any node, None where some node's tasks may not be seen.
    """

    proven: RestoreRecord | None = None
    failed: RestoreRecord | None = None
    known_since: datetime | None = None

    def is_proven(self, now: datetime, limit: timedelta) -> bool:
        """Tell whether there is a proof that is young enough, and has not been taken back by a verification."""
        return self.proven is not None and not self.proven.bad and now - self.proven.ended <= limit

    def is_missing(self, now: datetime, limit: timedelta, first_seen: datetime | None) -> bool:
        """Tell whether a proof is surely missing: none for so long, and no longer ago was there one that was not seen.

        A guest that is younger than the limit has not been due for a test yet.
        """
        since = max((moment for moment in (self.known_since, first_seen) if moment is not None), default=now)
        if self.proven is not None:
            return not self.is_proven(now, limit)
        return self.known_since is not None and now - since > limit


def proof_of(guest: Guest, context: Context) -> RestoreProof:
    """Return what is known of the restores of a guest's own backups: not of those of another that had its number."""
    since = known_since(context)
    if not context.history.restores:
        return RestoreProof(known_since=since)
    there = context.there_since(guest)
    own = [
        record
        for record in context.history.restores.values()
        if record.vmid == guest.vmid
        and record.guest_type == guest.guest_type
        and (there is None or record.copied is None or record.copied >= there)
        and not record.is_cancelled
        and record.ended <= context.node_now(record.node) + WRONG_DATE
    ]
    newest = max(own, key=lambda record: record.ended, default=None)
    return RestoreProof(
        proven=max((record for record in own if record.ok), key=lambda record: record.ended, default=None),
        failed=newest if newest is not None and not newest.ok else None,
        known_since=since,
    )


def known_since(context: Context) -> datetime | None:
    """Return since when every restore on every node is known, None where some node's tasks were never seen."""
    moments = []
    for name in context.facts.nodes:
        record = context.history.nodes.get(name)
        if record is None or record.tasks_known_since is None:
            return None
        moments.append(record.tasks_known_since)
    return max(moments, default=None)
