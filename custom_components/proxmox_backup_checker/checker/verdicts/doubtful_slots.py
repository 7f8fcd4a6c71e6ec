"""Slots of which it is not known whether a job had them: they came while nobody saw that it was edited."""

from dataclasses import replace

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.labels import job_name
from ..model.outcome import Outcome
from ..model.reason_codes import ReasonCode
from ..model.verdict import Verdict, unknown
from .archive_evidence import Claim, archives_for
from .missed_slots import was_off
from .runs_in_progress import excused_since, serves
from .whereabouts import are_runs_known, node_at, timetable_of


def perhaps_owed(guest: Guest, job: BackupJob, newest: Outcome | None, context: Context) -> Verdict | None:
    """Return that a job may owe a guest a doubtful slot that nothing has served; `newest` is the newest evidence for the job.

    Where the node was on, was seen since, and all runs there are known, the scheduler itself tells that there was no such slot:
    it would have started the job.
    """
    table = timetable_of(job, guest, context)
    slot = table.doubtful if table is not None else None
    if table is None or slot is None:
        return None
    floor, since = context.owed_since(job, guest), excused_since(job, guest.node, context, guest)
    if (floor is not None and slot < floor) or (since is not None and table.deadline(slot) > since):
        return None
    if newest is not None and serves(newest, slot, table, job, context):
        return None
    if are_runs_known(guest, slot, table.deadline(slot), job, context):
        node = node_at(guest, slot, context)
        if context.is_seen(node, slot) and not was_off(node, slot, context):
            return None
    else:
        storage = context.facts.storage_name(table.storage_at(slot), guest.node)
        if archives_for(guest, job, storage, [slot], table, context)[0] is Claim.SURE:
            return None
    verdict = unknown(ReasonCode.SLOT_PERHAPS_OWED, job=job_name(job), slot=slot)
    return replace(verdict, trace={"rule": "doubtful_slot", "slot": slot.isoformat()})
