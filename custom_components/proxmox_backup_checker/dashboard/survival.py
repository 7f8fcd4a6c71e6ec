"""What the dashboard shows of what would be left if something died: what can die, and the answer for one of it."""

from typing import Any

from homeassistant.core import HomeAssistant

from ..checker.survival.copies import Copy
from ..checker.survival.death import Death
from ..checker.survival.what_if import Answer, Survival, Survivals
from ..privacy.sight import Sight
from ..texts.localizer import Localizer
from ..texts.survival_text import LEFT, SurvivalText
from .clusters import coordinator_of, entries
from .epochs import epoch


async def async_survival(
    hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None, died: str | None
) -> dict[str, Any]:
    """Return what can die, of one cluster or all, and what would be left of it: of `died`, or of what costs most."""
    clusters = [
        (entry.entry_id, survivals, SurvivalText.of(survivals, seen, localizer, is_limited=sight.is_limited))
        for entry in entries(hass, entry_id)
        if (coordinator := coordinator_of(entry)) is not None
        for survivals, seen in [(coordinator.survivals, sight.assessment(coordinator))]
    ]
    return await hass.async_add_executor_job(_told, clusters, died)


def _told(clusters: list[tuple[str, Survivals, SurvivalText]], died: str | None) -> dict[str, Any]:
    deaths: list[dict[str, Any]] = []
    answer: dict[str, Any] | None = None
    for entry_id, survivals, text in clusters:
        shown = [death for death in survivals.deaths if death.kind != "storage" or text.shows(death.name)]
        deaths += [_death(entry_id, death, survivals, text) for death in shown]
        chosen = _chosen(entry_id, shown, survivals, died)
        if answer is None and chosen is not None:
            answer = _answer(entry_id, chosen, survivals, text)
    return {"deaths": deaths, "answer": answer}


def _chosen(entry_id: str, shown: list[Death], survivals: Survivals, died: str | None) -> Death | None:
    """Return what dies: what was asked for, else what costs most."""
    if died is not None:
        return next((death for death in shown if _key(entry_id, death) == died), None)
    worst = survivals.worst_case
    return worst.death if worst is not None and worst.death in shown else next(iter(shown), None)


def _key(entry_id: str, death: Death) -> str:
    return f"{entry_id}/{death.key}"


def _death(entry_id: str, death: Death, survivals: Survivals, text: SurvivalText) -> dict[str, Any]:
    losers = [one for one in survivals.losers(death) if one.vmid in text.names]
    return {
        "key": _key(entry_id, death),
        "entry_id": entry_id,
        "kind": death.kind,
        "name": text.storage(death.name) if death.kind == "storage" else death.name,
        "none": sum(one.answer is Answer.NONE for one in losers),
        "unknown": sum(one.answer is Answer.UNKNOWN for one in losers),
    }


def _answer(entry_id: str, death: Death, survivals: Survivals, text: SurvivalText) -> dict[str, Any]:
    found = [one for one in survivals.what_if(death) if one.vmid in text.names]
    return {
        "died": _key(entry_id, death),
        "heading": text.death(death),
        "read": epoch(survivals.assessment.read_at),
        "guests": [_guest(entry_id, one, text) for one in found],
        "storages": [
            {
                "name": text.storage(storage),
                "left": LEFT[fate.lot],
                "why": text.doubt(fate.doubt) if fate.doubt is not None else None,
            }
            for storage, fate in sorted(survivals.storages_after(death).items())
            if text.shows(storage)
        ],
    }


def _guest(entry_id: str, survival: Survival, text: SurvivalText) -> dict[str, Any]:
    return {
        "id": f"{entry_id}/guest/{survival.vmid}",
        "name": text.names[survival.vmid] or str(survival.vmid),
        "vmid": survival.vmid,
        "left": survival.answer.value,
        "text": text.sentence(survival, with_loss=False),
        "bare": survival.answer is Answer.LIVES and survival.copies is Answer.NONE and survival.had_copies,
        "lost": _lost(survival.copy, text) if survival.answer is Answer.COPY else None,
    }


def _lost(copy: Copy | None, text: SurvivalText) -> str | None:
    return text.loss(copy) if copy is not None else None
