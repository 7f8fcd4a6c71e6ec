"""Rules of the product broken on purpose, to see how long it takes the machine to notice.

Each of these takes a rule away from what the product is told or remembers, which is as good as taking it out of its code and
outlives a change of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

HOME_ASSISTANT_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Break:
    """A broken rule: what it does to the facts, and whether a restart loses the history."""

    rule: str
    facts: Callable[[Any], Any] = lambda facts: facts
    forgets: bool = False


def _no_blindness(facts: Any) -> Any:
    nodes = {
        name: replace(node, blindness=None, online=True, tasks_read=facts.now) for name, node in facts.nodes.items()
    }
    return replace(facts, nodes=nodes, read_at=facts.now)


def _home_assistants_zone(facts: Any) -> Any:
    return replace(
        facts, nodes={name: replace(node, zone=node.zone and HOME_ASSISTANT_ZONE) for name, node in facts.nodes.items()}
    )


def _with_archives(facts: Any, change: Callable[[Any], Any]) -> Any:
    storages = tuple(
        storage
        if storage.listing is None
        else replace(
            storage,
            listing=replace(storage.listing, archives=tuple(change(archive) for archive in storage.listing.archives)),
        )
        for storage in facts.storages
    )
    return replace(facts, storages=storages)


def _no_verification(facts: Any) -> Any:
    return _with_archives(facts, lambda archive: replace(archive, verification=None))


def _future_archives_are_of_now(facts: Any) -> Any:
    latest = int((facts.now - timedelta(minutes=1)).timestamp())
    return _with_archives(facts, lambda archive: replace(archive, ctime=min(archive.ctime, latest)))


def _no_clock_difference(facts: Any) -> Any:
    return replace(facts, nodes={name: replace(node, skew=timedelta()) for name, node in facts.nodes.items()})


BREAKS = {
    "blindness": Break("what cannot be seen counts as seen", _no_blindness),
    "zone": Break("slots are in Home Assistant's zone, not in the node's", _home_assistants_zone),
    "restart": Break("a restart forgets the history", forgets=True),
    "verification": Break("failed verifications are ignored", _no_verification),
    "future": Break("an archive from the future counts as one of now", _future_archives_are_of_now),
    "skew": Break("the clock of a node is taken for right", _no_clock_difference),
}
