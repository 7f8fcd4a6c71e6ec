"""What was there at the last look and is kept from the token now: Proxmox leaves it out of its lists without a word."""

from collections.abc import Iterator
from dataclasses import replace

from ..context import Context
from ..model.facts import storage_key
from ..model.reason_codes import ReasonCode
from ..model.records import History
from ..model.subject import Subject
from ..model.verdict import Verdict, unknown


def hidden_verdicts(context: Context, before: History) -> dict[Subject, Verdict]:
    """Return what is held of all that had a verdict `before` and is kept from the token now.

    What was a problem when it was seen last remains one: nothing good has been seen of it since.
    """
    found = {}
    for subject, code, values in _hidden(context):
        known = before.verdicts.get(subject)
        if known is None:
            continue
        verdict = unknown(code, **values)
        found[subject] = replace(verdict, problem=True, since=known.since) if known.problem else verdict
    return found


def _hidden(context: Context) -> Iterator[tuple[Subject, ReasonCode, dict[str, str]]]:
    facts, history = context.facts, context.history
    for guest in context.hidden_guests:
        path = f"/vms/{guest.vmid}" if facts.guests_visible else "/vms"
        yield Subject.guest(guest.vmid), ReasonCode.GUEST_HIDDEN, {"path": path}
    if facts.jobs is None:
        code = ReasonCode(facts.jobs_blindness) if facts.jobs_blindness is not None else ReasonCode.JOBS_HIDDEN
        for job_id, job in history.jobs.items():
            if job.deleted is None:
                yield Subject.job(job_id), code, {}
    all_hidden = not facts.storages_visible and history.saw_all_storages
    shown = {storage_key(storage) for storage in facts.storages}
    for key in history.storages.keys() - shown:
        name = key.rpartition("/")[2]
        if all_hidden or name in facts.hidden_storages:
            path = "/storage" if all_hidden else f"/storage/{name}"
            yield Subject.storage(key), ReasonCode.STORAGE_HIDDEN, {"path": path}
