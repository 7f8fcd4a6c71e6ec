"""What is remembered of the backup servers that are watched beside a cluster, so that a start changes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..model.facts import Facts
from ..model.linked_servers import KnownGroup, KnownServer, is_of_host
from ..model.records import History

# That nothing has changed meanwhile is written down no oftener.
_MOMENTS_AGAIN: Final = timedelta(hours=1)


def remembered_servers(history: History, facts: Facts) -> Mapping[str, KnownServer]:
    """Return the servers as they are known; those whose entries are gone are forgotten, and all guests but the cluster's own."""
    told = facts.servers
    if told.entries is None:
        return history.servers
    vmids = {*(guest.vmid for guest in facts.guests), *history.guests}
    known = {key: server for key, server in history.servers.items() if key in told.entries}
    for key, server in told.read.items():
        fresh = replace(server, groups=_of_guests(server.groups, vmids))
        before = known.get(key)
        known[key] = before if before is not None and _is_no_news(before, fresh) else fresh
    return history.servers if known == history.servers else known


def _of_guests(groups: Mapping[str, KnownGroup], vmids: set[int]) -> Mapping[str, KnownGroup]:
    return {key: group for key, group in groups.items() if is_of_host(key) or int(key.rpartition("/")[2]) in vmids}


def _is_no_news(before: KnownServer, fresh: KnownServer) -> bool:
    return before.read_at <= fresh.read_at < before.read_at + _MOMENTS_AGAIN and before.is_like(fresh)
