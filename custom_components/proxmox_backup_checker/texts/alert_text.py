"""What is told of an alert of a cluster, by its kind: title, guests, causes, what that means and what to do."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, override

from ..checker.alerts.alerts import Alert, AlertGuest
from ..checker.model.labels import names_of_jobs
from ..checker.model.reason_codes import AlertForm, AlertKind, ReasonCode
from ..checker.model.verdict import Reason
from ..proxmox.vzdump.failure_cause import OUT_OF_REACH
from .wording import ClusterWording, Wording

SEVERAL: Final = 2
"""So many runs that failed or were missed are a row."""

MOST_CAUSES: Final = 3


class AlertText[Say: Wording]:
    """What is told of an alert of any kind; the kinds below tell some of it otherwise."""

    def __init__(self, alert: Alert, wording: Say) -> None:
        """Tell of an alert in the wording of its cluster or server."""
        self.alert = alert
        self.say = wording
        self.name = alert.about.id if alert.about is not None else ""

    def title(self) -> str:
        """Return what it is about."""
        return self.say.text(f"title_{self.alert.kind.value}", guests=self.say.counted(self.alert.guests))

    def guests(self) -> Iterator[str]:
        """Name the guests."""
        if self.alert.guests:
            yield f"{self.say.names(self.alert.guests)}."

    def causes(self) -> Iterator[str]:
        """Name each cause once, those of the most guests first."""
        for cause in self.alert.causes[:MOST_CAUSES]:
            if cause.reason.code is ReasonCode.NO_JOB:
                # The title says so.
                continue
            says_cause = cause.reason.code.meaning.sentence_says_cause
            clause = None if says_cause else self.say.localizer.clause(cause.error)
            if clause is None:
                yield self.say.localizer.sentence(cause.reason)
            elif len(self.alert.causes) == 1:
                yield self.say.text("cause", cause=clause)
            else:
                concerned = [guest for guest in self.alert.guests if guest.vmid in cause.guests]
                yield self.say.text("cause_of_some", names=self.say.names(concerned), cause=clause)

    def meaning(self) -> Iterator[str]:
        """Tell what follows from it."""
        if self.alert.guests:
            yield self.say.last_good(self.alert.guests)

    def next_try(self) -> datetime | None:
        """Return when there is to be a backup again."""
        return self.alert.next_due

    def what_to_do(self) -> str | None:
        """Return what the first cause asks for, None where the sentence of its reason says it."""
        first = self.alert.causes[0]
        return self.say.localizer.step_for(first.reason, first.cause)


class _JobText(AlertText[ClusterWording]):
    """A job that failed, missed a slot, or of which that is not clear."""

    @override
    def title(self) -> str:
        alert = self.alert
        again = alert.failures >= SEVERAL and alert.form in {AlertForm.FAILED, AlertForm.MISSED}
        key = f"title_{alert.form.value}_again" if again else f"title_{alert.form.value}"
        return self.say.text(key, job=self.say.job(self.name), count=alert.failures)

    @override
    def guests(self) -> Iterator[str]:
        """Name the guests, how many of the job's they are, and where and when it ran."""
        alert, count = self.alert, len(self.alert.guests)
        if not alert.guests:
            return
        names = self.say.names(alert.guests)
        nodes = ", ".join(sorted({guest.node for guest in alert.guests}))
        started = min((run.started for run in alert.runs), default=None)
        place = nodes if started is None else f"{nodes}, {self.say.moment(started)}"
        if alert.total > count:
            yield self.say.text("how_many", guests=count, total=alert.total, place=place, names=names)
        elif alert.total == count and count > 1:
            yield self.say.text("how_many_all", total=count, place=place, names=names)
        else:
            yield f"{names} ({place})."

    @override
    def what_to_do(self) -> str:
        """Return what the first cause that is known asks for, else what is usual."""
        cause = next((entry.cause for entry in self.alert.causes if entry.cause is not None), None)
        if cause is not None:
            return self.say.localizer.step(cause)
        return self.say.text("job_todo_missed" if self.alert.form is AlertForm.MISSED else "job_todo_failed")


class _NodeText(AlertText[ClusterWording]):
    """A node that was off over a slot, or still is."""

    @override
    def title(self) -> str:
        guests, since = self.say.counted(self.alert.guests), self._offline_since()
        if since is None:
            return self.say.text("title_node_on", node=self.name, guests=guests)
        began = self.say.assessment.history.began
        if began is not None and since <= began:
            # It was off when somebody looked for the first time.
            return self.say.text("title_node_found_off", node=self.name, guests=guests)
        return self.say.text("title_node_off", node=self.name, since=self.say.short_moment(since), guests=guests)

    @override
    def what_to_do(self) -> str:
        return self.say.text("node_todo_on" if self._offline_since() is None else "node_todo_off", node=self.name)

    def _offline_since(self) -> datetime | None:
        record = self.say.assessment.history.nodes.get(self.name)
        return record.offline_since if record else None


class _QuorumText(AlertText[ClusterWording]):
    """A cluster without quorum, in which no job starts."""

    @override
    def what_to_do(self) -> str:
        return self.say.text("quorum_todo")


class _BlindText(AlertText[ClusterWording]):
    """Backups that cannot be seen."""

    @override
    def title(self) -> str:
        return self.say.text("title_blind", cluster=self.say.cluster)

    @override
    def meaning(self) -> Iterator[str]:
        yield self.say.text("blind_meaning")

    @override
    def next_try(self) -> None:
        """Tell nothing of what cannot be seen either."""

    @override
    def what_to_do(self) -> str:
        is_out_of_reach = all(cause.reason.code.is_out_of_reach for cause in self.alert.causes)
        return self.say.text("blind_todo_reach" if is_out_of_reach else "blind_todo_rights")


class _UncoveredText(AlertText[ClusterWording]):
    """Guests that are in no job."""

    @override
    def guests(self) -> Iterator[str]:
        if self.alert.guests:
            yield self.say.text("uncovered_meaning", names=self.say.names(self.alert.guests))

    @override
    def meaning(self) -> Iterator[str]:
        if any(guest.last_success for guest in self.alert.guests):
            yield self.say.last_good(self.alert.guests)

    @override
    def what_to_do(self) -> str:
        return self.say.text("uncovered_todo", count=len(self.alert.guests))


class _PausedText(AlertText[ClusterWording]):
    """A job that has been disabled for too long."""

    @override
    def title(self) -> str:
        return self.say.text("title_paused", job=self.say.job(self.name))


class _StorageText(AlertText[ClusterWording]):
    """A storage that is full, out of reach or not what it was."""

    @override
    def title(self) -> str:
        storage = self.say.storage(self.name)
        guests = self.say.counted(self.alert.guests)
        if self._full() is not None:
            return self.say.text("title_storage_full", storage=storage, guests=guests)
        if any(cause.cause is not None and cause.cause.code in OUT_OF_REACH for cause in self.alert.causes):
            return self.say.text("title_storage_lost", storage=storage, guests=guests)
        return self.say.text("title_storage", storage=storage)

    @override
    def causes(self) -> Iterator[str]:
        """Tell of the full storage alone: what each run said of it is the same."""
        if (full := self._full()) is None:
            yield from super().causes()
        else:
            yield self.say.localizer.sentence(full)

    @override
    def what_to_do(self) -> str | None:
        full = self._full()
        return self.say.localizer.step_for(full, None) if full is not None else super().what_to_do()

    def _full(self) -> Reason | None:
        """Return why the storage is full, None where no guest's backup failed for that."""
        view = self.say.assessment.storages.get(self.name)
        if view is None or not self.alert.guests or view.verdict.reason.code is not ReasonCode.STORAGE_FULL:
            return None
        return view.verdict.reason

    @override
    def meaning(self) -> Iterator[str]:
        storage = self.name.rpartition("/")[2]
        context = self.say.assessment.context
        jobs = [
            view.job
            for view in self.say.assessment.jobs.values()
            if view.job.enabled and storage in context.storages_of(view.job)
        ]
        if jobs:
            yield self.say.text("storage_meaning", jobs=names_of_jobs(jobs))
        if self.alert.guests:
            yield self.say.last_good(self.alert.guests)


class _ArchivesText(AlertText[ClusterWording]):
    """Archives that are gone, or have failed their verification."""

    @override
    def what_to_do(self) -> str:
        return self.say.text("archives_todo")


class _ReplicationText(AlertText[ClusterWording]):
    """Replicas on a node that are not renewed; they are no backups."""

    @override
    def title(self) -> str:
        return self.say.text("title_replication", node=self.name, guests=self.say.counted(self._replicated()))

    @override
    def guests(self) -> Iterator[str]:
        if guests := self._replicated():
            yield f"{self.say.names(guests)}."

    @override
    def meaning(self) -> Iterator[str]:
        """Tell of when the oldest replica is; how the backups stand is told elsewhere."""
        views = self.say.replications(self.alert.subjects)
        known = [view.verdict.last_success for view in views if view.verdict.last_success is not None]
        if views and len(known) == len(views):
            yield self.say.text("replication_meaning", moment=self.say.moment(min(known)))
        elif views:
            yield self.say.text("replication_meaning_never")

    def _replicated(self) -> tuple[AlertGuest, ...]:
        return self.say.replicated(self.alert.subjects)


class _OffsiteText(AlertText[ClusterWording]):
    """Guests whose copies have not come elsewhere; that makes their backups here no worse.

    What was found first is told together, whichever sync job it is about.
    """

    @override
    def guests(self) -> Iterator[str]:
        """Say first what is new, where several sync jobs are told of together."""
        yield from super().guests()
        since = self.say.assessment.history.offsite_since
        if self.alert.about is None and since is not None:
            yield self.say.text("offsite_new", moment=self.say.moment(since))

    @override
    def causes(self) -> Iterator[str]:
        if self.alert.about is not None:
            yield from super().causes()
            return
        for cause in self.alert.causes:
            concerned = [guest for guest in self.alert.guests if guest.vmid in cause.guests]
            sentence = self.say.localizer.sentence(cause.reason)
            yield self.say.text("cause_named", names=self.say.names(concerned), cause=sentence)

    @override
    def what_to_do(self) -> str | None:
        return self.say.text("offsite_todo") if len(self.alert.causes) > 1 else super().what_to_do()

    @override
    def meaning(self) -> Iterator[str]:
        """Tell how old the copies are that are there; how the backups stand is told elsewhere."""
        known = [guest.last_success for guest in self.alert.guests if guest.last_success is not None]
        if known and len(known) == len(self.alert.guests):
            yield self.say.text("offsite_meaning", moment=self.say.moment(min(known)))
        elif self.alert.guests:
            yield self.say.text("offsite_meaning_never")


_BY_KIND: Final[Mapping[AlertKind, type[AlertText[ClusterWording]]]] = {
    AlertKind.JOB: _JobText,
    AlertKind.NODE: _NodeText,
    AlertKind.QUORUM: _QuorumText,
    AlertKind.BLIND: _BlindText,
    AlertKind.UNCOVERED: _UncoveredText,
    AlertKind.PAUSED: _PausedText,
    AlertKind.STORAGE: _StorageText,
    AlertKind.VERIFICATION: _ArchivesText,
    AlertKind.MISSING: _ArchivesText,
    AlertKind.AGE: AlertText,
    AlertKind.GUEST: AlertText,
    AlertKind.REPLICATION: _ReplicationText,
    AlertKind.OFFSITE: _OffsiteText,
}


def text_of_cluster(alert: Alert, wording: ClusterWording) -> AlertText[ClusterWording]:
    """Return what is told of an alert of a cluster."""
    return _BY_KIND[alert.kind](alert, wording)
