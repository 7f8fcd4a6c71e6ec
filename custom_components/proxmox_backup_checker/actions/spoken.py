"""Answers to be listened to: whether a guest or server is all right, what is not, and when the next backup is due."""

from collections.abc import Iterable
from datetime import datetime

from ..checker.assessment import Assessment, GuestView
from ..checker.model.labels import guest_label, job_name
from ..checker.model.subject import SERVER, Subject
from ..checker.model.verdict import Status, Verdict
from ..checker.views.report import Standing, standings_of
from ..texts.explanation import status_text
from ..texts.localizer import Localizer, full_stop

_NAMED = 6
_REASONS_TOLD = 3


def guests_called(assessment: Assessment, name: str) -> list[int]:
    """Return the guests of a spoken name or number: neither case, blanks nor marks are heard."""
    said = heard(name)
    found = [vmid for vmid, view in assessment.guests.items() if said and heard(view.guest.name or "") == said]
    return found or [vmid for vmid in assessment.guests if str(vmid) == said]


def is_backed_up(assessment: Assessment, vmid: int, localizer: Localizer, now: datetime) -> str:
    """Return whether a guest has its backup: yes only where that is proven."""
    view = assessment.guests[vmid]
    verdict = view.verdict
    name = _name(view)
    last = verdict.last_success
    said = localizer.near_moment(last, now) if last else None
    if verdict.problem is None:
        return _joined(localizer.text("voice_guest_unknown", name=name), _why(verdict, localizer))
    if verdict.problem:
        known = localizer.text("voice_last_good", moment=said) if said else localizer.text("voice_no_last_good")
        return _joined(localizer.text("voice_guest_no", name=name), _why(verdict, localizer), known)
    if said and verdict.lasting in {Status.OK, Status.WARNING}:
        warning = _why(verdict, localizer) if verdict.lasting is Status.WARNING else ""
        return _joined(localizer.text("voice_guest_yes", name=name, moment=said), warning)
    return _joined(f"{name}: {status_text(verdict.lasting, 'guest', localizer)}.", _why(verdict, localizer))


def what_is_not(assessment: Assessment, localizer: Localizer) -> str:
    """Return which guests have no backup as promised, and of which that cannot be told."""
    guests = [found for found in standings_of(assessment) if found.subject.kind == "guest"]
    groups = {
        "voice_not_backed_up": [found for found in guests if found.verdict.problem],
        "voice_not_seen": [found for found in guests if found.verdict.problem is None],
        "voice_not_covered": [
            found
            for found in guests
            if found.verdict.problem is False and found.verdict.lasting in {Status.UNCOVERED, Status.PAUSED}
        ],
        "voice_waiting": [
            found for found in guests if found.verdict.problem is False and found.verdict.lasting is Status.PENDING
        ],
    }
    told = [localizer.text(key, names=_names(found, localizer)) for key, found in groups.items() if found]
    if not guests:
        return localizer.text("voice_no_guests")
    return " ".join(told) or localizer.text("voice_all_backed_up")


def what_has_no_copy_elsewhere(assessment: Assessment, localizer: Localizer) -> str:
    """Return which guests have no copy outside the house as they should, and of which that cannot be told."""
    views = [view for view in assessment.guests.values() if view.verdict.lasting is not Status.IGNORED]
    held = [(view, view.offsite) for view in views if view.offsite is not None]
    if not held:
        return localizer.text("voice_no_place_elsewhere")
    groups = {
        "voice_no_copy_elsewhere": [_name(view) for view, offsite in held if offsite.problem],
        "voice_not_seen": [_name(view) for view, offsite in held if offsite.problem is None],
        "voice_copy_awaited": [
            _name(view) for view, offsite in held if offsite.problem is False and offsite.lasting is Status.PENDING
        ],
    }
    told = [localizer.text(key, names=localizer.list_of(names, _NAMED)) for key, names in groups.items() if names]
    return " ".join(told) or localizer.text("voice_all_have_copies")


def how_is_server(name: str, standings: Iterable[Standing], localizer: Localizer) -> str:
    """Return how a backup server is, with the reasons of its first problems: fine only where all of it could be read."""
    known = {found.subject: found for found in standings}
    own, parts = known.get(SERVER), [found for found in known.values() if found.subject != SERVER]
    wrong = [found for found in parts if found.verdict.problem]
    unseen = [found for found in parts if found.verdict.problem is None]
    if own is not None and own.verdict.problem is not False and not (wrong and own.verdict.problem):
        return _joined(localizer.text("voice_server_unknown", name=name), _why(own.verdict, localizer))
    if wrong:
        reasons = [f"{found.name}: {_why(found.verdict, localizer)}" for found in wrong if not found.acknowledged]
        return _joined(localizer.text("voice_server_problems", name=name, count=len(wrong)), *reasons[:_REASONS_TOLD])
    if unseen or own is None:
        names = localizer.list_of([found.name for found in unseen], _NAMED)
        return localizer.text("voice_server_unseen", name=name, names=names)
    return localizer.text("voice_server_fine", name=name)


def what_is_next(assessment: Assessment, localizer: Localizer, now: datetime, vmid: int | None = None) -> str:
    """Return when the next backup is due, of a guest or of all."""
    if vmid is not None:
        view = assessment.guests[vmid]
        if (due := view.verdict.next_due) is None:
            return localizer.text("voice_next_guest_none", name=_name(view))
        return localizer.text("voice_next_guest", name=_name(view), moment=localizer.near_moment(due, now))
    upcoming = [
        (due, job_name(view.job))
        for view in assessment.jobs.values()
        if (due := view.verdict.next_due) is not None and view.job.enabled and due >= now
    ]
    if not upcoming:
        return localizer.text("voice_next_none")
    first, _ = min(upcoming)
    jobs = sorted(name for due, name in upcoming if due == first)
    return localizer.text("voice_next", moment=localizer.near_moment(first, now), job="\n".join(jobs))


def subject_called(assessment: Assessment, name: str) -> list[Subject]:
    """Return the guests, jobs or storages of a spoken name; guests before all others."""
    said = heard(name)
    return (
        [Subject.guest(vmid) for vmid in guests_called(assessment, name)]
        or [
            Subject.job(job_id)
            for job_id, view in assessment.jobs.items()
            if said in {heard(job_name(view.job)), heard(job_id)}
        ]
        or [Subject.storage(key) for key, view in assessment.storages.items() if heard(view.name) == said]
    )


def heard(text: str) -> str:
    """Return what is heard of a name: neither case, blanks nor marks."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _name(view: GuestView) -> str:
    return view.guest.name or guest_label(view.guest.name, view.guest.vmid)


def _names(found: Iterable[Standing], localizer: Localizer) -> str:
    return localizer.list_of([standing.name.rpartition(" (")[0] or standing.name for standing in found], _NAMED)


def _why(verdict: Verdict, localizer: Localizer) -> str:
    return full_stop(localizer.sentence(verdict.reason, unquoted=localizer.text("voice_see_log")))


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
