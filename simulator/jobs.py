"""Backup jobs: what they cover, how their command reads, what their state files say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import json
from random import Random
import re
from typing import TYPE_CHECKING

from .guests import Guest
from .outcomes import Outcome, RunOutcome

if TYPE_CHECKING:
    from .cluster import Cluster
    from .nodes import Node
    from .vzdump import Run

type Options = dict[str, object]
type Outcomes = Mapping[int, Outcome]

NOT_LOGGED = {"id", "type", "enabled", "schedule", "comment", "repeat-missed", "vmid"}
DEFAULT_KEYS = {"fleecing": "enabled"}


class MissingPoolError(Exception):
    """A job names a pool that does not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """The guests of a job: present ones by node, and numbers without a guest."""

    by_node: dict[str, list[Guest]]
    missing: list[int]

    def local(self, node: str) -> list[Guest]:
        """Return the guests that a run on `node` backs up."""
        return self.by_node.get(node, [])

    def elsewhere(self, node: str) -> list[int]:
        """Return the numbers of the guests that a run on `node` skips as external."""
        return sorted(guest.vmid for name, guests in self.by_node.items() if name != node for guest in guests)


@dataclass(eq=False)
class JobState:
    """What a node remembers of a job: /var/lib/pve-manager/jobs/vzdump-<id>.json."""

    state: str = "created"
    upid: str | None = None
    msg: str | None = None
    time: int | None = None
    updated: int | None = None
    enabled: int = 1
    schedule: str = ""

    def text(self) -> str:
        """Return the file's text."""
        fields: dict[str, object] = {
            "state": self.state,
            "msg": self.msg,
            "upid": self.upid,
            "time": self.time,
            "updated": self.updated,
            "config": {"enabled": self.enabled, "schedule": self.schedule},
        }
        return json.dumps(
            {name: value for name, value in fields.items() if value is not None},
            separators=(",", ":"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """How a run will end: its guests, or as a whole."""

    outcomes: Outcomes = field(default_factory=dict)
    outcome: RunOutcome | None = None


@dataclass(eq=False)
class Job:
    """A backup job, and what a test can do to it."""

    cluster: Cluster
    id: str
    schedule: str
    options: Options
    enabled: bool = True
    created: float = 0.0
    legacy: bool = False
    """Whether it is one of /etc/pve/vzdump.cron."""
    tells_enabled: bool = True
    """Whether its configuration says whether it is enabled: it is where that says nothing."""
    planned: dict[str, Planned] = field(default_factory=dict)
    """How the next scheduled run on each node ends."""
    states: dict[str, JobState] = field(default_factory=dict)

    @property
    def storage(self) -> str:
        """Return the id of the target storage."""
        return str(self.options.get("storage", "local"))

    @property
    def is_all(self) -> bool:
        """Tell whether the job covers all guests."""
        return bool(self.options.get("all"))

    @property
    def vmids(self) -> list[int]:
        """Return the numbers of the list of guests, in its order."""
        return [int(part) for part in str(self.options.get("vmid", "")).split(",") if part]

    def guests(self) -> Covered:
        """Return the guests covered (PVE::VZDump::get_included_guests).

        Raises MissingPoolError.
        """
        return covered(self.cluster, self.options)

    def run(
        self,
        outcomes: Outcomes | None = None,
        *,
        outcome: RunOutcome | None = None,
        at: datetime | None = None,
        by: str | None = None,
    ) -> list[Run]:
        """Run the job on every node that has to: it has just ended, or started `at` a moment.

        Where the node's last run leaves too little room for that, the clock moves on to the end of this one.
        Without `by` it is a scheduled run; with `by` (a user or token) it is "Run now" of the web interface.
        """
        return self.cluster.dispatch.run_job(self, dict(outcomes or {}), outcome, at, by)

    def start(self, outcomes: Outcomes | None = None, *, by: str | None = None) -> list[Run]:
        """Start the job now; it goes on as time goes by."""
        return self.run(outcomes, at=self.cluster.clock.now(), by=by)

    def next_run_ends(self, outcomes: Outcomes | None = None, *, outcome: RunOutcome | None = None) -> None:
        """Choose how the next scheduled run ends, on every node."""
        planned = Planned(outcomes=dict(outcomes or {}), outcome=outcome)
        self.planned = dict.fromkeys(self.cluster.nodes, planned)

    def enable(self) -> None:
        """Switch the job on; its next run is that of the schedule."""
        self.enabled = True
        self.cluster.scheduler.changed(self)

    def disable(self) -> None:
        """Switch the job off."""
        self.enabled = False
        self.cluster.scheduler.changed(self)

    def reschedule(self, schedule: str) -> None:
        """Give it another schedule."""
        self.schedule = schedule
        self.cluster.scheduler.changed(self)

    def change(self, **options: object) -> None:
        """Change options; underscores stand for hyphens, None removes."""
        for name, value in options.items():
            key = name.replace("_", "-")
            if value is None:
                self.options.pop(key, None)
            else:
                self.options[key] = value

    def delete(self) -> None:
        """Remove the job and its state files."""
        self.cluster.remove_job(self)

    def state_on(self, node: str) -> JobState:
        """Return what a node remembers of the job."""
        return self.states.setdefault(node, JobState())

    def note_start(self, node: Node, time: float, upid: str | None, error: str | None) -> None:
        """Note that the job was started on a node; without a task it is over already."""
        state = self.state_on(node.name)
        state.state = "started" if upid else "stopped"
        state.upid, state.updated = upid, None
        state.msg = None if upid else error or "OK"
        state.time = None if upid else node.epoch(time)
        self.note_state(node.name, time)

    def note_state(self, node: str, time: float) -> None:
        """Write the state file of a node; cron keeps none."""
        if self.legacy:
            return
        path = f"nodes/{node}/var/lib/pve-manager/jobs/vzdump-{self.id}.json"
        self.cluster.files.write(path, self.state_on(node).text(), time)

    def listing(self) -> Options:
        """Return the job as `/cluster/backup` lists it, without the next run."""
        if self.legacy:
            return {"id": self.id, "enabled": "1" if self.enabled else "", "schedule": self.schedule, **self.options}
        return {
            "id": self.id,
            "type": "vzdump",
            **({"enabled": int(self.enabled)} if self.tells_enabled else {}),
            "schedule": self.schedule,
            **self.options,
        }


def covered(cluster: Cluster, options: Mapping[str, object]) -> Covered:
    """Return the guests that the options of a job or of a manual backup name.

    Raises MissingPoolError.
    """
    missing: list[int] = []
    if pool := options.get("pool"):
        if pool not in cluster.pools:
            raise MissingPoolError(f"pool '{pool}' does not exist")
        chosen = [guest for guest in cluster.guests.values() if guest.pool == pool]
    elif vmid := options.get("vmid"):
        numbers = [int(part) for part in re.split(r"[,; ]+", str(vmid)) if part]
        chosen = [cluster.guests[number] for number in numbers if number in cluster.guests]
        missing = sorted(number for number in numbers if number not in cluster.guests)
    elif options.get("all"):
        excluded = {int(part) for part in str(options.get("exclude", "")).split(",") if part}
        chosen = [guest for guest in cluster.guests.values() if guest.vmid not in excluded]
    else:
        chosen = []
    by_node: dict[str, list[Guest]] = {}
    for guest in sorted(chosen, key=lambda entry: entry.vmid):
        if options.get("node") in (None, guest.node):
            by_node.setdefault(guest.node, []).append(guest)
    return Covered(by_node=by_node, missing=missing)


def command(options: Mapping[str, object], extra: Mapping[str, object], random: Random) -> str:
    """Return the command in the header of a log, options in random order (PVE::VZDump::Common::command_line)."""
    words = ["vzdump", *str(options.get("vmid", "")).replace(",", " ").split()]
    named = [
        (name, value)
        for name, value in {**options, **extra}.items()
        if name not in NOT_LOGGED and value not in (None, "")
    ]
    random.shuffle(named)
    for name, value in named:
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{name}", _quote(_property_string(name, one))]
    return " ".join(words)


def _property_string(name: str, value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    first = DEFAULT_KEYS.get(name)
    parts = [str(value[first])] if first in value else []
    return ",".join(parts + [f"{key}={value[key]}" for key in sorted(value) if key != first])


def _quote(text: str) -> str:
    if re.fullmatch(r"[\w/.,:@-]+", text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
