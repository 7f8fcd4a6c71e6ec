"""Rules of the product broken on purpose, to see how long it takes the machine to notice.

Most of these take a rule away from what the product is told or remembers, which is as good as taking it out of its code and
outlives a change of it. Where no facts can say what the rule says, the one function that holds the rule is swapped, in the
process and for the time of a world that is played broken: a deliberate mutation, as a careless change would make it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

HOME_ASSISTANT_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Break:
    """A broken rule: what it does to the facts, and whether a restart loses the history.

    `swaps` are functions of the product, each by its name below the package, with what makes the wrong one of the right one.
    """

    rule: str
    facts: Callable[[Any], Any] = lambda facts: facts
    forgets: bool = False
    swaps: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


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


def _on_any_node(going_on: Any) -> Any:
    def swapped(context: Any, job: Any, node: str) -> list[Any]:
        return [run for name in context.facts.nodes for run in going_on(context, job, name)]

    return swapped


def _with_others(evidence: Any, counts: Callable[[Any], bool]) -> Any:
    """Return a function that takes more outcomes of the guest for evidence of what a job promised than there are."""

    def swapped(guest: Any, job: Any, storage: str, context: Any) -> Iterator[Any]:
        own = list(evidence(guest, job, storage, context))
        return (outcome for outcome in context.outcomes(guest) if outcome in own or counts(outcome))

    return swapped


def _any_backup_counts(evidence: Any) -> Any:
    return _with_others(evidence, lambda outcome: outcome.result.name == "OK")


def _failures_by_hand_count(evidence: Any) -> Any:
    return _with_others(evidence, lambda outcome: outcome.by_hand and outcome.result.name == "FAILED")


def _always(_: Any) -> Any:
    return lambda *_args, **_named: True


EVIDENCE = "checker.verdicts.promises._evidence"
BREAKS = {
    "storage": Break(
        "a backup by any job on any storage keeps every promise to the guest", swaps={EVIDENCE: _any_backup_counts}
    ),
    "going_on": Break(
        "a run in progress excuses the guests of other nodes", swaps={"checker.context.Context.going_on": _on_any_node}
    ),
    "by_hand": Break("a failed backup by hand counts", swaps={EVIDENCE: _failures_by_hand_count}),
    "prune": Break("retention explains any archive that is gone", swaps={"checker.history.update.was_pruned": _always}),
    "blindness": Break("what cannot be seen counts as seen", _no_blindness),
    "zone": Break("slots are in Home Assistant's zone, not in the node's", _home_assistants_zone),
    "restart": Break("a restart forgets the history", forgets=True),
    "verification": Break("failed verifications are ignored", _no_verification),
    "future": Break("an archive from the future counts as one of now", _future_archives_are_of_now),
    "skew": Break("the clock of a node is taken for right", _no_clock_difference),
}
