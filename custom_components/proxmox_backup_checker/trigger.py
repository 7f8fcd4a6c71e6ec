"""Triggers: a backup failed, became overdue, or is good again."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN, BinarySensorDeviceClass
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import EntityTriggerBase, Trigger, TriggerActionRunner, TriggerNotTriggeredReporter
from homeassistant.helpers.trigger.entity_trigger import NotTriggeredReasonReporter

from .checker.model.subject import SubjectKind
from .checker.model.verdict import GOOD, Status
from .const import DOMAIN
from .devices import PROBLEM, identity_of, subject_of

_WITH_BACKUPS: Final[frozenset[SubjectKind | None]] = frozenset({"guest", "job", "pbsjob", "group"})
# A replica is no backup: of a cluster's problems it is none, by itself it may be chosen.
_BY_THEMSELVES: Final = _WITH_BACKUPS | {"replication"}
_WHOLE: Final[frozenset[SubjectKind | None]] = frozenset({"cluster", "server"})
_OUT_OF_SIGHT: Final = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})
_LEFT_ALONE: Final = frozenset({Status.PAUSED, Status.IGNORED, Status.UNCOVERED})


class _ProblemTrigger(EntityTriggerBase):
    """A trigger on the problem sensors of guests, jobs and clients; a cluster or backup server stands for all of its own."""

    _domain_specs: Mapping[str, DomainSpec] = {
        BINARY_SENSOR_DOMAIN: DomainSpec(device_class=BinarySensorDeviceClass.PROBLEM)
    }
    # What happened while nothing could be seen counts too, as far as it can be told.
    _excluded_from_states: ClassVar[frozenset[str]] = frozenset()

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the problem sensors of the guests, jobs and clients that entities stand for."""
        return problem_sensors(self._hass, super().entity_filter(entities))


def problem_sensors(hass: HomeAssistant, entity_ids: set[str]) -> set[str]:
    """Return those of these entities that are problem sensors of guests, jobs and clients, and all of a cluster or server with its own.

    Asks the registries only: automations start before entries are set up.
    """
    registry = er.async_get(hass)
    found: set[str] = set()
    for entity_id in entity_ids:
        sensor = registry.async_get(entity_id)
        if sensor is None or sensor.platform != DOMAIN or sensor.config_entry_id is None:
            continue
        kind = _kind_of_subject(hass, sensor)
        if kind in _BY_THEMSELVES:
            found.add(entity_id)
        elif kind in _WHOLE:
            siblings = er.async_entries_for_config_entry(registry, sensor.config_entry_id)
            found |= {sibling.entity_id for sibling in siblings if _kind_of_subject(hass, sibling) in _WITH_BACKUPS}
    return found


def _kind_of_subject(hass: HomeAssistant, sensor: er.RegistryEntry) -> SubjectKind | None:
    """Return whose problem sensor this is, None where it is none."""
    entry = hass.config_entries.async_get_entry(sensor.config_entry_id or "")
    if entry is None or not sensor.unique_id.endswith(PROBLEM):
        return None
    subject = subject_of(identity_of(entry), sensor.unique_id.removesuffix(PROBLEM))
    return subject.kind if subject is not None else None


class _OccurrenceTrigger(_ProblemTrigger):
    """A trigger on a problem of one kind."""

    _kind: Status

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Tell whether there is such a problem."""
        return state.state == STATE_ON and _kind(state) == self._kind

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Tell whether the problem is a new one, not the one of before or one that only came back into sight."""
        if from_state.state in _OUT_OF_SIGHT:
            since = _since(to_state)
            return since is not None and since > from_state.last_changed
        return _kind(from_state) != self._kind


class BackupFailed(_OccurrenceTrigger):
    """Triggers once for every run that fails."""

    _kind = Status.FAILED

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Tell whether a run has failed since, be it the first or one more in a row."""
        return super().is_valid_transition(from_state, to_state) or (
            _kind(from_state) == self._kind and _failures(to_state) > _failures(from_state)
        )


class BackupOverdue(_OccurrenceTrigger):
    """Triggers once when a run that was due has not come, until there is a good one again."""

    _kind = Status.OVERDUE


class BackupRecovered(_ProblemTrigger):
    """Triggers when a problem is over because there is a good backup again."""

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Note the problems that there are, so that their end is noticed after time out of sight too."""
        self._problems = {
            state.entity_id for state in self._hass.states.async_all(BINARY_SENSOR_DOMAIN) if state.state == STATE_ON
        }
        return await super().async_attach_runner(run_action, did_not_trigger)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Tell whether all is well, and note where it is not."""
        if state.state == STATE_ON:
            self._problems.add(state.entity_id)
        elif _kind(state) in _LEFT_ALONE:
            self._problems.discard(state.entity_id)
        return state.state == STATE_OFF and _kind(state) in GOOD

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Tell whether there was a problem until now."""
        known = to_state.entity_id in self._problems
        self._problems.discard(to_state.entity_id)
        return known


def _kind(state: State) -> str | None:
    """Return the verdict apart from a run in progress."""
    kind: str | None = state.attributes.get("verdict")
    return kind


def _since(state: State) -> datetime | None:
    since: str | None = state.attributes.get("since")
    return datetime.fromisoformat(since) if since else None


def _failures(state: State) -> int:
    failures: int = state.attributes.get("failures") or 0
    return failures


TRIGGERS: dict[str, type[Trigger]] = {
    "backup_failed": BackupFailed,
    "backup_overdue": BackupOverdue,
    "backup_recovered": BackupRecovered,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
