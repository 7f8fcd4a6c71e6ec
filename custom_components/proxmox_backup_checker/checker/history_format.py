"""The history as data for a file and back: without loss, small, and patient with damage.

Records are objects without the fields that have their default value, outcomes lists in the order of their fields; moments
are epoch seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from .outcomes import Outcome
from .records import History

type Data = Any
type Coder = Callable[[Any], Any]

_NO_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    default: object
    encode: Coder
    decode: Coder


_KNOWN: Final[dict[type[Any], tuple[_Field, ...]]] = {}


def to_data(history: History) -> dict[str, Data]:
    """Return the history as JSON can hold it."""
    data: dict[str, Data] = _encode_record(history)
    return data


def from_data(data: object) -> tuple[History, int]:
    """Return the history that the data holds, and how many records in it were damaged and are left out.

    Raises TypeError or ValueError where the data holds no history at all.
    """
    if not isinstance(data, Mapping):
        raise TypeError(f"a history is an object, not {type(data).__name__}")
    values: dict[str, Any] = {}
    damaged = 0
    for field in _fields(History):
        if field.name not in data:
            continue
        raw = data[field.name]
        if isinstance(raw, Mapping):
            values[field.name], lost = _decode_each(field, raw)
            damaged += lost
            continue
        try:
            values[field.name] = field.decode(raw)
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ValueError(f"{field.name} of the history cannot be read: {error}") from error
    return History(**values), damaged


def _decode_each(field: _Field, raw: Mapping[str, Any]) -> tuple[dict[Any, Any], int]:
    """Read a mapping of records, each by itself."""
    found: dict[Any, Any] = {}
    damaged = 0
    for key, value in raw.items():
        try:
            found.update(field.decode({key: value}))
        except TypeError, ValueError, KeyError, OverflowError, AttributeError:
            damaged += 1
    return found, damaged


def _fields(kind: type[Any]) -> tuple[_Field, ...]:
    if kind not in _KNOWN:
        hints = get_type_hints(kind)
        _KNOWN[kind] = tuple(_Field(field.name, _default(field), *_coders(hints[field.name])) for field in fields(kind))
    return _KNOWN[kind]


def _default(field: Any) -> object:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else _NO_DEFAULT


def _encode_record(record: Any) -> dict[str, Data]:
    data = {}
    for field in _fields(type(record)):
        value = getattr(record, field.name)
        if value != field.default:
            data[field.name] = field.encode(value)
    return data


def _decode_record(kind: type, data: Mapping[str, Data]) -> Any:
    return kind(**{field.name: field.decode(data[field.name]) for field in _fields(kind) if field.name in data})


def _encode_row(record: Any) -> list[Data]:
    """Write a record as a list, without the defaults at its end."""
    kind = _fields(type(record))
    row = [field.encode(getattr(record, field.name)) for field in kind]
    while row and getattr(record, kind[len(row) - 1].name) == kind[len(row) - 1].default:
        row.pop()
    return row


def _decode_row(kind: type, row: list[Data]) -> Any:
    return kind(**{field.name: field.decode(value) for field, value in zip(_fields(kind), row, strict=False)})


def _coders(hint: Any) -> tuple[Coder, Coder]:
    """Return how values of a type are written and read."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        [inner] = [argument for argument in arguments if argument is not NoneType]
        encode, decode = _coders(inner)
        return (
            lambda value: None if value is None else encode(value),
            lambda value: None if value is None else decode(value),
        )
    if origin is tuple:
        return _tuple_coders(arguments)
    if origin is Mapping:
        return _mapping_coders(*arguments)
    return _plain_coders(hint)


def _tuple_coders(arguments: tuple[Any, ...]) -> tuple[Coder, Coder]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        encode, decode = _coders(arguments[0])
        return (
            lambda value: [encode(item) for item in value],
            lambda value: tuple(decode(item) for item in _checked(value, list)),
        )
    coders = [_coders(argument) for argument in arguments]
    return (
        lambda value: [encode(item) for (encode, _), item in zip(coders, value, strict=True)],
        lambda value: tuple(decode(item) for (_, decode), item in zip(coders, value, strict=True)),
    )


def _mapping_coders(key: Any, item: Any) -> tuple[Coder, Coder]:
    encode, decode = _coders(item)
    return (
        lambda value: {str(name): encode(entry) for name, entry in value.items()},
        lambda value: {key(name): decode(entry) for name, entry in _checked(value, Mapping).items()},
    )


def _plain_coders(hint: Any) -> tuple[Coder, Coder]:
    if issubclass(hint, datetime):
        return _epoch, lambda value: datetime.fromtimestamp(_checked(value, int | float), UTC)
    if hint is Outcome:
        return _encode_row, lambda value: _decode_row(Outcome, _checked(value, list))
    if issubclass(hint, StrEnum):
        return str, hint
    if issubclass(hint, str | int | bool):
        return lambda value: value, lambda value: _checked(value, hint)
    return _encode_record, lambda value: _decode_record(hint, _checked(value, Mapping))


def _epoch(moment: datetime) -> int | float:
    seconds = moment.timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of the right type")
    return value
