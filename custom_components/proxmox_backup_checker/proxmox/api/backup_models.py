"""Backup jobs, storages and archives as the Proxmox API answers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Final

from .config_models import normalised
from .errors import UnexpectedAnswerError
from .fields import Fields, Rows
from .tls import normalise_fingerprint

# PVE/Storage.pm, archive_info: only such a name tells guest and time; prune leaves every other alone. A backup server has no
# other names.
_STANDARD_NAME: Final = re.compile(
    r"[^:]*:(?:backup/(?:vm|ct)/.*|(?:[^:]*/)?"
    r"vzdump-(?:lxc|openvz|qemu)-[1-9][0-9]{2,8}-[0-9]{4}_[0-9]{2}_[0-9]{2}-[0-9]{2}_[0-9]{2}_[0-9]{2}\.[a-z0-9.]+)"
)


BACKUP_SERVER_PORT: Final = 8007
# PVE/Storage/Plugin.pm, @SHARED_STORAGE, of all versions.
_ALWAYS_SHARED: Final = frozenset(
    {"iscsi", "nfs", "cifs", "rbd", "cephfs", "iscsidirect", "zfs", "drbd", "pbs", "glusterfs"}
)
_PORT: Final = re.compile(r":[0-9]+$")
_HOSTS: Final = ("server", "server2", "portal", "monhost")
NO_STORAGE: Final = ""
"""In place of a storage's name: a folder that is none, so that nobody can see what lies there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupJob:
    """A backup job, from jobs.cfg or the legacy vzdump.cron.

    Exactly one of `pool`, `vmids` and `all_guests` selects the guests, in this order of precedence
    (PVE/VZDump/Common.pm, get_included_guests). `storage` is None for a job that leaves it to the node, and NO_STORAGE for one
    that writes to a folder of its own, which only root can choose (`dumpdir`). `next_run` in epoch seconds; Proxmox computes it for disabled jobs too.
    `options` are the vzdump options as Proxmox delivers them, for comparison with the command of a run.
    """

    job_id: str
    enabled: bool
    schedule: str | None
    storage: str | None
    node: str | None = None
    pool: str | None = None
    vmids: tuple[int, ...] = ()
    all_guests: bool = False
    exclude: tuple[int, ...] = ()
    mode: str | None = None
    comment: str | None = None
    repeat_missed: bool = False
    next_run: int | None = None
    legacy: bool = False
    starttime: str | None = None
    day_of_week: str | None = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def list_from_api(cls, data: object) -> tuple[BackupJob, ...]:
        """Parse `/cluster/backup`, ordered by id."""
        jobs = (cls.from_row(row) for row in Fields.rows(data, "/cluster/backup"))
        return tuple(sorted(jobs, key=lambda job: job.job_id))

    @classmethod
    def from_row(cls, row: Fields) -> BackupJob:
        """Parse one job of `/cluster/backup`."""
        return cls(
            job_id=row.identifier("id"),
            # Jobs of jobs.cfg always carry the flag; legacy ones write "" for a disabled job.
            enabled=row.flag("enabled", default=True),
            schedule=row.optional_text("schedule") or None,
            storage=row.one_line("storage") or (NO_STORAGE if row.one_line("dumpdir") else None),
            node=row.one_line("node") or None,
            pool=row.one_line("pool") or None,
            vmids=row.vmids("vmid"),
            all_guests=row.flag("all"),
            exclude=row.vmids("exclude"),
            mode=row.optional_text("mode"),
            comment=(row.optional_text("comment") or "").strip() or None,
            repeat_missed=row.flag("repeat-missed"),
            next_run=row.optional_epoch("next-run"),
            legacy=row.optional_text("type") is None,
            starttime=row.optional_text("starttime"),
            day_of_week=row.optional_text("dow"),
            options=_options(row),
        )


def _options(row: Fields) -> Mapping[str, object]:
    """Return all options of a job; none is more than a value, or a list or an object of values."""
    for key, value in row.values.items():
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if any(isinstance(part, dict | list) for part in parts):
            raise row.wrong(key, "an option of vzdump")
    return dict(row.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobList:
    """All backup jobs; `odd` tells, by id, what was wrong with those that could not be understood and are left out."""

    jobs: tuple[BackupJob, ...]
    odd: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, data: object) -> JobList:
        """Parse `/cluster/backup`, row by row; raises where there are jobs and not a single one can be understood."""
        source = "/cluster/backup"
        if not isinstance(data, list):
            raise UnexpectedAnswerError(f"{source}: expected a list, got {type(data).__name__}")
        jobs: list[BackupJob] = []
        odd: dict[str, str] = {}
        for number, row in enumerate(data):
            try:
                jobs.append(BackupJob.from_row(Fields.of(row, source)))
            except UnexpectedAnswerError as error:
                name = row.get("id") if isinstance(row, dict) else None
                odd[name if isinstance(name, str) else f"row {number}"] = str(error)
        if odd and not jobs:
            raise UnexpectedAnswerError(next(iter(odd.values())))
        return cls(jobs=tuple(sorted(jobs, key=lambda job: job.job_id)), odd=odd)


@dataclass(frozen=True, kw_only=True, slots=True)
class IncludedVolume:
    """A disk or mount point of a guest and whether a job includes it; `key` as scsi0 or mp1."""

    key: str
    volume: str
    included: bool
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IncludedGuest:
    """A guest of a job with its volumes; `guest_type` is `unknown` where the guest no longer exists."""

    vmid: int
    guest_type: str
    name: str | None
    volumes: tuple[IncludedVolume, ...]

    @classmethod
    def list_from_api(cls, data: object) -> tuple[IncludedGuest, ...]:
        """Parse `/cluster/backup/{id}/included_volumes`."""
        source = "/cluster/backup/{id}/included_volumes"
        tree = Fields.of(data, source)
        guests = (
            cls(
                vmid=row.vmid("id"),
                guest_type=row.text("type"),
                name=row.one_line("name"),
                volumes=tuple(
                    IncludedVolume(
                        key=volume.text("id").split(":", 1)[-1],
                        volume=volume.optional_text("name") or "",
                        included=volume.flag("included"),
                        reason=volume.optional_text("reason"),
                    )
                    # A guest that is gone has no list of volumes at all.
                    for volume in Fields.rows(row.values.get("children", []), source)
                ),
            )
            for row in Fields.rows(tree.values.get("children"), source)
        )
        return tuple(sorted(guests, key=lambda guest: guest.vmid))


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageStatus:
    """A storage as one node sees it now; sizes in bytes, None where it is not active."""

    storage: str
    plugin_type: str
    content: tuple[str, ...]
    enabled: bool
    active: bool
    shared: bool
    total: int | None
    used: int | None
    available: int | None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[StorageStatus, ...]:
        """Parse `/nodes/{node}/storage`; an unreachable storage answers with zeros."""
        storages = (cls._from_row(row) for row in Fields.rows(data, "/nodes/{node}/storage"))
        return tuple(sorted(storages, key=lambda storage: storage.storage))

    @classmethod
    def _from_row(cls, row: Fields) -> StorageStatus:
        total = row.optional_integer("total") or None
        return cls(
            storage=row.identifier("storage"),
            plugin_type=row.text("type"),
            content=row.words("content"),
            enabled=row.flag("enabled", default=True),
            active=row.flag("active"),
            shared=row.flag("shared"),
            total=total,
            used=row.optional_integer("used") if total else None,
            available=row.optional_integer("avail") if total else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupServerPlace:
    """The datastore and namespace on a backup server that a storage stands for; the root namespace is the empty text.

    `fingerprint` is that of the certificate which the cluster pins, None where its hosts' own authorities judge it. `username` owns
    what the cluster writes there. `instance_id` is that of the server, where Proxmox VE tells it.
    """

    host: str
    port: int
    datastore: str
    namespace: str
    fingerprint: str | None
    username: str | None = None
    instance_id: str | None = None

    @classmethod
    def from_row(cls, row: Fields) -> BackupServerPlace | None:
        """Parse a row of `/storage`; None where it is of another kind, or does not name its server."""
        host, datastore = row.optional_text("server"), row.optional_text("datastore")
        if row.text("type") != "pbs" or not host or not datastore:
            return None
        try:
            fingerprint = normalise_fingerprint(row.optional_text("fingerprint") or "")
        except ValueError:
            fingerprint = None
        return cls(
            host=host,
            port=row.optional_integer("port") or BACKUP_SERVER_PORT,
            datastore=datastore,
            namespace=row.optional_text("namespace") or "",
            fingerprint=fingerprint,
            username=row.one_line("username") or None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageConfig:
    """A storage's configuration; `nodes` is empty where all nodes may use it.

    `shared` tells that what one node writes the others see, and `hosts` who serves it: names or addresses, none where it is
    the nodes themselves or where nothing says so.
    """

    storage: str
    plugin_type: str
    content: tuple[str, ...]
    nodes: tuple[str, ...]
    disabled: bool
    prune_backups: str | None
    backup_server: BackupServerPlace | None = None
    shared: bool = False
    hosts: tuple[str, ...] = ()

    @classmethod
    def list_from_api(cls, data: object) -> tuple[StorageConfig, ...]:
        """Parse `/storage`."""
        storages = (
            cls(
                storage=row.identifier("storage"),
                plugin_type=row.text("type"),
                content=row.words("content"),
                nodes=row.words("nodes"),
                disabled=row.flag("disable"),
                prune_backups=row.optional_text("prune-backups"),
                backup_server=BackupServerPlace.from_row(row),
                shared=row.flag("shared") or row.text("type") in _ALWAYS_SHARED,
                hosts=tuple(_host(word) for name in _HOSTS for word in row.words(name, ";, ")),
            )
            for row in Fields.rows(data, "/storage")
        )
        return tuple(sorted(storages, key=lambda storage: storage.storage))


def _host(text: str) -> str:
    """Return a name or an address, the latter in its one form, without a port."""
    name = text if normalised(text) is not None else _PORT.sub("", text)
    return normalised(name) or name.lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A backup on a storage; `ctime` in epoch seconds, `size` in bytes.

    `renamed` is one with a name of its own. `size` is None where the listing cannot tell it, and `finished` is False for a snapshot of a Proxmox Backup Server that
    has no manifest, which Proxmox shows with a size of 1 (PVE/Storage/PBSPlugin.pm, list_volumes).
    """

    volid: str
    storage: str
    vmid: int | None
    guest_type: str | None
    ctime: int
    size: int | None = None
    finished: bool = True
    protected: bool = False
    renamed: bool = False
    notes: str | None = None
    encrypted: bool = False
    verification: str | None = None

    @classmethod
    def list_from_content(cls, data: object, storage: str) -> Rows[Archive]:
        """Parse `/nodes/{node}/storage/{storage}/content?content=backup`, ordered by age."""
        source = f"/nodes/{{node}}/storage/{storage}/content"
        return _by_age(Fields.each(data, source, lambda row: cls._from_content(row, storage)))

    @classmethod
    def _from_content(cls, row: Fields, storage: str) -> Archive:
        size = row.optional_integer("size")
        unfinished = (row.optional_text("format") or "").startswith("pbs-") and size == 1
        verification = row.values.get("verification")
        return cls(
            volid=row.identifier("volid"),
            storage=storage,
            vmid=row.optional_vmid("vmid"),
            guest_type=row.optional_text("subtype"),
            ctime=row.epoch("ctime"),
            size=None if unfinished else size,
            finished=not unfinished,
            protected=row.flag("protected"),
            renamed=has_own_name(row.identifier("volid")),
            notes=row.optional_text("notes"),
            encrypted=bool(row.optional_text("encrypted")),
            verification=Fields.of(verification, "verification").optional_text("state") if verification else None,
        )

    @classmethod
    def list_from_prune(cls, data: object, storage: str) -> Rows[Archive]:
        """Parse the prune dry run with `keep-all=1`, which lists every archive for a token with audit rights only.

        Ordered by age.
        """
        source = f"/nodes/{{node}}/storage/{storage}/prunebackups"
        return _by_age(Fields.each(data, source, lambda row: cls._from_prune(row, storage)))

    @classmethod
    def _from_prune(cls, row: Fields, storage: str) -> Archive:
        mark = row.optional_text("mark")
        return cls(
            volid=row.identifier("volid"),
            storage=storage,
            vmid=row.optional_vmid("vmid"),
            guest_type=row.optional_text("type"),
            ctime=row.epoch("ctime"),
            protected=mark == "protected",
            renamed=mark == "renamed" or has_own_name(row.identifier("volid")),
        )

    @property
    def partial(self) -> bool:
        """Whether prune takes it for a snapshot without a manifest."""
        return not self.finished


def has_own_name(volid: str) -> bool:
    """Tell whether an archive was renamed, so that prune leaves it: the content call does not say."""
    return _STANDARD_NAME.fullmatch(volid) is None


def _by_age(archives: Rows[Archive]) -> Rows[Archive]:
    items = sorted(archives.items, key=lambda archive: (archive.ctime, archive.volid))
    return Rows(tuple(items), archives.odd)


@dataclass(frozen=True, kw_only=True, slots=True)
class VzdumpDefaults:
    """What vzdump uses on a node where a job does not say; `prune_backups` as a property string."""

    storage: str | None
    prune_backups: str | None
    remove: bool

    @classmethod
    def from_api(cls, data: object) -> VzdumpDefaults:
        """Parse `/nodes/{node}/vzdump/defaults`."""
        fields = Fields.of(data, "/nodes/{node}/vzdump/defaults")
        return cls(
            storage=fields.optional_text("storage"),
            prune_backups=fields.optional_text("prune-backups"),
            remove=fields.flag("remove", default=True),
        )
