"""The rights that a token needs, and how an administrator grants those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .cluster_models import Permissions

ROLE: Final = "BackupMonitor"


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege on a path; without an `essential` one nothing can be judged."""

    path: str
    name: str
    essential: bool = False


# All of them only read (facts of PVE/AccessControl.pm); none allows to start, change or delete a backup.
NEEDED: Final = (
    Privilege("/", "Sys.Audit", essential=True),
    Privilege("/vms", "VM.Audit"),
    Privilege("/storage", "Datastore.Audit"),
    Privilege("/pool", "Pool.Audit"),
)


def missing_privileges(
    permissions: Permissions,
    nodes: Iterable[str] = (),
    hidden_guests: Iterable[int] = (),
    storages: Iterable[str] = (),
) -> tuple[Privilege, ...]:
    """Return the needed privileges that the token does not have, also where the rules of a node, guest or storage take one away.

    `hidden_guests` and `storages` are those of which it is known that they are kept from it.
    """
    missing = [privilege for privilege in NEEDED if not permissions.has(privilege.path, privilege.name)]
    if permissions.has("/", "Sys.Audit"):
        hidden = (f"/nodes/{node}" for node in nodes if not permissions.has(f"/nodes/{node}", "Sys.Audit"))
        missing += [Privilege(path, "Sys.Audit") for path in hidden]
    missing += [Privilege(f"/vms/{vmid}", "VM.Audit") for vmid in sorted(hidden_guests)]
    if permissions.has("/storage", "Datastore.Audit"):
        missing += [Privilege(f"/storage/{storage}", "Datastore.Audit") for storage in sorted(storages)]
    return tuple(missing)


def role_command() -> str:
    """Return the line that makes the role with exactly the needed privileges."""
    return f'pveum role add {ROLE} --privs "{" ".join(privilege.name for privilege in NEEDED)}"'


def grant_command(privilege: Privilege, token_id: str) -> str:
    """Return the line that grants a privilege to a token and to its user.

    A token with privilege separation has only what its user has too.
    """
    user = token_id.partition("!")[0]
    return f"pveum acl modify {privilege.path} --users '{user}' --tokens '{token_id}' --roles {ROLE}"
