"""What is wrong on backup servers, cause by cause, as the dashboard shows it beside that of the clusters."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..backup_server.servers import server_of
from ..checker.alerts.alerts import Alert, is_unseen
from ..checker.server.assessment import ServerAssessment
from ..privacy.sight import Sight
from ..texts.explanation import error_sentences, grounds_of
from ..texts.localizer import Localizer
from ..texts.server_alert_text import text_of_server
from ..texts.server_wording import ServerWording
from .clusters import backup_servers
from .epochs import epoch
from .rows import OF_SERVERS

_REPAIRS = "/config/repairs"


def server_causes(
    hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None
) -> list[dict[str, Any]]:
    """Return the causes of problems that this person may see."""
    found = []
    for entry in backup_servers(hass, entry_id):
        if (coordinator := server_of(entry)) is None:
            continue
        assessment = sight.assessment(coordinator)
        wording = ServerWording(assessment=assessment, localizer=localizer, cluster=entry.title, now=dt_util.utcnow())
        for alert in assessment.alerts:
            sensors = [sensor for subject in alert.subjects if (sensor := sight.sensor_of(coordinator, subject))]
            found.append(_cause(alert, wording, entry.entry_id) | {"entity_ids": sensors})
    return found


def _cause(alert: Alert, wording: ServerWording, entry_id: str) -> dict[str, Any]:
    """Return a cause as that of a cluster, with what it concerns in `parts`: the card follows no wall of these."""
    text, assessment = text_of_server(alert, wording), wording.assessment
    verdicts = [assessment.verdicts[subject] for subject in alert.subjects if subject in assessment.verdicts]
    parts = _parts(alert, wording, entry_id)
    return {
        "id": f"{entry_id}/{alert.tag}",
        "entry_id": entry_id,
        "kind": alert.kind.value,
        "title": text.title(),
        "why": list(text.causes()),
        "todo": text.what_to_do(),
        "grounds": _grounds(alert, wording),
        "link": _REPAIRS if any(cause.reason.code.meaning.is_right_missing for cause in alert.causes) else None,
        "since": epoch(alert.since),
        "seen_since": epoch(alert.seen_since),
        "unseen": all(map(is_unseen, verdicts)) if verdicts else True,
        "silenced": all(assessment.acknowledgement(subject) is not None for subject in alert.subjects),
        "guests": 0,
        "jobs": sum(subject.kind == "pbsjob" for subject in alert.subjects),
        "rows": [part["id"] for part in parts],
        "parts": parts,
        "upid": None,
    }


def _grounds(alert: Alert, wording: ServerWording) -> list[str]:
    """Return what the verdict on the first that an alert is about rests on: the others have the same cause."""
    assessment, localizer = wording.assessment, wording.localizer
    subject = next((subject for subject in alert.subjects if subject in assessment.verdicts), None)
    if subject is None:
        return []
    verdict = assessment.verdicts[subject]
    known = assessment.acknowledgement(subject)
    return [*error_sentences(verdict, localizer), *grounds_of(subject.kind, verdict, known, None, localizer)]


def _parts(alert: Alert, wording: ServerWording, entry_id: str) -> list[dict[str, Any]]:
    """Return the jobs and groups that it concerns."""
    assessment: ServerAssessment = wording.assessment
    return [
        {
            "id": f"{entry_id}/{subject.kind}/{subject.id}",
            "name": wording.name(subject),
            "status": assessment.verdicts[subject].status.value,
            "reason": wording.localizer.sentence(assessment.verdicts[subject].reason),
        }
        for subject in alert.subjects
        if subject.kind in OF_SERVERS and subject in assessment.verdicts
    ]
