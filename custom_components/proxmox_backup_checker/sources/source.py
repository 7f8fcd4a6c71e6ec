"""What the coordinator asks of a source: the facts of one system, however they are read."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..checker.model.facts import NO_SERVERS, Facts, LinkedServers
from ..checker.model.records import GuestRecord, NodeRecord, RunRecord, StorageRecord
from ..proxmox.api.cluster_models import Permissions, Version
from ..proxmox.api.errors import ProxmoxError
from ..proxmox.api.upid import Upid


@dataclass(frozen=True, kw_only=True, slots=True)
class FallbackNode:
    """The node that answers in place of the configured one, and why that does not.

    `missing` is the name of the configured node, where it is known.
    """

    node: str
    missing: str | None
    error: ProxmoxError


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One poll: the facts, the token's rights, and what could not be read.

    `agent_errors` are those of the log agents, by node, and `unreadable_job_states` the jobs whose states an agent could not
    read on its node, with the reason. `troubles` tell by part, as `storage nas`, what could not be read
    and was left as it was. `fallback` is the node that answers while the configured one does not. `ended` are the UPIDs of
    all listed runs that are over and whose logs have been read, `unread` those on nodes that can be seen whose logs are still
    to be read.
    """

    facts: Facts
    permissions: Permissions
    agent_errors: Mapping[str, ProxmoxError]
    troubles: Mapping[str, str] = field(default_factory=dict)
    fallback: FallbackNode | None = None
    ended: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    unreadable_job_states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all that can be read was read: what is off, or hidden from the token, cannot be."""
        listed = all(storage.unreadable is None for storage in self.facts.storages if storage.active_on)
        return listed and not self.troubles and not self.agent_errors and not self.unread


class Source(Protocol):
    """Reads one system; `sources/pve` reads a Proxmox VE cluster."""

    @property
    def agent_nodes(self) -> frozenset[str]:
        """The nodes that have a log agent."""

    async def version(self) -> Version:
        """Return the version of Proxmox; raises any ProxmoxError."""

    def restore_nodes(self, nodes: Iterable[NodeRecord]) -> None:
        """Take up what is remembered of the nodes, before the first reading."""

    def restore_storages(self, storages: Mapping[str, StorageRecord]) -> None:
        """Take up what is remembered of the storages, after the nodes and before the first reading."""

    def restore_guests(self, guests: Iterable[GuestRecord]) -> None:
        """Take up which guests there were when they were last seen."""

    def read_all_again(self) -> None:
        """Let the next reading ask for everything, whatever was read lately."""

    async def read(
        self,
        now: datetime,
        known: Mapping[str, RunRecord],
        servers: LinkedServers = NO_SERVERS,
        restores: Collection[str] = (),
    ) -> Reading:
        """Return the state at `now`; finished runs in `known` and `restores`, by UPID, are not read again.

        What `servers` have shown just now, is not asked for either.

        Raises a ProxmoxError where the system as a whole cannot be read; a part that cannot be is part of the facts.
        """

    async def task_log(self, upid: Upid, record: RunRecord | None) -> str | None:
        """Return the log of a run, None where it is gone; `record` is what is remembered of the run.

        Raises any ProxmoxError.
        """
