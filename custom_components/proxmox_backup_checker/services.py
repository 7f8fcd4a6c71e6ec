"""The actions: looking again, explaining, listing, logs, and the report."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, Platform
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import probatio

from .actions.calls import check_control_of, cluster_of, clusters_of, moment_of
from .actions.explanation import explained
from .actions.report_text import Period, render
from .actions.responses import archive_data, archives_of, run_data, runs_of, telling_run
from .actions.targets import Target, guest_of, job_of, storage_of, targets_of
from .checker.model.subject import CLUSTER
from .checker.views.report import report
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .proxmox.api.answer import run_off_loop_if_large
from .proxmox.vzdump.excerpt import excerpt, whole
from .texts.localizer import iso
from .translated_errors import invalid

ATTR_GUEST: Final = "guest"
ATTR_JOB: Final = "job"
ATTR_STORAGE: Final = "storage"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"
ATTR_LIMIT: Final = "limit"
ATTR_UPID: Final = "upid"
ATTR_WHOLE: Final = "whole"
ATTR_PERIOD: Final = "period"

_PERIODS: Final[Mapping[str, timedelta]] = {"day": timedelta(days=1), "week": timedelta(days=7)}
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
    {**_CLUSTER, probatio.Optional(ATTR_PERIOD, default="day"): probatio.In(list(_PERIODS))}
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    register = hass.services.async_register
    register(DOMAIN, "check_now", _check_now, CHECK_NOW_SCHEMA, SupportsResponse.OPTIONAL)
    register(DOMAIN, "explain", _explain, EXPLAIN_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "list_runs", _list_runs, LIST_RUNS_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "list_archives", _list_archives, LIST_ARCHIVES_SCHEMA, SupportsResponse.ONLY)
    register(DOMAIN, "report", _report, REPORT_SCHEMA, SupportsResponse.ONLY)
    service.async_register_admin_service(
        hass, DOMAIN, "get_log", _get_log, GET_LOG_SCHEMA, supports_response=SupportsResponse.ONLY
    )


async def _check_now(call: ServiceCall) -> ServiceResponse:
    """Read everything again, of one cluster or of all, and wait for the result."""
    checked, clusters = [], clusters_of(call)
    await check_control_of(call, Platform.BUTTON, ((coordinator, "cluster_check_now") for coordinator in clusters))
    for coordinator in clusters:
        await coordinator.async_check_now()
        picture = coordinator.data
        checked.append(
            {
                "config_entry_id": coordinator.config_entry.entry_id,
                "cluster": picture.cluster.title,
                "read": iso(picture.read_at),
                "problem": picture.verdict.problem,
                "status": picture.verdict.status.value,
                "reason": coordinator.localizer.sentence(picture.verdict.reason),
                "guests": picture.counts.guests - picture.counts.ignored,
                "protected": picture.counts.protected,
                "problems": picture.counts.problems,
            }
        )
    return {"clusters": cast(Any, checked)} if call.return_response else None


async def _explain(call: ServiceCall) -> ServiceResponse:
    """Return the verdicts on what was chosen, on the cluster where nothing was."""
    verdicts = []
    for target in _targets(call) or [Target(cluster_of(call), CLUSTER)]:
        verdict = target.verdict
        if verdict is None:
            raise invalid("no_longer_there", name=target.name)
        verdicts.append(explained(target, verdict, target.coordinator.localizer))
    return {"verdicts": cast(Any, verdicts)}


async def _list_runs(call: ServiceCall) -> ServiceResponse:
    """Return runs, the newest first."""
    targets = _targets(call)
    since, until = moment_of(call, ATTR_SINCE), moment_of(call, ATTR_UNTIL)
    if since is not None and until is not None and since >= until:
        raise invalid("since_after_until")
    found = [
        run_data(run, coordinator)
        for coordinator, chosen in _by_cluster(call, targets)
        for run in runs_of(coordinator.data, chosen)
        if (since is None or run.started >= since) and (until is None or run.started < until)
    ]
    found.sort(key=lambda run: (run["started"], run["upid"]), reverse=True)
    return {"runs": cast(Any, found[: call.data[ATTR_LIMIT]]), "total": len(found)}


async def _list_archives(call: ServiceCall) -> ServiceResponse:
    """Return archives, the newest first, as they were last listed."""
    targets = _targets(call)
    if any(target.subject.kind == "job" for target in targets):
        raise invalid("no_archives_of_jobs")
    found = [
        archive_data(archive, storage, coordinator)
        for coordinator, chosen in _by_cluster(call, targets)
        for storage, archive in archives_of(coordinator, chosen)
    ]
    found.sort(key=lambda archive: (archive["created"], archive["volid"]), reverse=True)
    return {"archives": cast(Any, found[: call.data[ATTR_LIMIT]]), "total": len(found)}


async def _get_log(call: ServiceCall) -> ServiceResponse:
    """Return the log of a run, or of the last run of a guest or job, whole or around its failure."""
    targets = _targets(call)
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


async def _report(call: ServiceCall) -> ServiceResponse:
    """Return the report of the last day or week."""
    coordinator = cluster_of(call)
    period: Period = call.data[ATTR_PERIOD]
    now = dt_util.utcnow()
    return render(report(coordinator.data, now - _PERIODS[period], now), period, coordinator.localizer)


def _by_cluster(call: ServiceCall, targets: Iterable[Target]) -> Iterable[tuple[CheckerCoordinator, list[Target]]]:
    """Return what was chosen, by cluster; where nothing was, every cluster that was chosen with nothing of it."""
    chosen: dict[str, tuple[CheckerCoordinator, list[Target]]] = {}
    for target in targets:
        chosen.setdefault(target.coordinator.identity, (target.coordinator, []))[1].append(target)
    return chosen.values() if chosen else [(coordinator, []) for coordinator in clusters_of(call)]


def _targets(call: ServiceCall) -> list[Target]:
    """Return what the target, the guest, the job and the storage of a call name.

    Raises ServiceValidationError where one of them names nothing.
    """
    selection = TargetSelection(dict(call.data))
    found = targets_of(call.hass, selection)
    if selection.has_any_target and not found:
        raise invalid("nothing_targeted")
    finders: Mapping[str, Callable[[CheckerCoordinator, str], Target]] = {
        ATTR_GUEST: guest_of,
        ATTR_JOB: job_of,
        ATTR_STORAGE: storage_of,
    }
    return [*found, *(find(cluster_of(call), call.data[key]) for key, find in finders.items() if key in call.data)]
