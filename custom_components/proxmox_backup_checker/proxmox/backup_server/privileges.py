"""The rights that a token needs, and how an administrator grants those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
import shlex
from typing import Final

from .server_models import Permissions


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege on a path, and the role that grants it; without an `essential` one nothing can be judged."""

    path: str
    name: str
    role: str
    role_path: str
    essential: bool = False
    refused: bool = False
    """Whether it was taken away on this very path, which no right above it makes good."""


# All of them only read; none allows to back up, restore, prune or change anything. A token has never more than its user.
NEEDED: Final = (
    Privilege("/datastore", "Datastore.Audit", "Audit", "/", essential=True),
    Privilege("/system/tasks", "Sys.Audit", "Audit", "/"),
    Privilege("/system/status", "Sys.Audit", "Audit", "/"),
    # Where it is missing, jobs with a remote are left out without a word.
    Privilege("/remote", "Remote.Audit", "RemoteAudit", "/remote"),
)


def missing_privileges(permissions: Permissions, hidden_stores: Iterable[str] = ()) -> tuple[Privilege, ...]:
    """Return the needed privileges that the token does not have; `hidden_stores` are known not to be shown to it."""
    missing = [
        replace(needed, role_path=needed.path, refused=True) if permissions.has("/", needed.name) else needed
        for needed in NEEDED
        if not permissions.has(needed.path, needed.name)
    ]
    if not permissions.has("/datastore", "Datastore.Audit"):
        return tuple(missing)
    paths = [f"/datastore/{store}" for store in hidden_stores]
    return (*missing, *(Privilege(path, "Datastore.Audit", "Audit", path, refused=True) for path in paths))


def grant_commands(missing: Iterable[Privilege], token_id: str) -> tuple[str, ...]:
    """Return the lines that grant privileges, each to the user and to the token: both need it."""
    user = token_id.partition("!")[0]
    changes: dict[str, None] = {}
    for privilege in missing:
        if privilege.refused:
            changes[f"{privilege.role_path} NoAccess --delete true"] = None
        changes[f"{privilege.role_path} {privilege.role}"] = None
    return tuple(
        f"proxmox-backup-manager acl update {change} --auth-id {shlex.quote(auth_id)}"
        for change in changes
        for auth_id in (user, token_id)
    )
