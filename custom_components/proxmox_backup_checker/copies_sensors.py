"""Sensors of what guests' copies come to, and of how many guests have fewer than the rule asks for."""

from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription, SensorStateClass

from .checker.copies.tally import Share, Tally
from .entity import ClusterEntity, GuestEntity
from .texts.localizer import iso

COPIES = SensorEntityDescription(
    key="copies",
    translation_key="guest_copies",
    state_class=SensorStateClass.MEASUREMENT,
    entity_registry_enabled_default=False,
)
BELOW_RULE = SensorEntityDescription(
    key="guests_below_copies_rule",
    translation_key="guests_below_copies_rule",
    state_class=SensorStateClass.MEASUREMENT,
)


class GuestCopies(GuestEntity, SensorEntity):
    """How many copies of a guest are good and new enough, on how many media, how many of them in another house."""

    _unrecorded_attributes = frozenset(
        {"places", "newest", "newest_offsite", "newest_verified", "newest_locked", "missing"}
    )

    @property
    @override
    def native_value(self) -> int | None:
        """How many there are; None where that is not known."""
        return self.view.tally.copies.exact if self.view else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What they come to, what is missing, and the places with what lies there."""
        if self.view is None:
            return None
        tally, rule = self.view.tally, self.view.rule
        return {
            **figures(tally),
            "rule": rule.rule.text if rule is not None else None,
            "rule_state": rule.state.value if rule is not None else None,
            "missing": self.coordinator.localizer.with_cause(rule.step, rule.cause) if rule is not None else None,
            "places": [_place(share) for share in tally.shares],
        }


class GuestsBelowRule(ClusterEntity, SensorEntity):
    """How many guests surely have fewer copies than the rule asks for."""

    _unrecorded_attributes = frozenset({"hosts_below"})

    @property
    @override
    def native_value(self) -> int | None:
        """How many there are; None where no rule is in force."""
        return self.coordinator.assessment.below_rule

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The rule, and the hosts on linked backup servers that have fewer, which are not in the number."""
        assessment = self.coordinator.assessment
        rule = assessment.context.facts.policy.copies_rule
        return {"rule": rule.text, "hosts_below": list(assessment.hosts_below_rule)} if rule is not None else None


def figures(tally: Tally) -> dict[str, Any]:
    """Return what copies come to; a number that is not known is None, with the least that is sure beside it."""
    return {
        "media": tally.media.exact,
        "media_at_least": tally.media.least,
        "offsite": tally.offsite.exact,
        "newest": iso(tally.newest),
        "newest_offsite": iso(tally.newest_offsite),
        "newest_verified": iso(tally.newest_verified),
        "newest_locked": iso(tally.newest_locked),
    }


def _place(share: Share) -> dict[str, Any]:
    copy = share.copy
    return {
        "name": copy.name,
        "stands": copy.place.value,
        "counts": share.counts,
        "newest": iso(copy.good),
        "verified": iso(copy.verified),
        "locked": iso(copy.locked),
        "restore_points": copy.count,
    }
