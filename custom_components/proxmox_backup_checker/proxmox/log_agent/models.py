"""What the log agent answers, as frozen dataclasses: JSON ends here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import re
from typing import Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

from yarl import URL

from ..api.errors import UnexpectedAnswerError
from ..api.fields import LAST_EPOCH, Fields
from ..api.tls import normalise_fingerprint

DEFAULT_PORT: Final = 8765
# A file may well be of the year 1901, but of no year that no calendar has.
_FIRST_EPOCH: Final = -(10**10)

type FolderState = Literal["readable", "missing", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PairingCode:
    """Where an agent is and how it knows us and we know it; without a fingerprint the system judges its certificate."""

    url: str
    token: str
    fingerprint: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line that `proxmox-backup-log-agent pair` prints: `https://HOST:PORT/#token=…&fingerprint=…`.

        Raises ValueError where it is no such line.
        """
        url, _, fragment = text.strip().partition("#")
        values = parse_qs(fragment)
        if "token" not in values:
            raise ValueError("The line holds no token")
        return cls.from_parts(url, values["token"][0], values.get("fingerprint", [None])[0])

    @classmethod
    def from_parts(cls, url: str, token: str, fingerprint: str | None = None) -> Self:
        """Check and normalise what was entered one by one.

        Raises ValueError.
        """
        token = token.strip()
        if re.fullmatch(r"[\x21-\x7e]{16,512}", token) is None:
            raise ValueError("The token is incomplete or has characters that no token has")
        pin = normalise_fingerprint(fingerprint) if fingerprint and fingerprint.strip() else None
        return cls(url=_normalise_url(url), token=token, fingerprint=pin)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentStatus:
    """Who the agent is; `time_zone` is an IANA name, the states say whether it can see logs and job states."""

    version: str
    api: int
    node: str
    time: datetime
    time_zone: str
    boot_time: datetime
    logs: FolderState
    jobs: FolderState


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStateFile:
    """The state file of a backup job: what the scheduler of a node last noted about it (PVE::Jobs).

    `state` is created, starting, started or stopped. `error` says why the state file cannot be read, which keeps
    Proxmox from running the job too; then everything that the file would say is None.
    """

    job_id: str
    state: str | None
    upid: str | None
    message: str | None
    time: datetime | None
    updated: datetime | None
    enabled: bool | None
    schedule: str | None
    error: str | None
    modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A per-guest vzdump log; `size` in bytes."""

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What changed since a cursor; where `complete`, the lists are all there is and nothing else exists any more."""

    cursor: str
    complete: bool
    logs: tuple[LogFile, ...]
    jobs: tuple[JobStateFile, ...]
    removed_logs: tuple[str, ...]
    removed_jobs: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether there is news."""
        return self.complete or bool(self.logs or self.jobs or self.removed_logs or self.removed_jobs)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogContent:
    """A log or its end: `content` starts at byte `offset` of the `size` that the log had; `etag` names this state."""

    content: bytes
    offset: int
    size: int
    etag: str | None

    @property
    def text(self) -> str:
        """Return the content as text; what is no UTF-8 becomes U+FFFD."""
        return self.content.decode("utf-8", "replace")


def _normalise_url(text: str) -> str:
    """Return `https://host:port`.

    Raises ValueError.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme != "https":
        raise ValueError("The agent's address begins with https://")
    if not parts.hostname or re.search(r"[\s%@]", parts.netloc) or parts.path not in ("", "/") or parts.query:
        raise ValueError("The agent's address has the form https://HOST:PORT")
    port = DEFAULT_PORT if parts.port is None else parts.port
    if port == 0:
        raise ValueError("The agent's port is a number from 1 to 65535")
    host = URL.build(scheme="https", host=parts.hostname).raw_host or ""
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def status_of(fields: Fields) -> AgentStatus:
    """Parse `/v1/status`."""
    return AgentStatus(
        version=fields.identifier("version"),
        api=fields.integer("api"),
        node=fields.identifier("node"),
        time=_moment(fields, "time"),
        time_zone=fields.identifier("time_zone"),
        boot_time=_moment(fields, "boot_time"),
        logs=_folder_state(fields, "logs"),
        jobs=_folder_state(fields, "jobs"),
    )


def jobs_of(fields: Fields) -> tuple[JobStateFile, ...]:
    """Parse `/v1/jobs`."""
    return tuple(_job(row) for row in Fields.rows(fields.values.get("jobs"), f"{fields.source} jobs"))


def unreadable_jobs_of(fields: Fields) -> Mapping[str, str]:
    """Parse what `/v1/jobs` says of states that the agent may not read, by job; agents of 0.1.0 say nothing of them."""
    rows = Fields.rows(fields.values.get("unreadable_jobs") or [], f"{fields.source} unreadable_jobs")
    return {row.identifier("id"): row.optional_text("error") or "" for row in rows}


def _job(row: Fields) -> JobStateFile:
    message = row.optional_text("message")
    return JobStateFile(
        job_id=row.identifier("id"),
        state=row.optional_text("state"),
        upid=row.optional_text("upid"),
        message=message.strip() if message is not None else None,
        time=_optional_moment(row, "time"),
        updated=_optional_moment(row, "updated"),
        enabled=row.flag("enabled") if row.values.get("enabled") is not None else None,
        schedule=row.optional_text("schedule"),
        error=row.optional_text("error"),
        modified=_moment(row, "modified"),
    )


def logs_of(fields: Fields) -> tuple[LogFile, ...]:
    """Parse `/v1/logs`."""
    return tuple(
        LogFile(name=row.identifier("name"), size=row.integer("size"), modified=_moment(row, "modified"))
        for row in Fields.rows(fields.values.get("logs"), f"{fields.source} logs")
    )


def changes_of(fields: Fields) -> Changes:
    """Parse `/v1/changes`."""
    return Changes(
        cursor=fields.text("cursor"),
        complete=fields.flag("complete"),
        logs=logs_of(fields),
        jobs=jobs_of(fields),
        removed_logs=_texts(fields, "removed_logs"),
        removed_jobs=_texts(fields, "removed_jobs"),
    )


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    values = fields.values.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise fields.wrong(key, "a list of texts")
    return tuple(values)


def _moment(fields: Fields, key: str) -> datetime:
    moment = _optional_moment(fields, key)
    if moment is None:
        raise fields.wrong(key, "seconds since the epoch")
    return moment


def _optional_moment(fields: Fields, key: str) -> datetime | None:
    """Return seconds since the epoch as a moment in UTC."""
    value = fields.values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _FIRST_EPOCH <= value < LAST_EPOCH:
        raise fields.wrong(key, "seconds since the epoch")
    return datetime.fromtimestamp(value, UTC)


def _folder_state(fields: Fields, key: str) -> FolderState:
    match fields.text(key):
        case "readable" | "missing" | "unreadable" as state:
            return state
        case other:
            raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is {other!r}")
