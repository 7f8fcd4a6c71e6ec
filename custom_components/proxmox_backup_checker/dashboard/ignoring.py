"""Leaving a guest or job alone, by the very option of the settings, from where it is shown."""

from typing import Final, Literal

from homeassistant.core import HomeAssistant

from ..checker.model.reason_codes import ReasonCode
from ..checker.model.verdict import Status, Verdict
from ..coordinator import CheckerConfigEntry
from ..policy_options import CONF_IGNORED_GUESTS, CONF_IGNORED_JOBS

_OPTIONS: Final = {"guest": CONF_IGNORED_GUESTS, "job": CONF_IGNORED_JOBS}
_BY_CHOICE: Final = frozenset({ReasonCode.IGNORED_BY_CHOICE, ReasonCode.JOB_IGNORED_BY_CHOICE})
_MEANT: Final = frozenset({Status.UNCOVERED, Status.PAUSED})
"""What may well be meant so; of anything else it is no answer that nobody looks any more."""


def ignoring(group: str, verdict: Verdict) -> Literal["offered", "chosen"] | None:
    """Return whether leaving something alone is offered, or has been chosen in the options."""
    if group not in _OPTIONS:
        return None
    if verdict.reason.code in _BY_CHOICE:
        return "chosen"
    return "offered" if verdict.lasting in _MEANT else None


def ignore(hass: HomeAssistant, entry: CheckerConfigEntry, group: str, key: str, *, ignored: bool) -> None:
    """Choose in the options that something is left alone, or no more."""
    option = _OPTIONS[group]
    others = [known for known in entry.options.get(option, ()) if str(known) != key]
    chosen = {option: [*others, *([key] if ignored else [])]}
    kept = {name: value for name, value in {**entry.options, **chosen}.items() if name != option or value}
    hass.config_entries.async_update_entry(entry, options=kept)
    hass.config_entries.async_schedule_reload(entry.entry_id)
