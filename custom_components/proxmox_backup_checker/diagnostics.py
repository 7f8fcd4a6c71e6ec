"""What a bug report needs: what was read, every verdict with the way that led to it, and no secret."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .backup_server.diagnostics import server_device_diagnostics, server_diagnostics
from .checker.assessment import Assessment, GuestView, JobView, StorageView
from .checker.model.facts import Facts, StorageFacts
from .checker.model.records import RunRecord
from .checker.model.subject import Subject
from .checker.model.verdict import Verdict
from .checker.runs.run_summary import is_log_unclear
from .const import CONF_HIDE_NAMES, DOMAIN, is_backup_server
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .devices import device_key
from .privacy.redaction import Redactor, hosts_of, redactor_of
from .proxmox.api.errors import ProxmoxError


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, Any]:
    """Return the configuration, what was read, and every verdict with its evidence."""
    if is_backup_server(entry.data):
        return server_diagnostics(entry)
    if entry.state is not ConfigEntryState.LOADED:
        return _not_loaded(entry)
    coordinator: CheckerCoordinator = entry.runtime_data
    assessment = coordinator.assessment
    reading = coordinator.reading
    history = assessment.history
    told = {
        **await _frame(coordinator),
        "permissions": {path: sorted(names) for path, names in reading.permissions.by_path.items()}
        if reading
        else None,
        "agent_errors": {node: str(error) for node, error in reading.agent_errors.items()} if reading else None,
        "troubles": reading.troubles if reading else None,
        "job_states": reading.facts.job_states if reading else None,
        "included": reading.facts.included if reading else None,
        "counts": assessment.counts,
        "verdict": assessment.verdict,
        "nodes": assessment.nodes,
        "guests": {vmid: _view(view, coordinator) for vmid, view in assessment.guests.items()},
        "jobs": {job_id: _view(view, coordinator) for job_id, view in assessment.jobs.items()},
        "storages": {key: _storage(view, coordinator) for key, view in assessment.storages.items()},
        "running": assessment.running,
        "servers": assessment.context.servers,
        "runs": history.runs,
        "logs_not_understood": sorted(run.upid for run in history.runs.values() if is_log_unclear(run)),
        "history": {
            "began": history.began,
            "evaluated": history.evaluated,
            "jobs": history.jobs,
            "guests": history.guests,
            "nodes": history.nodes,
            "verdicts": history.verdicts,
            "acknowledgements": history.acknowledgements,
            "wrong_dates": history.wrong_dates,
        },
    }
    plain: dict[str, Any] = redactor_of(coordinator).plain(told)
    return plain


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry[Any], device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of one guest, job, storage or node; of the cluster's own device everything."""
    if is_backup_server(entry.data):
        return server_device_diagnostics(entry, device)
    if entry.state is not ConfigEntryState.LOADED:
        return _not_loaded(entry)
    coordinator: CheckerCoordinator = entry.runtime_data
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    for key, told in _parts(coordinator, keys):
        plain: dict[str, Any] = redactor_of(coordinator).plain({**await _frame(coordinator), "device": key, **told})
        return plain
    return await async_get_config_entry_diagnostics(hass, entry)


def _not_loaded(entry: CheckerConfigEntry) -> dict[str, Any]:
    """Return why a cluster is not read; where names are to be hidden, nothing in which one may stand that is not known yet."""
    told = {"entry": entry.as_dict(), "state": entry.state, "error": entry.error_reason_translation_key}
    if entry.options.get(CONF_HIDE_NAMES):
        told["entry"] = {**entry.as_dict(), "options": {CONF_HIDE_NAMES: True}}
    else:
        told["reason"] = entry.reason
    plain: dict[str, Any] = Redactor(hosts_of(entry), (), None).plain(told)
    return plain


async def _frame(coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return what every report begins with."""
    try:
        version = (await coordinator.async_version()).text
    except ProxmoxError as error:
        version = f"unknown: {error}"
    return {
        "proxmox_version": version,
        "entry": coordinator.config_entry.as_dict(),
        "last_update_success": coordinator.last_update_success,
        "last_error": str(coordinator.last_error) if coordinator.last_error else None,
        "update_interval": coordinator.update_interval,
        "polls": coordinator.poll_log.polls,
        "cluster": coordinator.assessment.cluster,
    }


def _parts(coordinator: CheckerCoordinator, keys: set[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Return the parts of the cluster that have one of these keys, each with what is known of it."""
    identity, assessment = coordinator.identity, coordinator.assessment
    for vmid, guest_view in assessment.guests.items():
        if device_key(identity, (subject := Subject.guest(vmid))) in keys:
            yield subject.key, _guest_part(guest_view, coordinator)
    for job_id, job_view in assessment.jobs.items():
        if device_key(identity, (subject := Subject.job(job_id))) in keys:
            yield subject.key, _job_part(job_view, coordinator)
    for key, storage_view in assessment.storages.items():
        if device_key(identity, (subject := Subject.storage(key))) in keys:
            record = assessment.history.storages.get(key)
            yield subject.key, {**_storage(storage_view, coordinator), "record": record}
    for node, facts in assessment.nodes.items():
        if device_key(identity, (subject := Subject.node(node))) in keys:
            yield (
                subject.key,
                {"node": facts, "record": assessment.history.nodes.get(node), **_agent(node, coordinator)},
            )


def _guest_part(view: GuestView, coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return a guest with the runs that were to back it up, and its archives."""
    assessment, vmid = coordinator.assessment, view.guest.vmid
    outcomes = assessment.index.by_guest.get(vmid, ())
    return {
        **_view(view, coordinator),
        "record": assessment.history.guests.get(vmid),
        "jobs": {job_id: one.job for job_id, one in assessment.jobs.items()},
        "runs": _runs(assessment, (outcome.upid for outcome in outcomes)),
        "running": [run for run in assessment.running if any(outcome.vmid == vmid for outcome in run.outcomes)],
        "archives": [
            archive
            for storage in _facts(coordinator).storages
            for archive in _archives(storage)
            if archive["vmid"] == vmid
        ],
        "node": assessment.nodes.get(view.guest.node),
    }


def _job_part(view: JobView, coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return a job with its runs and its states on the nodes."""
    assessment, job_id = coordinator.assessment, view.job.job_id
    facts = _facts(coordinator)
    return {
        **_view(view, coordinator),
        "record": assessment.history.jobs.get(job_id),
        "runs": _runs(assessment, (run.upid for run in assessment.index.by_job.get(job_id, ()))),
        "running": [run for run in assessment.running if job_id in {run.job_id, *run.candidates}],
        "states": [state for state in facts.job_states if state.job_id == job_id],
        "included": facts.included.get(job_id),
        "nodes": assessment.nodes,
    }


def _agent(node: str, coordinator: CheckerCoordinator) -> dict[str, Any]:
    reading = coordinator.reading
    error = reading.agent_errors.get(node) if reading else None
    return {
        "agent_error": str(error) if error else None,
        "listener_answered": coordinator.agent_reachability.answers(node),
        "states": [state for state in _facts(coordinator).job_states if state.node == node],
    }


def _runs(assessment: Assessment, upids: Iterable[str]) -> dict[str, RunRecord]:
    return {upid: run for upid in upids if (run := assessment.history.runs.get(upid)) is not None}


def _facts(coordinator: CheckerCoordinator) -> Facts:
    assert coordinator.reading is not None
    return coordinator.reading.facts


def _view(view: GuestView | JobView, coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return a guest or job with its verdict, and the sentence that people see."""
    thing = {"guest": view.guest} if isinstance(view, GuestView) else {"job": view.job}
    return {**thing, "verdict": view.verdict, "why": _why(view.verdict, coordinator), "figures": view.figures}


def _why(verdict: Verdict, coordinator: CheckerCoordinator) -> str:
    return coordinator.localizer.sentence(verdict.reason)


def _storage(view: StorageView, coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return a storage with its listing; notes are left out, since people write there what they like."""
    storage, listing = view.storage, view.storage.listing
    return {
        "storage": {
            name: getattr(storage, name)
            for name in (
                "storage",
                "node",
                "plugin_type",
                "nodes",
                "enabled",
                "active_on",
                "total",
                "used",
                "available",
            )
        },
        "keep": str(storage.keep) if storage.keep else None,
        "unreadable": storage.unreadable,
        "listed": listing and {"read_at": listing.read_at, "complete": listing.complete, "detailed": listing.detailed},
        "archives": _archives(storage),
        "verdict": view.verdict,
        "why": _why(view.verdict, coordinator),
        "full_on": view.full_on,
    }


def _archives(storage: StorageFacts) -> list[Mapping[str, Any]]:
    return [
        {
            "volid": archive.volid,
            "vmid": archive.vmid,
            "ctime": archive.ctime,
            "size": archive.size,
            "finished": archive.finished,
            "protected": archive.protected,
            "renamed": archive.renamed,
            "encrypted": archive.encrypted,
            "verification": archive.verification,
        }
        for archive in (storage.listing.archives if storage.listing else ())
    ]
