"""The tags of alerts, by which messages replace each other, and back."""

from ..model.reason_codes import AlertKind
from ..model.subject import Subject


def tag_of(kind: AlertKind, about: Subject | None) -> str:
    """Return the tag of an alert, such as job_nightly or uncovered."""
    return f"{kind.value}_{about.id}" if about is not None else kind.value


def about_of(kind: AlertKind, tag: str) -> Subject | None:
    """Return what an alert with this tag is told by."""
    name = tag.removeprefix(f"{kind.value}_")
    match kind:
        case _ if name == tag:
            return None
        case AlertKind.JOB | AlertKind.PAUSED:
            return Subject.job(name)
        case AlertKind.NODE | AlertKind.REPLICATION:
            return Subject.node(name)
        case AlertKind.STORAGE:
            return Subject.storage(name)
        case AlertKind.GUEST if name.isdecimal():
            return Subject.guest(int(name))
        case AlertKind.DATASTORE:
            return Subject.datastore(name)
        case AlertKind.PBSJOB:
            return Subject("pbsjob", name)
        case AlertKind.REMOTE:
            return Subject.remote(name)
        case AlertKind.OFFSITE:
            return Subject.sync_job(name)
        case AlertKind.GROUP:
            return Subject("group", name)
        case _:
            return None
