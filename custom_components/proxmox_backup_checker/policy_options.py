"""The options by which a user decides what is left alone and how long to wait."""

from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import probatio

from .checker.assessment import Assessment
from .checker.model.copies_rule import USUAL_RULE, CopiesRule
from .checker.model.labels import job_name
from .checker.model.policy import Policy
from .checker.model.standing import Standing
from .const import CONF_HIDE_NAMES

CONF_IGNORED_GUESTS: Final = "ignored_guests"
CONF_IGNORED_JOBS: Final = "ignored_jobs"
CONF_EXPECTED_OFFLINE: Final = "expected_offline"
CONF_LONGEST_AGE: Final = "longest_age_days"
CONF_START_GRACE: Final = "start_grace_minutes"
CONF_NEW_GUEST_GRACE: Final = "new_guest_grace_hours"
CONF_PAUSE_LIMIT: Final = "pause_limit_days"
CONF_BLIND_LIMIT: Final = "blind_limit_hours"
CONF_WARNINGS_ARE_PROBLEMS: Final = "warnings_are_problems"
CONF_REMIND_AFTER: Final = "remind_after_days"
CONF_STANDINGS: Final = "storage_places"
CONF_RESTORE_LIMIT: Final = "restore_test_days"
CONF_DONE_BY: Final = "done_by"
CONF_COPIES_RULE: Final = "copies_rule"

_USUAL: Final = Policy()
NUMBERS: Final[Mapping[str, int]] = {
    CONF_START_GRACE: int(_USUAL.start_grace.total_seconds() // 60),
    CONF_NEW_GUEST_GRACE: int(_USUAL.new_guest_grace.total_seconds() // 3600),
    CONF_PAUSE_LIMIT: _USUAL.pause_limit.days,
    CONF_BLIND_LIMIT: int(_USUAL.blind_limit.total_seconds() // 3600),
    CONF_REMIND_AFTER: 1,
}
"""What holds where the user has decided nothing, each in the unit that its name ends with."""
SETTINGS: Final = frozenset(
    {
        *(CONF_IGNORED_GUESTS, CONF_IGNORED_JOBS, CONF_EXPECTED_OFFLINE, CONF_LONGEST_AGE, CONF_WARNINGS_ARE_PROBLEMS),
        CONF_RESTORE_LIMIT,
        CONF_DONE_BY,
        CONF_COPIES_RULE,
        CONF_HIDE_NAMES,
        *NUMBERS,
    }
)
SECTION: Final = "limits"
_NO_RULE: Final = "off"
_RULES: Final = (_NO_RULE, "2-1-1", USUAL_RULE.text, "4-3-2")

_RANGES: Final = {
    CONF_START_GRACE: (0, 1440, "min"),
    CONF_NEW_GUEST_GRACE: (0, 720, "h"),
    CONF_PAUSE_LIMIT: (0, 90, "d"),
    CONF_BLIND_LIMIT: (1, 168, "h"),
    CONF_REMIND_AFTER: (0, 30, "d"),
}


def policy_of(options: Mapping[str, Any]) -> Policy:
    """Return the policy that the options of an entry describe."""

    def number(name: str) -> float:
        return float(options.get(name, NUMBERS[name]))

    age, tests = options.get(CONF_LONGEST_AGE), options.get(CONF_RESTORE_LIMIT)
    rule = options.get(CONF_COPIES_RULE, USUAL_RULE.text)
    return Policy(
        ignored_guests=frozenset(int(vmid) for vmid in options.get(CONF_IGNORED_GUESTS, ())),
        ignored_jobs=frozenset(options.get(CONF_IGNORED_JOBS, ())),
        expected_offline=frozenset(options.get(CONF_EXPECTED_OFFLINE, ())),
        longest_age=timedelta(days=float(age)) if age else None,
        start_grace=timedelta(minutes=number(CONF_START_GRACE)),
        new_guest_grace=timedelta(hours=number(CONF_NEW_GUEST_GRACE)),
        pause_limit=timedelta(days=number(CONF_PAUSE_LIMIT)),
        blind_limit=timedelta(hours=number(CONF_BLIND_LIMIT)),
        warnings_are_problems=bool(options.get(CONF_WARNINGS_ARE_PROBLEMS, False)),
        remind_after=timedelta(days=number(CONF_REMIND_AFTER)) or None,
        standings={key: Standing.parse(text) for key, text in options.get(CONF_STANDINGS, {}).items()},
        restore_limit=timedelta(days=float(tests)) if tests else None,
        done_by=time.fromisoformat(until) if (until := options.get(CONF_DONE_BY)) else None,
        copies_rule=None if rule == _NO_RULE else CopiesRule.parse(rule),
    )


def settings_schema(assessment: Assessment | None, options: Mapping[str, Any]) -> probatio.Schema:
    """Return the form that asks for all settings; what was chosen before can be chosen though it is gone by now."""
    guests: dict[str, str] = {}
    jobs: dict[str, str] = {}
    nodes: dict[str, str] = {}
    if assessment is not None:
        guests = {
            str(vmid): f"{view.guest.name or view.guest.guest_type} ({vmid})"
            for vmid, view in assessment.guests.items()
        }
        jobs = {job_id: job_name(view.job) for job_id, view in assessment.jobs.items()}
        nodes = {node: node for node in assessment.nodes}
    return probatio.Schema(
        {
            probatio.Optional(CONF_IGNORED_GUESTS): _chooser(guests, options.get(CONF_IGNORED_GUESTS, ())),
            probatio.Optional(CONF_IGNORED_JOBS): _chooser(jobs, options.get(CONF_IGNORED_JOBS, ())),
            probatio.Optional(CONF_EXPECTED_OFFLINE): _chooser(nodes, options.get(CONF_EXPECTED_OFFLINE, ())),
            probatio.Optional(CONF_LONGEST_AGE): _number(1, 366, "d"),
            probatio.Optional(CONF_RESTORE_LIMIT): _number(7, 1096, "d"),
            probatio.Optional(CONF_DONE_BY): TimeSelector(),
            probatio.Required(CONF_COPIES_RULE, default=USUAL_RULE.text): SelectSelector(
                SelectSelectorConfig(
                    options=list(_RULES), mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_COPIES_RULE
                )
            ),
            probatio.Required(CONF_WARNINGS_ARE_PROBLEMS, default=False): BooleanSelector(),
            probatio.Required(CONF_HIDE_NAMES, default=False): BooleanSelector(),
            probatio.Required(SECTION): section(
                probatio.Schema(
                    {probatio.Required(name, default=usual): _number(*_RANGES[name]) for name, usual in NUMBERS.items()}
                ),
                {"collapsed": True},
            ),
        }
    )


def entered_settings(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that an entered form stands for, without what is as usual."""
    usual = {CONF_COPIES_RULE: USUAL_RULE.text}
    chosen = {
        name: value for name, value in user_input.items() if name != SECTION and value and value != usual.get(name)
    }
    return chosen | {name: value for name, value in user_input[SECTION].items() if value != NUMBERS[name]}


def _chooser(names: Mapping[str, str], chosen: Iterable[str]) -> SelectSelector:
    all_names = {**{key: key for key in chosen}, **names}
    options = [
        SelectOptionDict(value=key, label=name) for key, name in sorted(all_names.items(), key=lambda one: one[1])
    ]
    return SelectSelector(
        SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=False)
    )


def _number(least: int, most: int, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=least, max=most, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=unit)
    )
