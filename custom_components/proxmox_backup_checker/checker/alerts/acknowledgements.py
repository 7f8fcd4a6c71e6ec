"""What a person has said to know already: how long that holds, and for what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import re
from typing import Final

from ..model.reason_codes import ReasonCode
from ..model.records import Acknowledgement, History
from ..model.server_records import ServerHistory
from ..model.subject import Subject
from ..model.verdict import Status, Verdict

_NUMBERS: Final = re.compile(r"\d+")
_LONGEST: Final = 120


def cause_key(verdict: Verdict) -> str:
    """Return what tells one cause of a problem from another; numbers in a text of Proxmox do not."""
    if verdict.cause is not None:
        return verdict.cause.code
    if verdict.error and not verdict.reason.code.meaning.error_lists_guests:
        return _NUMBERS.sub("#", " ".join(verdict.error.split()))[:_LONGEST]
    return verdict.reason.code.cause


def applies_to(acknowledgement: Acknowledgement | None, verdict: Verdict | None, now: datetime) -> bool:
    """Tell whether an acknowledgement is of the problem that there is now."""
    if verdict is None or acknowledgement is None or verdict.problem is False:
        return False
    if acknowledgement.until is not None and now >= acknowledgement.until:
        return False
    return _is_same_problem(acknowledgement, verdict)


def _is_same_problem(acknowledgement: Acknowledgement, verdict: Verdict) -> bool:
    """Tell whether a verdict is of the problem that was acknowledged.

    The same failed run or missed slot stays the same problem when more is learned of its cause.
    """
    if acknowledgement.occurrence is not None and acknowledgement.occurrence == verdict.occurrence:
        return True
    if acknowledgement.until_next_run and acknowledgement.occurrence is not None:
        return False
    return acknowledgement.code == cause_key(verdict)


def can_be_acknowledged(verdicts: Mapping[Subject, Verdict], subject: Subject) -> bool:
    """Tell whether something has a problem, cannot be seen, or is backed up without disks that were left out only lately."""
    verdict = verdicts.get(subject)
    return verdict is not None and (verdict.problem is not False or _lacks_disks(verdict))


def _lacks_disks(verdict: Verdict) -> bool:
    return any(finding.code is ReasonCode.DISKS_NEWLY_EXCLUDED for finding in verdict.findings)


def acknowledge[Kept: (History, ServerHistory)](
    history: Kept,
    verdicts: Mapping[Subject, Verdict],
    subjects: Iterable[Subject],
    now: datetime,
    *,
    until: datetime | None = None,
    until_next_run: bool = False,
    note: str | None = None,
) -> Kept:
    """Return the history, of a cluster or of a backup server, with the problems of these subjects acknowledged.

    Of a guest that is fine but for disks which were left out only lately, it is acknowledged that they are left out.
    """
    subjects = list(subjects)
    if isinstance(history, History):
        history = _with_accepted_disks(history, verdicts, subjects)
    new = {
        subject: Acknowledgement(
            subject=subject,
            code=cause_key(verdicts[subject]),
            made=now,
            until=until,
            note=note,
            until_next_run=until_next_run,
            occurrence=verdicts[subject].occurrence,
        )
        for subject in subjects
        if subject in verdicts and verdicts[subject].problem is not False
    }
    return replace(history, acknowledgements={**history.acknowledgements, **new}) if new else history


def _with_accepted_disks(history: History, verdicts: Mapping[Subject, Verdict], subjects: Iterable[Subject]) -> History:
    accepted = {
        subject.vmid: replace(record, newly_excluded=())
        for subject in subjects
        if subject.vmid is not None
        and (verdict := verdicts.get(subject)) is not None
        and verdict.problem is False
        and _lacks_disks(verdict)
        and (record := history.guests.get(subject.vmid)) is not None
    }
    return replace(history, guests={**history.guests, **accepted}) if accepted else history


def withdraw[Kept: (History, ServerHistory)](history: Kept, subjects: Iterable[Subject]) -> Kept:
    """Return the history without the acknowledgements of these subjects."""
    gone = set(subjects)
    kept = {subject: record for subject, record in history.acknowledgements.items() if subject not in gone}
    return replace(history, acknowledgements=kept)


def still_held(
    known: Mapping[Subject, Acknowledgement],
    verdicts: Mapping[Subject, Verdict],
    now: datetime,
    is_hidden: Callable[[Subject], bool],
) -> Mapping[Subject, Acknowledgement]:
    """Return the acknowledgements that go on; the same mapping where nothing has changed.

    `is_hidden` tells of something without a verdict whether it may be there all the same.
    """
    kept = {}
    for subject, record in known.items():
        verdict = verdicts.get(subject)
        if verdict is None:
            if is_hidden(subject):
                kept[subject] = record
        elif _goes_on(record, verdict, now):
            kept[subject] = _carried_on(record, verdict)
    return known if kept == known else kept


def _carried_on(record: Acknowledgement, verdict: Verdict) -> Acknowledgement:
    """Return an acknowledgement that also covers the newest failed run with the same cause."""
    if verdict.occurrence in {None, record.occurrence} or not _is_same_problem(record, verdict):
        return record
    return replace(record, occurrence=verdict.occurrence)


def _goes_on(record: Acknowledgement, verdict: Verdict, now: datetime) -> bool:
    is_same = _is_same_problem(record, verdict)
    is_time_up = record.until is not None and now >= record.until
    if verdict.problem is None or verdict.status is Status.UNKNOWN:
        # What cannot be seen has neither ended nor changed; that the time is up is told when it can be seen again.
        return not (is_same and is_time_up)
    if verdict.problem:
        return is_same and not is_time_up
    # It was put off until a moment, which a good run in between does not change.
    return record.until is not None and not is_time_up
