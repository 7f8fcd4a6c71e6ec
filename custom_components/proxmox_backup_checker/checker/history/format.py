"""The history as data for a file and back: without loss, small, and patient with damage.

Moments are epoch seconds. A record is an object without the fields that have their default, and without the one that its
key repeats. An outcome is a row: the number of its shape, then the values of the fields that this shape names; what it has
in common with its run is left out. The shapes stand beside the runs, so that a file tells itself what its rows mean.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from ..model.outcome import Outcome
from ..model.records import STORED_AS, History, RunRecord
from ..model.server_records import ServerHistory
from ..model.subject import Subject

type Data = Any
type Coder = Callable[[Any], Any]
type Columns = tuple[_Field | None, ...]

_NO_DEFAULT: Final = object()
_SHAPES: Final = "shapes"
_ROWS: Final = "outcomes"
_OF_ITS_RUN: Final = ("upid", "node", "started", "error", "job_id", "confidence", "storage")
# What reading a value of the wrong kind can raise; OSError is the platform's word for a moment out of its range.
_DAMAGE: Final = (TypeError, ValueError, LookupError, OverflowError, OSError)
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a record, and what it is called in the file."""

    name: str
    stored: str
    default: object
    encode: Coder
    decode: Coder


_KNOWN: Final[dict[type[Any], tuple[_Field, ...]]] = {}


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The shapes of rows that were met while writing, by their fields' names."""

    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def row(self, outcome: Outcome, expected: Mapping[str, object]) -> list[Data]:
        """Write an outcome, without the values that are expected."""
        names = []
        row: list[Data] = [0]
        for column in _fields(Outcome):
            value = getattr(outcome, column.name)
            if value != expected[column.name]:
                names.append(column.name)
                row.append(column.encode(value))
        row[0] = self.numbers.setdefault(tuple(names), len(self.numbers))
        return row


def to_data(history: History | ServerHistory) -> dict[str, Data]:
    """Return the history as JSON can hold it."""
    data: dict[str, Data] = {}
    shapes = _Shapes()
    for section in _fields(type(history)):
        value = getattr(history, section.name)
        if value == section.default:
            continue
        if isinstance(value, Mapping):
            data[section.name] = {_text(str(key)): _encode_member(key, value[key], shapes) for key in value}
        else:
            data[section.name] = section.encode(value)
    if shapes.numbers:
        data[_SHAPES] = [list(names) for names in shapes.numbers]
    return data


def from_data(data: object) -> tuple[History, int]:
    """Return the history that the data holds, and how many records in it were damaged and are left out.

    Raises ValueError where the data holds no history at all.
    """
    return _from_data(History, data)


def server_history_from_data(data: object) -> tuple[ServerHistory, int]:
    """Return the history of a backup server likewise."""
    return _from_data(ServerHistory, data)


def _from_data[Kind: History | ServerHistory](kind: type[Kind], data: object) -> tuple[Kind, int]:
    known = {section.name for section in _fields(kind)}
    if not isinstance(data, Mapping) or (data and known.isdisjoint(data)):
        raise ValueError("this is no history")
    shapes = _read_shapes(data.get(_SHAPES))
    values: dict[str, Any] = {}
    damaged = 0
    for section in _fields(kind):
        if section.name not in data:
            continue
        try:
            if isinstance(section.default, Mapping):
                values[section.name], lost = _decode_members(kind, section.name, data[section.name], shapes)
                damaged += lost
            else:
                values[section.name] = section.decode(data[section.name])
        except _DAMAGE:
            damaged += 1
    return kind(**values), damaged


def _encode_member(key: object, record: Any, shapes: _Shapes) -> dict[str, Data]:
    data = _encode_record(record)
    first = _fields(type(record))[0].name
    if getattr(record, first) == key:
        del data[first]
    if isinstance(record, RunRecord) and record.outcomes:
        expected = {column.name: column.default for column in _fields(Outcome)}
        expected |= {name: getattr(record, name) for name in _OF_ITS_RUN}
        data[_ROWS] = [shapes.row(outcome, expected) for outcome in record.outcomes]
    return data


def _decode_members(
    whole: type[Any], section: str, data: Data, shapes: Mapping[int, Columns]
) -> tuple[dict[Any, Any], int]:
    """Read a section's records, each by itself."""
    key_type, kind = get_args(get_type_hints(whole)[section])
    first = _fields(kind)[0].name
    found: dict[Any, Any] = {}
    damaged = 0
    for text, value in _checked(data, dict).items():
        try:
            key = _read_key(key_type, text)
            record = _decode_record(kind, {first: text if key_type is Subject else key, **_of_before(value)})
            if kind is RunRecord and _ROWS in value:
                record = replace(record, outcomes=tuple(_read_rows(value[_ROWS], record, shapes)))
            found[key] = record
        except _DAMAGE:
            damaged += 1
    return found, damaged


def _of_before(data: Mapping[str, Data]) -> Mapping[str, Data]:
    """Return a record's data in today's form: version 0.1.0 kept one missing archive of a guest, in three fields."""
    if "archive_missing" not in data:
        return data
    lost = {"since": data.get("archive_missing_since"), "confirmed": data.get("archive_missing_confirmed", False)}
    return {**data, "missing": {data["archive_missing"]: lost}}


def _read_shapes(data: Data) -> dict[int, Columns]:
    """Return the fields that rows of each shape have, None for those that are not known here."""
    columns = {column.name: column for column in _fields(Outcome)}
    try:
        return {number: tuple(columns.get(name) for name in names) for number, names in enumerate(data or ())}
    except TypeError:
        return {}


def _read_rows(rows: Data, run: RunRecord, shapes: Mapping[int, Columns]) -> Iterable[Outcome]:
    common = {name: getattr(run, name) for name in _OF_ITS_RUN}
    for number, *row in _checked(rows, list):
        values = common.copy()
        for column, value in zip(shapes[number], row, strict=True):
            if column is not None:
                values[column.name] = column.decode(value)
        yield Outcome(**values)


def _fields(kind: type[Any]) -> tuple[_Field, ...]:
    """Return the fields of a record; the rows of a run are not among them."""
    if kind not in _KNOWN:
        hints = get_type_hints(kind)
        _KNOWN[kind] = tuple(
            _Field(entry.name, entry.metadata.get(STORED_AS, entry.name), _default(entry), *_coders(hints[entry.name]))
            for entry in fields(kind)
            if hints[entry.name] != tuple[Outcome, ...]
        )
    return _KNOWN[kind]


def _default(entry: Any) -> object:
    if entry.default is not MISSING:
        return entry.default
    return entry.default_factory() if entry.default_factory is not MISSING else _NO_DEFAULT


def _encode_record(record: Any) -> dict[str, Data]:
    data = {}
    for entry in _fields(type(record)):
        value = getattr(record, entry.name)
        if value != entry.default:
            data[entry.stored] = entry.encode(value)
    return data


def _decode_record(kind: type[Any], data: Mapping[str, Data]) -> Any:
    return kind(**{entry.name: entry.decode(data[entry.stored]) for entry in _fields(kind) if entry.stored in data})


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
    if arguments[-1] is Ellipsis:
        encode, decode = _coders(arguments[0])
        return (
            lambda value: [encode(item) for item in value],
            lambda value: tuple(decode(item) for item in _checked(value, list)),
        )
    coders = [_coders(argument) for argument in arguments]
    return (
        lambda value: [encode(item) for (encode, _), item in zip(coders, value, strict=True)],
        lambda value: tuple(decode(item) for (_, decode), item in zip(coders, _checked(value, list), strict=True)),
    )


def _mapping_coders(key: type[Any], item: Any) -> tuple[Coder, Coder]:
    encode, decode = _coders(item)
    return (
        lambda value: {_text(str(name)): encode(entry) for name, entry in value.items()},
        lambda value: {_read_key(key, name): decode(entry) for name, entry in _checked(value, dict).items()},
    )


def _read_key(kind: type[Any], text: str) -> Any:
    return Subject.parse(text) if kind is Subject else kind(text)


def _plain_coders(hint: type[Any]) -> tuple[Coder, Coder]:
    if issubclass(hint, datetime):
        return _epoch, _moment
    if issubclass(hint, Subject):
        return lambda value: _text(value.key), lambda value: Subject.parse(_checked(value, str))
    if issubclass(hint, StrEnum):
        return str, hint
    if issubclass(hint, bool):
        return bool, lambda value: _checked(value, bool)
    if issubclass(hint, str):
        return _text, lambda value: _checked(value, str)
    if issubclass(hint, int):
        return _number, lambda value: _checked(value, int)
    return _encode_record, lambda value: _decode_record(hint, _checked(value, dict))


def _epoch(moment: datetime) -> int | float:
    seconds = moment.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _moment(value: Data) -> datetime:
    return datetime.fromtimestamp(value if type(value) is float else _checked(value, int), UTC)


def _text(text: str) -> str:
    """Return a text without the halves of characters that no file in UTF-8 can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _number(number: int) -> int:
    """Return the number, as far as it fits into the 64 bits of a file."""
    return max(-_LARGEST, min(number, _LARGEST))


def _checked(value: Data, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of the right type")
    return value
