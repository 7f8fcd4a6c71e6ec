"""The actions: looking again, explaining, listing, logs, and the report."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, Platform
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import probatio

from .actions.calls import (
    check_control_of,
    check_sight,
    chosen_server,
    cluster_of,
    clusters_of,
    moment_of,
    sight_of,
    watchers_of,
)
from .actions.explanation import explained
from .actions.orphans import orphans
from .actions.recovery import recovery_data
from .actions.report_chapters import async_chapters, bound
from .actions.report_text import PERIODS, Period, render
from .actions.responses import archive_data, archives_of, run_data, runs_of, telling_run
from .actions.retention import RULES, retention_data
from .actions.targets import Target, guest_of, job_of, storage_of, targets_of
from .actions.what_if import chosen_death, what_if
from .backup_server.coordinator import ServerCoordinator
from .backup_server.watched import Watcher, watched_entries
from .checker.assessment import Assessment
from .checker.model.subject import CLUSTER, SERVER, Subject
from .checker.server.assessment import ServerAssessment
from .checker.views.report import report
from .checker.views.server_report import server_report
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .privacy.sight import Sight
from .proxmox.api.answer import run_off_loop_if_large
from .proxmox.vzdump.excerpt import excerpt, whole
from .texts.localizer import Localizer, iso
from .texts.survival_text import SurvivalText
from .translated_errors import invalid

ATTR_GUEST: Final = "guest"
ATTR_JOB: Final = "job"
ATTR_NODE: Final = "node"
ATTR_STORAGE: Final = "storage"
ATTR_PLACE: Final = "place"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"
ATTR_LIMIT: Final = "limit"
ATTR_UPID: Final = "upid"
ATTR_WHOLE: Final = "whole"
ATTR_PERIOD: Final = "period"

_USUAL_LIMIT: Final = 50
_MOST: Final = 1000

_CLUSTER: Final[VolDictType] = {probatio.Optional(ATTR_CONFIG_ENTRY_ID): str}
_NAME: Final = probatio.All(probatio.Coerce(str), str.strip, probatio.Length(min=1, max=200))
_GUEST_OR_JOB: Final[VolDictType] = {
    **_CLUSTER,
    **cv.TARGET_FIELDS,
    probatio.Optional(ATTR_GUEST): _NAME,
    probatio.Optional(ATTR_JOB): _NAME,
}
_LIMIT: Final[VolDictType] = {
    probatio.Optional(ATTR_LIMIT, default=_USUAL_LIMIT): probatio.All(
        probatio.Coerce(int), probatio.Range(min=1, max=_MOST)
    )
}

CHECK_NOW_SCHEMA: Final = probatio.Schema(_CLUSTER)
ESTIMATE_RECOVERY_SCHEMA: Final = probatio.Schema(
    {**_CLUSTER, probatio.Optional(ATTR_GUEST): _NAME, probatio.Optional(ATTR_NODE): _NAME}
)
TRY_RETENTION_SCHEMA: Final = probatio.Schema(
    {
        **_CLUSTER,
        probatio.Required(ATTR_JOB): _NAME,
        **{
            probatio.Optional(f"keep_{rule}", default=0): probatio.All(
                probatio.Coerce(int), probatio.Range(min=0, max=_MOST)
            )
            for rule in RULES
        },
    }
)
EXPLAIN_SCHEMA: Final = probatio.Schema({**_GUEST_OR_JOB, probatio.Optional(ATTR_STORAGE): _NAME})
LIST_RUNS_SCHEMA: Final = probatio.Schema(
    {
        **_GUEST_OR_JOB,
        **_LIMIT,
        probatio.Optional(ATTR_SINCE): cv.datetime,
        probatio.Optional(ATTR_UNTIL): cv.datetime,
    }
)
LIST_ARCHIVES_SCHEMA: Final = probatio.Schema(
    {
        **_CLUSTER,
        **cv.TARGET_FIELDS,
        **_LIMIT,
        probatio.Optional(ATTR_GUEST): _NAME,
        probatio.Optional(ATTR_STORAGE): _NAME,
    }
)
GET_LOG_SCHEMA: Final = probatio.Schema(
    {
        **_GUEST_OR_JOB,
        probatio.Optional(ATTR_UPID): _NAME,
        probatio.Optional(ATTR_WHOLE, default=False): cv.boolean,
    }
)
REPORT_SCHEMA: Final = probatio.Schema(
    {**_CLUSTER, probatio.Optional(ATTR_PERIOD, default="day"): probatio.In(list(PERIODS))}
)
WHAT_IF_SCHEMA: Final = probatio.Schema(
    {
        **_CLUSTER,
        probatio.Optional(ATTR_NODE): _NAME,
        probatio.Optional(ATTR_STORAGE): _NAME,
        probatio.Optional(ATTR_PLACE): probatio.In(["here", "elsewhere"]),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    register = hass.services.async_register
    register(DOMAIN, "check_now", _check_now, CHECK_NOW_SCHEMA, SupportsResponse.OPTIONAL)
    register(DOMAIN, "estimate_recovery", _estimate_recovery, ESTIMATE_RECOVERY_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "explain", _explain, EXPLAIN_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "list_runs", _list_runs, LIST_RUNS_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "list_archives", _list_archives, LIST_ARCHIVES_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "try_retention", _try_retention, TRY_RETENTION_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "report", _report, REPORT_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "what_if", _what_if, WHAT_IF_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "list_orphans", _list_orphans, CHECK_NOW_SCHEMA, SupportsResponse.ONLY)
    service.async_register_admin_service(
        hass, DOMAIN, "get_log", _get_log, GET_LOG_SCHEMA, supports_response=SupportsResponse.ONLY
    )


async def _check_now(call: ServiceCall) -> ServiceResponse:
    """Read everything again, of one cluster or backup server or of all, and wait for the result."""
    watchers = watchers_of(call)
    keys = ((watcher, f"{_whole_of(watcher)}_check_now") for watcher in watchers)
    await check_control_of(call, Platform.BUTTON, keys)
    sight, clusters, servers = await sight_of(call), [], []
    for watcher in watchers:
        await watcher.async_check_now()
        if isinstance(watcher, ServerCoordinator):
            servers.append(_checked(watcher) | {"server": watcher.config_entry.title})
            continue
        counts = sight.counts(watcher)
        figures = {
            "cluster": watcher.assessment.cluster.title,
            "guests": counts.guests - counts.ignored,
            "protected": counts.protected,
            "problems": counts.problems,
        }
        clusters.append(_checked(watcher) | figures)
    return cast(Any, {"clusters": clusters, "servers": servers}) if call.return_response else None


def _whole_of(watcher: Watcher) -> Subject:
    return SERVER if isinstance(watcher, ServerCoordinator) else CLUSTER


def _checked(watcher: Watcher) -> dict[str, Any]:
    assessment = watcher.assessment
    return {
        "config_entry_id": watcher.config_entry.entry_id,
        "read": iso(assessment.read_at),
        "problem": assessment.verdict.problem,
        "status": assessment.verdict.status.value,
        "reason": watcher.localizer.sentence(assessment.verdict.reason),
    }


async def _explain(call: ServiceCall) -> ServiceResponse:
    """Return the verdicts on what was chosen, on the cluster where nothing was."""
    verdicts, sight = [], await sight_of(call)
    for target in _targets(call, sight) or [Target(cluster_of(call), CLUSTER)]:
        check_sight(call, sight, target.coordinator, target.subject)
        verdict = target.verdict
        if verdict is None:
            raise invalid("no_longer_there", name=target.name)
        assessment = sight.assessment(target.coordinator)
        verdicts.append(explained(target, verdict, assessment, target.coordinator.localizer))
    return {"verdicts": cast(Any, verdicts)}


async def _estimate_recovery(call: ServiceCall) -> ServiceResponse:
    """Return how long it may take to get a guest, the guests of a node or all of them back."""
    coordinator = cluster_of(call)
    assessment = (await sight_of(call)).assessment(coordinator)
    node: str | None = call.data.get(ATTR_NODE)
    if node is not None and node not in assessment.nodes:
        nodes = ", ".join(sorted(assessment.nodes))
        raise invalid("unknown_node", node=node, cluster=assessment.cluster.title, nodes=nodes)
    guest = guest_of(coordinator, assessment, call.data[ATTR_GUEST]) if ATTR_GUEST in call.data else None
    vmid = guest.subject.vmid if guest is not None else None
    return await call.hass.async_add_executor_job(recovery_data, assessment, vmid, node, coordinator.localizer)


async def _list_runs(call: ServiceCall) -> ServiceResponse:
    """Return runs, the newest first."""
    since, until = moment_of(call, ATTR_SINCE), moment_of(call, ATTR_UNTIL)
    if since is not None and until is not None and since >= until:
        raise invalid("since_after_until")
    clusters = _by_cluster(call, await sight_of(call))

    def answer() -> ServiceResponse:
        found = [
            (run, assessment, coordinator.localizer)
            for coordinator, assessment, chosen in clusters
            for run in runs_of(assessment, chosen)
            if (since is None or run.started >= since) and (until is None or run.started < until)
        ]
        found.sort(key=lambda one: (one[0].started, one[0].upid), reverse=True)
        runs = [run_data(*one) for one in found[: call.data[ATTR_LIMIT]]]
        return {"runs": cast(Any, runs), "total": len(found)}

    return await call.hass.async_add_executor_job(answer)


async def _list_archives(call: ServiceCall) -> ServiceResponse:
    """Return archives, the newest first, as they were last listed."""
    clusters = _by_cluster(call, await sight_of(call))
    if any(target.subject.kind == "job" for _, _, chosen in clusters for target in chosen):
        raise invalid("no_archives_of_jobs")

    def answer() -> ServiceResponse:
        found = [
            (archive, storage, assessment)
            for coordinator, assessment, chosen in clusters
            for storage, archive in archives_of(coordinator, assessment, chosen)
        ]
        found.sort(key=lambda one: (one[0].ctime, one[0].volid), reverse=True)
        archives = [archive_data(*one) for one in found[: call.data[ATTR_LIMIT]]]
        return {"archives": cast(Any, archives), "total": len(found)}

    return await call.hass.async_add_executor_job(answer)


async def _get_log(call: ServiceCall) -> ServiceResponse:
    """Return the log of a run, or of the last run of a guest or job, whole or around its failure."""
    targets = _targets(call, await sight_of(call))
    vmid = None
    upid: str | None = call.data.get(ATTR_UPID)
    if upid is not None:
        coordinator = targets[0].coordinator if targets else cluster_of(call)
        vmid = next((target.subject.vmid for target in targets if target.subject.vmid is not None), None)
    elif len(targets) != 1 or targets[0].subject.kind not in {"guest", "job"}:
        raise invalid("one_guest_or_job")
    else:
        target = targets[0]
        coordinator = target.coordinator
        vmid = target.subject.vmid
        run = telling_run(target)
        if run is None:
            raise invalid("no_run_of", name=target.name)
        upid = run.upid
    text = await coordinator.async_task_log(upid)
    part = await run_off_loop_if_large(len(text), partial(excerpt, vmid=vmid), text)
    all_of_it = call.data[ATTR_WHOLE]
    shown = await run_off_loop_if_large(len(text), partial(whole, vmid=vmid), text) if all_of_it else part
    return {
        "upid": upid,
        "vmid": vmid,
        "whole": all_of_it,
        "text": shown.text,
        "first_line": shown.lines[0].number if shown.lines else None,
        "last_line": shown.lines[-1].number if shown.lines else None,
        "total_lines": shown.total,
        "failure_line": shown.failure,
        "errors": [line.text for line in part.lines if line.level == "error"],
    }


async def _try_retention(call: ServiceCall) -> ServiceResponse:
    """Return which archives of a job's guests would stay and go with other keep values; nothing is changed."""
    coordinator = cluster_of(call)
    assessment = (await sight_of(call)).assessment(coordinator)
    job_id = job_of(coordinator, assessment, call.data[ATTR_JOB]).subject.id
    rules = {rule: call.data[f"keep_{rule}"] for rule in RULES}
    return await call.hass.async_add_executor_job(retention_data, assessment, job_id, rules, assessment.guests.keys())


async def _report(call: ServiceCall) -> ServiceResponse:
    """Return the report of the last day or week, on what the caller may see."""
    period: Period = call.data[ATTR_PERIOD]
    sight = await sight_of(call)
    if ATTR_CONFIG_ENTRY_ID not in call.data and len(watched_entries(call.hass)) > 1:
        localizer = await Localizer.load(call.hass)
        return bound(await async_chapters(call.hass, sight, period, localizer), period, localizer)
    coordinator: Watcher = chosen_server(call) or cluster_of(call)
    assessment = sight.assessment(coordinator)
    title, now = coordinator.config_entry.title, dt_util.utcnow()

    def answer() -> ServiceResponse:
        since = now - PERIODS[period]
        if isinstance(assessment, ServerAssessment):
            found = server_report(assessment, title, since, now)
        else:
            found = report(assessment, since, now)
        return render(found, period, coordinator.localizer)

    return await call.hass.async_add_executor_job(answer)


async def _list_orphans(call: ServiceCall) -> ServiceResponse:
    """Return what guests have left that no longer exist; they have no entities that somebody might be let see."""
    coordinator = cluster_of(call)
    if (await sight_of(call)).is_limited:
        raise Unauthorized(context=call.context)
    return cast(ServiceResponse, orphans(call.hass, coordinator))


async def _what_if(call: ServiceCall) -> ServiceResponse:
    """Return what would be left of each guest if something died now."""
    coordinator = cluster_of(call)
    chosen = {name: call.data[name] for name in (ATTR_NODE, ATTR_STORAGE, ATTR_PLACE) if name in call.data}
    death, sight = chosen_death(coordinator, chosen), await sight_of(call)
    seen = sight.assessment(coordinator)
    text = SurvivalText.of(coordinator.survivals, seen, coordinator.localizer, is_limited=sight.is_limited)
    answer = partial(what_if, death, coordinator.survivals, text)
    return await call.hass.async_add_executor_job(answer)


def _by_cluster(call: ServiceCall, sight: Sight) -> list[tuple[CheckerCoordinator, Assessment, list[Target]]]:
    """Return what was chosen by cluster, with what the caller may see of it.

    Where nothing was chosen, it is every cluster that was, with nothing of it.
    """
    chosen: dict[str, tuple[CheckerCoordinator, list[Target]]] = {}
    for target in _targets(call, sight):
        chosen.setdefault(target.coordinator.identity, (target.coordinator, []))[1].append(target)
    found = chosen.values() if chosen else [(coordinator, []) for coordinator in clusters_of(call)]
    return [(coordinator, sight.assessment(coordinator), targets) for coordinator, targets in found]


def _targets(call: ServiceCall, sight: Sight) -> list[Target]:
    """Return what the target, the guest, the job and the storage of a call name.

    Raises ServiceValidationError where one of them names nothing, and Unauthorized where a target is not for the caller.
    """
    selection = TargetSelection(dict(call.data))
    found = targets_of(call.hass, selection)
    if selection.has_any_target and not found:
        raise invalid("nothing_targeted")
    for target in found:
        check_sight(call, sight, target.coordinator, target.subject)
    finders: Mapping[str, Callable[[CheckerCoordinator, Assessment, str], Target]] = {
        ATTR_GUEST: guest_of,
        ATTR_JOB: job_of,
        ATTR_STORAGE: storage_of,
    }
    for name, find in finders.items():
        if name in call.data:
            coordinator = cluster_of(call)
            found.append(find(coordinator, sight.assessment(coordinator), call.data[name]))
    return found
