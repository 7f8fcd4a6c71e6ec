"""The form that asks where storages stand, which Proxmox does not know."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, SelectSelectorMode
import probatio

from .checker.assessment import Assessment
from .checker.model.labels import guest_label
from .checker.survival.what_if import Survivals
from .policy_options import CONF_STANDINGS

_NOT_SAID: Final = "not_said"
_ALONE: Final = (_NOT_SAID, "here", "elsewhere")


def places_schema(survivals: Survivals | None, options: Mapping[str, Any]) -> probatio.Schema:
    """Return the form, with a field for each storage that holds backups, or that several nodes have disks on.

    Datastores to which sync jobs copy are asked about too, since another house may see it the other way round.
    """
    said: Mapping[str, str] = options.get(CONF_STANDINGS, {})
    chooser = _chooser(survivals.assessment if survivals is not None else None, said.values())
    fields = _fields(survivals, said)
    return probatio.Schema({probatio.Required(name, default=_NOT_SAID): chooser for name in sorted(fields)})


def suggested_places(survivals: Survivals | None, options: Mapping[str, Any]) -> dict[str, str]:
    """Return what the fields of the form hold that was said before."""
    said: Mapping[str, str] = options.get(CONF_STANDINGS, {})
    return {name: said[key] for name, key in _fields(survivals, said).items() if key in said}


def entered_places(
    user_input: Mapping[str, Any], survivals: Survivals | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that an entered form stands for."""
    keys = _fields(survivals, options.get(CONF_STANDINGS, {}))
    said = {keys.get(name, name): where for name, where in user_input.items() if where != _NOT_SAID}
    return {CONF_STANDINGS: said} if said else {}


def _fields(survivals: Survivals | None, said: Iterable[str]) -> dict[str, str]:
    """Return the keys of what is asked about by the names that people know; of two with one name the second goes by its key."""
    asked = survivals.asked_about if survivals is not None else {}
    fields: dict[str, str] = {}
    for key, name in {**{key: key for key in said}, **asked}.items():
        fields[key if name in fields else name] = key
    return fields


def _chooser(assessment: Assessment | None, said: Iterable[str]) -> SelectSelector:
    """Return what offers the places: those that have a text of their own, and nodes and guests by their names."""
    # Those that stand alone are called by their translations.
    names = {text: text for text in _ALONE}
    names |= {text: text.partition(":")[2] for text in said if text not in _ALONE}
    if assessment is not None:
        names |= {f"node:{node}": node for node in sorted(assessment.nodes)}
        names |= {f"guest:{vmid}": guest_label(view.guest.name, vmid) for vmid, view in assessment.guests.items()}
    options = [SelectOptionDict(value=value, label=name) for value, name in names.items()]
    return SelectSelector(
        SelectSelectorConfig(
            options=options, mode=SelectSelectorMode.DROPDOWN, translation_key="storage_place", sort=False
        )
    )
