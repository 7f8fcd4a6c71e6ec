"""Users, tokens and what they may do on a backup server (pbs-config/src/acl.rs, cached_user_info.rs)."""

from dataclasses import dataclass, field
import re
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

DATASTORE = "Datastore.Audit Datastore.Modify Datastore.Read Datastore.Verify Datastore.Backup Datastore.Prune"
ROLES = {
    "Admin": f"Sys.Audit Sys.Modify {DATASTORE} Datastore.Allocate Remote.Audit Remote.Modify Remote.Read Tape.Audit",
    "Audit": "Sys.Audit Datastore.Audit",
    "DatastoreAdmin": DATASTORE,
    "DatastoreAudit": "Datastore.Audit",
    "DatastoreBackup": "Datastore.Backup",
    "DatastorePowerUser": "Datastore.Prune Datastore.Backup",
    "DatastoreReader": "Datastore.Audit Datastore.Verify Datastore.Read",
    "NoAccess": "",
    "RemoteAdmin": "Remote.Audit Remote.Modify Remote.Read",
    "RemoteAudit": "Remote.Audit",
    "RemoteSyncOperator": "Remote.Audit Remote.Read",
    "TapeAudit": "Tape.Audit",
}
ALWAYS_LISTED = ("/", "/access", "/datastore", "/remote", "/system")
SUPERUSER = "root@pam"


@dataclass(eq=False)
class Token:
    """An API token."""

    id: str
    secret: str
    enabled: bool = True

    @property
    def user(self) -> str:
        """Return the user whose token it is."""
        return user_of(self.id)


def user_of(auth_id: str) -> str:
    """Return the user of a token, or the user itself."""
    return auth_id.split("!", 1)[0]


@dataclass(frozen=True, slots=True)
class AclEntry:
    """An entry of the access control list."""

    path: str
    auth_id: str
    role: str
    propagate: bool = True


@dataclass(eq=False)
class Access:
    """Who may do what: a token never more than its user."""

    tokens: dict[str, Token] = field(default_factory=dict)
    users: dict[str, bool] = field(default_factory=lambda: {SUPERUSER: True})
    """Users, and whether they are enabled."""
    acl: list[AclEntry] = field(default_factory=list)

    def add_token(self, token_id: str) -> Token:
        """Add a token and, where it is new, its user; neither has any right."""
        token = self.tokens[token_id] = Token(token_id, str(uuid5(NAMESPACE_URL, f"backup-server:{token_id}")))
        self.users.setdefault(token.user, True)
        return token

    def grant(self, path: str, role: str, *auth_ids: str, propagate: bool = True) -> None:
        """Give a role on a path, beside what is there (proxmox-backup-manager acl update)."""
        if role not in ROLES:
            raise ValueError(f"no such role '{role}'")
        self.acl += [AclEntry(path, auth_id, role, propagate) for auth_id in auth_ids]

    def revoke(self, auth_id: str, path: str | None = None) -> None:
        """Take the roles of a user or token away, on a path or everywhere."""
        self.acl = [entry for entry in self.acl if entry.auth_id != auth_id or path not in (None, entry.path)]

    def authenticate(self, header: str | None) -> str | None:
        """Return the id of the token in an Authorization header, or None."""
        match = re.fullmatch(r"PBSAPIToken[= ](?P<id>[^:]+):(?P<secret>\S+)", header or "")
        token = self.tokens.get(match["id"]) if match else None
        if token is None or match is None or token.secret != unquote(match["secret"]):
            return None
        return token.id if token.enabled and self.users.get(token.user) else None

    def roles(self, auth_id: str, path: str) -> dict[str, bool]:
        """Return the roles on a path, each with whether it propagates; a more specific path replaces all that is above."""
        result: dict[str, bool] = {}
        parts = [part for part in path.split("/") if part]
        for depth in range(len(parts) + 1):
            level = "/" + "/".join(parts[:depth])
            own = {
                entry.role: entry.propagate
                for entry in self.acl
                if (entry.auth_id, entry.path) == (auth_id, level) and (entry.propagate or depth == len(parts))
            }
            if own:
                result = {"NoAccess": own["NoAccess"]} if "NoAccess" in own else own
        return result

    def privileges(self, auth_id: str, path: str) -> dict[str, bool]:
        """Return the privileges on a path, each with whether it propagates."""
        if auth_id == SUPERUSER:
            return dict.fromkeys(ROLES["Admin"].split(), True)
        result: dict[str, bool] = {}
        for role, propagate in self.roles(auth_id, path).items():
            for name in ROLES[role].split():
                result[name] = propagate or result.get(name, False)
        if "!" not in auth_id:
            return result
        of_user = self.privileges(user_of(auth_id), path)
        return {name: flag and of_user[name] for name, flag in result.items() if name in of_user}

    def may(self, auth_id: str, path: str, *any_of: str) -> bool:
        """Tell whether somebody has one of the privileges on a path."""
        own = self.privileges(auth_id, path)
        return any(name in own for name in any_of)

    def may_below(self, auth_id: str, path: str, *any_of: str) -> bool:
        """Tell whether somebody has one of the privileges on a path or on one below it."""
        below = {entry.path for entry in self.acl if entry.path.startswith(f"{path}/")}
        return any(self.may(auth_id, place, *any_of) for place in (path, *below))

    def listed(self, auth_id: str) -> dict[str, dict[str, bool]]:
        """Return what /access/permissions lists: no path on which there is no right."""
        paths = {entry.path for entry in self.acl} | set(ALWAYS_LISTED)
        found = {path: self.privileges(auth_id, path) for path in sorted(paths)}
        return {path: privileges for path, privileges in found.items() if privileges}

    def owns(self, auth_id: str, owner: str) -> bool:
        """Tell whether a group of `owner` is one's own: those of one's tokens are."""
        return auth_id == owner or ("!" in owner and user_of(owner) == auth_id)
