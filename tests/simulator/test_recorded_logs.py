"""Runs end in the words in which Proxmox's own code let them end (tests/data/recorded/logs.json)."""

from collections.abc import Callable
from pathlib import Path
import re
from typing import Any

import pytest

from simulator import SimulatedCluster, Stage, failed, interrupted, lock_timeout, power_loss
from simulator.vzdump import Run

from .recorded import FRIDAY, WORLD, read

LOGS = {log["upid"]: log for log in read("logs.json")}
SMALL_DIFFERENCES = ("filesystem type on dumpdir is",)
"""Lines about the disks of the host."""


def lines_of(log: list[str]) -> list[str]:
    """Return the kinds of the lines, without what differs from run to run; progress is one line."""
    found: list[str] = []
    for line in log:
        kind = re.sub(r"'[^']*'", "'…'", line.partition("vzdump ")[0] if "new backup job" in line else line)
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d.]*( ?(B|KiB|MiB|GiB|KB|MB|GB)\b)?", "0", kind)
        kind = re.sub(r"^INFO: +0% .*", "INFO: progress", kind).replace(
            "pruned 0 backup(s) not covered by keep-retention policy", "pruned 0 backup(s)"
        )
        if not any(part in kind for part in SMALL_DIFFERENCES) and kind not in (
            found[-1:] if "progress" in kind or "removing" in kind else []
        ):
            found.append(kind)
    return [kind for kind in found if "removing backup" not in kind]


def run_all(pve: SimulatedCluster, **kinds: Any) -> Run:
    return pve.job("backup-all").run(**kinds)[0]


def without_quorum(pve: SimulatedCluster, vmid: int) -> Run:
    """Back a guest up while the other node is off."""
    pve.add_node("pve2")
    pve.node("pve2").go_offline()
    return pve.backup_by_hand([vmid], "nas", from_shell=True)[0]


def not_mounted(pve: SimulatedCluster) -> Run:
    """Run a job whose disk is not mounted."""
    pve.storage("nas").go_offline()
    return run_all(pve)


def power_cut(pve: SimulatedCluster) -> Run:
    """Lose power in the middle of the last guest."""
    run = run_all(pve, outcomes={103: power_loss()})
    pve.node("pve1").come_online()
    return run


def wrong_content(pve: SimulatedCluster) -> Run:
    """Back up onto a storage that takes no backups."""
    pve.add_storage("isoonly", content="iso")
    return pve.backup_by_hand([101], "isoonly", from_shell=True)[0]


def elsewhere(pve: SimulatedCluster) -> Run:
    """Back up onto a storage of another node."""
    pve.add_storage("other", nodes=("pve9",))
    return pve.backup_by_hand([101], "other", from_shell=True)[0]


def switched_off(pve: SimulatedCluster) -> Run:
    """Back up onto a disabled storage."""
    pve.add_storage("off").enabled = False
    return pve.backup_by_hand([101], "off", from_shell=True)[0]


ENDINGS: dict[str, tuple[str, Callable[[SimulatedCluster], Run]]] = {
    "good": ("UPID:pve1:0000798F:0015CACD:6B08D610:vzdump::root@pam:", run_all),
    "one guest failed": (
        "UPID:pve1:00007C8F:0015EDC7:6B0A2790:vzdump::root@pam:",
        lambda pve: run_all(pve, outcomes={100: failed("job failed with err -5 - Input/output error")}),
    ),
    "not mounted": ("UPID:pve1:0000020E:0016377B:6B0CCA90:vzdump::root@pam:", not_mounted),
    "power cut": ("UPID:pve1:0000094C:0016B101:6B0E1C10:vzdump::root@pam:", power_cut),
    "locked": (
        "UPID:pve1:00000BED:0016D16C:6B0F6D90:vzdump::root@pam:",
        lambda pve: run_all(pve, outcomes={103: failed("VM is locked (backup)", stage=Stage.PREPARING)}),
    ),
    "no lock": (
        "UPID:pve1:00000DA8:0016E0BB:6B0FFA30:vzdump::root@pam:",
        lambda pve: run_all(pve, outcome=lock_timeout()),
    ),
    "stopped": (
        "UPID:pve1:0000160C:0017634B:6B12C8E7:vzdump:100:root@pam!full:",
        lambda pve: pve.backup_by_hand([100], "nas", outcomes={100: interrupted()}, by="root@pam!full")[0],
    ),
    "no such storage": (
        "UPID:pve1:00002011:0017C1A1:6B0D9D68:vzdump:101:root@pam:",
        lambda pve: pve.backup_by_hand([101], "nope", from_shell=True)[0],
    ),
    "disabled": ("UPID:pve1:00002039:0017C2BA:6B0D9D6B:vzdump:101:root@pam:", switched_off),
    "wrong content": ("UPID:pve1:00002062:0017C3F0:6B0D9D6E:vzdump:101:root@pam:", wrong_content),
    "another node's": ("UPID:pve1:0000207D:0017C524:6B0D9D71:vzdump:101:root@pam:", elsewhere),
    "no quorum, container": (
        "UPID:pve1:00000400:001B40A7:6B208EEF:vzdump:101:root@pam:",
        lambda pve: without_quorum(pve, 101),
    ),
    "no quorum, machine": (
        "UPID:pve1:00000413:001B4130:6B208EF0:vzdump:100:root@pam:",
        lambda pve: without_quorum(pve, 100),
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_written_line_by_line_as_recorded(tmp_path: Path, ending: str) -> None:
    """The same lines in the same order, and the same status of the task."""
    pve = SimulatedCluster.prepare(WORLD, tmp_path, now=FRIDAY, version="9.2.11")
    upid, make = ENDINGS[ending]
    run = make(pve)
    recorded = LOGS[upid]
    assert lines_of(run.lines) == lines_of(recorded["log"])
    assert re.sub(r"'[^']*'", "", str(run.status)) == re.sub(r"'[^']*'", "", recorded["status"])
    assert run.task.id == upid.split(":")[6]
