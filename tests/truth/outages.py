"""What can go out of sight in a world or out of order: nodes, storages, clocks, rights, and who looks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from simulator.nodes import Node

from .ledger import FOREVER
from .plan import HOUR, Happening

if TYPE_CHECKING:
    from .playing import World

FENCED_AFTER = 150
"""Seconds after which the cluster starts the guests of a failed node elsewhere."""


class Watcher(Protocol):
    """What looks at the cluster."""

    def look(self) -> None:
        """Look now."""

    def restart(self) -> None:
        """Begin anew with what was written down."""


def node_off(world: World, entry: Happening, _: Watcher) -> None:
    """Switch a node off; after a while the cluster starts elsewhere what it manages."""
    node = world.cluster.nodes.get(entry.what)
    if node is None or not node.online:
        return
    node.go_offline()
    life, since = world.ledger.nodes[node.name], world.now
    life.off.append((since, FOREVER))
    locked = [guest for guest in world.cluster.guests.values() if guest.node == node.name and guest.lock == "backup"]

    def back() -> None:
        node.come_online()
        life.off[-1] = (since, world.now)
        world.later(world.now + 20 * HOUR, unlock)

    def unlock() -> None:
        for guest in locked:
            if guest.lock == "backup" and not world.cluster.node(guest.node).runs:
                guest.lock = None

    world.later(world.now + FENCED_AFTER, partial(_recover, world, node))
    world.later(world.now + entry.lasting, back)


def _recover(world: World, failed: Node) -> None:
    """Start the guests of a failed node that the cluster manages on another one."""
    up = [node.name for node in world.cluster.nodes.values() if node.online]
    for guest in world.cluster.guests.values():
        if guest.node == failed.name and guest.hastate and world.cluster.quorate and not failed.online:
            guest.migrate(up[guest.vmid % len(up)])
            world.lives[guest.vmid].places.append((world.now, guest.node))


def storage_down(world: World, entry: Happening, _: Watcher) -> None:
    """Take a storage away that is no folder of its node."""
    storage = world.cluster.storages.get(entry.what)
    if storage is None or storage.down or storage.type == "dir":
        return
    storage.go_offline()
    spans, since = world.ledger.storages_down.setdefault(storage.id, []), world.now
    spans.append((since, FOREVER))

    def back() -> None:
        storage.come_online()
        spans[-1] = (since, world.now)

    world.later(world.now + entry.lasting, back)


def api_down(world: World, entry: Happening, _: Watcher) -> None:
    """Let nothing answer for a while."""
    _unreachable(world, entry)


def token_gone(world: World, entry: Happening, _: Watcher) -> None:
    """Switch the token off for a while."""
    if world.token.enabled and world.reachable:
        world.token.enabled = False
        _unreachable(world, entry, lambda: setattr(world.token, "enabled", True))


def _unreachable(world: World, entry: Happening, end: Callable[[], object] | None = None) -> None:
    if not world.reachable:
        return
    since = world.now
    world.reachable = False
    world.ledger.unreachable.append((since, FOREVER))

    def back() -> None:
        world.reachable = True
        world.ledger.unreachable[-1] = (since, world.now)
        if end is not None:
            end()

    world.later(world.now + entry.lasting, back)


def rights(world: World, entry: Happening, _: Watcher) -> None:
    """Take rights away for a while."""
    if entry.what in world.lost:
        return
    world.lost.add(entry.what)
    world.set_rights()
    spans, since = world.ledger.blind.setdefault(entry.what, []), world.now
    spans.append((since, FOREVER))

    def back() -> None:
        world.lost.discard(entry.what)
        world.set_rights()
        spans[-1] = (since, world.now)

    world.later(world.now + entry.lasting, back)


def rotate(world: World, entry: Happening, _: Watcher) -> None:
    """Let a node lose its list of tasks."""
    node = world.cluster.nodes.get(entry.what)
    if node is not None:
        node.tasks.index.clear()
        node.tasks.rotated.clear()
        world.ledger.nodes[node.name].rotations.append(world.now)


def restart(world: World, _: Happening, watcher: Watcher) -> None:
    """Start Home Assistant anew."""
    world.ledger.restarts.append(world.now)
    watcher.restart()


def ha_off(world: World, entry: Happening, watcher: Watcher) -> None:
    """Switch Home Assistant off for a while."""
    if world.stopped:
        return
    world.stopped = True

    def back() -> None:
        world.stopped = False
        world.ledger.restarts.append(world.now)
        watcher.restart()
        world.look(watcher)

    world.later(world.now + entry.lasting, back)


def dark(world: World, entry: Happening, watcher: Watcher) -> None:
    """Leave nothing but archives of some hours: nobody looks, and at their end the nodes forget what ran."""

    def forget() -> None:
        for node in world.cluster.nodes.values():
            rotate(world, replace(entry, what=node.name), watcher)

    if not world.stopped:
        ha_off(world, entry, watcher)
        world.later(world.now + entry.lasting - 60, forget)


def drift(world: World, entry: Happening, _: Watcher) -> None:
    """Set the clock of a node wrong for a while."""
    node = world.cluster.nodes.get(entry.what)
    if node is None or node.skew:
        return
    life = world.ledger.nodes[node.name]

    def put(skew: float) -> None:
        node.set_clock(skew)
        life.skews.append((world.now, skew))

    put(entry.number)
    world.later(world.now + entry.lasting, lambda: put(0.0))
