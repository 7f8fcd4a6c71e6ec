"""Tells each poll as a story in the debug log: what was asked, what was new, what changed and why, and when the next one is."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final

from ..checker.assessment import Assessment
from ..checker.model.records import RunRecord, VerdictRecord
from ..proxmox.api.connection import Asked
from ..texts.localizer import Localizer
from .source import Reading

_LOGGER = logging.getLogger(__package__.partition(".sources")[0])

_POLLS_KEPT: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """One poll in short; `changes` are the verdicts that changed, as `guest_101: failed, backup_failed`."""

    at: datetime
    milliseconds: int
    requests: int
    new_runs: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    error: str | None = None


class PollLog:
    """Tells the polls of one cluster, and remembers the last ones in short."""

    def __init__(self, title: str, localizer: Localizer) -> None:
        """Speak of the cluster with this title; `localizer` puts verdicts into words."""
        self._title = title
        self._localizer = localizer
        self._before: Assessment | None = None
        self._polls: deque[Poll] = deque(maxlen=_POLLS_KEPT)

    @property
    def polls(self) -> tuple[Poll, ...]:
        """The last polls, the newest first."""
        return tuple(reversed(self._polls))

    def tell(
        self,
        asked: Asked,
        assessment: Assessment,
        reading: Reading | None,
        *,
        at: datetime,
        error: Exception | None,
        following: timedelta | None,
    ) -> None:
        """Tell a poll that led to an assessment; with an `error` it shows what was read before."""
        runs = _new_runs(self._before, assessment)
        changed = _changed(self._before, assessment)
        self._note(asked, at, error, runs, changed)
        self._before = assessment
        if not _LOGGER.isEnabledFor(logging.DEBUG):
            return
        self._tell_requests(asked)
        if error is not None:
            _LOGGER.debug("%s: Not everything could be asked, what was read before stands in: %s", self._title, error)
        elif reading is not None and (
            unread := [*reading.troubles, *map("log agent of {}".format, reading.agent_errors)]
        ):
            # Why, was logged when it began.
            _LOGGER.debug("%s: Could not be read: %s", self._title, ", ".join(unread))
        for run in runs:
            _LOGGER.debug("%s: New run %s", self._title, _run_in_words(run))
        for run in assessment.running:
            _LOGGER.debug("%s: Running since %s: %s", self._title, run.started.isoformat(), run.upid)
        for record, known in changed:
            self._tell_change(record, known, assessment)
        counts = assessment.counts
        _LOGGER.debug(
            "%s: %d of %d guests protected, %d with a problem, %d unknown; %s verdicts changed; next look in %s",
            *(self._title, counts.protected, counts.guests, counts.problems, counts.unknown),
            *(len(changed) or "no", following),
        )

    def tell_failure(self, asked: Asked, *, at: datetime, error: Exception, following: timedelta | None) -> None:
        """Tell a poll that led to nothing."""
        self._note(asked, at, error, (), ())
        self._tell_requests(asked)
        _LOGGER.debug("%s: Nothing could be read: %s; next look in %s", self._title, error, following)

    def _note(
        self,
        asked: Asked,
        at: datetime,
        error: Exception | None,
        runs: Iterable[RunRecord],
        changed: Iterable[tuple[VerdictRecord, VerdictRecord | None]],
    ) -> None:
        poll = Poll(
            at=at,
            milliseconds=asked.milliseconds,
            requests=len(asked.requests),
            new_runs=tuple(run.upid for run in runs),
            changes=tuple(f"{record.subject}: {record.status}, {record.code}" for record, _ in changed),
            error=str(error) if error else None,
        )
        self._polls.append(poll)

    def _tell_requests(self, asked: Asked) -> None:
        if _LOGGER.isEnabledFor(logging.DEBUG):
            each = ", ".join(f"{path} {took} ms" for path, took in asked.requests)
            _LOGGER.debug(
                "%s: Asked Proxmox %d times in %d ms: %s", self._title, len(asked.requests), asked.milliseconds, each
            )

    def _tell_change(self, record: VerdictRecord, known: VerdictRecord | None, assessment: Assessment) -> None:
        verdict = assessment.verdicts.get(record.subject)
        _LOGGER.debug(
            "%s: %s is %s%s, problem %s (%s): %s %s",
            *(self._title, record.subject, record.status, f", was {known.status}" if known else ""),
            *({True: "on", False: "off", None: "unknown"}[record.problem], record.code),
            self._localizer.sentence(verdict.reason) if verdict else "",
            dict(verdict.trace) if verdict and verdict.trace else "",
        )


def _new_runs(before: Assessment | None, assessment: Assessment) -> list[RunRecord]:
    """Return the finished runs that came with this poll, the oldest first."""
    if before is None or before.history.runs is assessment.history.runs:
        return []
    new = [run for upid, run in assessment.history.runs.items() if upid not in before.history.runs]
    return sorted(new, key=lambda run: run.started)


def _changed(before: Assessment | None, assessment: Assessment) -> list[tuple[VerdictRecord, VerdictRecord | None]]:
    """Return the verdicts that are no longer what they were, with what they were."""
    known = before.history.verdicts if before else {}
    return [
        (record, known.get(subject))
        for subject, record in assessment.history.verdicts.items()
        if (was := known.get(subject)) is None
        or (was.status, was.code, was.problem) != (record.status, record.code, record.problem)
    ]


def _run_in_words(run: RunRecord) -> str:
    guests = ", ".join(f"{outcome.vmid} {outcome.result.value}" for outcome in run.outcomes) or "no guest"
    job = run.job_id or ("one of " + ", ".join(run.candidates) if run.candidates else "no job")
    return f"{run.upid} of {job} ({run.confidence.value}): {run.status}; {guests}"
