"""Histories to write and to cut: any history at all, and the nightly runs of a small cluster."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import History, RunRecord
from custom_components.proxmox_backup_checker.checker.model.subject import CLUSTER, Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
_WHOLE_SECONDS = _MOMENTS.map(lambda moment: moment.replace(microsecond=0))
# The few come often, so that outcomes have something in common with their run.
_TEXTS = st.sampled_from(["", "nas", "pve1", "nightly"]) | st.text(max_size=8)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    int: st.integers(0, 3) | st.integers(-(2**63) + 1, 2**63 - 1),
    bool: st.booleans(),
    datetime: st.sampled_from([NOW, NOW + timedelta(seconds=1)]) | _WHOLE_SECONDS | _MOMENTS,
    Ellipsis: st.nothing(),
    Subject: st.just(CLUSTER)
    | st.builds(Subject.guest, st.integers(100, 999_999_999))
    | st.builds(Subject, st.sampled_from(["job", "node", "storage"]), _TEXTS.filter(bool)),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return any value of a type that a record's field can have, or any record."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return st.one_of(
            *(st.none() if argument is NoneType else any_of(argument) for argument in sorted(arguments, key=str))
        )
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(argument) for argument in arguments))
    if origin is Mapping:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=3)
    if is_dataclass(hint) and isinstance(hint, type) and hint not in _PLAIN:
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: any_of(hints[field.name]) for field in fields(hint)})
    return _PLAIN[hint] if hint in _PLAIN else st.sampled_from(list(hint))


def outcome(vmid: int, started: datetime = NOW, upid: str = "UPID:pve1:1:", **changes: Any) -> Outcome:
    """Return a good outcome of the job nightly."""
    values: dict[str, Any] = {
        "vmid": vmid,
        "upid": upid,
        "node": "pve1",
        "result": Result.OK,
        "started": started,
        "finished": started + timedelta(seconds=57),
        "error": None,
        "job_id": "nightly",
        "confidence": Confidence.EXACT,
        "guest_type": "qemu",
        "storage": "nas",
        "archive": f"/mnt/pve/nas/dump/vzdump-qemu-{vmid}-{started:%Y_%m_%d-%H_%M_%S}.vma.zst",
        "size": 3_758_096_384 + vmid,
        "seconds": 57,
    }
    return Outcome(**{**values, **changes})


def run_of(*vmids: int, started: datetime = NOW, **changes: Any) -> RunRecord:
    """Return a good run of the job nightly, for these guests one after the other."""
    upid = f"UPID:{changes.get('node', 'pve1')}:0012AB34:0123ABCD:{int(started.timestamp()):08X}:vzdump::root@pam:"
    values: dict[str, Any] = {
        "upid": upid,
        "node": "pve1",
        "started": started,
        "ended": started + timedelta(minutes=len(vmids)),
        "status": "OK",
        "job_id": "nightly",
        "confidence": Confidence.EXACT,
        "storage": "nas",
        "outcomes": tuple(
            outcome(vmid, started + timedelta(minutes=number), upid) for number, vmid in enumerate(vmids)
        ),
    }
    return RunRecord(**{**values, **changes})


def history_of(*runs: RunRecord, **changes: Any) -> History:
    """Return a history of these runs."""
    values = {"began": NOW - timedelta(days=500), "evaluated": NOW, **changes}
    return History(runs={run.upid: run for run in runs}, **values)


def nights(count: int, *vmids: int, **changes: Any) -> list[RunRecord]:
    """Return a run for each of the last nights, the newest first."""
    return [run_of(*vmids, started=NOW - timedelta(days=night), **changes) for night in range(count)]
