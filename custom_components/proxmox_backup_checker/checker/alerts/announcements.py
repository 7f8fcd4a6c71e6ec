"""What is to be told at one moment, and each problem once: what began, changed, lasts or is over."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from ..model.facts import Facts
from ..model.reason_codes import AlertKind, ReasonCode
from ..model.records import Acknowledgement, AlertRecord, History
from ..model.server_records import ServerHistory
from ..model.subject import Subject
from ..model.verdict import GOOD, Status, Verdict
from .acknowledgements import applies_to, still_held
from .alerts import LONGEST_WAIT_FOR_RUN, Alert, Severity, is_unseen, told_occurrences

_KEPT: Final = timedelta(days=35)
_MOST_KEPT: Final = 300
_RECOVERY_STAYS: Final = timedelta(hours=12)
# Who can see again what he knew not to be seen has not been told of another problem by that.
_CAUSES_OF_BLINDNESS: Final = frozenset(code.cause for code in ReasonCode if code.meaning.alert is AlertKind.BLIND)
_STILL_OPEN: Final = frozenset({Status.RUNNING, Status.WAITING, Status.ASLEEP})
# For these it is enough that the guest is awaited by a job again.
_GOOD_WHEN_AWAITED: Final = frozenset({AlertKind.UNCOVERED, AlertKind.PAUSED})


class MessageKind(StrEnum):
    """What a message says of an alert; `closed` only takes earlier ones back."""

    OPENED = "opened"
    CHANGED = "changed"
    REMINDER = "reminder"
    RECOVERED = "recovered"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Something to tell; `alert` is None where it is over, `record` what is remembered of it."""

    kind: MessageKind
    record: AlertRecord
    alert: Alert | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcements:
    """The messages of one moment, and what to remember of them."""

    messages: tuple[Message, ...]
    alerts: Mapping[str, AlertRecord]
    acknowledgements: Mapping[Subject, Acknowledgement]


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """When something is told: what is there at the first look ever is a state, not news.

    After `remind_after` a problem that lasts is told again. `is_hidden` says of something without a verdict whether it may be
    there all the same.
    """

    now: datetime
    is_hidden: Callable[[Subject], bool]
    first_look: bool
    remind_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Moment:
    """What is asked of a moment: its verdicts, and what had been told before.

    The acknowledgements of `lapsed` subjects have just ended since their time was up, those of `changed` since the problem
    is another one now. `told` are the failed runs and missed slots that belong to alerts from before.
    """

    verdicts: Mapping[Subject, Verdict]
    acknowledgements: Mapping[Subject, Acknowledgement]
    lapsed: frozenset[Subject]
    changed: frozenset[Subject]
    told: Collection[tuple[Subject, str]]
    occasion: Occasion

    @property
    def now(self) -> datetime:
        return self.occasion.now

    def is_told(self, alert: Alert, subject: Subject) -> bool:
        """Tell whether the failed run or missed slot of a subject belonged to an alert before, whatever was its cause."""
        occurrence = alert.occurrences.get(subject)
        return occurrence is not None and (subject, occurrence) in self.told

    def is_silence_over(self, subjects: Iterable[Subject]) -> bool:
        """Tell whether the acknowledgement of one of these has just ended, though its problem has not."""
        return not (self.lapsed | self.changed).isdisjoint(subjects)


def _is_hidden(subject: Subject, facts: Facts) -> bool:
    """Tell whether something may be there all the same though there is no verdict on it."""
    if subject.kind == "job":
        return facts.jobs is None
    if subject.vmid in facts.hidden_guests:
        return True
    return not facts.guests_complete or (subject.kind == "replication" and not facts.replications_read)


def occasion_of(facts: Facts, *, first_look: bool) -> Occasion:
    """Return the occasion that a look at a cluster is."""
    return Occasion(
        now=facts.now,
        is_hidden=partial(_is_hidden, facts=facts),
        first_look=first_look,
        remind_after=facts.policy.remind_after,
    )


def announce(
    alerts: tuple[Alert, ...],
    verdicts: Mapping[Subject, Verdict],
    history: History | ServerHistory,
    occasion: Occasion,
) -> Announcements:
    """Return what is to be told, from the alerts there are now and what `history` holds of those before."""
    now = occasion.now
    held = still_held(history.acknowledgements, verdicts, now, occasion.is_hidden)
    ended = {subject: record for subject, record in history.acknowledgements.items() if subject not in held}
    lapsed = frozenset(
        subject
        for subject, record in ended.items()
        if record.until_next_run or (record.until is not None and now >= record.until)
    )
    moment = _Moment(
        verdicts=verdicts,
        acknowledgements=held,
        lapsed=lapsed,
        changed=frozenset(
            subject
            for subject, record in ended.items()
            if subject not in lapsed and record.code not in _CAUSES_OF_BLINDNESS
        ),
        told=told_occurrences(history.alerts.values()),
        occasion=occasion,
    )
    records = dict(history.alerts)
    # What is over comes first: where problems go from one alert to another, the old message is taken back before.
    messages = [*_over(alerts, records, moment), *_there(alerts, records, moment)]
    messages += _no_longer_news(records, moment)
    kept = _bounded(records, now)
    return Announcements(
        messages=tuple(messages),
        alerts=history.alerts if kept == history.alerts else kept,
        acknowledgements=held,
    )


def _over(alerts: tuple[Alert, ...], records: dict[str, AlertRecord], moment: _Moment) -> list[Message]:
    """Close the records of alerts that are over, and return the messages about them."""
    messages: list[Message] = []
    current = {alert.tag for alert in alerts}
    for known in [record for record in records.values() if record.ended is None and record.tag not in current]:
        if (kind := _end(known, moment)) is not None:
            well = kind is MessageKind.RECOVERED and known.announced is not None
            key = f"{known.tag}@{int(moment.now.timestamp())}"
            ended = replace(known, key=key, ended=moment.now, recovered=well, occurrences={})
            del records[known.key]
            records[ended.key] = ended
            if known.announced is not None:
                messages.append(Message(kind=kind, record=ended))
    return messages


def _there(alerts: tuple[Alert, ...], records: dict[str, AlertRecord], moment: _Moment) -> list[Message]:
    """Take the alerts into the records, and return the messages about them."""
    messages: list[Message] = []
    for alert in alerts:
        known = records.get(alert.tag)
        record, news = _next(alert, known, moment)
        if alert.in_progress and _may_wait(record, moment):
            announced = known.announced if known else None
            record, news = replace(known or record, held_since=record.held_since, announced=announced), None
        records[record.key] = record
        if news is not None:
            messages.append(Message(kind=news, record=record, alert=alert))
    return messages


def _may_wait(record: AlertRecord, moment: _Moment) -> bool:
    """Tell whether an alert may wait for the end of a run, after which there may be more, or nothing, to tell.

    Where one run follows the other that is never the right moment: it does not wait for long.
    """
    since = record.held_since or moment.now
    return moment.now - since < LONGEST_WAIT_FOR_RUN and not moment.is_silence_over(record.subjects)


def _no_longer_news(records: dict[str, AlertRecord], moment: _Moment) -> list[Message]:
    """Take recoveries back after half a day, unless something new is told in their place."""
    messages: list[Message] = []
    # Whatever was told later under the same tag has taken its place.
    newest = {record.tag: record.key for record in sorted(records.values(), key=lambda record: record.opened)}
    for record in list(records.values()):
        old = record.ended is not None and moment.now - record.ended >= _RECOVERY_STAYS
        if old and record.recovered and not record.taken_back:
            records[record.key] = replace(record, taken_back=True)
            if record.tag not in records and newest[record.tag] == record.key:
                messages.append(Message(kind=MessageKind.CLOSED, record=records[record.key]))
    return messages


def _next(alert: Alert, known: AlertRecord | None, moment: _Moment) -> tuple[AlertRecord, MessageKind | None]:
    record = AlertRecord(
        key=alert.tag,
        tag=alert.tag,
        kind=alert.kind,
        opened=known.opened if known else moment.now,
        since=alert.since or (known.since if known else moment.now),
        causes=tuple(cause.key for cause in alert.causes),
        subjects=_subjects(alert, known, moment),
        severity=alert.severity.value,
        failures=alert.failures,
        announced=known.announced if known else None,
        known_before=known.known_before if known else moment.occasion.first_look,
        held_since=((known.held_since if known else None) or moment.now) if alert.in_progress else None,
        occurrences=_occurrences(alert, known, moment),
    )
    if moment.occasion.first_look or is_silenced(alert, moment.acknowledgements, moment.verdicts, moment.now):
        return record, None
    news = _news(alert, record, known, moment)
    return (record if news is None else replace(record, announced=moment.now)), news


def _subjects(alert: Alert, known: AlertRecord | None, moment: _Moment) -> tuple[Subject, ...]:
    """Return what belongs to the alert, with what did before and cannot be seen now."""
    guests = [Subject.guest(guest.vmid) for guest in alert.guests]
    return tuple(sorted({*alert.subjects, *guests, *_unseen(known, moment)}))


def _unseen(known: AlertRecord | None, moment: _Moment) -> list[Subject]:
    """Return what belonged to an alert and cannot be seen now."""
    subjects = known.subjects if known else ()
    return [
        subject for subject in subjects if (verdict := moment.verdicts.get(subject)) is not None and is_unseen(verdict)
    ]


def _occurrences(alert: Alert, known: AlertRecord | None, moment: _Moment) -> Mapping[Subject, str]:
    """Return the failed runs and missed slots of the alert, with those of what cannot be seen now."""
    before = known.occurrences if known else {}
    kept = {subject: before[subject] for subject in _unseen(known, moment) if subject in before}
    return {**kept, **alert.occurrences}


def _news(alert: Alert, record: AlertRecord, known: AlertRecord | None, moment: _Moment) -> MessageKind | None:
    if record.announced is None:
        if moment.now - record.opened < alert.patience:
            return None
        if (
            known is not None
            and known.known_before
            and not _is_worse(alert, record, known, moment)
            and not _again(alert, known)
        ):
            return None
        return MessageKind.OPENED
    if known is not None and _is_worse(alert, record, known, moment):
        return MessageKind.CHANGED
    if moment.is_silence_over(record.subjects):
        return MessageKind.REMINDER
    remind_after = moment.occasion.remind_after
    if remind_after is not None and moment.now - record.announced >= remind_after:
        return MessageKind.REMINDER
    return None


def _again(alert: Alert, known: AlertRecord) -> bool:
    return alert.failures > known.failures


def _is_worse(alert: Alert, record: AlertRecord, known: AlertRecord, moment: _Moment) -> bool:
    """Tell whether there is a new cause, a guest more, or now a critical problem.

    A failed run or missed slot that was told before has no new cause when more is learned of it.
    """
    if alert.kind is AlertKind.BLIND:
        # Who cannot see some guests is not told of each other guest that he cannot see either.
        return False
    if alert.severity is Severity.CRITICAL and known.severity != Severity.CRITICAL:
        return True
    if not moment.changed.isdisjoint(record.subjects):
        return True
    # While guests are missing a backup, a job's own cause is not named.
    named = {subject for subject in known.subjects if subject.vmid is not None} or known.subjects
    is_new_cause = any(
        cause.key not in known.causes
        and not all(subject in named and moment.is_told(alert, subject) for subject in cause.subjects)
        for cause in alert.causes
    )
    return is_new_cause or not set(record.subjects) <= set(known.subjects)


def _end(known: AlertRecord, moment: _Moment) -> MessageKind | None:
    """Return how an alert that is no longer there has ended, None where that cannot be told yet."""
    verdicts = [moment.verdicts[subject] for subject in known.subjects if subject in moment.verdicts]
    if any(is_unseen(verdict) or verdict.status in _STILL_OPEN for verdict in verdicts):
        return None
    if any(moment.occasion.is_hidden(subject) for subject in known.subjects if subject not in moment.verdicts):
        return None
    if known.kind == AlertKind.BLIND:
        return MessageKind.RECOVERED
    good = GOOD | {Status.PENDING} if known.kind in _GOOD_WHEN_AWAITED else GOOD
    held = {verdict.status for verdict in verdicts}
    # A guest of which nothing is to be expected stands in nobody's way; one that only waits has no backup yet.
    proven = held & good and held <= good | {Status.IGNORED}
    well = proven and not any(verdict.problem for verdict in verdicts)
    return MessageKind.RECOVERED if well else MessageKind.CLOSED


def open_messages(
    alerts: Iterable[Alert],
    verdicts: Mapping[Subject, Verdict],
    history: History | ServerHistory,
    now: datetime,
    since: datetime | None,
) -> tuple[list[Message], list[Message]]:
    """Return the alerts that are open, and those that are over, as messages; those told of after `since`, if given.

    What began and ended in between needs no word. What somebody has acknowledged is left out.
    """
    there: list[Message] = []
    for alert in alerts:
        record = history.alerts.get(alert.tag)
        if record is None or record.announced is None:
            continue
        if is_silenced(alert, history.acknowledgements, verdicts, now):
            continue
        if since is None or record.announced >= since:
            there.append(Message(kind=MessageKind.OPENED, record=record, alert=alert))
    over = [
        Message(kind=MessageKind.RECOVERED, record=record)
        for record in history.alerts.values()
        if since is not None and record.recovered and record.ended and record.ended >= since > record.opened
    ]
    return sorted(there, key=lambda message: message.record.announced or now), over


def is_silenced(
    alert: Alert,
    acknowledgements: Mapping[Subject, Acknowledgement],
    verdicts: Mapping[Subject, Verdict],
    now: datetime,
) -> bool:
    """Tell whether a person has said to know of all of it: of the job, or of every guest by itself."""

    def is_known(subject: Subject) -> bool:
        return applies_to(acknowledgements.get(subject), verdicts.get(subject), now)

    guests = [subject for subject in alert.subjects if subject.vmid is not None]
    return bool(alert.subjects) and all(is_known(subject) for subject in guests or alert.subjects)


def _bounded(records: Mapping[str, AlertRecord], now: datetime) -> dict[str, AlertRecord]:
    """Return the alerts that last, and those of the last weeks."""
    ended = sorted(
        (record for record in records.values() if record.ended is not None and now - record.ended < _KEPT),
        key=lambda record: (record.ended or now, record.key),
    )
    kept = [record for record in records.values() if record.ended is None] + ended[-_MOST_KEPT:]
    return {record.key: record for record in kept}
