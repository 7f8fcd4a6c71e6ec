"""Conditions: is this guest safe to change now?"""

from datetime import timedelta
from typing import Any, Final, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util
import probatio

from .actions.targets import Target, targets_of, targets_of_devices, targets_of_entities
from .checker.assessment import is_protected, to_be_protected
from .checker.model.subject import Subject

CONF_MAXIMUM_AGE: Final = "maximum_age"

_IS_PROTECTED_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_TARGET): cv.TARGET_FIELDS,
        probatio.Required(CONF_OPTIONS): {
            probatio.Required(CONF_MAXIMUM_AGE): probatio.All(
                cv.positive_time_period, probatio.Range(min=timedelta(minutes=1))
            )
        },
    }
)


class IsProtected(Condition):
    """Tests whether everything that is targeted has a good backup that is young enough, and nothing speaks against it."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate the configuration."""
        return cast(ConfigType, _IS_PROTECTED_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take the target and the age."""
        super().__init__(hass, config)
        options: dict[str, Any] = config.options or {}
        self._selection = TargetSelection(config.target or {})
        self._age: timedelta = options[CONF_MAXIMUM_AGE]

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Test; what cannot be seen is not protected, and neither is nothing."""
        named = [
            *(targets_of_entities(self._hass, [entity_id]) for entity_id in self._selection.entity_ids),
            *(targets_of_devices(self._hass, [device_id]) for device_id in self._selection.device_ids),
        ]
        if not all(named) or any(target.subject.kind == "storage" for targets in named for target in targets):
            return False
        chosen = [target for target in targets_of(self._hass, self._selection) if target.subject.kind != "storage"]
        parts = [part for target in chosen for part in _parts(target)]
        return bool(parts) and all(self._is_protected(part) for part in parts)

    def _is_protected(self, target: Target) -> bool:
        if not target.coordinator.last_update_success:
            return False
        return is_protected(target.verdict, self._age, dt_util.utcnow())


def _parts(target: Target) -> list[Target]:
    """Return what has to be protected: for the cluster all of its guests but those that are ignored."""
    if target.subject.kind != "cluster":
        return [target]
    return [Target(target.coordinator, Subject.guest(vmid)) for vmid in to_be_protected(target.coordinator.assessment)]


CONDITIONS: dict[str, type[Condition]] = {"is_protected": IsProtected}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
