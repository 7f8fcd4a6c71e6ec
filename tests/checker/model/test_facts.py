"""What the facts say of jobs that cannot be read, and of storages that nobody names."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus, Node

from ..builders import NOW, guest, job

JOB = job("nightly", 101)
HOUR = timedelta(hours=1)


def facts(**changes: object) -> Facts:
    known = Facts(
        now=NOW,
        cluster=ClusterStatus(name="home", quorate=True, nodes=(Node(name="pve1", online=True),)),
        nodes={},
        guests=(guest(101),),
        jobs=(JOB,),
        runs=(),
        jobs_read_at=NOW,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "blindness"),
    [
        ({}, None),
        ({"jobs_read_at": None}, None),
        ({"jobs": None}, Blindness.JOBS_HIDDEN),
        ({"jobs": None, "jobs_unseen": Blindness.JOBS_HIDDEN}, Blindness.JOBS_HIDDEN),
        ({"jobs": None, "jobs_read_at": None, "jobs_unseen": Blindness.JOBS_UNREADABLE}, Blindness.JOBS_UNREADABLE),
        ({"jobs_unseen": Blindness.JOBS_UNREADABLE}, None),
        ({"jobs_unseen": Blindness.JOBS_UNREADABLE, "jobs_read_at": NOW - 23 * HOUR}, None),
        ({"jobs_unseen": Blindness.JOBS_UNREADABLE, "jobs_read_at": NOW - 24 * HOUR}, Blindness.JOBS_UNREADABLE),
    ],
)
def test_jobs_that_could_not_be_read_for_too_long_cannot_be_judged(
    changes: dict[str, object], blindness: Blindness | None
) -> None:
    assert facts(**changes).jobs_blindness is blindness


def test_where_no_storage_is_named_it_is_that_of_the_node() -> None:
    known = facts(default_storage={"pve1": "nas", "pve2": None})
    # A folder that vzdump.conf names is no storage.
    assert [known.storage_name(None, node) for node in ("pve1", "pve2", "pve3")] == ["nas", "", "local"]
    assert known.storage_name("usb", "pve2") == "usb"
