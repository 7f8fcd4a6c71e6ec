"""Which function answers which path, with which parameters (proxmox-router, proxmox-rest-server)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.backup_server.content import Datastore
    from simulator.backup_server.server import BackupServer

type Json = Any

TRUE = frozenset({"1", "on", "yes", "true"})
FALSE = frozenset({"0", "off", "no", "false"})


class Refused(Exception):
    """An answer of 400 or more; its body is the bare text."""

    def __init__(self, status: int, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Data with what stands beside it."""

    data: Json
    beside: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request: who asks, with which parameters."""

    server: BackupServer
    who: str
    parameters: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """Return a parameter."""
        value = self.parameters.get(name)
        return None if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        """Return a number."""
        return int(self.parameters.get(name, default))

    def may(self, path: str, *any_of: str) -> bool:
        """Tell whether the caller has one of the privileges on a path."""
        return self.server.access.may(self.who, path.rstrip("/") or "/", *any_of)

    def may_below(self, path: str, *any_of: str) -> bool:
        """Tell whether the caller has one of the privileges on a path or below it."""
        return self.server.access.may_below(self.who, path, *any_of)

    def require(self, path: str, *any_of: str) -> None:
        """Refuse, as a function of the API does itself."""
        if not self.may(path, *any_of):
            raise Refused(403, f"permission check failed - missing {'|'.join(any_of)} on {path}")

    def readable(self) -> Datastore:
        """Return the datastore in the path, where it can be read."""
        name = str(self.parameters["store"])
        datastore = self.server.datastores.get(name)
        if datastore is None:
            raise Refused(400, f"no such datastore '{name}'")
        if refusal := datastore.refusal():
            raise Refused(400, refusal)
        return datastore


type Handler = Callable[[Call], Json | Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A path, its parameters, and the version since which there is one."""

    pattern: re.Pattern[str]
    handler: Handler
    parameters: Mapping[str, type]
    check: tuple[str, str] | None
    public: bool
    added: tuple[int, ...]
    newer: Mapping[str, tuple[int, ...]]


ROUTES: list[Route] = []


def get(
    template: str,
    *,
    check: tuple[str, str] | None = None,
    public: bool = False,
    added: tuple[int, ...] = (),
    newer: Mapping[str, tuple[int, ...]] | None = None,
    **parameters: type,
) -> Callable[[Handler], Handler]:
    """Register the function that answers GET on a path.

    `check` is a path with the privilege that the router wants there; `public` needs no login; `added` is the version since which
    there is the path, and `newer` are parameters with the version since which they are known.
    """

    def register(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        named = {name.replace("_", "-"): kind for name, kind in parameters.items()}
        ROUTES.append(
            Route(
                pattern=pattern,
                handler=handler,
                parameters=named,
                check=check,
                public=public,
                added=added,
                newer=newer or {},
            )
        )
        return handler

    return register


def find(path: str, release: tuple[int, ...]) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a path with what stands in its places."""
    for route in ROUTES:
        if route.added <= release and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    return None


def read_parameters(route: Route, query: Mapping[str, str], release: tuple[int, ...]) -> dict[str, Any]:
    """Return the query's parameters in their types; refuses what the schema does not know."""
    values: dict[str, Any] = {}
    errors = []
    for name, text in query.items():
        kind = route.parameters.get(name)
        if kind is None or route.newer.get(name, ()) > release:
            errors.append(f"parameter '{name}': schema does not allow additional properties")
        elif kind is str:
            values[name] = text
        elif kind is bool and text.lower() in TRUE | FALSE:
            values[name] = text.lower() in TRUE
        elif kind is int and re.fullmatch(r"\d+", text):
            values[name] = int(text)
        else:
            errors.append(f"parameter '{name}': unable to parse value")
    if errors:
        raise Refused(400, "parameter verification errors\n\n" + "".join(f"{error}\n" for error in errors))
    return values


def shown(row: Mapping[str, Json]) -> dict[str, Json]:
    """Return a row without what is not set."""
    return {name: value for name, value in row.items() if value is not None}
