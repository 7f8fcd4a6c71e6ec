"""What a user may decide for one backup server: the fields that ask for it, and what they stand for."""

from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from typing import Any, Final

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

from ..checker.model.server_options import Hours, Place, ServerOptions
from ..const import CONF_DATASTORES, CONF_HIDE_NAMES, CONF_IGNORE, CONF_NAMESPACES, CONF_PLACE
from ..policy_options import CONF_REMIND_AFTER
from ..proxmox.backup_server.namespace import ROOT

CONF_AWAKE: Final = "awake"
CONF_AWAKE_FROM: Final = "awake_from"
CONF_AWAKE_UNTIL: Final = "awake_until"
CONF_RHYTHM: Final = "rhythm"
CONF_ASLEEP_LIMIT: Final = "asleep_limit"
CONF_ROTATION: Final = "rotation"
CONF_VERIFY_LIMIT: Final = "verify_limit"
CONF_GC_LIMIT: Final = "gc_limit"
CONF_BLIND_LIMIT: Final = "blind_limit_hours"
CONF_WARNINGS_ARE_PROBLEMS: Final = "warnings_are_problems"
CONF_ALWAYS_ON: Final = "always_on"
CONF_GROUP: Final = "group"
CONF_DATASTORE: Final = "datastore"
CONF_DAYS: Final = "days"

_USUAL: Final = ServerOptions()
NUMBERS: Final[Mapping[str, tuple[int, int, int, str]]] = {
    CONF_VERIFY_LIMIT: (35, 0, 730, "d"),
    CONF_GC_LIMIT: (7, 0, 365, "d"),
    CONF_BLIND_LIMIT: (int(_USUAL.blind_limit.total_seconds() // 3600), 1, 168, "h"),
    CONF_REMIND_AFTER: (1, 0, 90, "d"),
}
"""What holds where the user has decided nothing, the least and the most, and the unit."""


def server_options(options: Mapping[str, Any]) -> ServerOptions:
    """Return the decisions that the options of an entry describe."""
    stores, namespaces, groups = [], [], []
    for name in options.get(CONF_IGNORE, ()):
        match name.split(":", 2):
            case [store]:
                stores.append(store)
            case [store, ns]:
                namespaces.append((store, ns))
            case _:
                groups.append(name)
    return ServerOptions(
        place=Place(options.get(CONF_PLACE, Place.UNKNOWN)),
        places={name: Place(place) for name, place in options.get("places", {}).items()},
        ignored_stores=frozenset(stores),
        ignored_namespaces=frozenset(namespaces),
        ignored_groups=frozenset(groups),
        awake=awake_hours(options.get(CONF_AWAKE)),
        rhythm={group: timedelta(days=days) for group, days in options.get(CONF_RHYTHM, {}).items()},
        asleep_limit={store: timedelta(days=days) for store, days in options.get(CONF_ASLEEP_LIMIT, {}).items()},
        rotation=tuple(frozenset(stores) for stores in options.get(CONF_ROTATION, ())),
        verify_limit=_days(options, CONF_VERIFY_LIMIT),
        gc_limit=_days(options, CONF_GC_LIMIT),
        blind_limit=timedelta(hours=float(options.get(CONF_BLIND_LIMIT, NUMBERS[CONF_BLIND_LIMIT][0]))),
        remind_after=_days(options, CONF_REMIND_AFTER),
        warnings_are_problems=bool(options.get(CONF_WARNINGS_ARE_PROBLEMS, False)),
    )


def _days(options: Mapping[str, Any], name: str) -> timedelta | None:
    """Return a limit in days, None where it is switched off."""
    return timedelta(days=float(options.get(name, NUMBERS[name][0]))) or None


def awake_hours(awake: Iterable[str] | None) -> tuple[Hours, ...]:
    """Return the hours of a day that are written as begin and end, none for a server that is always on."""
    if not awake:
        return ()
    begin, end = map(time.fromisoformat, awake)
    return (Hours(begin, end),)


def namespace_key(store: str, ns: str) -> str:
    """Return how a namespace is called among what is ignored; that of the root ends with a colon."""
    return f"{store}:{ns}"


def namespace_label(key: str) -> str:
    """Return what people read for a namespace."""
    store, _, ns = key.partition(":")
    return f"{store} / {ns}" if ns != ROOT else f"{store} /"


def place_fields() -> dict[Any, Any]:
    """Return the fields that ask where a server stands and when it is on."""
    places = SelectSelector(
        SelectSelectorConfig(
            options=[place.value for place in Place], translation_key=CONF_PLACE, mode=SelectSelectorMode.LIST
        )
    )
    return {
        probatio.Required(CONF_PLACE, default=Place.UNKNOWN.value): places,
        probatio.Required(CONF_ALWAYS_ON, default=True): BooleanSelector(),
        probatio.Optional(CONF_AWAKE_FROM): TimeSelector(),
        probatio.Optional(CONF_AWAKE_UNTIL): TimeSelector(),
    }


def entered_place(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that these fields stand for, without what is as usual; ValueError where hours are missing."""
    entered: dict[str, Any] = {}
    if (place := user_input.get(CONF_PLACE, Place.UNKNOWN)) != Place.UNKNOWN:
        entered[CONF_PLACE] = str(place)
    if not user_input.get(CONF_ALWAYS_ON, True):
        begin, end = user_input.get(CONF_AWAKE_FROM), user_input.get(CONF_AWAKE_UNTIL)
        if not begin or not end or begin == end:
            raise ValueError("a server that is not always on has hours")
        entered[CONF_AWAKE] = [begin, end]
    return entered


def shown_place(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields are to show."""
    begin, end = options.get(CONF_AWAKE) or (None, None)
    shown = {CONF_PLACE: options.get(CONF_PLACE, Place.UNKNOWN.value), CONF_ALWAYS_ON: begin is None}
    return shown | ({CONF_AWAKE_FROM: begin, CONF_AWAKE_UNTIL: end} if begin else {})


def content_fields(stores: Iterable[str], namespaces: Iterable[str]) -> dict[Any, Any]:
    """Return the fields that ask which datastores and namespaces are watched; without a choice of namespaces only the first."""
    stores, namespaces = list(stores), list(namespaces)
    fields: dict[Any, Any] = {
        probatio.Required(CONF_DATASTORES, default=stores): chooser({name: name for name in stores})
    }
    if len(namespaces) > len(stores):
        labels = {key: namespace_label(key) for key in namespaces}
        fields[probatio.Required(CONF_NAMESPACES, default=namespaces)] = chooser(labels)
    return fields


def entered_content(user_input: Mapping[str, Any], stores: Iterable[str], namespaces: Iterable[str]) -> list[str]:
    """Return what is to be ignored: what was there to be chosen, and was not."""
    chosen = user_input.get(CONF_DATASTORES)
    ignored = [] if chosen is None else [store for store in stores if store not in chosen]
    if (wanted := user_input.get(CONF_NAMESPACES)) is not None:
        ignored += [key for key in namespaces if key not in wanted and key.partition(":")[0] not in ignored]
    return ignored


def settings_fields(groups: Mapping[str, str]) -> dict[Any, Any]:
    """Return the fields of everything else: groups to ignore, limits, and how careful to be."""
    fields: dict[Any, Any] = {probatio.Optional(CONF_IGNORE): chooser(groups)} if groups else {}
    for name, (usual, least, most, unit) in NUMBERS.items():
        fields[probatio.Required(name, default=usual)] = NumberSelector(
            NumberSelectorConfig(min=least, max=most, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=unit)
        )
    fields[probatio.Required(CONF_WARNINGS_ARE_PROBLEMS, default=False)] = BooleanSelector()
    fields[probatio.Required(CONF_HIDE_NAMES, default=False)] = BooleanSelector()
    return fields


def rhythm_fields(groups: Mapping[str, str]) -> dict[Any, Any]:
    """Return the fields that ask how often one group is to be backed up."""
    return {
        probatio.Required(CONF_GROUP): one_of(groups),
        probatio.Required(CONF_DAYS, default=0): days_field(366),
    }


def disk_fields(removable: Iterable[str]) -> dict[Any, Any]:
    """Return the fields that ask how long a disk may be away, and which of them take turns."""
    names = {name: name for name in removable}
    return {
        probatio.Optional(CONF_ROTATION): chooser(names),
        probatio.Optional(CONF_DATASTORE): one_of(names),
        probatio.Required(CONF_DAYS, default=0): days_field(366),
    }


def with_days(known: Mapping[str, float], name: str | None, days: float) -> dict[str, float]:
    """Return limits in days with that of one thing changed; 0 leaves it to what is learned."""
    if name is None:
        return dict(known)
    return {key: value for key, value in known.items() if key != name} | ({name: days} if days else {})


def days_field(most: int) -> NumberSelector:
    """Return the field for a number of days."""
    return NumberSelector(
        NumberSelectorConfig(min=0, max=most, step=0.5, mode=NumberSelectorMode.BOX, unit_of_measurement="d")
    )


def one_of(names: Mapping[str, str]) -> SelectSelector:
    """Return the field that lets one be chosen."""
    options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN, sort=False))


def chooser(names: Mapping[str, str]) -> SelectSelector:
    """Return the field that lets several be chosen, each shown by its name."""
    options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    return SelectSelector(
        SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=False)
    )
