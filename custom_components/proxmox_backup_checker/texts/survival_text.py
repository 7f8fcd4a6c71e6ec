"""What becomes of a guest if something dies, as a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from ..checker.assessment import Assessment
from ..checker.model.labels import abbreviated, guest_label
from ..checker.survival.copies import Copy
from ..checker.survival.death import Death, Doubt, DoubtCode, Lot
from ..checker.survival.what_if import Answer, Survival, Survivals
from .localizer import Localizer

LEFT: Final[Mapping[Lot, bool | None]] = {Lot.LIVES: True, Lot.UNKNOWN: None, Lot.DIES: False}
"""Whether something is left, None where nobody can know."""
_TWO_DAYS: Final = timedelta(days=2)
_ONE_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SurvivalText:
    """Says what becomes of guests, at a moment, to somebody who may see the guests in `names`, and no others."""

    localizer: Localizer
    names: Mapping[int, str | None]
    storages: Mapping[str, str]
    now: datetime
    shown_storages: frozenset[str] | None = None
    """The storages that may be seen, by key; None where all may be, those without a device too."""

    @classmethod
    def of(cls, survivals: Survivals, seen: Assessment, localizer: Localizer, *, is_limited: bool) -> Self:
        """Return what puts into words what becomes of the guests that somebody sees."""
        return cls(
            localizer=localizer,
            names={vmid: view.guest.name for vmid, view in seen.guests.items()},
            storages={key: view.name for key, view in survivals.assessment.storages.items()},
            now=survivals.assessment.context.facts.now,
            shown_storages=frozenset(seen.storages) if is_limited else None,
        )

    def shows(self, storage: str) -> bool:
        """Tell whether a storage may be seen."""
        return self.shown_storages is None or storage in self.shown_storages

    def death(self, death: Death) -> str:
        """Return what dies, as in a heading."""
        name = self.storages.get(death.name, death.name) if death.kind == "storage" else death.name
        return self.localizer.text(f"death_{death.name if death.kind == 'place' else death.kind}", name=name)

    def sentence(self, survival: Survival, *, with_loss: bool = True) -> str:
        """Return what is left of a guest, how much work is lost, and why nobody can know where that is so."""
        if survival.answer is Answer.LIVES:
            key = {Answer.NONE: "lives_alone", Answer.UNKNOWN: "lives_perhaps_alone"}.get(survival.copies, "lives")
            return self.localizer.text(f"survival_{key}")
        if survival.answer is Answer.NONE:
            return self.localizer.text("survival_none" if survival.had_copies else "survival_never_had")
        if survival.answer is Answer.COPY and survival.copy is not None:
            key = "survival_copy" if with_loss else "survival_copy_alone"
            told = self.localizer.text(key, loss=self.loss(survival.copy), **self._of(survival.copy))
            return " ".join([told, *self._newer(survival)])
        return self._unknown(survival)

    def loss(self, copy: Copy) -> str:
        """Return for how long the work since a copy was made is lost."""
        age = max(self.now - copy.written, timedelta())
        if age < _ONE_HOUR:
            return self.localizer.text("loss_minutes", count=max(1, round(age / timedelta(minutes=1))))
        if age < _TWO_DAYS:
            return self.localizer.text("loss_hours", count=round(age / _ONE_HOUR))
        return self.localizer.text("loss_days", count=round(age / timedelta(days=1)))

    def storage(self, key: str | None) -> str:
        """Return what a storage is called."""
        return self.storages.get(key or "", key or "")

    def _newer(self, survival: Survival) -> list[str]:
        if survival.perhaps is None or survival.doubt is None:
            return []
        values = self._of(survival.perhaps)
        return [self.localizer.text("survival_newer", doubt=self.doubt(survival.doubt), **values)]

    def _unknown(self, survival: Survival) -> str:
        doubt = self.doubt(survival.doubt) if survival.doubt is not None else ""
        if survival.perhaps is not None:
            return self.localizer.text("survival_perhaps", doubt=doubt, **self._of(survival.perhaps))
        if survival.lot is Lot.UNKNOWN and survival.copies is Answer.NONE:
            return self.localizer.text("survival_may_live", doubt=doubt)
        return self.localizer.text("survival_unknown", doubt=doubt)

    def _of(self, copy: Copy) -> dict[str, str]:
        key = copy.key
        return {"storage": self.storage(key), "moment": self.localizer.near_moment(copy.written, self.now)}

    def doubt(self, doubt: Doubt) -> str:
        """Return why nobody can know, as a part of a sentence; guests out of sight are not named."""
        key = doubt.code.value
        if doubt.code is DoubtCode.UNSEEN and doubt.storage is None:
            key = "unseen_folder"
        suspects = [guest_label(self.names[vmid], vmid) for vmid in doubt.vmids if vmid in self.names]
        if doubt.code is DoubtCode.MAY_BE_GUEST and not suspects:
            key = "may_be_a_guest"
        return self.localizer.text(
            f"doubt_{key}",
            storage=self.storage(doubt.storage),
            host=doubt.host or "",
            node=doubt.node or "",
            guests=abbreviated(suspects, 3),
        )
