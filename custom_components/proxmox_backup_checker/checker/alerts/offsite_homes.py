"""By which sync job it is told that guests have no copy elsewhere; what the first days show is told together.

Who updates to a version that watches copies elsewhere, or says for the first time that a server stands there, has not met any of it
before: that is one message which says so, and not one for each sync job.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ..model.reason_codes import AlertKind
from ..model.records import History
from ..model.subject import Subject
from ..model.verdict import Verdict

# By then a sync job that comes every week has come.
_FIRST: Final = timedelta(days=8)
FOUND_FIRST: Final = AlertKind.OFFSITE.value
"""The tag of what was found first, which no sync job has."""


def job_of(verdict: Verdict) -> str:
    """Return the sync job that ought to have copied, after its server; without one, why nothing has come."""
    values = verdict.reason.values
    return f"{values['server']}:{values['job']}" if values.get("job") else verdict.reason.code.value


def offsite_homes(
    verdicts: Mapping[Subject, Verdict], history: History, now: datetime
) -> Mapping[Subject, Subject | None]:
    """Return by what each of these is told, None for what was found first and lasts: that stays one message."""
    known = [record for record in history.alerts.values() if record.kind is AlertKind.OFFSITE]
    first = next((record.subjects for record in known if record.key == FOUND_FIRST), ())
    jobs = {subject: job_of(verdict) for subject, verdict in verdicts.items()}
    is_new = history.offsite_since is None or now - history.offsite_since < _FIRST
    if is_new and not known and len(set(jobs.values())) > 1:
        first = tuple(jobs)
    return {subject: None if subject in first else Subject.sync_job(job) for subject, job in jobs.items()}
