"""What is wrong, cause by cause, as the dashboard shows it on top: the same alerts that messages are made of."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..checker.alerts.alerts import Alert, is_all_unseen
from ..checker.assessment import Assessment
from ..checker.model.subject import Subject
from ..coordinator import CheckerConfigEntry
from ..privacy.sight import Sight
from ..texts.alert_texts import text_of
from ..texts.explanation import error_sentences, grounds_of
from ..texts.localizer import Localizer
from ..texts.wording import ClusterWording
from .clusters import coordinator_of, entries
from .epochs import epoch

_KINDS: Final = ("guest", "job", "offsite")
REPAIRS: Final = "/config/repairs"


def causes(hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None) -> list[dict[str, Any]]:
    """Return the causes of problems in clusters that this person may see."""
    return [
        _cause(alert, _wording(entry, assessment, localizer), entry, partial(sight.sensor_of, coordinator))
        for entry in entries(hass, entry_id)
        if (coordinator := coordinator_of(entry)) is not None and coordinator.last_update_success
        for assessment in [sight.assessment(coordinator)]
        for alert in assessment.alerts
    ]


def urgency(cause: dict[str, Any]) -> tuple[Any, ...]:
    """Return where a cause stands: those with the most guests first, silenced ones last."""
    return cause["silenced"], cause["unseen"], -cause["guests"], cause["id"]


def _wording(entry: CheckerConfigEntry, assessment: Assessment, localizer: Localizer) -> ClusterWording:
    return ClusterWording(assessment=assessment, localizer=localizer, cluster=entry.title, now=dt_util.utcnow())


def _cause(
    alert: Alert, wording: ClusterWording, entry: CheckerConfigEntry, sensor_of: Callable[[Subject], str | None]
) -> dict[str, Any]:
    text, assessment = text_of(alert, wording), wording.assessment
    failed = next((run.upid for run in alert.runs), None)
    return {
        "id": f"{entry.entry_id}/{alert.tag}",
        "entry_id": entry.entry_id,
        # What `acknowledge` and `unacknowledge` take.
        "entity_ids": [sensor for subject in alert.subjects if (sensor := sensor_of(subject)) is not None],
        "kind": alert.kind.value,
        "title": text.title(),
        "why": list(text.causes()),
        "todo": text.what_to_do(),
        "grounds": list(_grounds(alert, wording)),
        "link": REPAIRS if any(cause.reason.code.meaning.is_right_missing for cause in alert.causes) else None,
        "since": epoch(alert.since),
        "seen_since": epoch(alert.seen_since),
        "unseen": is_all_unseen(alert, assessment.verdicts),
        "silenced": all(assessment.acknowledgement(subject) is not None for subject in alert.subjects),
        "guests": len(alert.guests) or len(wording.replicated(alert.subjects)),
        "jobs": sum(subject.kind == "job" for subject in alert.subjects),
        "rows": [_row_id(entry, subject) for subject in _shown(alert, assessment)],
        "upid": failed,
    }


def _grounds(alert: Alert, wording: ClusterWording) -> Iterator[str]:
    """Yield what the verdict on the first that an alert is about rests on: the others have the same cause."""
    assessment, localizer = wording.assessment, wording.localizer
    subject = next((subject for subject in alert.subjects if subject in assessment.verdicts), None)
    if subject is None:
        return
    verdict = assessment.verdicts[subject]
    yield from error_sentences(verdict, localizer)
    yield from grounds_of(subject.kind, verdict, assessment.acknowledgement(subject), assessment, localizer)


def _row_id(entry: CheckerConfigEntry, subject: Subject) -> str:
    """Return the id of a row of the wall; the copies of a guest elsewhere have that of the guest."""
    kind = "guest" if subject.vmid is not None else subject.kind
    return f"{entry.entry_id}/{kind}/{subject.id}"


def _shown(alert: Alert, assessment: Assessment) -> Iterator[Subject]:
    """Yield what has rows of its own: guests and jobs that are there, and guests that the token may no longer see."""
    for subject in alert.subjects:
        there = subject.id in assessment.jobs if subject.kind == "job" else subject.vmid in assessment.guests
        if subject.kind in _KINDS and there:
            yield subject
    hidden = (Subject.guest(guest.vmid) for guest in alert.guests if guest.vmid not in assessment.guests)
    yield from (subject for subject in hidden if subject in assessment.out_of_sight)
