"""The words of a message: what failed, why, since when, what that means and what to do; plain text, line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from ..checker.alerts.alerts import Alert, AlertGuest, about_of
from ..checker.alerts.announcements import Message, MessageKind
from ..checker.assessment import Picture
from ..checker.model.labels import duration_text, guest_label, job_name, job_with_storage
from ..checker.model.reason_codes import AlertForm, AlertKind, ReasonCode
from ..checker.model.records import AlertRecord
from ..proxmox.api.backup_models import BackupJob
from ..texts.reason_text import Reasons

_MOST_NAMES: Final = 5
_MOST_CAUSES: Final = 3
_MOST_DATES: Final = 3
_SEVERAL: Final = 2
# Guests that one run has backed up one after the other.
_TOGETHER: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageTexts:
    """Puts messages about one cluster into the words of one language, at one moment."""

    picture: Picture
    reasons: Reasons
    cluster: str
    now: datetime

    def title(self, message: Message) -> str:
        """Return what it is about."""
        if message.alert is None:
            return self._recovered_title(message.record)
        title = self._title(message.alert)
        return self.reasons.word("reminder", title=title) if message.kind is MessageKind.REMINDER else title

    def body(self, message: Message) -> str:
        """Return the rest, line by line."""
        alert = message.alert
        lines = self._recovered(message.record) if alert is None else self._lines(alert, message)
        return "\n".join(lines)

    def names(self, guests: Sequence[AlertGuest]) -> str:
        """Return the names of guests, of many the first five."""
        names = [guest_label(guest.name, guest.vmid) for guest in guests]
        if len(names) <= _MOST_NAMES + 1:
            return ", ".join(names)
        shown = ", ".join(names[:_MOST_NAMES])
        return self.reasons.word("and_more", names=shown, count=len(names) - _MOST_NAMES)

    def job(self, job_id: str) -> str:
        """Return a job with the storage that it writes to."""
        if (view := self.picture.jobs.get(job_id)) is not None:
            return job_with_storage(view.job)
        record = self.picture.history.jobs.get(job_id)
        return record.name if record else self.reasons.word("job_gone")

    def guests_of(self, record: AlertRecord) -> tuple[AlertGuest, ...]:
        """Return the guests that a past alert concerned, as they are now."""
        views = (self.picture.guests.get(subject.vmid) for subject in record.subjects if subject.vmid is not None)
        found = [
            AlertGuest(
                vmid=view.guest.vmid,
                name=view.guest.name,
                node=view.guest.node,
                last_success=view.verdict.last_success,
            )
            for view in views
            if view is not None
        ]
        return tuple(sorted(found, key=lambda guest: guest.vmid))

    def _title(self, alert: Alert) -> str:
        name = alert.about.id if alert.about is not None else ""
        word = self.reasons.word
        guests = self._counted(alert.guests)
        match alert.kind:
            case AlertKind.JOB:
                again = alert.failures >= _SEVERAL and alert.form in {AlertForm.FAILED, AlertForm.MISSED}
                key = f"title_{alert.form.value}_again" if again else f"title_{alert.form.value}"
                return word(key, job=self.job(name), count=alert.failures)
            case AlertKind.NODE:
                since = self._offline_since(name)
                if since is None:
                    return word("title_node_on", node=name, guests=guests)
                return word("title_node_off", node=name, since=self._short(since), guests=guests)
            case AlertKind.PAUSED:
                return word("title_paused", job=self.job(name))
            case AlertKind.STORAGE:
                return word("title_storage", storage=name)
            case AlertKind.BLIND:
                return word("title_blind", cluster=self.cluster)
            case _:
                return word(f"title_{alert.kind.value}", guests=guests)

    def _lines(self, alert: Alert, message: Message) -> Iterator[str]:
        word = self.reasons.word
        yield from self._which(alert)
        yield from self._why(alert)
        yield from self._meaning(alert)
        if message.kind is not MessageKind.OPENED and alert.since is not None:
            yield word("since", moment=self._moment(alert.since))
        if alert.next_due is not None and alert.kind is not AlertKind.BLIND:
            yield word("next_try", moment=self._moment(alert.next_due))
        if todo := self._todo(alert):
            yield word("todo", todo=todo)

    def _which(self, alert: Alert) -> Iterator[str]:
        """Name the guests; with a job, where and when it ran."""
        if not alert.guests:
            return
        names = self.names(alert.guests)
        if alert.kind is AlertKind.UNCOVERED:
            yield self.reasons.word("uncovered_meaning", names=names)
            return
        place = self._place(alert)
        count = len(alert.guests)
        if not place:
            yield f"{names}."
        elif alert.total > count:
            yield self.reasons.word("how_many", guests=count, total=alert.total, place=place, names=names)
        elif alert.total == count and count > 1:
            yield self.reasons.word("how_many_all", total=count, place=place, names=names)
        else:
            yield f"{names} ({place})."

    def _place(self, alert: Alert) -> str:
        """Return nodes and time of the failed runs; the nodes alone where there were none."""
        if alert.kind is not AlertKind.JOB:
            return ""
        nodes = ", ".join(sorted({guest.node for guest in alert.guests}))
        started = min((run.started for run in alert.runs), default=None)
        return nodes if started is None else f"{nodes}, {self._moment(started)}"

    def _why(self, alert: Alert) -> Iterator[str]:
        """Name each cause once, those of the most guests first."""
        for cause in alert.causes[:_MOST_CAUSES]:
            if cause.reason.code is ReasonCode.NO_JOB:
                # The title says so.
                continue
            clause = None if cause.reason.code.meaning.sentence_says_cause else self.reasons.clause(cause.error)
            if clause is None:
                yield self.reasons.sentence(cause.reason)
            elif len(alert.causes) == 1:
                yield self.reasons.word("cause", cause=clause)
            else:
                concerned = [guest for guest in alert.guests if guest.vmid in cause.guests]
                yield self.reasons.word("cause_of_some", names=self.names(concerned), cause=clause)

    def _meaning(self, alert: Alert) -> Iterator[str]:
        name = alert.about.id if alert.about is not None else ""
        match alert.kind:
            case AlertKind.BLIND:
                yield self.reasons.word("blind_meaning")
            case AlertKind.STORAGE:
                name = name.rpartition("/")[2]
                jobs = [view.job for view in self.picture.jobs.values() if _writes_to(view.job, name)]
                if jobs:
                    names = ", ".join(job_name(job) for job in jobs)
                    yield self.reasons.word("storage_meaning", jobs=names)
            case AlertKind.UNCOVERED:
                if any(guest.last_success for guest in alert.guests):
                    yield self._last_good(alert.guests)
            case _ if alert.guests:
                yield self._last_good(alert.guests)

    def _last_good(self, guests: Sequence[AlertGuest]) -> str:
        """Return how old the last good backups are: all of a few guests, else oldest and newest."""
        word = self.reasons.word
        known = [guest.last_success for guest in guests if guest.last_success is not None]
        if len(guests) > 1 and not known:
            return word("last_good_none")
        if len(known) == len(guests) and max(known) - min(known) < _TOGETHER:
            return word("last_good_same", moment=self._moment(min(known)))
        if len(guests) <= _MOST_DATES:
            texts = [
                word("last_good_never", name=guest.name or guest.vmid)
                if guest.last_success is None
                else word("last_good_each", moment=self._moment(guest.last_success), name=guest.name or guest.vmid)
                for guest in guests
            ]
            return word("last_good", list=", ".join(texts))
        dated = sorted(
            ((guest.last_success, guest) for guest in guests if guest.last_success is not None),
            key=lambda pair: pair[0],
        )
        without = [guest for guest in guests if guest.last_success is None]
        if without:
            return word("last_good", list=word("last_good_never", name=self.names(without)))
        (oldest, guest), (newest, _) = dated[0], dated[-1]
        return word(
            "last_good_oldest",
            moment=self._moment(oldest),
            name=guest.name or guest.vmid,
            newest=self._moment(newest),
        )

    def _todo(self, alert: Alert) -> str | None:
        """Return what to do: as the first cause tells, else as is usual."""
        name = alert.about.id if alert.about is not None else ""
        word = self.reasons.word
        match alert.kind:
            case AlertKind.JOB:
                cause = next((entry.cause for entry in alert.causes if entry.cause is not None), None)
                if cause is not None:
                    return self.reasons.step(cause)
                return word("job_todo_missed" if alert.form is AlertForm.MISSED else "job_todo_failed")
            case AlertKind.NODE:
                key = "node_todo_on" if self._offline_since(name) is None else "node_todo_off"
                return word(key, node=name)
            case AlertKind.BLIND:
                out = all(cause.reason.code.is_out_of_reach for cause in alert.causes)
                return word("blind_todo_reach" if out else "blind_todo_rights")
            case AlertKind.QUORUM | AlertKind.UNCOVERED:
                return word(f"{alert.kind.value}_todo", count=len(alert.guests))
            case AlertKind.VERIFICATION | AlertKind.MISSING:
                return word("archives_todo")
            case _:
                # The sentence of the reason says it.
                return None

    def _recovered_title(self, record: AlertRecord) -> str:
        guests = self.guests_of(record)
        about = about_of(record.kind, record.tag)
        name = about.id if about is not None else ""
        return self.reasons.word(
            f"recovered_{record.kind}",
            guests=self._counted(guests) if guests else self.cluster,
            job=self.job(name),
            node=name,
            storage=name,
            cluster=self.cluster,
        )

    def _recovered(self, record: AlertRecord) -> Iterator[str]:
        word = self.reasons.word
        since = record.since or record.opened
        duration = self._duration(since, record.ended or self.now)
        if guests := self.guests_of(record):
            key = "recovered_blind_body" if record.kind == AlertKind.BLIND else "recovered_body"
            yield word(key, duration=duration, names=self.names(guests))
        else:
            yield word("recovered_body_alone", duration=duration)
        if record.failures >= _SEVERAL:
            yield word("recovered_runs", count=record.failures)
        yield word("recovered_since", moment=self._moment(since))
        good = [guest for guest in guests if guest.last_success is not None]
        if good and record.kind not in {AlertKind.BLIND, AlertKind.STORAGE}:
            yield self._last_good(good)

    def _duration(self, since: datetime, until: datetime) -> str:
        """Return how long something lasted, in nights where there was one in between."""
        nights = (dt_util.as_local(until).date() - dt_util.as_local(since).date()).days
        if nights > 0:
            return self.reasons.word("after_night" if nights == 1 else "after_nights", count=nights)
        return duration_text(until - since)

    def _offline_since(self, node: str) -> datetime | None:
        record = self.picture.history.nodes.get(node)
        return record.offline_since if record else None

    def _short(self, moment: datetime) -> str:
        """Return the time alone where it was today."""
        local = dt_util.as_local(moment)
        return f"{local:%H:%M}" if local.date() == dt_util.as_local(self.now).date() else self._moment(moment)

    def _moment(self, moment: datetime) -> str:
        return self.reasons.near_moment(moment, self.now)

    def _counted(self, guests: Sequence[AlertGuest]) -> str:
        if len(guests) == 1:
            return guest_label(guests[0].name, guests[0].vmid)
        return self.reasons.word("guests_many", count=len(guests))


def _writes_to(job: BackupJob, storage: str) -> bool:
    return job.enabled and (job.storage or "local") == storage
