"""Makes a failing world as small as it can be while it still fails in the same way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
import time

from .checking import Fault, Report, check
from .plan import DAY, HOUR, JobPlan, Plan

type Check = Callable[[Plan], Report]


def shrunk(plan: Plan, fault: Fault, *, seconds: float = 60.0, checked: Check = check) -> tuple[Plan, Fault]:
    """Return a smaller plan that still shows a fault of the same sort, and its first fault of it."""
    until = time.monotonic() + seconds
    tried: set[Plan] = set()
    going_on = True
    while going_on:
        going_on = False
        for candidate in smaller(plan):
            if time.monotonic() > until:
                return plan, fault
            if candidate in tried:
                continue
            tried.add(candidate)
            if (found := _fault_of(candidate, fault, checked)) is not None:
                plan, fault, going_on = candidate, found, True
                break
    return plan, fault


def _fault_of(plan: Plan, like: Fault, checked: Check) -> Fault | None:
    try:
        report = checked(plan)
    except Exception:  # noqa: BLE001 - a plan with too little in it cannot be played
        return None
    return next((fault for fault in report.faults if fault.sort == like.sort), None)


def smaller(plan: Plan) -> Iterator[Plan]:
    """Return plans with less in them, those with much less first."""
    for days in (plan.days // 2, plan.days - 7, plan.days - 2, plan.days - 1):
        if 1 <= days < plan.days:
            yield replace(plan, days=days)
    yield from _fewer(plan, "happenings")
    yield from _fewer(plan, "guests")
    yield from _fewer(plan, "jobs")
    for node in plan.nodes if len(plan.nodes) > 1 else ():
        yield _without_node(plan, node.name)
    for days in (plan.days // 2, 7, 2, 1):
        if 1 <= days < plan.days - 1:
            yield _later(plan, days)
    for job in plan.jobs:
        for simpler in _simpler_jobs(job, plan):
            yield replace(plan, jobs=tuple(simpler if entry is job else entry for entry in plan.jobs))
    if any(node.agent for node in plan.nodes):
        yield replace(plan, nodes=tuple(replace(node, agent=False) for node in plan.nodes))
    if any(guest.template or guest.managed for guest in plan.guests):
        plain = tuple(replace(guest, template=False, managed=False) for guest in plan.guests)
        yield replace(plan, guests=plain)
    if plan.unseen > HOUR:
        yield replace(plan, unseen=HOUR)
    used = {job.storage for job in plan.jobs} | {entry.what for entry in plan.happenings}
    if any(storage.name not in used for storage in plan.storages):
        yield replace(plan, storages=tuple(storage for storage in plan.storages if storage.name in used))


def _fewer(plan: Plan, name: str) -> Iterator[Plan]:
    """Return plans with fewer things of a sort: first without half of them, at last without single ones."""
    things = getattr(plan, name)
    size = len(things) // 2
    while size:
        for first in range(0, len(things), size):
            yield replace(plan, **{name: things[:first] + things[first + size :]})
        size //= 2
    if len(things) == 1 and name == "happenings":
        yield replace(plan, happenings=())


def _later(plan: Plan, days: int) -> Plan:
    """Return the plan without its first days."""
    happenings = tuple(replace(entry, at=entry.at - days * DAY) for entry in plan.happenings if entry.at > days * DAY)
    return replace(plan, start=plan.start + days * DAY, days=plan.days - days, happenings=happenings)


def _simpler_jobs(job: JobPlan, plan: Plan) -> Iterator[JobPlan]:
    """Return jobs that do nearly the same."""
    if job.pool or job.exclude:
        yield replace(job, pool=None, exclude=())
    if job.repeat_missed:
        yield replace(job, repeat_missed=False)
    if job.keep_last:
        yield replace(job, keep_last=None)
    if job.node is not None and len(plan.nodes) == 1:
        yield replace(job, node=None)
    if job.vmids is not None:
        there = tuple(vmid for vmid in job.vmids if any(guest.vmid == vmid for guest in plan.guests))
        if there != job.vmids:
            yield replace(job, vmids=there)


def _without_node(plan: Plan, name: str) -> Plan:
    """Return the plan without a node; its guests live on another one."""
    nodes = tuple(node for node in plan.nodes if node.name != name)
    stay = nodes[0].name
    guests = tuple(replace(guest, node=stay) if guest.node == name else guest for guest in plan.guests)
    jobs = tuple(replace(job, node=stay) if job.node == name else job for job in plan.jobs)
    happenings = tuple(entry for entry in plan.happenings if entry.what != name)
    return replace(plan, nodes=nodes, guests=guests, jobs=jobs, happenings=happenings)
