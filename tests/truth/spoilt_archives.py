"""Whether what a job has backed up is still good: its archive may have been deleted, or found corrupt."""

from collections.abc import Sequence

from .evidence import LISTED_AGAIN, LISTED_WITHIN, Result
from .expectation import Expectation, on, open_
from .ledger import ArchiveFact
from .promise_base import PromiseBase


class SpoiltArchives(PromiseBase):
    """The archives that keep a promise."""

    __slots__ = ()

    def _spoilt(self, good: Sequence[Result], by_hand: Sequence[Result]) -> list[Expectation]:
        """Judge the job's newest good result where its archive is no longer good."""
        if self._is_corrupt_by_hand(good, by_hand):
            return [open_("the newest archive on the job's storage, made by hand, is corrupt")]
        if len(good) > 1 and self.time < good[-1].run.ended and good[-2].spoilt(self.time) is not None:
            return [open_("an archive is no longer good, and a newer one of a run in progress is not listed yet")]
        last = next((result for result in reversed(good) if not self._wrongly_dated(result.run)), None)
        if last is None or (since := last.spoilt(self.time)) is None:
            return []
        if last is not good[-1]:
            return [open_("a backup with a wrong date replaces an archive that was deleted")]
        if any(
            result.run.storage == last.run.storage and (result.part.began or 0) >= last.run.started
            for result in by_hand
        ):
            return [open_("a backup by hand replaces an archive that was deleted")]
        archive = last.archive
        assert archive is not None
        what = "was deleted by hand" if archive.deleted <= self.time else "is corrupt"
        if self.own_only:
            return [open_(f"the archive of the job's last run {what}")]
        if archive.corrupt <= self.time < archive.deleted and not self.ledger.content_rights:
            return [open_("a failed verification cannot be seen without the right to it")]
        if last.run.started < self.period.start:
            return [open_(f"an archive from before the job was switched off {what}")]
        if self._may_be_pruned(archive.storage, since):
            return [open_("a prune may explain the missing archive")]
        if archive.deleted <= self.time and self._server_may_have_pruned(last, archive):
            return [open_("a backup server may have removed the archive by rules of its own")]
        # One listing can be wrong: an archive is gone where two of them do not show it (A05).
        first = self._listed(archive.storage, archive.node, since + LISTED_WITHIN)
        again = first and self._listed(archive.storage, archive.node, first + LISTED_AGAIN)
        if not (again if archive.deleted <= self.time else first):
            return [open_(f"an archive {what}, which the next listing shows")]
        return [on(f"the archive of its last backup by {self.job.id} {what}")]

    def _is_corrupt_by_hand(self, good: Sequence[Result], by_hand: Sequence[Result]) -> bool:
        last, settings = good[-1].run.started if good else 0.0, self.job.at(self.time)
        there = [result for result in by_hand if settings is not None and result.run.storage == settings.storage]
        archive = there[-1].archive if there and there[-1].run.started > last else None
        return archive is not None and archive.corrupt <= self.time

    def _may_be_pruned(self, storage: str, since: float) -> bool:
        return any(
            run.prunes and run.storage == storage and self.guest.vmid in run.parts and since < run.ended
            for run in self.ledger.runs
            if run.started <= self.time
        )

    def _server_may_have_pruned(self, last: Result, archive: ArchiveFact) -> bool:
        """Tell whether a newer snapshot lay on a backup server before anybody could see that one was missing there.

        The server's own prune jobs keep the newest one, and nobody can see from Proxmox VE what else they keep.
        """
        listed = self._listed(archive.storage, archive.node, archive.deleted + LISTED_WITHIN) or self.time
        names: list[str | None] = [None, *self.ledger.jobs]
        results = (result for name in names for result in self.evidence.results(name, self.guest, self.time))
        return archive.storage in self.ledger.servers and any(
            result.good
            and result.run.storage == archive.storage
            and result.run.started > last.run.started
            and result.known <= listed
            for result in results
        )

    def _listed(self, storage: str, node: str | None, since: float) -> float | None:
        """Return the first look from a moment on at which a storage could be listed, None where there was none."""
        down = self.ledger.storages_down.get(storage, [])
        could = (
            look
            for look in self.ledger.looks
            if since <= look <= self.time
            and not any(start <= look < end for start, end in down)
            and not self.ledger.blind_to("storages", look)
            and (node is None or not self.ledger.nodes[node].is_off(look))
        )
        return next(could, None)
