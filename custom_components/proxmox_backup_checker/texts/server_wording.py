"""How messages name the jobs, datastores and clients of a backup server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import override

from ..checker.alerts.alerts import AlertGuest
from ..checker.alerts.tags import about_of
from ..checker.model.records import AlertRecord
from ..checker.model.subject import Subject
from ..checker.server.assessment import ServerAssessment
from .wording import Wording

_MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerWording(Wording):
    """What is said of a backup server and its parts."""

    assessment: ServerAssessment

    def name(self, subject: Subject) -> str:
        """Return what people call a part of the server, or the server itself."""
        match subject.kind:
            case "pbsjob":
                view = self.assessment.jobs.get(subject.id)
                kind, _, job_id = subject.id.partition("_")
                return self.text(f"{kind}_job_named", job=view.name if view is not None else job_id)
            case "group":
                group = self.assessment.groups.get(subject.id)
                return group.name if group is not None else subject.id.rpartition(":")[2]
            case _:
                return subject.id or self.cluster

    def list_of(self, subjects: Iterable[Subject]) -> str:
        """Return the names of several parts, of many the first; where clients are among them, of these."""
        subjects = list(subjects)
        clients = [subject for subject in subjects if subject.kind == "group"]
        return self.localizer.list_of([self.name(subject) for subject in clients or subjects], _MOST_NAMES)

    @override
    def guests_of(self, record: AlertRecord) -> tuple[AlertGuest, ...]:
        return ()

    @override
    def about(self, record: AlertRecord) -> Mapping[str, object]:
        about = about_of(record.kind, record.tag)
        name = self.name(about) if about is not None else self.list_of(record.subjects)
        return {"guests": name, "name": name}

    @override
    def example(self) -> str:
        job = next(iter(sorted(self.assessment.jobs)), None)
        return self.name(Subject("pbsjob", job)) if job is not None else self.cluster
