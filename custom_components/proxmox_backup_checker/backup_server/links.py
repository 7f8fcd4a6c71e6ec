"""Which clusters back up to a server, and to where: by their storages, and by what is copied from one server to another."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..checker.alerts.tags import tag_of
from ..checker.model.reason_codes import AlertKind
from ..checker.model.subject import Subject
from ..checker.server.links import LinkedPlace, Links
from ..clusters import cluster_entries, loaded_cluster
from ..const import CONF_LINKS, DOMAIN
from ..coordinator import CheckerCoordinator
from ..proxmox.backup_server.job_models import SyncDirection, SyncJob
from ..proxmox.backup_server.namespace import covers, map_prefix
from .coordinator import ServerCoordinator
from .servers import server_entries, server_of


@dataclass(frozen=True, slots=True)
class _Copying:
    """What a sync job copies, from one namespace with what lies below it to another."""

    job: SyncJob
    source: tuple[str, str]
    target: tuple[str, str]

    @classmethod
    def of(cls, job: SyncJob) -> _Copying:
        """Return what a job copies: the local side of a push is the source."""
        here, there = (job.store, job.ns), (job.remote_store, job.remote_ns)
        return cls(job, here, there) if job.direction is SyncDirection.PUSH else cls(job, there, here)

    def arrival(self, place: LinkedPlace) -> LinkedPlace | None:
        """Return where that which is written to a place arrives, None where it does not."""
        store, ns = self.source
        if place.store != store or not covers(ns, self.job.max_depth, place.ns):
            return None
        target = map_prefix(place.ns, ns, self.target[1])
        return replace(place, store=self.target[0], ns=target) if target is not None else None


@callback
def links_of(hass: HomeAssistant, server: ServerCoordinator) -> Links:
    """Return the places on a server to which clusters back up.

    While a cluster or another server is not loaded, as after a start, what was known of it before stands in for it.
    """
    found = {(place.cluster, place.store, place.ns): place for place in _places(hass, server)}
    clusters = {entry.entry_id: loaded_cluster(entry) for entry in cluster_entries(hass)}
    others = (entry for entry in server_entries(hass) if entry.disabled_by is None and entry is not server.config_entry)
    all_seen = all(server_of(entry) is not None for entry in others)
    for cluster, store, ns in server.config_entry.data.get(CONF_LINKS, ()):
        if cluster in clusters and not (all_seen and clusters[cluster] is not None):
            unseen = LinkedPlace(store=store, ns=ns, cluster=cluster, vmids=frozenset(), complete=False)
            found.setdefault((cluster, store, ns), unseen)
    return Links(tuple(found[key] for key in sorted(found)), frozenset(_missed_by(hass, server)))


@callback
def follow_links(hass: HomeAssistant, server: ServerCoordinator) -> None:
    """Have a server judged anew when a cluster or another server is loaded by which it has other links than before."""
    entry = server.config_entry

    @callback
    def changed(_change: ConfigEntryChange, other: ConfigEntry[Any]) -> None:
        loaded = other.domain == DOMAIN and other is not entry and other.state is ConfigEntryState.LOADED
        if loaded and _keys(links_of(hass, server)) != _keys(server.links):
            entry.async_create_task(hass, server.async_judge_anew())

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_on_unload(server.async_add_listener(lambda: _remember(hass, server)))
    _remember(hass, server)


def _remember(hass: HomeAssistant, server: ServerCoordinator) -> None:
    entry, links = server.config_entry, [list(key) for key in _keys(server.links)]
    if links != entry.data.get(CONF_LINKS, []):
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_LINKS: links})


def _keys(links: Links) -> list[tuple[str, str, str]]:
    return sorted((place.cluster, place.store, place.ns) for place in links.places)


def _places(hass: HomeAssistant, server: ServerCoordinator) -> Iterator[LinkedPlace]:
    """Yield the places to which clusters write, and those to which that is copied."""
    yield from _written(hass, server)
    loaded = [
        other for entry in server_entries(hass) if (other := server_of(entry)) is not None and other is not server
    ]
    for other in (server, *loaded):
        for place in _written(hass, other):
            for copying in _copied(other, server):
                if (arrival := copying.arrival(place)) is not None:
                    yield arrival


def _written(hass: HomeAssistant, server: ServerCoordinator) -> Iterator[LinkedPlace]:
    """Yield the places on a server to which the storages of clusters write."""
    for entry in cluster_entries(hass):
        if (cluster := loaded_cluster(entry)) is None or (reading := cluster.reading) is None:
            continue
        for storage in reading.facts.storages:
            place = storage.backup_server
            if place is not None and server.is_at(place.host, place.port, place.fingerprint):
                yield LinkedPlace(
                    store=place.datastore,
                    ns=place.namespace,
                    cluster=entry.entry_id,
                    vmids=frozenset(cluster.assessment.guests),
                    complete=_is_complete(cluster),
                )


def _missed_by(hass: HomeAssistant, server: ServerCoordinator) -> Iterator[str]:
    """Yield the clusters that have told that their storage on a server is out of reach."""
    for entry in cluster_entries(hass):
        if (cluster := loaded_cluster(entry)) is None:
            continue
        assessment = cluster.assessment
        for view in assessment.storages.values():
            place = view.storage.backup_server
            if place is None or not server.is_at(place.host, place.port, place.fingerprint):
                continue
            record = assessment.history.alerts.get(tag_of(AlertKind.STORAGE, Subject.storage(view.key)))
            if record is not None and record.announced is not None and not view.storage.active_on:
                yield entry.entry_id


def _is_complete(cluster: CheckerCoordinator) -> bool:
    return cluster.last_update_success and cluster.assessment.guests_complete


def _copied(source: ServerCoordinator, target: ServerCoordinator) -> Iterator[_Copying]:
    """Yield what the jobs of either server copy from the one to the other, or within one."""
    for job in source.sync_jobs:
        pushes = job.direction is SyncDirection.PUSH
        if (job.remote is None and source is target) or (pushes and source.knows(job.remote, target)):
            yield _Copying.of(job)
    if source is not target:
        for job in target.sync_jobs:
            if job.direction is SyncDirection.PULL and target.knows(job.remote, source):
                yield _Copying.of(job)
