"""Repair issues: what a person can mend, either what keeps us from seeing or what is mistaken in Proxmox."""

from collections.abc import Collection, Iterable
import hashlib
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY

from .checker.model.labels import abbreviated, guest_label
from .checker.model.subject import Subject
from .const import CONF_TOKEN_ID, DOMAIN
from .coordinator import CheckerCoordinator
from .devices import PROBLEM, device_key
from .proxmox.api.errors import (
    AuthenticationError,
    CertificateChangedError,
    CertificateError,
    OtherNodeError,
    OutdatedAgentError,
    ProxmoxError,
    TooManyConnectionsError,
)
from .proxmox.api.privileges import grant_command, missing_privileges, role_command
from .proxmox.calendar.event import CalendarEvent
from .texts.markdown import code, inert

PAGES: Final = "https://github.com/proxmox-backup-checker/proxmox-backup-checker/blob/main/docs"
_AGENT: Final = "log_agent_"
_JOB_STATES: Final = "job_states_"
_MISTAKE: Final = "mistake_"
# Blanks that stand between backticks, and those that are Markdown of ours.
_IN_CODE: Final = frozenset({"command", "expected", "fingerprint", "minutes", "path", "role", "schedule", "token"})
_OURS: Final = frozenset({"lines", "missing"})
_PAGE_OF_SCHEDULES: Final = "schedules.md"
_PAGE_OF_REPAIRS: Final = "repairs.md"
_PAGE_OF_SURVIVAL: Final = "if-it-died.md"
_LOST_WITH_NODE: Final = "lost_with_node"
_MAYBE_ELSEWHERE: Final = "maybe_elsewhere"
_PAGE_OF_COPIES: Final = "backup-server.md"
_MOST_GUESTS_NAMED: Final = 10


class IssueKeeper:
    """Keeps the repair issues of one entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Speak for the system of this entry."""
        self._hass = hass
        self._entry = entry

    def _changed_certificate(self, error: ProxmoxError | None, key: str) -> bool:
        """Raise that another certificate is shown than the pinned one, and say whether that is so."""
        if not isinstance(error, CertificateChangedError) or error.fingerprint is None:
            return False
        self._raise(
            "certificate_changed",
            key,
            fixable=True,
            page="certificates.md",
            placeholders={
                "cluster": self._entry.title,
                "expected": error.expected,
                "fingerprint": error.fingerprint,
            },
        )
        return True

    def _entity_limit(self, key: str, problem_sensors: Iterable[str]) -> None:
        """Tell where Home Assistant takes no more entities: what is new then has no problem sensor.

        `problem_sensors` are the unique ids that there would be without the limit.
        """
        entities = er.async_get(self._hass)
        enabled = entities.entities.get_enabled_count_for_config_entry_id(self._entry.entry_id)
        if enabled < MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY:
            self._delete("entity_limit")
            return
        known = (entities.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, one) for one in problem_sensors)
        self._raise(
            "entity_limit",
            key,
            page=_PAGE_OF_REPAIRS,
            placeholders={
                "cluster": self._entry.title,
                "limit": str(MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY),
                "missing": str(sum(entity_id is None for entity_id in known)),
            },
        )

    def _raise(
        self,
        issue: str,
        key: str | None = None,
        *,
        placeholders: dict[str, str],
        page: str = "permissions.md",
        fixable: bool = False,
    ) -> None:
        """Raise an issue; what fills its blanks is shown as Markdown, and as it is in the title."""
        shown = {name: _shown(name, value) for name, value in placeholders.items()}
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{issue}_{self._entry.entry_id}",
            config_entry_id=self._entry.entry_id,
            data={"entry_id": self._entry.entry_id, **shown},
            is_fixable=fixable,
            is_persistent=False,
            learn_more_url=f"{PAGES}/{page}",
            severity=ir.IssueSeverity.ERROR if fixable else ir.IssueSeverity.WARNING,
            translation_key=key or issue,
            translation_placeholders=shown,
        )

    def _keep_only(self, prefix: str, issues: Collection[str]) -> None:
        """Delete those of a kind that are mended, since before a restart too."""
        suffix = f"_{self._entry.entry_id}"
        for domain, known in list(ir.async_get(self._hass).issues):
            if domain == DOMAIN and known.startswith(prefix) and known.endswith(suffix):
                if (issue := known.removesuffix(suffix)) not in issues:
                    self._delete(issue)

    def _delete(self, issue: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, f"{issue}_{self._entry.entry_id}")


class Issues(IssueKeeper):
    """Keeps the repair issues of one cluster in step with what the last poll met."""

    def __init__(self, hass: HomeAssistant, coordinator: CheckerCoordinator) -> None:
        """Speak for the cluster of this coordinator."""
        super().__init__(hass, coordinator.config_entry)
        self._coordinator = coordinator

    @callback
    def update(self) -> None:
        """Raise what is wrong now and delete what is mended."""
        self._certificate(self._coordinator.last_error)
        if self._coordinator.last_error is None and self._coordinator.reading is not None:
            self._privileges()
            self._stand_in()
            self._log_agents()
            self._job_states()
            self._entity_limit("entity_limit", self._problem_sensors())
            self._misconfigurations()
            self._total_losses()
            self._places()

    def _certificate(self, error: ProxmoxError | None) -> None:
        if self._changed_certificate(error, "certificate_changed"):
            return
        if error is None and not self._is_stood_in_for():
            self._delete("certificate_changed")

    def _is_stood_in_for(self) -> bool:
        """Tell whether another node answers in place of the configured one, whose certificate is then not seen."""
        return self._coordinator.reading is not None and self._coordinator.reading.fallback is not None

    def _stand_in(self) -> None:
        """Tell which node is missing while another one answers in its place."""
        assert self._coordinator.reading is not None
        fallback = self._coordinator.reading.fallback
        if fallback is None:
            self._delete("configured_node_missing")
            return
        self._raise(
            "configured_node_missing",
            page="certificates.md",
            placeholders={
                "cluster": self._entry.title,
                "missing": fallback.missing or self._entry.data[CONF_HOST],
                "node": fallback.node,
                "error": str(fallback.error),
            },
        )

    def _privileges(self) -> None:
        assert self._coordinator.reading is not None
        reading = self._coordinator.reading
        facts, out_of_sight = reading.facts, self._coordinator.assessment.out_of_sight
        # Of those alone that somebody waits for.
        storages = {subject.id.rpartition("/")[2] for subject in out_of_sight if subject.kind == "storage"}
        missing = missing_privileges(
            reading.permissions, sorted(facts.nodes), facts.hidden_guests, facts.hidden_storages & storages
        )
        if not missing:
            self._delete("missing_privileges")
            return
        token_id = self._entry.data[CONF_TOKEN_ID]
        self._raise(
            "missing_privileges",
            placeholders={
                "cluster": self._entry.title,
                "token": token_id,
                "role": role_command(),
                "missing": "\n".join(
                    f"- {privilege.name} ({inert(privilege.path)}): `{code(grant_command(privilege, token_id))}`"
                    for privilege in missing
                ),
            },
        )

    def _log_agents(self) -> None:
        assert self._coordinator.reading is not None
        errors = self._coordinator.reading.agent_errors
        self._keep_only(_AGENT, {agent_issue(node) for node in errors})
        for node, error in errors.items():
            if isinstance(error, CertificateError):
                key = "log_agent_certificate"
            elif isinstance(error, AuthenticationError):
                key = "log_agent_token"
            elif isinstance(error, OtherNodeError):
                key = "log_agent_other_node"
            elif isinstance(error, OutdatedAgentError):
                key = "log_agent_outdated"
            elif isinstance(error, TooManyConnectionsError):
                key = "log_agent_crowded"
            else:
                key = "log_agent_unreachable"
            self._raise(
                agent_issue(node),
                key,
                page="log-agent.md",
                placeholders={"cluster": self._entry.title, "node": node, "error": str(error)},
            )

    def _job_states(self) -> None:
        """Tell where a log agent may not read what Proxmox noted of some jobs: whether they could start is not seen there."""
        assert self._coordinator.reading is not None
        unreadable = self._coordinator.reading.unreadable_job_states
        self._keep_only(_JOB_STATES, {job_states_issue(node) for node in unreadable})
        for node, jobs in unreadable.items():
            self._raise(
                job_states_issue(node),
                "job_states_unreadable",
                page="log-agent.md",
                placeholders={
                    "cluster": self._entry.title,
                    "node": node,
                    "jobs": ", ".join(jobs),
                    "error": ", ".join(dict.fromkeys(jobs.values())),
                },
            )

    def _problem_sensors(self) -> list[str]:
        """Return the unique ids of the problem sensors of all guests and jobs."""
        identity, assessment = self._coordinator.identity, self._coordinator.assessment
        return [
            f"{device_key(identity, subject)}{PROBLEM}"
            for subject in (*map(Subject.guest, assessment.guests), *map(Subject.job, assessment.jobs))
        ]

    def _misconfigurations(self) -> None:
        """Raise what is mistaken in Proxmox now, and delete the rest; one that is ignored stays so while it lasts."""
        found = {
            f"{_MISTAKE}{_digest(f'{mistake.code} {mistake.subject}')}": mistake
            for mistake in self._coordinator.assessment.misconfigurations
        }
        self._keep_only(_MISTAKE, found.keys())
        for issue, mistake in found.items():
            placeholders = {"cluster": self._entry.title, **mistake.values}
            if schedule := mistake.values.get("schedule"):
                placeholders["meaning"] = CalendarEvent.parse(schedule).describe(self._hass.config.language)
            page = _PAGE_OF_SCHEDULES if schedule else _PAGE_OF_REPAIRS
            self._raise(issue, mistake.code, placeholders=placeholders, page=page)

    def _places(self) -> None:
        """Ask whether a bucket or another server is in another house, where nobody has said so of anything."""
        if not (places := self._coordinator.assessment.maybe_elsewhere):
            self._delete(_MAYBE_ELSEWHERE)
            return
        lines = "\n".join(f"- {inert(place)}" for place in places)
        self._raise(_MAYBE_ELSEWHERE, page=_PAGE_OF_COPIES, placeholders={"cluster": self._entry.title, "lines": lines})

    def _total_losses(self) -> None:
        """Tell which guests a node would take with all their copies; while that is not known of all, all stays as it is."""
        survivals, guests = self._coordinator.survivals, self._coordinator.assessment.guests
        if not survivals.is_known:
            return
        if not (losses := survivals.total_losses):
            self._delete(_LOST_WITH_NODE)
            return

        def names(vmids: Iterable[int]) -> str:
            labels = [guest_label(guests[vmid].guest.name, vmid) for vmid in vmids]
            return inert(abbreviated(labels, _MOST_GUESTS_NAMED))

        placeholders = {
            "cluster": self._entry.title,
            "count": str(len({vmid for lost in losses.values() for vmid in lost})),
            "lines": "\n".join(f"- {inert(node)}: {names(lost)}" for node, lost in losses.items()),
        }
        self._raise(_LOST_WITH_NODE, page=_PAGE_OF_SURVIVAL, placeholders=placeholders)


def agent_issue(node: str) -> str:
    """Return the name of the issue about a node's log agent."""
    return f"{_AGENT}{_digest(node)}"


def job_states_issue(node: str) -> str:
    """Return the name of the issue about what a node's log agent may not read."""
    return f"{_JOB_STATES}{_digest(node)}"


def _shown(name: str, value: str) -> str:
    """Return what fills a blank, so that nothing in it acts: names, comments and errors come from elsewhere."""
    if name in _OURS:
        return value
    return code(value) if name in _IN_CODE else inert(value)


def _digest(subject: str) -> str:
    """Return what tells issues of a kind apart: their ids are in every file with diagnostics, where names may not be."""
    return hashlib.sha256(subject.encode()).hexdigest()[:12]
