"""What can be seen at a moment, of which node, and up to when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from ..proxmox.api.cluster_models import Guest
from .model.facts import Facts, NodeFacts

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How far facts tell what is and what was.

    Rules that judge guests and jobs ask `has_come` and `is_seen` instead of comparing times with the present themselves.
    """

    facts: Facts

    def has_come(self, moment: datetime) -> bool:
        """Tell whether a moment of our clock has come."""
        return moment <= self.facts.now

    def node_now(self, node: str) -> datetime:
        """Return the present by a node's clock."""
        facts = self.facts.nodes.get(node)
        return self.facts.now + facts.skew if facts else self.facts.now

    def seen_until(self, node: str) -> datetime:
        """Return the time up to which a node's runs are known, by its own clock."""
        facts = self.facts.nodes.get(node)
        if facts is None:
            return self.facts.read_at or self.facts.now
        if facts.blindness is not None and facts.tasks_read is None:
            return _NEVER
        seen = self.facts.now if facts.blindness is None else facts.tasks_read or _NEVER
        if self.facts.read_at is not None:
            seen = min(seen, self.facts.read_at)
        return seen + facts.skew

    def is_seen(self, node: str, moment: datetime) -> bool:
        """Tell whether a node's runs are known up to a moment of its own clock."""
        if self.is_fresh and (facts := self.facts.nodes.get(node)) is not None and facts.blindness is None:
            return self.has_come(moment - facts.skew)
        return self.seen_until(node) >= moment

    @property
    def is_fresh(self) -> bool:
        """Whether the facts are of this moment, and not those that were read last."""
        return self.facts.read_at in {None, self.facts.now}

    @cached_property
    def present(self) -> frozenset[int]:
        """The VMIDs of all guests that are seen."""
        return frozenset(guest.vmid for guest in self.facts.guests)

    def node(self, name: str) -> NodeFacts | None:
        """Return what is known of a node."""
        return self.facts.nodes.get(name)

    def is_off(self, guest: Guest) -> bool:
        """Tell whether a guest's node is surely off now, so that nothing can have happened on it unseen."""
        node = self.node(guest.node)
        return node is not None and not node.online and self.is_fresh

    def is_off_or_gone(self, name: str) -> bool:
        """Tell whether a node is surely off now, or no longer in the cluster."""
        node = self.node(name)
        return self.is_fresh and (node is None or not node.online)
