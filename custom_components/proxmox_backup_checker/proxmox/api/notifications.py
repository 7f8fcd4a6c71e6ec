"""Proxmox's notifications as a webhook: the lines that set it up, and what it sends.

Checked against PVE/API2/Cluster/Notifications.pm and proxmox-notify, endpoints/webhook.rs: body and secrets are given in base64,
names are those of one section file, so that target and matcher need different ones, of at most 32 characters.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
import json
import re
from typing import Final

from .backup_models import BackupJob

_TARGETS: Final = "/cluster/notifications/endpoints/webhook"
_MATCHERS: Final = "/cluster/notifications/matchers"
_SECRET: Final = "webhook"
# Neither title nor text: no name leaves Proxmox but those of node and job.
BODY: Final = '{"severity": {{ json severity }}, "timestamp": {{ json timestamp }}, "fields": {{ json fields }}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookTarget:
    """A webhook as one of Proxmox's notification targets; `origin` is where its receiver listens, as in `http://10.0.0.5:8123`.

    The last part of the path is a secret, which Proxmox keeps from its API and its logs.
    """

    name: str
    origin: str
    path: str
    secret: str

    @property
    def creation(self) -> tuple[str, ...]:
        """The lines that create the target and the matcher that sends it what is about backups."""
        return (
            f"pvesh create {_TARGETS} --name {self.name} --method post"
            f" --url '{self.origin}{self.path}/{{{{ secrets.{_SECRET} }}}}' --secret {self._secret}"
            f" --header name=Content-Type,value={_base64('application/json')} --body {_base64(BODY)}",
            f"pvesh create {_MATCHERS} --name {self._matcher} --target {self.name} --match-field exact:type=vzdump",
        )

    @property
    def test(self) -> str:
        """The line that sends a message at once."""
        return f"pvesh create /cluster/notifications/targets/{self.name}/test"

    @property
    def renewal(self) -> str:
        """The line that tells an existing target a new secret."""
        return f"pvesh set {_TARGETS}/{self.name} --secret {self._secret}"

    @property
    def removal(self) -> tuple[str, ...]:
        """The lines that remove both: the matcher first, since what is in use cannot be removed."""
        return f"pvesh delete {_MATCHERS}/{self._matcher}", f"pvesh delete {_TARGETS}/{self.name}"

    @property
    def _matcher(self) -> str:
        return f"{self.name}-backups"

    @property
    def _secret(self) -> str:
        return f"name={_SECRET},value={_base64(self.secret)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationMessage:
    """What Proxmox has sent: about which run of which job on which node; a test message says none of it."""

    node: str | None
    job_id: str | None

    @classmethod
    def parse(cls, body: bytes) -> NotificationMessage:
        """Parse a body that was made of `BODY`; raises ValueError for any other."""
        try:
            data = json.loads(body)
        except RecursionError as error:
            raise ValueError("too deep") from error
        fields = data.get("fields") if isinstance(data, dict) else None
        if not isinstance(fields, dict):
            raise ValueError("no fields")  # noqa: TRY004 one error for all that is no message
        return cls(node=_name(fields.get("hostname")), job_id=_name(fields.get("job-id")))


def undelivered(log: str, target: str) -> str | None:
    """Return why Proxmox could not deliver a run's message to a target, by the run's log; None where it says nothing of that."""
    found = re.search(rf"could not notify via target `{re.escape(target)}`: (.+)", log)
    return found[1].strip() if found else None


def unheard_jobs(jobs: Iterable[BackupJob]) -> list[BackupJob]:
    """Return the jobs whose runs Proxmox tells by mail alone, past all targets (PVE/VZDump.pm, send_notification)."""
    return [job for job in jobs if _is_unheard(job)]


def _is_unheard(job: BackupJob) -> bool:
    mode = job.options.get("notification-mode") or "auto"
    return mode == "legacy-sendmail" or (mode == "auto" and bool(job.options.get("mailto")))


def _name(value: object) -> str | None:
    return value[:100] if isinstance(value, str) and value.isprintable() and value else None


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
