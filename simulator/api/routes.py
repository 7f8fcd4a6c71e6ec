"""Which function answers which path, with which parameters and privileges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import TYPE_CHECKING, Any

from simulator.access import PermissionDenied

if TYPE_CHECKING:
    from simulator.cluster import Cluster
    from simulator.nodes import Node

type Json = Any


class ApiError(Exception):
    """An answer with a status of 400 or more; `errors` name the parameters."""

    def __init__(self, status: int, message: str, errors: Mapping[str, str] | None = None) -> None:
        """Keep what the answer consists of."""
        super().__init__(message)
        self.status = status
        self.errors = errors


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Data with what stands beside it: `total`, or raw text in place of JSON."""

    data: Json = None
    total: int | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request: who asks which node, with which parameters."""

    cluster: Cluster
    contacted: Node
    who: str
    parameters: Mapping[str, str | int]
    _rights: dict[str, dict[str, int]] = field(default_factory=dict, init=False)

    @property
    def node(self) -> Node:
        """Return the node in the path."""
        return self.cluster.nodes[str(self.parameters["node"])]

    @property
    def time(self) -> float:
        """Return the present, in epoch seconds."""
        return self.cluster.clock.time()

    def in_any_order[Row](self, rows: list[Row]) -> list[Row]:
        """Return rows in the order of a hash of Perl: another one with each call."""
        return self.cluster.disorder.sample(rows, len(rows))

    def words_in_any_order(self, words: str) -> str:
        """Return the words of a list in the order of a hash of Perl."""
        return ",".join(self.in_any_order(words.split(",")))

    def text(self, name: str) -> str | None:
        """Return a parameter."""
        value = self.parameters.get(name)
        return None if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        """Return an integer parameter."""
        return int(self.parameters.get(name, default))

    def privileges(self, path: str) -> dict[str, int]:
        """Return what the caller may do on a path; nobody's rights change while a request is answered."""
        if (found := self._rights.get(path)) is None:
            pool = None
            if match := re.fullmatch(r"/vms/(\d+)", path):
                guest = self.cluster.guests.get(int(match[1]))
                pool = guest.pool if guest else None
            found = self._rights[path] = self.cluster.access.privileges(self.who, path, pool)
        return found

    def may(self, path: str, *any_of: str) -> bool:
        """Tell whether the caller has one of the privileges on a path."""
        own = self.privileges(path)
        return any(name in own for name in any_of)

    def require(self, path: str, *any_of: str) -> None:
        """Raise PermissionDenied where the caller has none of the privileges."""
        if not self.may(path, *any_of):
            raise PermissionDenied(f"Permission check failed ({path}, {'|'.join(any_of)})")


type Handler = Callable[[Call], Json | Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A path with its parameters: `str`, `int` or `bool` each, a trailing `!` in the name where it is required."""

    template: str
    pattern: re.Pattern[str]
    handler: Handler
    parameters: Mapping[str, type]
    check: tuple[str, tuple[str, ...]] | None = None
    required: frozenset[str] = field(default_factory=frozenset)
    protected: bool = False
    """Whether pvedaemon answers it, as root."""


ROUTES: list[Route] = []


def get(
    template: str,
    *,
    check: tuple[str, str] | None = None,
    required: tuple[str, ...] = (),
    protected: bool = False,
    **parameters: type,
) -> Callable[[Handler], Handler]:
    """Register the function that answers GET on a path; `check` is a path and the privileges of which one is needed.

    `protected` is what pveproxy passes on to pvedaemon.
    """

    def register(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        rule = None if check is None else (check[0], tuple(check[1].split("|")))
        named = {name.replace("_", "-"): kind for name, kind in parameters.items()}
        ROUTES.append(
            Route(
                template=template,
                pattern=pattern,
                handler=handler,
                parameters=named,
                check=rule,
                required=frozenset(required),
                protected=protected,
            )
        )
        return handler

    return register


@lru_cache(maxsize=4096)
def find(path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a path with what stands in its places."""
    for route in ROUTES:
        if match := route.pattern.fullmatch(path):
            return route, match.groupdict()
    return None


def read_parameters(route: Route, query: Mapping[str, str]) -> dict[str, str | int]:
    """Return the query's parameters in their types (PVE::JSONSchema::validate).

    Raises ApiError 400.
    """
    values: dict[str, str | int] = {}
    errors = dict.fromkeys(route.required - query.keys(), "property is missing and it is not optional")
    for name, text in query.items():
        kind = route.parameters.get(name)
        if kind is None:
            errors[name] = "property is not defined in schema and the schema does not allow additional properties"
        elif kind is str:
            values[name] = text
        elif re.fullmatch(r"-?\d+", text):
            values[name] = int(text)
        else:
            word = "boolean" if kind is bool else "integer"
            errors[name] = f"type check ('{word}') failed - got '{text}'"
    if errors:
        raise ApiError(400, "Parameter verification failed.", errors)
    return values
