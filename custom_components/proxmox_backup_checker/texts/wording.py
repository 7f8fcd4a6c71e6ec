"""How messages name guests, jobs and moments, and how they tell of the last good backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from ..checker.alerts.alerts import AlertGuest
from ..checker.assessment import Assessment
from ..checker.model.labels import duration_text, guest_label, job_with_storage
from ..checker.model.records import AlertRecord
from .localizer import Localizer

_MOST_NAMES: Final = 5
_MOST_DATES: Final = 3
# Guests that one run has backed up one after the other.
_TOGETHER: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What is said of the parts of one cluster, in one language, at one moment."""

    assessment: Assessment
    localizer: Localizer
    cluster: str
    now: datetime

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

    def guests_of(self, record: AlertRecord) -> tuple[AlertGuest, ...]:
        """Return the guests that a past alert concerned, as they are now."""
        views = (self.assessment.guests.get(subject.vmid) for subject in record.subjects if subject.vmid is not None)
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
