"""Remembers when a guest's disks were last enlarged: what it then has more of is no surprise."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from ...proxmox.api.cluster_models import Task
from ..model.records import GuestRecord

_RESIZE: Final = "resize"


def with_resizes(guests: Mapping[int, GuestRecord], tasks: Iterable[Task]) -> Mapping[int, GuestRecord]:
    """Return the records of guests with the newest of their resizes; the same where there is none that is new."""
    changed: dict[int, GuestRecord] = {}
    for task in tasks:
        if task.task_type != _RESIZE or not task.task_id.isdigit():
            continue
        moment, vmid = datetime.fromtimestamp(task.started, UTC), int(task.task_id)
        record = changed.get(vmid) or guests.get(vmid)
        if record is not None and (record.resized is None or record.resized < moment):
            changed[vmid] = replace(record, resized=moment)
    return {**guests, **changed} if changed else guests
