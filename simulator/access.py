"""Users, tokens and what they may do (PVE::AccessControl, PVE::RPCEnvironment)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from uuid import NAMESPACE_URL, uuid5

ROLES = {
    "PVEAuditor": ("Datastore.Audit Mapping.Audit Pool.Audit SDN.Audit Sys.Audit VM.Audit VM.GuestAgent.Audit"),
    "BackupMonitor": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit",
    "BackupReader": "VM.Backup Datastore.AllocateSpace",
    "NoAccess": "",
}
ALWAYS_LISTED = (
    "/",
    "/access",
    "/access/groups",
    "/nodes",
    "/pool",
    "/sdn",
    "/storage",
    "/vms",
)


class PermissionDenied(Exception):
    """The caller lacks a privilege; the text is that of Proxmox."""


@dataclass(eq=False)
class Token:
    """An API token."""

    id: str
    secret: str
    privsep: bool = True
    enabled: bool = True

    @property
    def user(self) -> str:
        """Return the user whose token it is."""
        return self.id.split("!", 1)[0]


@dataclass(frozen=True, slots=True)
class Grant:
    """An entry of the access control list."""

    path: str
    who: str
    privileges: frozenset[str]
    propagate: bool = True


@dataclass(eq=False)
class Access:
    """Who may do what."""

    tokens: dict[str, Token] = field(default_factory=dict)
    users: dict[str, bool] = field(default_factory=lambda: {"root@pam": True})
    """Users, and whether they are enabled."""
    grants: list[Grant] = field(default_factory=list)
    _found: dict[tuple[str, str], Mapping[str, int]] = field(default_factory=dict, init=False)
    """What the entries were found to say of a caller and a path."""

    def add_token(self, token_id: str, *, privsep: bool = True) -> Token:
        """Add a token and, where it is new, its user."""
        secret = str(uuid5(NAMESPACE_URL, f"proxmox:{token_id}"))
        token = self.tokens[token_id] = Token(token_id, secret, privsep)
        self.users.setdefault(token.user, True)
        return token

    def remove_token(self, token_id: str) -> None:
        """Revoke a token and its entries."""
        self.tokens.pop(token_id, None)
        self.revoke(token_id)

    def grant(self, who: str, path: str, privileges: str, *, propagate: bool = True) -> None:
        """Give a user or token privileges or a role on a path, in place of what it had there."""
        self.revoke(who, path)
        names = " ".join(ROLES.get(word, word) for word in privileges.split())
        self._found.clear()
        self.grants.append(Grant(path, who, frozenset(names.split()), propagate))

    def revoke(self, who: str, path: str | None = None) -> None:
        """Take the entries of a user or token away, on a path or everywhere."""
        self._found.clear()
        self.grants = [grant for grant in self.grants if grant.who != who or path not in (None, grant.path)]

    def authenticate(self, header: str | None) -> str | None:
        """Return the id of the token in an Authorization header, or None."""
        match = re.fullmatch(r"PVEAPIToken[= ](?P<id>[^=]+)=(?P<secret>\S+)", header or "")
        token = self.tokens.get(match["id"]) if match else None
        if token is None or match is None or token.secret != match["secret"]:
            return None
        return token.id if token.enabled and self.users.get(token.user) else None

    def privileges(self, who: str, path: str, pool: str | None = None) -> dict[str, int]:
        """Return the privileges on a path, each with its propagate flag; `pool` is that of the guest in the path."""
        if who == "root@pam":
            every = " ".join([*ROLES.values(), "Datastore.Allocate", "Pool.Allocate", "VM.Allocate"])
            return dict.fromkeys(every.split(), 1)
        own = dict(self._along(who, path))
        if pool is not None:
            inherited = self._along(who, f"/pool/{pool}")
            own = {name: 1 for name in inherited if name.startswith("VM.")} | own
        token = self.tokens.get(who)
        if token is None:
            return own
        of_user = self.privileges(token.user, path, pool)
        if not token.privsep:
            return of_user
        return {name: flag for name, flag in own.items() if name in of_user}

    def _along(self, who: str, path: str) -> Mapping[str, int]:
        """Return what the most specific entry on the way to a path says."""
        if (found := self._found.get((who, path))) is None:
            found = self._found[who, path] = self._searched(who, path)
        return found

    def _searched(self, who: str, path: str) -> Mapping[str, int]:
        result: dict[str, int] = {}
        parts = [part for part in path.split("/") if part]
        for depth in range(len(parts) + 1):
            level = "/" + "/".join(parts[:depth])
            for grant in self.grants:
                if grant.who == who and grant.path == level:
                    last = depth == len(parts)
                    if grant.propagate or last:
                        result = dict.fromkeys(grant.privileges, int(grant.propagate))
        return result

    def paths(self, who: str) -> list[str]:
        """Return the paths that /access/permissions lists."""
        user = who.split("!", 1)[0]
        named = {grant.path for grant in self.grants if grant.who in (who, user)}
        return sorted(named | set(ALWAYS_LISTED))
