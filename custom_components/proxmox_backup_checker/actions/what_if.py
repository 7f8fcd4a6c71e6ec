"""What would be left of each guest if something died, as an action answers it."""

from collections.abc import Mapping
from typing import Any

from ..checker.survival.copies import Copy
from ..checker.survival.death import Death
from ..checker.survival.what_if import Answer, Survival, Survivals
from ..coordinator import CheckerCoordinator
from ..texts.localizer import iso
from ..texts.survival_text import LEFT, SurvivalText
from ..translated_errors import invalid


def chosen_death(coordinator: CheckerCoordinator, chosen: Mapping[str, str]) -> Death:
    """Return the one thing that is to die, by its kind.

    Raises ServiceValidationError where it is not one, or the cluster has no such thing.
    """
    if len(chosen) != 1:
        raise invalid("one_death")
    [(kind, name)] = chosen.items()
    survivals = coordinator.survivals
    found = Death.parse(f"{kind}:{name}")
    if not survivals.can_die(found):
        names = ", ".join(death.name for death in survivals.deaths if death.kind == kind)
        raise invalid("unknown_death", cluster=coordinator.assessment.cluster.title, name=name, names=names)
    return found


def what_if(death: Death, survivals: Survivals, text: SurvivalText) -> dict[str, Any]:
    """Return what would be left, the worst first; only of the guests that the caller may see."""
    found = [one for one in survivals.what_if(death) if one.vmid in text.names]
    return {
        "died": {"kind": death.kind, "name": death.name},
        "read": iso(survivals.assessment.read_at),
        "counts": {answer.value: sum(one.answer is answer for one in found) for answer in Answer},
        "guests": [_guest_data(one, text) for one in found],
        "storages": [
            {"storage": key, "left": LEFT[fate.lot], "why": text.doubt(fate.doubt) if fate.doubt else None}
            for key, fate in sorted(survivals.storages_after(death).items())
            if text.shows(key)
        ],
    }


def _guest_data(survival: Survival, text: SurvivalText) -> dict[str, Any]:
    return {
        "vmid": survival.vmid,
        "name": text.names[survival.vmid],
        "left": survival.answer.value,
        "copies": survival.copies.value,
        "text": text.sentence(survival),
        "copy": copy_data(survival.copy, text) if survival.copy is not None else None,
        "perhaps": copy_data(survival.perhaps, text) if survival.perhaps is not None else None,
        "why": text.doubt(survival.doubt) if survival.doubt is not None else None,
    }


def copy_data(copy: Copy, text: SurvivalText) -> dict[str, Any]:
    """Return a copy field by field; `seen` is when its storage was last listed."""
    return {
        "storage": copy.key,
        "volid": copy.volid,
        "written": iso(copy.written),
        "seen": iso(copy.seen),
        "seconds_lost": max(0, int((text.now - copy.written).total_seconds())),
        "encrypted": copy.encrypted,
    }
