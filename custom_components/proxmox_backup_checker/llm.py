"""Tools for language models that speak for Home Assistant: what is not backed up, why, and when the next backup is due.

They read only, tell only of what is exposed to the assistant and what its user may see, and say it in our own sentences:
what Proxmox has written stays in its log.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, override

from homeassistant.auth.models import User
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolAnnotations, ToolInput, ToolResult
from homeassistant.util import dt as dt_util
import probatio

from .actions.spoken import heard, subject_called, what_is_next
from .backup_server.coordinator import ServerConfigEntry
from .backup_server.servers import server_entries, server_of
from .backup_server.watched import watched_entries
from .checker.assessment import Assessment
from .checker.model.subject import Subject
from .checker.model.verdict import Status
from .checker.verdicts.cluster import Counts
from .checker.views.report import Standing, problems_of, standings_of
from .checker.views.server_report import standings_of_server
from .clusters import cluster_entries, loaded_cluster
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .devices import PROBLEM
from .privacy.sight import Sight
from .texts.localizer import Localizer, iso

_ANNOTATIONS: Final = ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)
_PROMPT: Final = (
    "For questions about backups of Proxmox virtual machines, containers and backup jobs use the tools "
    f"that begin with {DOMAIN}__. Never call a backup fine that they do not call protected."
)
_SCOPE: Final = "what is exposed to this assistant, and nothing else"
_MOST: Final = 50
_LONGEST_NAME: Final = 100


class ExposedSight(Sight):
    """What a person may see of what is exposed to an assistant."""

    def __init__(self, hass: HomeAssistant, user: User | None, assistant: str) -> None:
        """See with the eyes of a user, through an assistant."""
        super().__init__(hass, user)
        self._hass = hass
        self._assistant = assistant

    @property
    @override
    def is_limited(self) -> bool:
        return True

    @override
    def reads(self, entity_id: str | None) -> bool:
        return (
            entity_id is not None
            and super().reads(entity_id)
            and async_should_expose(self._hass, self._assistant, entity_id)
        )


def _exposed(sight: ExposedSight, coordinator: CheckerCoordinator) -> Assessment:
    """Return what is held of a cluster with the verdicts on what is exposed: the tools tell of nothing else."""
    assessment = coordinator.assessment
    guests = {vmid: view for vmid, view in assessment.guests.items() if sight.sees(coordinator, Subject.guest(vmid))}
    return replace(
        assessment,
        guests=guests,
        jobs={job_id: view for job_id, view in assessment.jobs.items() if sight.sees(coordinator, Subject.job(job_id))},
        storages={
            key: view for key, view in assessment.storages.items() if sight.sees(coordinator, Subject.storage(key))
        },
        counts=Counts.of(view.verdict for view in guests.values()),
    )


class BackupTool(Tool):
    """Tells something of every cluster that can be read; of the others, that they cannot."""

    annotations = _ANNOTATIONS
    integration = DOMAIN

    @override
    async def async_call(self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext) -> ToolResult:
        """Answer with what is exposed."""
        given = self.parameters(tool_input.tool_args)
        localizer = await Localizer.load(hass, llm_context.language)
        context = llm_context.context
        user = await hass.auth.async_get_user(context.user_id) if context and context.user_id else None
        sight = ExposedSight(hass, user, llm_context.assistant)
        clusters: list[Any] = []
        for entry in cluster_entries(hass):
            if not _is_exposed(hass, entry, sight):
                continue
            coordinator = loaded_cluster(entry)
            if coordinator is None or not coordinator.last_update_success:
                clusters.append({"error": localizer.text("voice_unreachable", cluster=entry.title)})
            else:
                clusters.append(self._told(_exposed(sight, coordinator), localizer, given))
        servers: list[Any] = [
            self._told_of_server(entry.title, _exposed_parts(sight, entry), localizer, given)
            for entry in server_entries(hass)
            if entry.disabled_by is None and _is_exposed(hass, entry, sight)
        ]
        return ToolResult(data={"tells_of": _SCOPE, "clusters": clusters, "backup_servers": servers})

    def _told_of_server(
        self, name: str, parts: list[Standing] | None, localizer: Localizer, given: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what is told of a backup server whose `parts` are exposed, None where it is not loaded."""
        if parts is None:
            return {"error": localizer.text("voice_unreachable", cluster=name)}
        return {"name": name, **self._of_parts(parts, localizer, given)}

    def _of_parts(self, parts: list[Standing], localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _told(self, assessment: Assessment, localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


class NotBackedUpTool(BackupTool):
    """What is not backed up, and why."""

    name = f"{DOMAIN}__not_backed_up"
    title = "What is not backed up"
    description = (
        "Lists which Proxmox virtual machines, containers, backup jobs and storages have a backup problem, and which cannot be "
        "verified, and likewise of Proxmox Backup Servers their datastores, jobs and clients, each with the reason and what to do. Use this for questions like 'What is not backed up?' or "
        "'Are my backups fine?'. Lists hold the first 50; the numbers are those of all."
    )

    @override
    def _told(self, assessment: Assessment, localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        problems = problems_of(assessment)
        unknown = [found for found in standings_of(assessment) if found.verdict.problem is None]
        return {
            "protected": assessment.counts.protected,
            "guests": assessment.counts.guests - assessment.counts.ignored,
            "number_of_problems": len(problems),
            "problems": _all(problems, localizer),
            "number_that_cannot_be_verified": len(unknown),
            "cannot_be_verified": _all(unknown, localizer),
        }

    @override
    def _of_parts(self, parts: list[Standing], localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "problems": _all((part for part in parts if part.verdict.problem is True), localizer),
            "cannot_be_verified": _all((part for part in parts if part.verdict.problem is None), localizer),
            "warnings": _all(
                (part for part in parts if part.verdict.problem is False and part.verdict.lasting is Status.WARNING),
                localizer,
            ),
        }


class WhyTool(BackupTool):
    """How one thing stands, and why."""

    name = f"{DOMAIN}__explain"
    title = "Explain a backup"
    description = (
        "Tells how one Proxmox virtual machine, container, backup job or storage stands: whether its backup is there, why not, since "
        "when, and what to do. Use this for questions like 'Why did the backup of nextcloud fail?' or 'Is nextcloud backed up?'."
    )
    parameters = probatio.Schema(
        {
            probatio.Required(
                "name", description="The name or number of the guest, or the name of the job or storage"
            ): probatio.All(str, probatio.Length(min=1, max=_LONGEST_NAME))
        }
    )

    @override
    def _told(self, assessment: Assessment, localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        called = set(subject_called(assessment, given["name"]))
        return {"found": _all((one for one in standings_of(assessment) if one.subject in called), localizer)}

    @override
    def _of_parts(self, parts: list[Standing], localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        wanted = heard(given["name"])
        return {"found": _all((part for part in parts if heard(part.name).endswith(wanted)), localizer)}


class NextBackupTool(BackupTool):
    """When the next backups are due."""

    name = f"{DOMAIN}__next_backups"
    title = "Next backups"
    description = (
        "Lists when the next backup of each Proxmox virtual machine, container and backup job is due, the first 50. Use this for questions like "
        "'When is the next backup?'."
    )

    @override
    def _told(self, assessment: Assessment, localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        due = [
            {"kind": found.subject.kind, "name": found.name, "due": iso(found.verdict.next_due)}
            for found in standings_of(assessment)
            if found.verdict.next_due is not None
        ]
        return {
            "summary": what_is_next(assessment, localizer, dt_util.utcnow()),
            "due": sorted(due, key=lambda one: str(one["due"]))[:_MOST],
        }

    @override
    def _of_parts(self, parts: list[Standing], localizer: Localizer, given: dict[str, Any]) -> dict[str, Any]:
        due = [
            {"kind": part.subject.kind, "name": part.name, "due": iso(part.verdict.next_due)}
            for part in parts
            if part.subject.kind == "pbsjob" and part.verdict.next_due is not None
        ]
        return {"due": sorted(due, key=lambda one: str(one["due"]))[:_MOST]}


def _all(standings: Iterable[Standing], localizer: Localizer) -> list[dict[str, Any]]:
    return [_one(found, localizer) for found in standings][:_MOST]


def _one(found: Standing, localizer: Localizer) -> dict[str, Any]:
    """Return how something stands, in our own words."""
    verdict = found.verdict
    return {
        "kind": found.subject.kind,
        "name": found.name,
        "status": verdict.lasting.value,
        "problem": verdict.problem,
        "reason": localizer.sentence(verdict.reason, unquoted=localizer.text("voice_see_log")),
        "next_step": localizer.next_step(verdict),
        "since": iso(verdict.since),
        "last_good_backup": iso(verdict.last_success),
        "next_due": iso(verdict.next_due),
        "acknowledged": found.acknowledged,
    }


def _exposed_parts(sight: ExposedSight, entry: ServerConfigEntry) -> list[Standing] | None:
    """Return how the exposed parts of a backup server stand, None where it is not loaded."""
    if (coordinator := server_of(entry)) is None:
        return None
    standings = standings_of_server(coordinator.assessment, entry.title)
    return [part for part in standings if sight.sees(coordinator, part.subject)]


def _is_exposed(hass: HomeAssistant, entry: ConfigEntry[Any], sight: ExposedSight) -> bool:
    """Tell whether a problem sensor of a cluster or backup server is exposed, whether it can be read now or not."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return any(sight.reads(entity.entity_id) for entity in entities if entity.unique_id.endswith(PROBLEM))


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools for Assist, where one of our problem sensors is exposed to it."""
    if api_id != LLM_API_ASSIST:
        return None
    sight = ExposedSight(hass, None, llm_context.assistant)
    if not any(_is_exposed(hass, entry, sight) for entry in watched_entries(hass)):
        return None
    return LLMTools(tools=[NotBackedUpTool(), WhyTool(), NextBackupTool()], prompt=_PROMPT)
