"""What is left of a history that is damaged, though each of its records can be read."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from ..model.records import History

type Judge = Callable[[History], object]

# What judging can raise over values that no history of ours has.
_DAMAGE: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError)


def salvaged(history: History, judge: Judge) -> tuple[History, int]:
    """Return the history without the records with which `judge` raises, and how many those are.

    Where it raises without any history too, that is not at fault, and all of it is returned.
    """
    kept = History()
    if not _works(kept, judge):
        return history, 0
    lost = 0
    for name in (section.name for section in fields(History)):
        value = getattr(history, name)
        if isinstance(value, Mapping):
            records = _sifted(kept, name, value, judge)
            lost += len(value) - len(records)
            kept = _with(kept, name, records)
        elif _works(whole := _with(kept, name, value), judge):
            kept = whole
        else:
            lost += 1
    return kept, lost


def _sifted(kept: History, name: str, records: Mapping[Any, Any], judge: Judge) -> Mapping[Any, Any]:
    """Return the records of a section with which it works beside those that are kept: halves of halves find the rest."""
    known: Mapping[Any, Any] = getattr(kept, name)
    whole = {**known, **records}
    if _works(_with(kept, name, whole), judge):
        return whole
    if len(records) == 1:
        return known
    items = list(records.items())
    middle = len(items) // 2
    first = _sifted(kept, name, dict(items[:middle]), judge)
    return _sifted(_with(kept, name, first), name, dict(items[middle:]), judge)


def _works(history: History, judge: Judge) -> bool:
    try:
        judge(history)
    except _DAMAGE:
        return False
    return True


def _with(history: History, name: str, value: object) -> History:
    changes: dict[str, Any] = {name: value}
    return replace(history, **changes)
