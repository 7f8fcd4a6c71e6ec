"""Rules of the product broken on purpose, to see how long it takes the machine to notice.

Most of these take a rule away from what the product is told or remembers, which is as good as taking it out of its code and
outlives a change of it. Where no facts can say what the rule says, the one function that holds the rule is swapped, in the
process and for the time of a world that is played broken: a deliberate mutation, as a careless change would make it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

HOME_ASSISTANT_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Break:
    """A broken rule: what it does to the facts, and whether a restart loses the history.

    `swaps` are functions or limits of the product, each by its name below the package, with what makes the wrong one of the right one.
    `needs` are things of which one has to happen in a world for the rule to matter there, all where there is none.
    """

    rule: str
    needs: frozenset[str] = frozenset()
    facts: Callable[[Any], Any] = lambda facts: facts
    forgets: bool = False
    swaps: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def matters_in(self, happenings: Iterable[str]) -> bool:
        """Tell whether a world in which such things happen can show it."""
        return not self.needs or not self.needs.isdisjoint(happenings)


def _no_blindness(facts: Any) -> Any:
    nodes = {
        name: replace(node, blindness=None, online=True, tasks_read=facts.now) for name, node in facts.nodes.items()
    }
    return replace(facts, nodes=nodes, read_at=facts.now)


def _home_assistants_zone(facts: Any) -> Any:
    return replace(
        facts, nodes={name: replace(node, zone=node.zone and HOME_ASSISTANT_ZONE) for name, node in facts.nodes.items()}
    )


def _no_verification(facts: Any) -> Any:
    def listing(kept: Any) -> Any:
        return kept and replace(kept, archives=tuple(replace(entry, verification=None) for entry in kept.archives))

    storages = tuple(replace(storage, listing=listing(storage.listing)) for storage in facts.storages)
    return replace(facts, storages=storages)


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


def _backups_of_any_job_count(evidence: Any) -> Any:
    return _with_others(evidence, lambda outcome: outcome.result.name == "OK")


def _all_archives(_: Any) -> Any:
    return lambda _storage, guest, context: iter(context.archives(guest))


def _failures_by_hand_count(evidence: Any) -> Any:
    return _with_others(evidence, lambda outcome: outcome.by_hand and outcome.result.name == "FAILED")


def _always(_: Any) -> Any:
    return lambda *_args, **_named: True


_OUT_OF_SIGHT = frozenset({"api_down", "token_gone", "rights", "node_off", "power_cut", "ha_off", "dark"})
_EVIDENCE = "checker.verdicts.promises._evidence"
BREAKS = {
    "job": Break(
        "a backup by another job on another storage keeps a promise", swaps={_EVIDENCE: _backups_of_any_job_count}
    ),
    "storage": Break(
        "an archive or a backup by hand on any storage keeps a promise",
        swaps={
            "checker.context.Context.is_on_storage": _always,
            "checker.verdicts.archive_evidence._on": _all_archives,
        },
    ),
    "going_on": Break(
        "a run in progress excuses the guests of other nodes",
        frozenset({"hangs", "overruns"}),
        swaps={"checker.context.Context.going_on": _on_any_node},
    ),
    "by_hand": Break(
        "a failed backup by hand counts", frozenset({"by_hand_bad"}), swaps={_EVIDENCE: _failures_by_hand_count}
    ),
    "prune": Break(
        "retention explains any archive that is gone",
        frozenset({"delete_archive"}),
        swaps={"checker.archives.pruning.Pruning.explains": _always},
    ),
    "blindness": Break("what cannot be seen counts as seen", _OUT_OF_SIGHT, _no_blindness),
    "zone": Break("slots are in Home Assistant's zone, not in the node's", facts=_home_assistants_zone),
    "restart": Break("a restart forgets the history", frozenset({"restart", "ha_off", "dark"}), forgets=True),
    "verification": Break("failed verifications are ignored", frozenset({"corrupt"}), _no_verification),
    "future": Break(
        "what is dated in the future counts",
        frozenset({"wrong_clock"}),
        swaps={
            "checker.context.WRONG_DATE": lambda _: timedelta(days=100),
            "checker.archives.wrong_dates.WRONG_DATE": lambda _: timedelta(days=100),
        },
    ),
}
