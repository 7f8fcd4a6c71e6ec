"""What a bug report about a backup server needs: what was read, every verdict, and no secret."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.helpers.device_registry import DeviceEntry

from ..checker.model.server_facts import DatastoreFacts, ServerFacts
from ..checker.model.subject import Subject
from ..const import CONF_HIDE_NAMES, DOMAIN
from ..devices import device_key
from ..privacy.pseudonyms import Pseudonyms
from ..privacy.redaction import Redactor
from ..proxmox.backup_server.job_models import PruneJob, SyncJob, VerifyJob
from .coordinator import ServerConfigEntry, ServerCoordinator
from .entity import Part, part_of

_MOST_TASKS = 200


def server_diagnostics(entry: ServerConfigEntry) -> dict[str, Any]:
    """Return the configuration, what was read, and every verdict with the sentence that people see."""
    if entry.state is not ConfigEntryState.LOADED:
        return _not_loaded(entry)
    coordinator = entry.runtime_data
    assessment = coordinator.assessment
    told = {
        **_frame(coordinator),
        "facts": _facts(assessment.facts) if assessment.facts is not None else None,
        "verdicts": {subject.key: _held(coordinator, subject) for subject in assessment.verdicts},
        "history": assessment.history,
    }
    plain: dict[str, Any] = redactor_of_server(coordinator).plain(told)
    return plain


def server_device_diagnostics(entry: ServerConfigEntry, device: DeviceEntry) -> dict[str, Any]:
    """Return what is known of one datastore, job or group; of the server's own device everything."""
    if entry.state is not ConfigEntryState.LOADED:
        return _not_loaded(entry)
    coordinator = entry.runtime_data
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    for subject in coordinator.assessment.verdicts:
        part = part_of(coordinator.assessment, subject)
        if subject.kind != "server" and part is not None and device_key(coordinator.identity, subject) in keys:
            told = {**_frame(coordinator), "device": subject.key, "part": _part(part), **_held(coordinator, subject)}
            plain: dict[str, Any] = redactor_of_server(coordinator).plain(told)
            return plain
    return server_diagnostics(entry)


def redactor_of_server(coordinator: ServerCoordinator) -> Redactor:
    """Return what takes out of a server's values what its user does not want to be seen."""
    entry, facts = coordinator.config_entry, coordinator.assessment.facts
    names = _names(facts) if facts is not None else {}
    pseudonyms = Pseudonyms(names, entry.entry_id) if entry.options.get(CONF_HIDE_NAMES) else None
    hosts = {entry.data[CONF_HOST], *(remote.host for remote in (facts.remotes if facts is not None else ()))}
    return Redactor(hosts, [name for found in names.values() for name in found], pseudonyms)


def _not_loaded(entry: ServerConfigEntry) -> dict[str, Any]:
    """Return why a server is not read; where names are to be hidden, nothing in which one may stand that is not known yet."""
    told: dict[str, Any] = {"entry": entry.as_dict(), "state": entry.state, "error": entry.error_reason_translation_key}
    if entry.options.get(CONF_HIDE_NAMES):
        told["entry"] = {**entry.as_dict(), "options": {CONF_HIDE_NAMES: True}}
    else:
        told["reason"] = entry.reason
    plain: dict[str, Any] = Redactor([entry.data[CONF_HOST]], (), None).plain(told)
    return plain


def _frame(coordinator: ServerCoordinator) -> dict[str, Any]:
    """Return what every report begins with."""
    return {
        "entry": coordinator.config_entry.as_dict(),
        "last_update_success": coordinator.last_update_success,
        "last_error": str(coordinator.last_error) if coordinator.last_error else None,
        "update_interval": coordinator.update_interval,
        "polls": coordinator.polls,
    }


def _held(coordinator: ServerCoordinator, subject: Subject) -> dict[str, Any]:
    verdict = coordinator.assessment.verdicts[subject]
    return {"verdict": verdict, "why": coordinator.localizer.sentence(verdict.reason)}


def _part(part: Part) -> Mapping[str, Any]:
    """Return a part without its verdict, which stands beside it, and without what its facts hold a thousand times."""
    shown = {name: getattr(part, name) for name in part.__dataclass_fields__ if name not in {"verdict", "facts"}}
    facts = getattr(part, "facts", None)
    return {**shown, "facts": _store(facts)} if isinstance(facts, DatastoreFacts) else shown


def _facts(facts: ServerFacts) -> dict[str, Any]:
    return {
        "read_at": facts.now,
        "version": facts.version.text,
        "zone": facts.zone,
        "skew": facts.skew,
        "permissions": facts.permissions.by_path,
        "datastores": {store: _store(found) for store, found in facts.datastores.items()},
        "remotes": facts.remotes,
        "sync_jobs": facts.sync_jobs,
        "prune_jobs": facts.prune_jobs,
        "verify_jobs": facts.verify_jobs,
        "garbage_collections": facts.garbage_collections,
        "tasks": [
            {"upid": task.upid.text, "ended": task.ended, "state": str(task.state) if task.state else None}
            for task in facts.tasks[:_MOST_TASKS]
        ],
        "waiting": facts.waiting,
        "troubles": facts.troubles,
    }


def _store(facts: DatastoreFacts) -> dict[str, Any]:
    """Return a datastore with its groups; comments are left out, since people write there what they like."""
    return {
        "datastore": facts.datastore,
        "config": facts.config,
        "usage": facts.usage,
        "full_on": facts.full_on,
        "namespaces": facts.namespaces,
        "listed_at": facts.listed_at,
        "groups": [
            {
                "namespace": ns,
                "group": str(group),
                "last_backup": found.group.last_backup,
                "backup_count": found.group.backup_count,
                "finished": found.group.finished,
                "read_at": found.read_at,
                "snapshots": len(found.snapshots),
            }
            for (ns, group), found in facts.groups.items()
        ],
    }


def _names(facts: ServerFacts) -> dict[str, Iterable[str]]:
    """Return the names of everything that is part of a server, by what they name."""
    groups = [key for found in facts.datastores.values() for key in found.groups]
    jobs: list[SyncJob | PruneJob | VerifyJob] = [*facts.sync_jobs, *facts.prune_jobs, *facts.verify_jobs]
    return {
        "datastore": facts.datastores,
        "remote": [remote.name for remote in facts.remotes],
        "namespace": {ns for found in facts.datastores.values() for ns in found.namespaces if ns},
        "group": {group.backup_id for _, group in groups if not group.backup_id.isdecimal()},
        "job": [*(job.job_id for job in jobs), *(job.comment for job in jobs if job.comment)],
        "node": {task.upid.node for task in facts.tasks},
    }
