"""Stable pseudonyms for the names of a cluster, so that a report can be shown to strangers."""

from collections.abc import Iterable, Mapping
import hashlib
import hmac
import re
from typing import Final

from ..checker.assessment import Assessment
from ..checker.model.facts import Facts
from ..checker.model.labels import job_name
from .addresses import without_addresses

# On whose behalf a task ran, the last part of a UPID.
_ON_BEHALF: Final = re.compile(r"(UPID:(?:[^:\s]*:){6})[^:\s]+(?=:)")
_ADDRESS: Final = "address"
_USER: Final = "user"


class Pseudonyms:
    """Takes names out of texts; the same name has the same pseudonym, whenever and wherever it appears."""

    def __init__(self, names: Mapping[str, Iterable[str]], salt: str) -> None:
        """Take the names by what they name; with another `salt` they have other pseudonyms."""
        self._by_name: dict[str, str] = {}
        for kind, bearers in names.items():
            for name in bearers:
                digest = hmac.new(salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:6]
                self._by_name.setdefault(name, f"{kind}_{digest}")
        self._folded = {name.casefold(): pseudonym for name, pseudonym in self._by_name.items()}
        longest_first = sorted(filter(None, self._by_name), key=len, reverse=True)
        any_name = "|".join(re.escape(name) for name in longest_first)
        self._any = re.compile(rf"(?<![a-z0-9])(?:{any_name})(?![a-z0-9])", re.IGNORECASE) if any_name else None

    def hide(self, text: str) -> str:
        """Return a text without names, addresses and users."""
        text = without_addresses(_ON_BEHALF.sub(rf"\g<1>{_USER}", text), _ADDRESS, self._folded)
        return self._any.sub(lambda match: self._of(match[0]), text) if self._any else text

    def _of(self, name: str) -> str:
        return self._by_name.get(name) or self._folded[name.casefold()]


def names_of(facts: Facts, assessment: Assessment) -> dict[str, list[str]]:
    """Return the names of everything that is, or was, part of a cluster, by what they name."""
    history = assessment.history
    jobs = facts.jobs or ()
    included = [guest for guests in facts.included.values() for guest in guests]
    return {
        "node": [*assessment.nodes, *history.nodes, *(run.node for run in history.runs.values())],
        "storage": [
            *(storage.storage for storage in facts.storages),
            *(record.storage for record in history.storages.values()),
            *(job.storage for job in jobs if job.storage),
            *(volume.volume.partition(":")[0] for guest in included for volume in guest.volumes),
        ],
        "job": [
            *(job.job_id for job in jobs),
            *(job_name(job) for job in jobs),
            *(job.comment for job in jobs if job.comment),
            *history.jobs,
            *(record.name for record in history.jobs.values()),
        ],
        "pool": [
            *(job.pool for job in jobs if job.pool),
            *(guest.pool for guest in facts.guests if guest.pool),
        ],
        "cluster": [assessment.cluster.title],
        "guest": [
            *(guest.name for guest in facts.guests if guest.name),
            *(guest.name for guest in included if guest.name),
            *(record.name for record in history.guests.values() if record.name),
        ],
        **_names_of_servers(facts, assessment),
    }


def _names_of_servers(facts: Facts, assessment: Assessment) -> dict[str, list[str]]:
    """Return the names of the backup servers beside a cluster, and of what there is on them."""
    servers = assessment.context.servers.values()
    routes = [route for server in servers for route in server.routes]
    behind = [storage.backup_server for storage in facts.storages if storage.backup_server is not None]
    namespaces = [name.partition(":") for server in servers for name in server.namespaces]
    spaces = [*(ns for _, _, ns in namespaces), *(place.namespace for place in behind)]
    spaces += [ns for route in routes for ns in (route.ns, route.remote_ns)]
    return {
        "server": [server.name for server in servers],
        "remote": [route.remote.name for route in routes if route.remote is not None],
        "datastore": [
            *(store for server in servers for store in server.stores),
            *(place.datastore for place in behind),
            *(route.remote_store for route in routes),
        ],
        "namespace": [part for ns in spaces for part in ns.split("/") if part],
        "syncjob": [name for route in routes for name in (route.job, route.name) if name],
        _USER: [group.owner for server in servers for group in server.groups.values() if group.owner],
    }
