"""The text of a message: what failed, why, since when, what that means and what to do; plain text, line by line."""

from collections.abc import Iterator

from ..checker.alerts.alerts import Alert
from ..checker.alerts.announcements import Message, MessageKind
from ..checker.model.reason_codes import AlertKind
from ..checker.model.records import AlertRecord
from ..texts.alert_text import SEVERAL
from ..texts.alert_texts import text_of
from ..texts.wording import Wording


def title_of(message: Message, wording: Wording) -> str:
    """Return what a message is about."""
    if message.alert is None:
        return _title_of_recovery(message.record, wording)
    title = text_of(message.alert, wording).title()
    return wording.text("reminder", title=title) if message.kind is MessageKind.REMINDER else title


def body_of(message: Message, wording: Wording) -> str:
    """Return the rest of a message, line by line."""
    alert = message.alert
    lines = _recovery(message.record, wording) if alert is None else _alert(alert, message.kind, wording)
    return "\n".join(lines)


def _alert(alert: Alert, kind: MessageKind, wording: Wording) -> Iterator[str]:
    text = text_of(alert, wording)
    yield from text.guests()
    yield from text.causes()
    yield from text.meaning()
    if kind is not MessageKind.OPENED and alert.since is not None:
        yield wording.text("since", moment=wording.moment(alert.since))
    if (due := text.next_try()) is not None:
        yield wording.text("next_try", moment=wording.moment(due))
    if todo := text.what_to_do():
        yield wording.text("todo", todo=todo)


def _title_of_recovery(record: AlertRecord, wording: Wording) -> str:
    return wording.text(f"recovered_{record.kind.value}", cluster=wording.cluster, **wording.about(record))


def _recovery(record: AlertRecord, wording: Wording) -> Iterator[str]:
    since = record.since or record.opened
    duration = wording.duration(since, record.ended or wording.now)
    if guests := wording.guests_of(record):
        key = "recovered_blind_body" if record.kind is AlertKind.BLIND else "recovered_body"
        yield wording.text(key, duration=duration, names=wording.names(guests))
    else:
        yield wording.text("recovered_body_alone", duration=duration)
    if record.failures >= SEVERAL:
        yield wording.text("recovered_runs", count=record.failures)
    yield wording.text("recovered_since", moment=wording.moment(since))
    good = [guest for guest in guests if guest.last_success is not None]
    if good and record.kind not in {AlertKind.BLIND, AlertKind.STORAGE, AlertKind.REPLICATION, AlertKind.OFFSITE}:
        yield wording.last_good(good)
