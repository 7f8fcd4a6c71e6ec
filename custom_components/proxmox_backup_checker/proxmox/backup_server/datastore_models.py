"""Datastores, their use of space, and the servers to or from which they are copied, as the API answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from ..api.backup_models import BACKUP_SERVER_PORT
from ..api.fields import Fields, Rows
from ..api.text import one_line, whole_characters
from ..retention import KeepOptions
from .namespace import components
from .row_values import fingerprint_in, keep_of, property_string

# A month in half hours, and some more.
_LONGEST_USE: Final = 4_000
# Nobody can foretell more than ten years.
_FARTHEST: Final = 3_650 * 86_400


class MountStatus(StrEnum):
    """Whether the disk of a datastore is there; before 3.3 there were only `nonremovable` ones.

    `unknown` is a word that a later version may have.
    """

    MOUNTED = "mounted"
    NOT_MOUNTED = "notmounted"
    NONREMOVABLE = "nonremovable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A maintenance mode: offline, read-only, delete, unmount or s3-refresh, and what the administrator says of it."""

    kind: str
    message: str | None = None

    @classmethod
    def parse(cls, text: str) -> Maintenance | None:
        """Read `offline` or `type=read-only,message=disk swap`; None for an empty text."""
        properties = property_string(text, "type")
        kind = one_line(properties.get("type", ""))
        # The message is percent-encoded, for commas and line ends are of no use in a configuration file.
        message = one_line(whole_characters(unquote(properties.get("message", ""))))
        return cls(kind, message or None) if kind else None

    @property
    def allows_reading(self) -> bool:
        """Whether the datastore can be read."""
        return self.kind == "read-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class Datastore:
    """A datastore of `/admin/datastore`; `backend` is filesystem or s3, None where the server is too old to say."""

    store: str
    comment: str | None
    mount_status: MountStatus
    maintenance: Maintenance | None
    backend: str | None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Datastore, ...]:
        """Parse `/admin/datastore`, ordered by name."""
        stores = (cls._from_row(row) for row in Fields.rows(data, "/admin/datastore"))
        return tuple(sorted(stores, key=lambda store: store.store))

    @classmethod
    def _from_row(cls, row: Fields) -> Datastore:
        return cls(
            store=row.identifier("store"),
            comment=row.one_line("comment") or None,
            mount_status=_mount_status(row),
            maintenance=Maintenance.parse(row.optional_text("maintenance") or ""),
            backend=row.one_line("backend-type") or None,
        )

    @classmethod
    def named(cls, store: str) -> Datastore:
        """Return a datastore of which no more than its name is known."""
        return cls(store=store, comment=None, mount_status=MountStatus.UNKNOWN, maintenance=None, backend=None)

    @property
    def readable(self) -> bool:
        """Whether its content can be asked for."""
        return self.mount_status is not MountStatus.NOT_MOUNTED and (
            self.maintenance is None or self.maintenance.allows_reading
        )


def _mount_status(row: Fields) -> MountStatus:
    text = row.optional_text("mount-status")
    if text is None:
        return MountStatus.NONREMOVABLE
    try:
        return MountStatus(text)
    except ValueError:
        return MountStatus.UNKNOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreConfig:
    """The configuration of a datastore; `keep` and `prune_schedule` are those of versions before prune jobs."""

    store: str
    path: str | None
    verify_new: bool
    maintenance: Maintenance | None
    backing_device: str | None
    backend: str | None
    comment: str | None
    keep: KeepOptions
    prune_schedule: str | None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[DatastoreConfig, ...]:
        """Parse `/config/datastore`, ordered by name."""
        stores = (cls._from_row(row) for row in Fields.rows(data, "/config/datastore"))
        return tuple(sorted(stores, key=lambda store: store.store))

    @classmethod
    def _from_row(cls, row: Fields) -> DatastoreConfig:
        backend = property_string(row.optional_text("backend") or "", "type")
        return cls(
            store=row.identifier("name"),
            path=row.one_line("path"),
            verify_new=row.flag("verify-new"),
            maintenance=Maintenance.parse(row.optional_text("maintenance-mode") or ""),
            backing_device=row.one_line("backing-device") or None,
            backend=one_line(backend.get("type", "")) or None,
            comment=row.one_line("comment") or None,
            keep=keep_of(row),
            prune_schedule=row.one_line("prune-schedule") or None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """The space of a datastore in bytes; of an S3 one it is the disk of the local cache.

    Zeros are what a token sees that has rights in namespaces only, and become None.
    """

    total: int | None
    used: int | None
    available: int | None

    @classmethod
    def from_row(cls, row: Fields) -> Usage:
        """Parse the figures of a row."""
        total = row.optional_integer("total") or None
        return cls(
            total=total,
            used=row.optional_integer("used") if total else None,
            available=row.optional_integer("avail") if total else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreStatus:
    """One datastore's use of space, `/admin/datastore/{store}/status`."""

    store: str
    usage: Usage
    backend: str | None

    @classmethod
    def from_api(cls, data: object, store: str) -> DatastoreStatus:
        """Parse the answer."""
        row = Fields.of(data, f"/admin/datastore/{store}/status")
        return cls(store=store, usage=Usage.from_row(row), backend=row.one_line("backend-type") or None)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageHistory:
    """The use of a datastore over a month, as shares of the whole; None where the server was off."""

    start: int
    delta: int
    shares: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreUsage:
    """A row of `/status/datastore-usage`.

    `error` is why a datastore cannot be read; one that is not mounted has neither error nor figures. `estimated_full_date`, in
    epoch seconds, is 0 or in the past where the datastore does not grow, and None where the server cannot say.
    """

    store: str
    usage: Usage
    mount_status: MountStatus
    backend: str | None
    error: str | None
    estimated_full_date: int | None
    history: UsageHistory | None

    @classmethod
    def list_from_api(cls, data: object) -> Rows[DatastoreUsage]:
        """Parse the answer, ordered by name."""
        found = Fields.each(data, "/status/datastore-usage", cls._from_row)
        return Rows(tuple(sorted(found.items, key=lambda row: row.store)), found.odd)

    @classmethod
    def _from_row(cls, row: Fields) -> DatastoreUsage:
        return cls(
            store=row.identifier("store"),
            usage=Usage.from_row(row),
            mount_status=_mount_status(row),
            backend=row.one_line("backend-type") or None,
            error=row.one_line("error") or None,
            estimated_full_date=row.optional_integer("estimated-full-date"),
            history=_history(row),
        )

    def full_on(self, now: int) -> int | None:
        """Return when the datastore will be full by the server's own reckoning, None where it hardly grows."""
        date = self.estimated_full_date
        return date if date is not None and now < date <= now + _FARTHEST else None


def _history(row: Fields) -> UsageHistory | None:
    values = row.values.get("history")
    start, delta = row.optional_epoch("history-start"), row.optional_integer("history-delta")
    if values is None or start is None or not delta:
        return None
    if not isinstance(values, list):
        raise row.wrong("history", "a list")
    shares = tuple(
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        for value in values[:_LONGEST_USE]
    )
    return UsageHistory(start=start, delta=delta, shares=shares)


def namespaces_from_api(data: object, store: str) -> tuple[str, ...]:
    """Parse `/admin/datastore/{store}/namespace`, ordered; the root is the empty text."""
    found: set[str] = set()
    for row in Fields.rows(data, f"/admin/datastore/{store}/namespace"):
        name = row.text("ns")
        try:
            components(name)
        except ValueError:
            raise row.wrong("ns", "a namespace") from None
        found.add(name)
    return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """Another backup server that this one pulls from or pushes to."""

    name: str
    host: str
    port: int
    auth_id: str | None
    fingerprint: str | None
    comment: str | None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Remote, ...]:
        """Parse `/config/remote`, ordered by name."""
        remotes = (
            cls(
                name=row.identifier("name"),
                host=row.identifier("host"),
                port=row.optional_integer("port") or BACKUP_SERVER_PORT,
                auth_id=row.one_line("auth-id"),
                fingerprint=fingerprint_in(row, "fingerprint"),
                comment=row.one_line("comment") or None,
            )
            for row in Fields.rows(data, "/config/remote")
        )
        return tuple(sorted(remotes, key=lambda remote: remote.name))
