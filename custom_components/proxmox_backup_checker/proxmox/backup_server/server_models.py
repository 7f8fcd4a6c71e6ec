"""The server itself as its API answers: version, clock, state, and what the token may do."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final

from ..api.errors import UnexpectedAnswerError
from ..api.fields import Fields
from .row_values import fingerprint_in

_MAJOR_MINOR: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_RELEASE: Final = re.compile(r"[0-9]{1,6}")
_INSTANCE_ID: Final = re.compile(r"[0-9A-Za-z-]{1,100}")
# Listed whether there is a right or not (src/api2/access/mod.rs, list_permissions); one that is missing has none.
_ALWAYS_LISTED: Final = frozenset({"/", "/access", "/datastore", "/remote", "/system"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Version of the server; `release` is the part to compare, such as (4, 2, 3)."""

    text: str
    release: tuple[int, int, int]

    @classmethod
    def from_api(cls, data: object) -> Version:
        """Parse `/version`: `version` is 4.2 and `release` 3, together 4.2.3."""
        fields = Fields.of(data, "/version")
        numbers = _MAJOR_MINOR.fullmatch(fields.text("version"))
        release = _RELEASE.match(fields.text("release"))
        if numbers is None or release is None:
            raise UnexpectedAnswerError(f"/version: unknown form {fields.text('version')!r} {fields.text('release')!r}")
        parts = int(numbers[1]), int(numbers[2]), int(release[0])
        return cls(text=".".join(map(str, parts)), release=parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Permissions:
    """Privileges of the token by path, as `/access/permissions` lists them; each holds for the paths below where it propagates."""

    by_path: Mapping[str, Mapping[str, bool]]

    @classmethod
    def from_api(cls, data: object) -> Permissions:
        """Parse the answer; a token without any right gets an empty object."""
        fields = Fields.of(data, "/access/permissions")
        by_path: dict[str, Mapping[str, bool]] = {}
        for path, value in fields.values.items():
            granted = Fields.of(value, f"/access/permissions {path}")
            by_path[path] = {name: granted.flag(name) for name in granted.values}
        return cls(by_path=by_path)

    def has(self, path: str, *privileges: str) -> bool:
        """Tell whether any one of the privileges is held on a path.

        The nearest listed path at or above decides. A path below `/datastore` or `/remote` on which everything was taken away is
        not listed at all, so that the answer may be a yes where the server says no: then it leaves things out, or refuses.
        """
        current = path
        while True:
            if (listed := self.by_path.get(current)) is not None:
                return any(name in listed and (current == path or listed[name]) for name in privileges)
            if current in _ALWAYS_LISTED:
                return False
            current = current.rsplit("/", 1)[0] or "/"

    def has_below(self, path: str, *privileges: str) -> bool:
        """Tell whether any one of the privileges is held on a path or on some listed one below it."""
        return self.has(path, *privileges) or any(
            self.has(listed, *privileges) for listed in self.by_path if listed.startswith(f"{path.rstrip('/')}/")
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerTime:
    """The server's clock, in epoch seconds, and its zone, by which its schedules go."""

    zone: str
    time: int

    @classmethod
    def from_api(cls, data: object) -> ServerTime:
        """Parse `/nodes/localhost/time`."""
        fields = Fields.of(data, "/nodes/localhost/time")
        return cls(zone=fields.identifier("timezone"), time=fields.epoch("time"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerStatus:
    """The state of the host; sizes in bytes. `fingerprint` is that of the certificate which the server knows as its own."""

    uptime: int | None
    root_total: int | None
    root_used: int | None
    fingerprint: str | None

    @classmethod
    def from_api(cls, data: object) -> ServerStatus:
        """Parse `/nodes/localhost/status`."""
        source = "/nodes/localhost/status"
        fields = Fields.of(data, source)
        root = Fields.of(fields.values.get("root") or {}, source)
        info = Fields.of(fields.values.get("info") or {}, source)
        return cls(
            uptime=fields.uptime("uptime"),
            root_total=root.optional_integer("total"),
            root_used=root.optional_integer("used"),
            fingerprint=fingerprint_in(info, "fingerprint"),
        )


def instance_id_from_api(data: object) -> str:
    """Parse `/nodes/localhost/identity`."""
    fields = Fields.of(data, "/nodes/localhost/identity")
    identity = fields.identifier("pbs-instance-id")
    if _INSTANCE_ID.fullmatch(identity) is None:
        raise fields.wrong("pbs-instance-id", "an id")
    return identity


def server_id_from_api(data: object) -> str | None:
    """Parse `/nodes/localhost/subscription`, which shows the server's id with Sys.Audit on `/` only."""
    fields = Fields.of(data, "/nodes/localhost/subscription")
    return fields.identifier("serverid") if fields.values.get("serverid") else None
