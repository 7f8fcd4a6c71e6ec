"""Jobs of a backup server as its API answers: what they are to do, and what became of their last runs."""

from dataclasses import dataclass
from enum import StrEnum

from ..api.fields import Fields, Rows
from ..retention import KeepOptions
from .group_filter import GroupFilter
from .namespace import ROOT, components
from .row_values import keep_of, upid_in
from .task_state import TaskState
from .upid import Upid


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStatus:
    """The clock of a job; times in epoch seconds.

    `next_run` in the past is the server's own word for "due, and not started"; it is None without a schedule or while the job is
    disabled. `last_run_state` is None while the job runs, and of one that never ran there is nothing at all.
    """

    next_run: int | None
    last_run_upid: Upid | None
    last_run_state: TaskState | None
    last_run_endtime: int | None

    @classmethod
    def from_row(cls, row: Fields) -> JobStatus:
        """Parse the status fields of a job's row."""
        state = row.one_line("last-run-state")
        return cls(
            next_run=row.optional_epoch("next-run"),
            last_run_upid=upid_in(row, "last-run-upid"),
            last_run_state=None if state is None else TaskState.shown(state),
            last_run_endtime=row.optional_epoch("last-run-endtime"),
        )

    @property
    def running(self) -> bool:
        """Whether its last run has not ended."""
        return self.last_run_upid is not None and self.last_run_state is None


class SyncDirection(StrEnum):
    """Which way a sync job copies: from the other datastore, or to it."""

    PULL = "pull"
    PUSH = "push"


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncJob:
    """A sync job; `store` and `ns` are always the local side, and of a push they are the source.

    `remote` is None where the other datastore is on the same server. `max_depth` is None where all levels below are meant.
    """

    job_id: str
    store: str
    ns: str
    remote: str | None
    remote_store: str
    remote_ns: str
    direction: SyncDirection
    owner: str | None
    schedule: str | None
    comment: str | None
    max_depth: int | None
    remove_vanished: bool
    group_filters: tuple[GroupFilter, ...]
    encrypted_only: bool
    verified_only: bool
    status: JobStatus

    @classmethod
    def list_from_api(cls, data: object) -> Rows[SyncJob]:
        """Parse `/admin/sync`, ordered by id."""
        return _by_id(Fields.each(data, "/admin/sync", cls._from_row))

    @classmethod
    def _from_row(cls, row: Fields) -> SyncJob:
        direction = row.optional_text("sync-direction") or SyncDirection.PULL
        if direction not in set(SyncDirection):
            raise row.wrong("sync-direction", "pull or push")
        return cls(
            job_id=row.identifier("id"),
            store=row.identifier("store"),
            ns=_namespace(row, "ns"),
            remote=row.one_line("remote") or None,
            remote_store=row.identifier("remote-store"),
            remote_ns=_namespace(row, "remote-ns"),
            direction=SyncDirection(direction),
            owner=row.one_line("owner") or None,
            schedule=row.one_line("schedule") or None,
            comment=row.one_line("comment") or None,
            max_depth=row.optional_integer("max-depth"),
            remove_vanished=row.flag("remove-vanished"),
            group_filters=_group_filters(row),
            encrypted_only=row.flag("encrypted-only"),
            verified_only=row.flag("verified-only"),
            status=JobStatus.from_row(row),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneJob:
    """A prune job; without any rule in `keep` it removes nothing."""

    job_id: str
    store: str
    ns: str
    max_depth: int | None
    schedule: str | None
    disabled: bool
    comment: str | None
    keep: KeepOptions
    status: JobStatus

    @classmethod
    def list_from_api(cls, data: object) -> Rows[PruneJob]:
        """Parse `/admin/prune`, ordered by id."""
        return _by_id(Fields.each(data, "/admin/prune", cls._from_row))

    @classmethod
    def _from_row(cls, row: Fields) -> PruneJob:
        return cls(
            job_id=row.identifier("id"),
            store=row.identifier("store"),
            ns=_namespace(row, "ns"),
            max_depth=row.optional_integer("max-depth"),
            schedule=row.one_line("schedule") or None,
            disabled=row.flag("disable"),
            comment=row.one_line("comment") or None,
            keep=keep_of(row),
            status=JobStatus.from_row(row),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyJob:
    """A verify job; without `outdated_after`, in days, and with `ignore_verified` it checks a snapshot once in its life."""

    job_id: str
    store: str
    ns: str
    max_depth: int | None
    schedule: str | None
    comment: str | None
    ignore_verified: bool
    outdated_after: int | None
    status: JobStatus

    @classmethod
    def list_from_api(cls, data: object) -> Rows[VerifyJob]:
        """Parse `/admin/verify`, ordered by id."""
        return _by_id(Fields.each(data, "/admin/verify", cls._from_row))

    @classmethod
    def _from_row(cls, row: Fields) -> VerifyJob:
        return cls(
            job_id=row.identifier("id"),
            store=row.identifier("store"),
            ns=_namespace(row, "ns"),
            max_depth=row.optional_integer("max-depth"),
            schedule=row.one_line("schedule") or None,
            comment=row.one_line("comment") or None,
            ignore_verified=row.flag("ignore-verified", default=True),
            outdated_after=row.optional_integer("outdated-after"),
            status=JobStatus.from_row(row),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GarbageCollection:
    """The garbage collection of a datastore; sizes in bytes.

    The figures and `good_upid` are those of the last run that succeeded, while `status` is that of the latest: after a failure they
    disagree. Where none ever succeeded `good_upid` is None, and then the status of failed runs is missing too. A server's own
    `duration` mixes the two and is left out; `next_run` is then counted from now and never in the past.
    """

    store: str
    schedule: str | None
    good_upid: Upid | None
    index_data_bytes: int
    disk_bytes: int
    pending_bytes: int
    still_bad: int
    status: JobStatus

    @classmethod
    def list_from_api(cls, data: object) -> Rows[GarbageCollection]:
        """Parse `/admin/gc`, ordered by datastore."""
        found = Fields.each(data, "/admin/gc", lambda row: cls.from_row(row, row.identifier("store")))
        return Rows(tuple(sorted(found.items, key=lambda row: row.store)), found.odd)

    @classmethod
    def from_api(cls, data: object, store: str) -> GarbageCollection:
        """Parse `/admin/datastore/{store}/gc`, which up to 3.1 knows nothing of schedules."""
        return cls.from_row(Fields.of(data, f"/admin/datastore/{store}/gc"), store)

    @classmethod
    def from_row(cls, row: Fields, store: str) -> GarbageCollection:
        """Parse one row."""
        status = JobStatus.from_row(row)
        return cls(
            store=store,
            schedule=row.one_line("schedule") or None,
            good_upid=upid_in(row, "upid"),
            index_data_bytes=row.optional_integer("index-data-bytes") or 0,
            disk_bytes=row.optional_integer("disk-bytes") or 0,
            pending_bytes=row.optional_integer("pending-bytes") or 0,
            still_bad=row.optional_integer("still-bad") or 0,
            status=status,
        )

    @property
    def deduplication_factor(self) -> float | None:
        """How many times the data would be larger without deduplication."""
        return self.index_data_bytes / self.disk_bytes if self.disk_bytes > 0 else None


def _by_id[Job: SyncJob | PruneJob | VerifyJob](found: Rows[Job]) -> Rows[Job]:
    return Rows(tuple(sorted(found.items, key=lambda job: job.job_id)), found.odd)


def _namespace(row: Fields, key: str) -> str:
    text = row.optional_text(key) or ROOT
    try:
        components(text)
    except ValueError:
        raise row.wrong(key, "a namespace") from None
    return text


def _group_filters(row: Fields) -> tuple[GroupFilter, ...]:
    listed = row.values.get("group-filter") or []
    if not isinstance(listed, list) or not all(isinstance(entry, str) for entry in listed):
        raise row.wrong("group-filter", "a list of texts")
    try:
        return tuple(GroupFilter.parse(str(entry)) for entry in listed)
    except ValueError:
        raise row.wrong("group-filter", "filters of groups") from None
