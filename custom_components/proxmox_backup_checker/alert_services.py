"""Actions around messages: acknowledging a problem, asking what is open, and trying whether a message arrives."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er, service
from homeassistant.util import dt as dt_util
import probatio

from .checker.acknowledgements import acknowledge, can_be_acknowledged, withdraw
from .checker.alerts import Alert, Severity
from .checker.announcements import is_silenced
from .checker.picture import Picture
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .messages import fire_closed, fire_test, group_of, open_messages, tag_of
from .translated_errors import invalid

ATTR_ENTRY_ID: Final = "config_entry_id"
ATTR_NOTE: Final = "note"
ATTR_SEVERITY: Final = "severity"
ATTR_SINCE: Final = "since"
ATTR_TAG: Final = "tag"
ATTR_UNTIL: Final = "until"

_TARGETS: Final = (ATTR_ENTITY_ID, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
_PROBLEM: Final = "_problem"
_WHICH: Final = {**cv.TARGET_SERVICE_FIELDS, probatio.Optional(ATTR_TAG): cv.string}
_ACKNOWLEDGE_SCHEMA: Final = probatio.Schema(
    {
        **_WHICH,
        probatio.Optional(ATTR_UNTIL): cv.datetime,
        probatio.Optional(ATTR_NOTE): probatio.All(cv.string, probatio.Length(max=255)),
    }
)
_UNACKNOWLEDGE_SCHEMA: Final = probatio.Schema(_WHICH)
_SEVERITIES: Final = [severity.value for severity in Severity]
_TEST_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_SEVERITY, default=Severity.NORMAL.value): probatio.In(_SEVERITIES),
    }
)
_OPEN_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_ENTRY_ID): cv.string,
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
    """Keep messages about problems back until they are over, have another cause, or until a moment."""
    until, now = _moment(call.data.get(ATTR_UNTIL)), dt_util.utcnow()
    if until is not None and until <= now:
        raise invalid("until_is_past")
    chosen = await _chosen(call)
    for coordinator, keys in chosen:
        if not any(can_be_acknowledged(coordinator.data.verdicts, key) for key in keys):
            raise invalid("nothing_to_acknowledge")
    for coordinator, keys in chosen:
        picture = coordinator.data
        loud = [alert for alert in picture.alerts if not _is_silent(picture, alert)]
        note = call.data.get(ATTR_NOTE)
        await coordinator.async_take_up(
            partial(acknowledge, verdicts=picture.verdicts, keys=keys, now=now, until=until, note=note)
        )
        fire_closed(call.hass, coordinator, (alert for alert in loud if _is_silent(coordinator.data, alert)))


async def _unacknowledge(call: ServiceCall) -> None:
    """Take acknowledgements back."""
    for coordinator, keys in await _chosen(call):
        await coordinator.async_take_up(partial(withdraw, keys=keys))


async def _test_alert(call: ServiceCall) -> None:
    """Send a message that is marked as a test, the way that all others take."""
    for coordinator in _coordinators(call):
        fire_test(call.hass, coordinator, call.data[ATTR_SEVERITY])


async def _open_alerts(call: ServiceCall) -> ServiceResponse:
    """Return what is open, as messages and as one."""
    since, severity = _moment(call.data.get(ATTR_SINCE)), call.data.get(ATTR_SEVERITY)
    coordinators = _coordinators(call)
    there: list[dict[str, Any]] = []
    over: list[dict[str, Any]] = []
    for coordinator in coordinators:
        alerts, recovered = open_messages(call.hass, coordinator, since=since)
        there += [data for data in alerts if severity in {None, data["severity"]}]
        over += recovered
    words = coordinators[0].reasons
    if not over:
        title = words.word("held_many", problems=len(there))
    elif there:
        title = words.word("held_mixed", problems=len(there), recovered=len(over))
    else:
        title = words.word("held_recovered", recovered=len(over))
    return {
        "count": len(there) + len(over),
        "alerts": there,  # type: ignore[dict-item]
        "recovered": over,  # type: ignore[dict-item]
        "title": title,
        "message": "\n".join(f"• {data['title']}" for data in [*there, *over]),
        "group": group_of(coordinators[0]),
        "tag": f"{group_of(coordinators[0])}-several",
    }


def _coordinators(call: ServiceCall) -> list[CheckerCoordinator]:
    """Return the cluster that the call names, else all that are set up."""
    if entry_id := call.data.get(ATTR_ENTRY_ID):
        return [service.async_get_config_entry(call.hass, DOMAIN, entry_id).runtime_data]
    entries = call.hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise invalid("no_cluster")
    return [entry.runtime_data for entry in entries]


async def _chosen(call: ServiceCall) -> list[tuple[CheckerCoordinator, set[str]]]:
    """Return the verdicts that a call means, by cluster: those of its problem sensors, or of the message with its tag."""
    chosen: list[tuple[CheckerCoordinator, set[str]]] = []
    loaded = [entry.runtime_data for entry in call.hass.config_entries.async_loaded_entries(DOMAIN)]
    if tag := call.data.get(ATTR_TAG):
        chosen += [
            (coordinator, _things(alert))
            for coordinator in loaded
            for alert in coordinator.data.alerts
            if tag_of(coordinator, alert.tag) == tag
        ]
        if not chosen:
            raise invalid("tag_is_over")
        await _check_permission(call, _problem_sensors(call.hass, chosen))
    if any(call.data.get(name) for name in _TARGETS):
        entity_ids = await service.async_extract_entity_ids(call)
        await _check_permission(call, entity_ids)
        registry = er.async_get(call.hass)
        entries = [entry for entity_id in entity_ids if (entry := registry.async_get(entity_id)) is not None]
        for coordinator in loaded:
            endings = {
                entry.unique_id.removeprefix(f"{coordinator.identity}_").removesuffix(_PROBLEM)
                for entry in entries
                if entry.platform == DOMAIN
                and entry.config_entry_id == coordinator.config_entry.entry_id
                and entry.unique_id.endswith(_PROBLEM)
            }
            if endings:
                chosen.append((coordinator, _with_what_belongs_to(endings, coordinator.data.alerts)))
    if not chosen:
        raise invalid("no_problem_sensor")
    return chosen


def _problem_sensors(hass: HomeAssistant, chosen: Iterable[tuple[CheckerCoordinator, set[str]]]) -> list[str]:
    registry = er.async_get(hass)
    ids = [f"{coordinator.identity}_{key}{_PROBLEM}" for coordinator, keys in chosen for key in sorted(keys)]
    found = (registry.async_get_entity_id(BINARY_SENSOR_DOMAIN, DOMAIN, unique_id) for unique_id in ids)
    return [entity_id for entity_id in found if entity_id is not None]


async def _check_permission(call: ServiceCall, entity_ids: Iterable[str]) -> None:
    """Let a person do this only with entities that they may control."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    for entity_id in entity_ids:
        if not user.permissions.check_entity(entity_id, POLICY_CONTROL):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_CONTROL)


def _with_what_belongs_to(keys: set[str], alerts: Iterable[Alert]) -> set[str]:
    """Return the keys with those of the guests whose problem is the job's own; the cluster stands for all."""
    return keys.union(
        *(
            _things(alert)
            for alert in alerts
            if "cluster" in keys or any(key in alert.things for key in keys if not key.startswith("guest_"))
        )
    )


def _things(alert: Alert) -> set[str]:
    return set(alert.things)


def _is_silent(picture: Picture, alert: Alert) -> bool:
    return is_silenced(alert, picture.history.acknowledgements, picture.verdicts, dt_util.utcnow())


def _moment(entered: datetime | None) -> datetime | None:
    """Return a moment in UTC; without a zone it is one of this Home Assistant's."""
    return None if entered is None else dt_util.as_utc(entered)
