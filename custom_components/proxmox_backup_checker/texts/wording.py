"""How messages name guests, jobs and moments, and how they tell of the last good backups."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.util import dt as dt_util

from ..checker.alerts.alerts import AlertGuest
from ..checker.alerts.tags import about_of
from ..checker.assessment import Assessment
from ..checker.model.labels import duration_text, guest_label, job_with_storage
from ..checker.model.reason_codes import AlertKind
from ..checker.model.records import AlertRecord
from ..checker.model.subject import Subject
from ..checker.replication.judging import ReplicationView
from .localizer import Localizer

_MOST_NAMES: Final = 5
_MOST_DATES: Final = 3
# Guests that one run has backed up one after the other.
_TOGETHER: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording(ABC):
    """What is said of the parts of one cluster or backup server, in one language, at one moment; `cluster` is what it is called."""

    localizer: Localizer
    cluster: str
    now: datetime

    @abstractmethod
    def guests_of(self, record: AlertRecord) -> tuple[AlertGuest, ...]:
        """Return the guests that a past alert concerned, as they are now."""

    @abstractmethod
    def about(self, record: AlertRecord) -> Mapping[str, object]:
        """Return the names that the title of a past alert may hold."""

    @abstractmethod
    def example(self) -> str:
        """Return what a message that is only a test may be about."""

    def text(self, key: str, **values: object) -> str:
        """Return a text with its blanks filled."""
        return self.localizer.text(key, **values)

    def names(self, guests: Sequence[AlertGuest]) -> str:
        """Return the names of guests, of many the first five."""
        names = [guest_label(guest.name, guest.vmid) for guest in guests]
        if len(names) <= _MOST_NAMES + 1:
            return ", ".join(names)
        return self.text("and_more", names=", ".join(names[:_MOST_NAMES]), count=len(names) - _MOST_NAMES)

    def counted(self, guests: Sequence[AlertGuest]) -> str:
        """Return the name of the only guest, the number of several."""
        if len(guests) == 1:
            return guest_label(guests[0].name, guests[0].vmid)
        return self.text("guests_many", count=len(guests))

    def moment(self, moment: datetime) -> str:
        """Return a moment as people say it today."""
        return self.localizer.near_moment(moment, self.now)

    def short_moment(self, moment: datetime) -> str:
        """Return the time alone where it was today."""
        local = dt_util.as_local(moment)
        return f"{local:%H:%M}" if local.date() == dt_util.as_local(self.now).date() else self.moment(moment)

    def duration(self, since: datetime, until: datetime) -> str:
        """Return how long something lasted, in nights where there was one in between."""
        nights = (dt_util.as_local(until).date() - dt_util.as_local(since).date()).days
        return self.text("after_nights", count=nights) if nights > 0 else duration_text(until - since)

    def last_good(self, guests: Sequence[AlertGuest]) -> str:
        """Return how old the last good backups are: all of a few guests, else oldest and newest."""
        known = [guest.last_success for guest in guests if guest.last_success is not None]
        if len(guests) > 1 and not known:
            return self.text("last_good_none")
        if len(known) == len(guests) and max(known) - min(known) < _TOGETHER:
            return self.text("last_good_same", moment=self.moment(min(known)))
        if len(guests) <= _MOST_DATES:
            return self.text("last_good", list=", ".join(self._last_good_of(guest) for guest in guests))
        without = [guest for guest in guests if guest.last_success is None]
        if without:
            return self.text("last_good", list=self.text("last_good_never", name=self.names(without)))
        oldest = min(guests, key=lambda guest: guest.last_success or self.now)
        return self.text(
            "last_good_oldest",
            moment=self.moment(min(known)),
            name=oldest.name or oldest.vmid,
            newest=self.moment(max(known)),
        )

    def _last_good_of(self, guest: AlertGuest) -> str:
        name = guest.name or guest.vmid
        if guest.last_success is None:
            return self.text("last_good_never", name=name)
        return self.text("last_good_each", moment=self.moment(guest.last_success), name=name)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterWording(Wording):
    """What is said of a cluster's guests, jobs and storages."""

    assessment: Assessment

    def job(self, job_id: str) -> str:
        """Return a job with the storage that it writes to."""
        if (view := self.assessment.jobs.get(job_id)) is not None:
            return job_with_storage(view.job)
        record = self.assessment.history.jobs.get(job_id)
        return record.name if record else self.text("job_gone")

    def storage(self, key: str) -> str:
        """Return what people call a storage."""
        view = self.assessment.storages.get(key)
        return view.name if view is not None else key

    def replications(self, subjects: Iterable[Subject]) -> list[ReplicationView]:
        """Return the replication jobs among these, as they are now."""
        held = self.assessment.replications
        return [held[subject.id] for subject in subjects if subject.kind == "replication" and subject.id in held]

    def replicated(self, subjects: Iterable[Subject]) -> tuple[AlertGuest, ...]:
        """Return the guests whose replication jobs are among these, each once."""
        return self._guests(sorted({view.replication.job.vmid for view in self.replications(subjects)}))

    @override
    def guests_of(self, record: AlertRecord) -> tuple[AlertGuest, ...]:
        """Return the guests that a past alert concerned, as they are now."""
        if record.kind is AlertKind.REPLICATION:
            return self.replicated(record.subjects)
        return self._guests(sorted(subject.vmid for subject in record.subjects if subject.vmid is not None))

    def _guests(self, vmids: Iterable[int]) -> tuple[AlertGuest, ...]:
        views = (self.assessment.guests.get(vmid) for vmid in vmids)
        return tuple(
            AlertGuest(
                vmid=view.guest.vmid,
                name=view.guest.name,
                node=view.guest.node,
                last_success=view.verdict.last_success,
            )
            for view in views
            if view is not None
        )

    @override
    def about(self, record: AlertRecord) -> Mapping[str, object]:
        guests, about = self.guests_of(record), about_of(record.kind, record.tag)
        name = about.id if about is not None else ""
        return {
            "guests": self.counted(guests) if guests else self.cluster,
            "job": self.job(name),
            "node": name,
            "storage": self.storage(name),
        }

    @override
    def example(self) -> str:
        job_id = next(iter(sorted(self.assessment.jobs)), None)
        return self.job(job_id) if job_id is not None else self.cluster
