"""What the dashboard card shows when a job or a group of a backup server is opened."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from yarl import URL

from ..checker.copies.host_groups import HostView
from ..checker.model.subject import Subject
from ..checker.server.views import GroupTrouble, GroupView
from ..texts.explanation import error_sentences, grounds_of
from ..texts.localizer import Localizer
from .copies import copies_of_host
from .details_parts import run_data, verdict_data
from .epochs import epoch
from .server_rows import ServerRowMaker


def server_details(
    subject: Subject, url: URL, hosts: Sequence[HostView], maker: ServerRowMaker
) -> dict[str, Any] | None:
    """Return everything about a job or group, None where there is none; `hosts` is what clusters hold of a group's copies."""
    wall, localizer = maker.wall, maker.localizer
    assessment = wall.assessment
    job, group = assessment.jobs.get(subject.id), assessment.groups.get(subject.id)
    view = job if subject.kind == "pbsjob" else group
    row = maker.row_of(subject)
    if view is None or row is None:
        return None
    if isinstance(view, GroupView):
        runs, troubles, facts = wall.runs_of_group(view), [], _of_group(view, hosts, localizer)
    else:
        runs, facts = wall.runs_of_job(view), None
        troubles = [_trouble(trouble, localizer) for trouble in view.troubles]
    days = len(wall.days)
    acknowledged = assessment.acknowledgement(subject)
    # The reason of a warning is the first of its findings, too.
    verdict = view.verdict
    verdict = replace(verdict, findings=tuple(found for found in verdict.findings if found != verdict.reason))
    return {
        "row": row,
        "end": wall.days.dates[-1].isoformat(),
        "verdict": verdict_data(verdict, row, localizer, acknowledged),
        "grounds": [
            *error_sentences(verdict, localizer),
            *grounds_of(subject.kind, verdict, acknowledged, None, localizer),
        ],
        "runs": [run_data(run, localizer) for run in runs],
        "sizes": {"storage": None, "sizes": [None] * days, "transferred": [None] * days},
        "archives": [],
        "troubles": troubles,
        "facts": facts,
        "url": str(url.with_fragment(f"DataStore-{view.store}")),
        "device_id": row["device_id"],
    }


def _trouble(trouble: GroupTrouble, localizer: Localizer) -> dict[str, Any]:
    """Return what a run did not do for a group, and why."""
    name = f"{trouble.ns}/{trouble.group}" if trouble.ns and trouble.group else trouble.group or trouble.ns or "/"
    return {"group": name, "reason": localizer.sentence(trouble.reason), "error": trouble.error}


def _of_group(view: GroupView, hosts: Sequence[HostView], localizer: Localizer) -> dict[str, Any]:
    """Return what is known of a group beside its verdict."""
    return {
        "owner": view.owner,
        "restore_points": view.restore_points,
        "size": view.size,
        "verified": epoch(view.verified),
        "verification": localizer.sentence(view.verification.reason) if view.verification is not None else None,
        "encrypted": view.encrypted,
        "copies": next((said for host in hosts if (said := copies_of_host(host, localizer)) is not None), None),
    }
