"""What a person has said to know already: how long that holds, and for what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import re
from typing import Final

from ..model.records import Acknowledgement, History
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


def is_meant(verdict: Verdict | None, acknowledgement: Acknowledgement | None, now: datetime) -> bool:
    """Tell whether an acknowledgement is of the problem that there is now."""
    if verdict is None or acknowledgement is None or verdict.problem is False:
        return False
    if acknowledgement.until is not None and now >= acknowledgement.until:
        return False
    return acknowledgement.code == cause_key(verdict)


def can_be_acknowledged(verdicts: Mapping[str, Verdict], key: str) -> bool:
    """Tell whether there is a problem behind a key, or something that cannot be seen."""
    return key in verdicts and verdicts[key].problem is not False


def acknowledge(
    history: History,
    verdicts: Mapping[str, Verdict],
    keys: Iterable[str],
    now: datetime,
    *,
    until: datetime | None = None,
    note: str | None = None,
) -> History:
    """Return the history with the problems behind these keys acknowledged."""
    new = {
        key: Acknowledgement(key=key, code=cause_key(verdicts[key]), made=now, until=until, note=note)
        for key in keys
        if can_be_acknowledged(verdicts, key)
    }
    return replace(history, acknowledgements={**history.acknowledgements, **new}) if new else history


def withdraw(history: History, keys: Iterable[str]) -> History:
    """Return the history without the acknowledgements of these keys."""
    gone = set(keys)
    kept = {key: record for key, record in history.acknowledgements.items() if key not in gone}
    return replace(history, acknowledgements=kept)


def still_held(
    known: Mapping[str, Acknowledgement],
    verdicts: Mapping[str, Verdict],
    now: datetime,
    is_hidden: Callable[[str], bool],
) -> Mapping[str, Acknowledgement]:
    """Return the acknowledgements that go on; the same mapping where all do.

    `is_hidden` tells of something without a verdict whether it may be there all the same.
    """
    kept = {
        key: record
        for key, record in known.items()
        if (_goes_on(record, verdict, now) if (verdict := verdicts.get(key)) is not None else is_hidden(key))
    }
    return known if len(kept) == len(known) else kept


def _goes_on(record: Acknowledgement, verdict: Verdict, now: datetime) -> bool:
    is_same = record.code == cause_key(verdict)
    if verdict.problem is None or verdict.status is Status.UNKNOWN:
        # What cannot be seen has neither ended nor changed; that the time is up is told when it can be seen again.
        return not is_same or record.until is None or now < record.until
    if record.until is not None:
        return now < record.until
    return verdict.problem and is_same
