"""The alerts of a backup server: its problems, those with one cause together."""

from collections.abc import Iterator, Mapping
from typing import Final

from ..alerts.alerts import Alert, gathered, is_worth_telling
from ..model.reason_codes import AlertKind, ReasonCode
from ..model.server_records import ServerHistory
from ..model.subject import SERVER, Subject
from ..model.verdict import Status, Verdict
from .description import is_missed
from .links import Links
from .views import GroupView, ServerJobView

_SUMS: Final = frozenset({ReasonCode.SERVER_PROBLEM, ReasonCode.SERVER_WARNING})
# The last one is what the server says of a client that could not go on.
_NO_ROOM: Final = ("no space left", "os error 28", "quota exceeded", "finished state is not set")
_OWN: Final = {"datastore": AlertKind.DATASTORE, "pbsjob": AlertKind.PBSJOB, "group": AlertKind.GROUP}

type _Home = tuple[AlertKind, Subject | None]


def alerts_of_server(
    verdicts: Mapping[Subject, Verdict],
    jobs: Mapping[str, ServerJobView],
    groups: Mapping[str, GroupView],
    history: ServerHistory,
    links: Links,
) -> tuple[Alert, ...]:
    """Return the alerts that the verdicts on a server and its parts give.

    That it does not answer is left to a cluster that has told so already, of its own storage there.
    """
    stores = {
        **{view.subject: view.store for view in jobs.values()},
        **{view.subject: view.store for view in groups.values()},
    }

    def homes() -> Iterator[tuple[Subject, Verdict, _Home]]:
        for subject, verdict in verdicts.items():
            if not is_worth_telling(verdict) or verdict.reason.code in _SUMS:
                continue
            if subject == SERVER and _is_told_by_cluster(verdict, history, links):
                continue
            home = _home(subject, verdict)
            if (store := stores.get(subject)) is not None and _had_no_room(verdict, store, verdicts):
                home = AlertKind.DATASTORE, Subject.datastore(store)
            yield subject, verdict, home

    return tuple(group.alert() for group in gathered(homes(), history.alerts.values()))


def _home(subject: Subject, verdict: Verdict) -> _Home:
    """Return the kind of a problem's alert, and what the alert is told by."""
    kind = verdict.reason.code.meaning.alert
    match kind:
        case AlertKind.REMOTE:
            return kind, Subject.remote(str(verdict.reason.values["remote"]))
        case None if subject.kind in _OWN:
            return _OWN[subject.kind], subject
        case None:
            return AlertKind.BLIND, None
        case _:
            return kind, None


def _had_no_room(verdict: Verdict, store: str, verdicts: Mapping[Subject, Verdict]) -> bool:
    """Tell whether something failed since its datastore is full, which is told already."""
    own = verdicts.get(Subject.datastore(store))
    if own is None or own.reason.code is not ReasonCode.DATASTORE_NEARLY_FULL or verdict.lasting is not Status.FAILED:
        return False
    error = (verdict.error or "").lower()
    return any(text in error for text in _NO_ROOM)


def _is_told_by_cluster(verdict: Verdict, history: ServerHistory, links: Links) -> bool:
    return verdict.reason.code is ReasonCode.SERVER_UNREACHABLE and bool(links.missed_by) and not is_missed(history)
