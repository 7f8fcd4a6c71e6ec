"""What can happen in a world: a function for each kind of event, which does it and writes down what it changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from simulator.guests import Guest
from simulator.jobs import Planned
from simulator.outcomes import Outcome, failed, left_out as is_left_out, prune_denied, running
from simulator.storages import Archive

from . import outages
from .outages import Watcher
from .plan import DAILY, HOUR, SELDOM, GuestPlan, Happening, JobPlan

if TYPE_CHECKING:
    from .playing import World


def _trouble(world: World, entry: Happening, outcome: Outcome) -> None:
    guest = world.cluster.guests.get(entry.vmid)
    if guest is not None:
        until = datetime.fromtimestamp(world.now + entry.lasting, UTC)
        guest.fails(outcome, until=until, job=entry.what or None)


def fails(world: World, entry: Happening, _: Watcher) -> None:
    """Let the backups of a guest fail."""
    _trouble(world, entry, failed(entry.text))


def prune_fails(world: World, entry: Happening, _: Watcher) -> None:
    """Let the prune after a guest's backups onto a backup server fail."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None and world.cluster.storages[job.storage].type == "pbs":
        _trouble(world, entry, prune_denied())


def left_out(world: World, entry: Happening, _: Watcher) -> None:
    """Let a job leave a guest out without a word."""
    _trouble(world, entry, is_left_out())


def hangs(world: World, entry: Happening, _: Watcher, *, go_on: bool = False) -> None:
    """Let the next run of a job come to a standstill at a guest."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None:
        job.planned = dict.fromkeys(world.cluster.nodes, Planned(outcomes={entry.vmid: running(60)}))
        world.waiting.append((job.id, entry.vmid, entry.lasting, go_on))


def overruns(world: World, entry: Happening, watcher: Watcher) -> None:
    """Let the next run of a job take longer."""
    hangs(world, entry, watcher, go_on=True)


def cancelled(world: World, entry: Happening, _: Watcher) -> None:
    """Stop the run that is at work on a node."""
    node = world.cluster.nodes.get(entry.what)
    for run in list(node.runs if node else ()):
        if run.locked is not None and not run.hangs:
            run.interrupt()
            return


def by_hand(world: World, entry: Happening, _: Watcher, outcome: Outcome | None = None) -> None:
    """Back a guest up by hand."""
    guest = world.cluster.guests.get(entry.vmid)
    if guest is None or not world.cluster.node(guest.node).online or entry.what not in world.cluster.storages:
        return
    outcomes = {entry.vmid: outcome or Outcome()}
    world.cluster.backup_by_hand([entry.vmid], entry.what, outcomes=outcomes, at=world.cluster.clock.now())


def by_hand_bad(world: World, entry: Happening, watcher: Watcher) -> None:
    """Try in vain to back a guest up by hand."""
    by_hand(world, entry, watcher, failed(entry.text))


def run_now(world: World, entry: Happening, _: Watcher) -> None:
    """Run a job by hand."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None:
        job.start(by="root@pam")


def migrate(world: World, entry: Happening, _: Watcher) -> None:
    """Move a guest."""
    guest, node = world.cluster.guests.get(entry.vmid), world.cluster.nodes.get(entry.what)
    if guest is None or node is None or not node.online or guest.node == node.name or guest.lock:
        return
    if world.cluster.node(guest.node).online:
        guest.migrate(node.name)
        world.lives[guest.vmid].places.append((world.now, node.name))


def edit_schedule(world: World, entry: Happening, _: Watcher) -> None:
    """Give a job another schedule."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None and job.schedule != entry.text:
        job.reschedule(entry.text)
        world.note_job(job)


def edit_storage(world: World, entry: Happening, _: Watcher) -> None:
    """Send a job to another storage."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None and job.storage != entry.text and entry.text in world.cluster.storages:
        job.change(storage=entry.text)
        world.note_job(job)


def edit_guests(world: World, entry: Happening, _: Watcher) -> None:
    """Take a guest into a job or out of it."""
    job = world.cluster.jobs.get(entry.what)
    if job is None or entry.vmid not in world.cluster.guests or "pool" in job.options:
        return
    name = "vmid" if "vmid" in job.options else "exclude"
    listed = {int(part) for part in str(job.options.get(name, "")).split(",") if part} ^ {entry.vmid}
    if listed or name == "exclude":
        job.change(**{name: ",".join(map(str, sorted(listed))) or None})
        world.note_job(job)


def disable(world: World, entry: Happening, _: Watcher) -> None:
    """Switch a job off for a while."""
    job = world.cluster.jobs.get(entry.what)
    if job is None or not job.enabled:
        return
    job.disable()
    world.note_job(job)

    def back() -> None:
        if world.cluster.jobs.get(job.id) is job:
            job.enable()
            world.note_job(job)

    world.later(world.now + entry.lasting, back)


def delete_job(world: World, entry: Happening, _: Watcher) -> None:
    """Delete a job."""
    job = world.cluster.jobs.get(entry.what)
    if job is not None:
        job.delete()
        world.note_job(job, gone=True)


def _dice(world: World, entry: Happening) -> Random:
    return Random(f"{world.plan.seed} {entry.at} {entry.kind}")


def add_job(world: World, entry: Happening, _: Watcher) -> None:
    """Create a job."""
    dice, name = _dice(world, entry), f"job-x{int(entry.at)}"
    schedule = dice.choice(dice.choice((DAILY, SELDOM)))
    numbers = sorted(world.cluster.guests)
    if numbers and name not in world.ledger.jobs:
        some = tuple(dice.sample(numbers, dice.randint(1, len(numbers))))
        storage = dice.choice(list(world.cluster.storages))
        world.add_job(JobPlan(name=name, schedule=schedule, storage=storage, vmids=tuple(sorted(some))))


def add_guest(world: World, entry: Happening, _: Watcher) -> None:
    """Create a guest."""
    dice = _dice(world, entry)
    vmid = 200 + int(entry.at) % 700
    node = world.cluster.nodes.get(entry.what)
    if vmid not in world.cluster.guests and node is not None and node.online:
        kind, pool = dice.choice(("qemu", "lxc")), dice.choice((None, "gold", "silver"))
        world.add_guest(GuestPlan(vmid=vmid, name=f"new-{vmid}", type=kind, node=entry.what, pool=pool))


def remove_guest(world: World, entry: Happening, _: Watcher) -> None:
    """Remove a guest."""
    _remove(world, entry.vmid, purge=_dice(world, entry).random() < 0.7)


def _remove(world: World, vmid: int, *, purge: bool) -> Guest | None:
    guest = world.cluster.guests.get(vmid)
    if guest is None or guest.lock or not world.cluster.node(guest.node).online:
        return None
    before = {job.id: (job, job.options.get("vmid")) for job in world.cluster.jobs.values()}
    guest.delete(purge=purge)
    world.lives.pop(vmid).died = world.now
    for name, (job, listed) in before.items():
        if name not in world.cluster.jobs:
            world.note_job(job, gone=True)
        elif job.options.get("vmid") != listed:
            world.note_job(job)
    return guest


def reuse_number(world: World, entry: Happening, _: Watcher) -> None:
    """Remove a guest, and create another one with its number."""
    guest = _remove(world, entry.vmid, purge=False)
    if guest is not None:
        kind = "lxc" if guest.type == "qemu" else "qemu"
        plan = GuestPlan(vmid=guest.vmid, name=f"other-{guest.vmid}", type=kind, node=guest.node, pool=guest.pool)
        world.later(world.now + 2 * HOUR, lambda: world.add_guest(plan))


def tag(world: World, entry: Happening, _: Watcher) -> None:
    """Tag a guest as one that needs no backup, or no longer."""
    guest = world.cluster.guests.get(entry.vmid)
    if guest is not None:
        guest.tags = None if guest.tags else "no-backup"
        world.lives[guest.vmid].ignored.append((world.now, guest.tags is not None))


def pool(world: World, entry: Happening, _: Watcher) -> None:
    """Put a guest into a pool or out of it."""
    guest = world.cluster.guests.get(entry.vmid)
    if guest is not None:
        guest.pool = entry.text or None
        world.lives[guest.vmid].pools.append((world.now, guest.pool))


def _newest(world: World, vmid: int, storages: list[str]) -> Archive | None:
    found = [
        archive
        for name in storages
        for archive in world.cluster.storages[name].archive(vmid)
        if not archive.unfinished and not world.cluster.storages[name].down
    ]
    return max(found, key=lambda archive: archive.ctime, default=None)


def delete_archive(world: World, entry: Happening, _: Watcher) -> None:
    """Delete the newest archive of a guest on a storage."""
    if entry.what not in world.cluster.storages:
        return
    archive = _newest(world, entry.vmid, [entry.what])
    if archive is not None:
        world.cluster.storages[entry.what].remove(archive)
        world.fate(archive)["deleted"] = world.now


def corrupt(world: World, entry: Happening, _: Watcher) -> None:
    """Let the verification of the newest archive of a guest fail."""
    archive = _newest(world, entry.vmid, [name for name, made in world.cluster.storages.items() if made.type == "pbs"])
    if archive is not None:
        archive.verification = "failed"
        world.fate(archive)["corrupt"] = world.now


HAPPENINGS: Mapping[str, Callable[[World, Happening, Watcher], None]] = {
    "node_off": outages.node_off,
    "power_cut": outages.node_off,
    "storage_down": outages.storage_down,
    "fails": fails,
    "prune_fails": prune_fails,
    "left_out": left_out,
    "hangs": hangs,
    "overruns": overruns,
    "cancelled": cancelled,
    "by_hand": by_hand,
    "by_hand_bad": by_hand_bad,
    "run_now": run_now,
    "migrate": migrate,
    "edit_schedule": edit_schedule,
    "edit_storage": edit_storage,
    "edit_guests": edit_guests,
    "disable": disable,
    "delete_job": delete_job,
    "add_job": add_job,
    "add_guest": add_guest,
    "remove_guest": remove_guest,
    "reuse_number": reuse_number,
    "tag": tag,
    "pool": pool,
    "delete_archive": delete_archive,
    "corrupt": corrupt,
    "api_down": outages.api_down,
    "token_gone": outages.token_gone,
    "rights": outages.rights,
    "rotate": outages.rotate,
    "restart": outages.restart,
    "ha_off": outages.ha_off,
    "dark": outages.dark,
    "drift": outages.drift,
    "wrong_clock": outages.drift,
}
