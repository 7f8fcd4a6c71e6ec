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
    """Return the form, with a field for each storage that holds backups, or that several nodes have disks on."""
    said: Mapping[str, str] = options.get(CONF_STANDINGS, {})
    keys = sorted({*said, *(survivals.asked_about if survivals is not None else ())})
    chooser = _chooser(survivals.assessment if survivals is not None else None, said.values())
    return probatio.Schema({probatio.Required(key, default=_NOT_SAID): chooser for key in keys})


def entered_places(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that an entered form stands for."""
    said = {key: where for key, where in user_input.items() if where != _NOT_SAID}
    return {CONF_STANDINGS: said} if said else {}


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
