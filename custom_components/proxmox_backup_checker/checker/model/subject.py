"""What a verdict, an alert or a device is about."""

from dataclasses import dataclass
import re
from typing import Final, Literal, Self, cast, get_args, override

type SubjectKind = Literal[
    "cluster",
    "guest",
    "job",
    "node",
    "storage",
    "server",
    "datastore",
    "pbsjob",
    "group",
    "remote",
    "replication",
    "offsite",
    "syncjob",
]

_KINDS: Final[frozenset[str]] = frozenset(get_args(SubjectKind.__value__))
_ALONE: Final = frozenset({"cluster", "server"})
_OFFSITE: Final = re.compile(r"guest_(\d+)_offsite", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Subject:
    """Something with a verdict, an alert or a device of its own; `id` tells it from others of its kind.

    The id of a guest is its VMID, that of a job its job id, that of a node its name, and that of a storage its name or,
    where each node has its own, node/name. Of a backup server, the id of a datastore is its name, that of a job its kind and
    its own id, as sync_nightly, and that of a group datastore, namespace and group, as ds1:home:host/nas. That of a remote is its
    name. That of a guest's copies elsewhere is its VMID too, and that of the sync job which is to
    bring them its server's name and its own id, as pbs:nightly. Cluster and server have none. In text, as in unique ids, tags and the stored history, a subject is its `key`, such as guest_101 or cluster.
    """

    kind: SubjectKind
    id: str = ""

    @classmethod
    def guest(cls, vmid: int) -> Self:
        """Return the subject that a guest is."""
        return cls("guest", str(vmid))

    @classmethod
    def job(cls, job_id: str) -> Self:
        """Return the subject that a job is."""
        return cls("job", job_id)

    @classmethod
    def node(cls, name: str) -> Self:
        """Return the subject that a node is."""
        return cls("node", name)

    @classmethod
    def storage(cls, key: str) -> Self:
        """Return the subject that a storage is."""
        return cls("storage", key)

    @classmethod
    def datastore(cls, store: str) -> Self:
        """Return the subject that a datastore of a backup server is."""
        return cls("datastore", store)

    @classmethod
    def server_job(cls, kind: str, job_id: str) -> Self:
        """Return the subject that a job of a backup server is: sync, verify, prune, or gc, whose id is the datastore."""
        return cls("pbsjob", f"{kind}_{job_id}")

    @classmethod
    def group(cls, store: str, ns: str, group: str) -> Self:
        """Return the subject that a backup group is, such as host/nas."""
        return cls("group", f"{store}:{ns}:{group}")

    @classmethod
    def remote(cls, name: str) -> Self:
        """Return the subject that another backup server is by which a server's sync jobs know it."""
        return cls("remote", name)

    @classmethod
    def replication(cls, job_id: str) -> Self:
        """Return the subject that a replication job is, such as 101-0."""
        return cls("replication", job_id)

    @classmethod
    def offsite(cls, vmid: int) -> Self:
        """Return the subject that a guest's copies elsewhere are."""
        return cls("offsite", str(vmid))

    @classmethod
    def sync_job(cls, name: str) -> Self:
        """Return the subject that a sync job is to the cluster whose guests it copies elsewhere, such as pbs:nightly."""
        return cls("syncjob", name)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a key. Raises ValueError where the text is none."""
        if (offsite := _OFFSITE.fullmatch(key)) is not None:
            return cls("offsite", offsite[1])
        kind, _, name = key.partition("_")
        subject = cls(cast(SubjectKind, kind), name)
        is_valid = not name if kind in _ALONE else name.isdecimal() if kind == "guest" else bool(name)
        if kind not in _KINDS or not is_valid or subject.key != key:
            raise ValueError(f"not the key of a subject: {key!r}")
        return subject

    @property
    def key(self) -> str:
        """The subject as a text."""
        if self.kind == "offsite":
            return f"guest_{self.id}_offsite"
        return f"{self.kind}_{self.id}" if self.id else self.kind

    @property
    def vmid(self) -> int | None:
        """The VMID of a guest, or of the one whose copies elsewhere it is about; None of anything else."""
        return int(self.id) if self.kind in {"guest", "offsite"} else None

    @override
    def __str__(self) -> str:
        """Return the key."""
        return self.key


CLUSTER: Final = Subject("cluster")
SERVER: Final = Subject("server")
