"""Tells a world as people tell stories: what there is, what happened, what was shown and what should have been."""

from collections.abc import Iterator

from .checking import Fault
from .ledger import FOREVER, Ledger, RunFact
from .plan import DAY, GuestPlan, Plan
from .playing import World, local

TOLD_BEFORE = 16 * DAY
MOST_LINES = 28
GOOD_RUNS = 3


class _Silent:
    def look(self) -> None:
        """See nothing."""

    def restart(self) -> None:
        """Forget nothing."""


def tell(plan: Plan, fault: Fault) -> str:
    """Return the story of a fault."""
    world = World(plan)
    ledger = world.play(_Silent())
    zone = plan.nodes[0].zone
    lines = [
        f"{fault.kind}: {fault.about} at {local(fault.time, zone)} ({zone}) is shown {fault.shown.problem.upper()}"
        f" ({fault.shown.why}); it {fault.expected.must.value}: {fault.expected.reason}",
        f"  {'all rights' if plan.content_rights else 'audit rights only'}; first look at {local(plan.start + plan.unseen, zone)}",
        *(f"  node {node.name} in {node.zone}{' with a log agent' if node.agent else ''}" for node in plan.nodes),
        f"  storages {', '.join(f'{storage.name} ({storage.type})' for storage in plan.storages)}",
    ]
    for job in plan.jobs:
        which = "all" if job.vmids is None and job.pool is None else job.pool or ",".join(map(str, job.vmids or ()))
        more = f" but {job.exclude}" if job.exclude else ""
        more += f" on {job.node} only" if job.node else ""
        more += ", repeats missed" if job.repeat_missed else ""
        more += f", keep-last {job.keep_last}" if job.keep_last else ""
        lines.append(f"  job {job.name} {job.schedule} to {job.storage}: {which}{more}")
    lines += [
        f"  guest {guest.vmid} ({_kind(guest)}) on {guest.node}{f' in pool {guest.pool}' if guest.pool else ''}"
        for guest in plan.guests
    ]
    told = [entry for entry in sorted([*_happenings(plan), *_runs(ledger, fault)]) if entry[0] <= fault.time]
    lines += [f"  {local(time, zone)}  {text}" for time, text in told[-MOST_LINES:] if time > fault.time - TOLD_BEFORE]
    return "\n".join(lines)


def _kind(guest: GuestPlan) -> str:
    return f"{guest.type}{', a template' if guest.template else ''}{', managed' if guest.managed else ''}"


def _happenings(plan: Plan) -> Iterator[tuple[float, str]]:
    for entry in plan.happenings:
        details = [
            entry.what,
            str(entry.vmid) if entry.vmid else "",
            entry.text,
            f"for {entry.lasting / 3600:g} h" if entry.lasting else "",
        ]
        details.append(f"{entry.number:+g}" if entry.number else "")
        yield (
            plan.start + entry.at,
            f"{entry.kind.replace('_', ' ').upper()} {' '.join(part for part in details if part)}",
        )


def _runs(ledger: Ledger, fault: Fault) -> Iterator[tuple[float, str]]:
    """Return the runs that concern the fault; of good ones that follow good ones only the last three of each job."""
    good: dict[tuple[str | None, str], int] = {}
    for run in reversed([run for run in ledger.runs if run.started <= fault.time]):
        if fault.about != f"job {run.job}" and not any(fault.about == f"guest {vmid}" for vmid in run.parts):
            continue
        key = (run.job, run.node)
        good[key] = good.get(key, 0) + 1
        if good[key] <= GOOD_RUNS or not run.well:
            yield run.started, _run(run)


def _run(run: RunFact) -> str:
    who = run.job or "by hand"
    if run.job and run.by_hand:
        who += " by Run now"
    parts = []
    for part in run.parts.values():
        became = "good" if part.good else part.error or ("never ended" if part.began else "never reached")
        parts.append(f"{part.vmid} {became}")
    lasted = "never ends" if run.ended == FOREVER else f"{(run.ended - run.started) / 60:.0f} min"
    return f"{who} on {run.node} to {run.storage} ({lasted}, {run.status}): {'; '.join(parts)}"
