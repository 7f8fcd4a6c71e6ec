"""Actions around messages: acknowledging a problem, asking what is open, and trying whether a message arrives."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    ATTR_FLOOR_ID,
    ATTR_LABEL_ID,
    Platform,
)
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er, service
from homeassistant.util import dt as dt_util
import probatio

from ..actions.calls import check_control, check_control_of, moment_of, sight_of, watchers_of
from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import Watcher
from ..checker.alerts.acknowledgements import acknowledge, can_be_acknowledged, withdraw
from ..checker.alerts.alerts import Alert, Severity
from ..checker.alerts.announcements import is_silenced
from ..checker.assessment import Assessment
from ..checker.model.subject import CLUSTER, SERVER, Subject
from ..checker.server.assessment import ServerAssessment
from ..const import DOMAIN
from ..devices import PROBLEM, subject_of
from ..translated_errors import invalid
from .messenger import fire_closed, fire_test, group_of, open_messages, tag_of

ATTR_NOTE: Final = "note"
ATTR_SEVERITY: Final = "severity"
ATTR_SINCE: Final = "since"
ATTR_TAG: Final = "tag"
ATTR_UNTIL: Final = "until"
ATTR_UNTIL_NEXT_RUN: Final = "until_next_run"

_WHOLES: Final = frozenset({CLUSTER, SERVER})
_TARGETS: Final = (ATTR_ENTITY_ID, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
_WHICH: Final = {**cv.TARGET_SERVICE_FIELDS, probatio.Optional(ATTR_TAG): cv.string}
_ACKNOWLEDGE_SCHEMA: Final = probatio.Schema(
    {
        **_WHICH,
        probatio.Optional(ATTR_UNTIL): cv.datetime,
        probatio.Optional(ATTR_UNTIL_NEXT_RUN, default=False): cv.boolean,
        probatio.Optional(ATTR_NOTE): probatio.All(cv.string, probatio.Length(max=255)),
    }
)
_UNACKNOWLEDGE_SCHEMA: Final = probatio.Schema(_WHICH)
_SEVERITIES: Final = [severity.value for severity in Severity]
_TEST_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_SEVERITY, default=Severity.NORMAL.value): probatio.In(_SEVERITIES),
    }
)
_OPEN_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_SINCE): cv.datetime,
        probatio.Optional(ATTR_SEVERITY): probatio.In(_SEVERITIES),
    }
)


@callback
def async_setup_alert_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, "acknowledge", _acknowledge, _ACKNOWLEDGE_SCHEMA)
    hass.services.async_register(DOMAIN, "unacknowledge", _unacknowledge, _UNACKNOWLEDGE_SCHEMA)
    hass.services.async_register(DOMAIN, "test_alert", _test_alert, _TEST_SCHEMA)
    hass.services.async_register(
        DOMAIN, "open_alerts", _open_alerts, _OPEN_SCHEMA, supports_response=SupportsResponse.ONLY
    )


async def _acknowledge(call: ServiceCall) -> None:
    """Keep messages about problems back until they are over or have another cause, a run fails again, or until a moment."""
    until, now = moment_of(call, ATTR_UNTIL), dt_util.utcnow()
    if until is not None and until <= now:
        raise invalid("until_is_past")
    if until is not None and call.data[ATTR_UNTIL_NEXT_RUN]:
        raise invalid("until_is_double")
    chosen = await _chosen(call)
    for coordinator, subjects in chosen:
        if not any(can_be_acknowledged(coordinator.assessment.verdicts, subject) for subject in subjects):
            raise invalid("nothing_to_acknowledge")
    for coordinator, subjects in chosen:
        assessment = coordinator.assessment
        loud = [alert for alert in assessment.alerts if not _is_silent(assessment, alert)]
        known = partial(
            acknowledge,
            verdicts=assessment.verdicts,
            subjects=subjects,
            now=now,
            until=until,
            until_next_run=call.data[ATTR_UNTIL_NEXT_RUN],
            note=call.data.get(ATTR_NOTE),
        )
        await coordinator.async_take_up(known)
        fire_closed(call.hass, coordinator, (alert for alert in loud if _is_silent(coordinator.assessment, alert)))


async def _unacknowledge(call: ServiceCall) -> None:
    """Take acknowledgements back."""
    for coordinator, subjects in await _chosen(call):
        await coordinator.async_take_up(partial(withdraw, subjects=subjects))


async def _test_alert(call: ServiceCall) -> None:
    """Send a message that is marked as a test, the way that all others take."""
    watchers = watchers_of(call)
    sensors = ((coordinator, f"{_whole_of(coordinator)}{PROBLEM}") for coordinator in watchers)
    await check_control_of(call, Platform.BINARY_SENSOR, sensors)
    for coordinator in watchers:
        fire_test(call.hass, coordinator, call.data[ATTR_SEVERITY])


async def _open_alerts(call: ServiceCall) -> ServiceResponse:
    """Return what is open, as messages and as one."""
    since, severity = moment_of(call, ATTR_SINCE), call.data.get(ATTR_SEVERITY)
    coordinators, sight = watchers_of(call), await sight_of(call)
    there: list[dict[str, Any]] = []
    over: list[dict[str, Any]] = []
    for coordinator in coordinators:
        alerts, recovered = open_messages(call.hass, coordinator, sight.assessment(coordinator), since=since)
        there += [data for data in alerts if severity in {None, data["severity"]}]
        over += recovered
    word = coordinators[0].localizer.text
    if not over:
        title = word("held_many", problems=len(there))
    elif there:
        title = word("held_mixed", problems=len(there), recovered=len(over))
    else:
        title = word("held_recovered", recovered=len(over))
    return {
        "count": len(there) + len(over),
        "alerts": there,  # type: ignore[dict-item]
        "recovered": over,  # type: ignore[dict-item]
        "title": title,
        "message": "\n".join(f"• {data['title']}" for data in [*there, *over]),
        "group": group_of(coordinators[0]),
        "tag": f"{group_of(coordinators[0])}-several",
    }


async def _chosen(call: ServiceCall) -> list[tuple[Watcher, set[Subject]]]:
    """Return the subjects that a call means, by cluster or server: those of its problem sensors, or of the message with its tag."""
    chosen: list[tuple[Watcher, set[Subject]]] = []
    loaded = watchers_of(call)
    if tag := call.data.get(ATTR_TAG):
        chosen += [
            (coordinator, set(alert.subjects))
            for coordinator in loaded
            for alert in coordinator.assessment.alerts
            if tag_of(coordinator, alert.tag) == tag
        ]
        if not chosen:
            raise invalid("tag_is_over")
        named = (
            (coordinator, f"{subject}{PROBLEM}") for coordinator, subjects in chosen for subject in sorted(subjects)
        )
        await check_control_of(call, Platform.BINARY_SENSOR, named)
    if any(call.data.get(name) for name in _TARGETS):
        entity_ids = await service.async_extract_entity_ids(call)
        await check_control(call, entity_ids)
        registry = er.async_get(call.hass)
        entries = [entry for entity_id in entity_ids if (entry := registry.async_get(entity_id)) is not None]
        for coordinator in loaded:
            pointed_at = {
                subject
                for entry in entries
                if entry.platform == DOMAIN
                and entry.config_entry_id == coordinator.config_entry.entry_id
                and entry.unique_id.endswith(PROBLEM)
                and (subject := subject_of(coordinator.identity, entry.unique_id.removesuffix(PROBLEM))) is not None
            }
            if pointed_at:
                chosen.append((coordinator, _with_what_belongs_to(pointed_at, coordinator.assessment.alerts)))
    if not chosen:
        raise invalid("no_problem_sensor")
    return chosen


def _with_what_belongs_to(subjects: set[Subject], alerts: Iterable[Alert]) -> set[Subject]:
    """Return the subjects with the guests whose problem is their job's own; the cluster, or the server, stands for all."""
    leading = {subject for subject in subjects if subject.vmid is None}
    return subjects.union(
        *(
            alert.subjects
            for alert in alerts
            if not leading.isdisjoint(_WHOLES) or not leading.isdisjoint(alert.subjects)
        )
    )


def _whole_of(coordinator: Watcher) -> Subject:
    return SERVER if isinstance(coordinator, ServerCoordinator) else CLUSTER


def _is_silent(assessment: Assessment | ServerAssessment, alert: Alert) -> bool:
    return is_silenced(alert, assessment.history.acknowledgements, assessment.verdicts, dt_util.utcnow())
