"""The rights that a token needs, and how an administrator grants those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
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


# All of them only read; none allows to back up, restore, prune or change anything. A token has never more than its user.
NEEDED: Final = (
    Privilege("/datastore", "Datastore.Audit", "Audit", "/", essential=True),
    Privilege("/system/tasks", "Sys.Audit", "Audit", "/"),
    Privilege("/system/status", "Sys.Audit", "Audit", "/"),
    # Where it is missing, jobs with a remote are left out without a word.
    Privilege("/remote", "Remote.Audit", "RemoteAudit", "/remote"),
)


def missing_privileges(permissions: Permissions) -> tuple[Privilege, ...]:
    """Return the needed privileges that the token does not have."""
    return tuple(needed for needed in NEEDED if not permissions.has(needed.path, needed.name))


def grant_commands(missing: Iterable[Privilege], token_id: str) -> tuple[str, ...]:
    """Return the lines that grant privileges, each to the user and to the token: both need it."""
    user = token_id.partition("!")[0]
    roles = dict.fromkeys((privilege.role_path, privilege.role) for privilege in missing)
    return tuple(
        f"proxmox-backup-manager acl update {path} {role} --auth-id {shlex.quote(auth_id)}"
        for path, role in roles
        for auth_id in (user, token_id)
    )
