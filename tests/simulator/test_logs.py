"""Logs read as those of real hosts."""

from pathlib import Path
import re

import pytest

from simulator import (
    Outcome,
    SimulatedCluster,
    Stage,
    failed,
    interrupted,
    left_out,
    lock_timeout,
    no_space,
    power_loss,
    prune_denied,
    running,
    storage_unreachable,
    warning,
)
from simulator.guests import GIB, Disk
from simulator.vzdump import Run

SCENARIOS = Path(__file__).parents[1] / "data/vzdump/scenarios"
WITHOUT_A_SAMPLE = {
    "INFO: got global lock",
    "INFO: marking backup as protected",
    "INFO: No previous manifest available.",
    "INFO: bandwidth limit: N KiB/s",
    "INFO: root.pxar: had to backup N of N (compressed N) in N s (average N/s)",
    "INFO: skipping guest filesystem freeze - agent configured but not running?",
    "TASK ERROR: interrupted by signal",
}
"""Lines of vzdump's source that no sample log contains."""


def patterned(line: str) -> str:
    """Return a line with names and numbers taken out."""
    line = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", line.rstrip())
    line = re.sub(r"/[\w/-]+/dump/[\w-]+", "…", line)
    line = re.sub(r"'[^']*'", "'…'", line)
    line = re.sub(r"(?<=starting new backup job: vzdump).*", " …", line)
    line = re.sub(r"(?<=skip external VMs: ).*", "…", line)
    line = re.sub(r"(?<=(?:VM|CT) Name: ).*", "…", line)
    line = re.sub(r"(?<=INFO: run: ).*", "…", line)
    line = re.sub(r"(?<=retention: ).*", "…", line)
    line = re.sub(r"(?<=Client name: ).*", "…", line)
    line = re.sub(r"(?:\[\w+\]:)?(?:vm|ct)/\d+/\S+", "…", line)
    line = re.sub(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \S+ \d{4}", "…", line)
    line = re.sub(r"\w+\d: dirty-bitmap status: OK \(.*", "…: dirty-bitmap status: OK (…", line)
    line = re.sub(r"\b(?:scsi|efidisk|sata)\d: ", "disk: ", line)
    line = re.sub(r"\d[\d.:]*(?: ?(?:[KMGT]i?B|B|s|m|h|G|M|%)\b)*(?: \d+s)?", "N", line)
    line = re.sub(r"(mount point) \w+", r"\1 …", line)
    return re.sub(r" +", " ", line)


def known_lines() -> set[str]:
    """Return the patterns of all lines of the sample logs."""
    logs = [path.read_text(encoding="utf-8") for path in SCENARIOS.glob("*/*.log")]
    return {patterned(line) for log in logs for line in log.splitlines()} | WITHOUT_A_SAMPLE


def strange_lines(log: str) -> set[str]:
    """Return the patterns of the lines that no real log has."""
    return {patterned(line) for line in log.splitlines()} - known_lines()


def run_of(pve: SimulatedCluster, outcomes: dict[int, Outcome] | None = None, node: str = "pve1") -> Run:
    """Run the nightly job and return the run of a node."""
    return next(run for run in pve.job("nightly").run(outcomes) if run.node.name == node)


def guest_log(pve: SimulatedCluster, name: str, node: str = "pve1") -> str:
    """Return a per-guest log."""
    return (pve.files_of(node) / "var/log/vzdump" / name).read_text()


@pytest.mark.parametrize("storage", ["nas", "pbs", "local"])
async def test_every_line_of_a_successful_run_occurs_in_real_logs(pve: SimulatedCluster, storage: str) -> None:
    """Virtual machines and containers, on files and on a backup server, for the first time and again."""
    pve.add_storage("pbs", "pbs").namespace = "home"
    pve.guest(101).agent = False
    pve.guest(101).exclude_disk("scsi0")
    pve.guest(101).disks.append(Disk(key="scsi1", volume="local-lvm:vm-101-disk-1", size=4 * GIB))
    pve.guest(103).disks.append(
        Disk(key="mp0", volume="/mnt/media", size=0, included=False, reason="not a volume", mount="/mnt/media")
    )
    pve.add_vm(105, "stopped", "pve1", size=4, status="stopped")
    pve.job("nightly").change(storage=storage, vmid="101,103,105", prune_backups={"keep-last": "1"})
    for _ in range(2):
        run = run_of(pve)
        assert run.status == "OK"
        assert strange_lines(run.log) == set()
    for name in ("qemu-101.log", "lxc-103.log", "qemu-105.log"):
        assert strange_lines(guest_log(pve, name)) == set()


FAILURES = {
    "out of space": {103: failed("zfs error: cannot create snapshot 'x': out of space", stage=Stage.SNAPSHOT)},
    "qmp": {101: failed("VM 101 qmp command 'backup' failed - got timeout", stage=Stage.STARTING)},
    "full": {101: no_space(), 103: no_space()},
    "prepared": {101: failed("VM is locked (backup)", stage=Stage.PREPARING)},
    "interrupted": {103: interrupted()},
    "orphan": {101: failed("unable to find VM '101'", stage=Stage.BEFORE_LOG)},
}


@pytest.mark.parametrize("name", FAILURES)
async def test_every_line_of_a_failed_run_occurs_in_real_logs(pve: SimulatedCluster, name: str) -> None:
    """A run whose guests fail ends as vzdump ends it."""
    run = run_of(pve, FAILURES[name])
    assert strange_lines(run.log) == set()
    assert run.status == ("interrupted by signal" if name == "interrupted" else "job errors")
    assert run.log.endswith(f"TASK ERROR: {run.status}\n")


async def test_a_failed_guest_does_not_stop_the_others(pve: SimulatedCluster) -> None:
    """Each guest has its own end."""
    log = run_of(pve, {101: failed("no luck")}).log
    assert "ERROR: Backup of VM 101 failed - no luck" in log
    assert re.search(r"INFO: Finished Backup of VM 103 \(\d\d:\d\d:\d\d\)", log)
    assert [archive.vmid for archive in pve.storage("nas").archives if archive.vmid in {101, 103}] == [103]


async def test_warnings_are_counted_but_are_no_failure(pve: SimulatedCluster) -> None:
    """The status of 8 and later counts them; that of 7.4 does not know them."""
    run = run_of(pve, {101: warning("EFI disk without 'ms-cert=2023k' option")})
    assert run.status == "WARNINGS: 1"
    assert run.log.endswith("TASK WARNINGS: 1\n")
    pve.version = "7.4-20"
    assert run_of(pve, {101: warning("EFI disk without 'ms-cert=2023k' option")}).status == "OK"


async def test_guest_logs_carry_the_time_of_the_node_and_are_replaced_by_each_run(pve: SimulatedCluster) -> None:
    """Only the last run is in the log of a guest."""
    pve.node("pve1").timezone = "America/New_York"
    run_of(pve)
    first = guest_log(pve, "qemu-101.log")
    assert first.startswith("2026-09-14 05:58:")
    pve.clock.advance(hours=2)
    run_of(pve)
    second = guest_log(pve, "qemu-101.log")
    assert second.startswith("2026-09-14 07:58:")
    assert second.count("Starting Backup") == 1


async def test_a_guest_log_keeps_the_run_before_when_the_failure_comes_early(pve: SimulatedCluster) -> None:
    """What fails before the log is opened leaves the old content."""
    run_of(pve)
    before = guest_log(pve, "qemu-101.log")
    run = run_of(pve, {101: failed("There is a max backup limit of 3 enforced", stage=Stage.BEFORE_LOG)})
    assert "Starting Backup of VM 101" not in run.log
    assert guest_log(pve, "qemu-101.log") == before


async def test_a_locked_guest_fails(pve: SimulatedCluster) -> None:
    """A stale lock makes every run fail."""
    pve.guest(103).lock = "snapshot"
    assert "ERROR: Backup of VM 103 failed - CT is locked (snapshot)" in run_of(pve).log


async def test_a_full_storage_fails_by_itself(pve: SimulatedCluster) -> None:
    """Nobody has to choose the outcome where the space does not suffice."""
    pve.storage("nas").fill(leaving=200 * 1024**2)
    log = run_of(pve).log
    assert "No space left on device" in log
    assert "ERROR: Backup of VM 101 failed - vma_queue_write: write error - Broken pipe" in log


async def test_a_storage_that_cannot_be_activated_ends_the_run_before_its_header(pve: SimulatedCluster) -> None:
    """The log has no header and no guest."""
    pve.storage("nas").go_offline()
    run = run_of(pve)
    assert run.log == (
        "INFO: notified via target `mail-to-root`\n"
        "TASK ERROR: could not activate storage 'nas': storage 'nas' is not online\n"
    )
    chosen = pve.job("nightly").run(outcome=storage_unreachable("no route"))[0]
    assert chosen.status == "could not activate storage 'nas': no route"
    pve.job("nightly").change(storage="old-nas")
    assert strange_lines(run_of(pve).log) == set()


async def test_a_run_that_waits_in_vain_for_the_lock_has_no_task_line(pve: SimulatedCluster) -> None:
    """Its status is unexpected."""
    run = pve.job("nightly").run(outcome=lock_timeout())[0]
    assert run.status == "unexpected status"
    assert strange_lines(run.log) == set()
    assert "TASK" not in run.log


async def test_runs_of_one_node_follow_each_other(pve: SimulatedCluster) -> None:
    """One lock per node: the second waits."""
    first = pve.job("nightly").start()[0]
    second = pve.backup_by_hand([103], "local", at=pve.clock.now())[0]
    pve.clock.advance(seconds=1)
    assert second.log == "INFO: trying to get global lock - waiting...\n"
    pve.clock.advance(minutes=10)
    assert (first.status, second.status) == ("OK", "OK")
    assert second.log.splitlines()[1] == "INFO: got global lock"


async def test_progress_moves_with_the_clock(pve: SimulatedCluster) -> None:
    """A running backup writes its progress as time goes by, and nothing that lies ahead."""
    run = pve.job("nightly").start()[0]
    pve.clock.advance(seconds=7)
    assert run.status is None
    assert pve.guest(101).lock == "backup"
    assert re.findall(r" (\d+)% ", run.log) == ["11", "22"]
    pve.clock.advance(minutes=5)
    assert run.status == "OK"
    assert pve.guest(101).lock is None


async def test_a_backup_that_hangs_goes_on_when_told(pve: SimulatedCluster) -> None:
    """Its progress stays where it is until then."""
    run = pve.job("nightly").start({101: running(30)})[0]
    pve.clock.advance(hours=5)
    assert run.status is None
    assert re.findall(r" (\d+)% ", run.log)[-1] == "22"
    run.go_on()
    pve.clock.advance(minutes=5)
    assert run.status == "OK"


async def test_a_stopped_task_drops_its_archive(pve: SimulatedCluster) -> None:
    """Later guests do not appear."""
    server = pve.add_storage("pbs", "pbs")
    pve.job("nightly").change(storage="pbs")
    run = pve.job("nightly").start({101: running()})[0]
    pve.clock.advance(minutes=1)
    assert [archive.unfinished for archive in server.archives if archive.vmid == 101] == [True]
    run.interrupt()
    assert run.status == "interrupted by signal"
    assert "VM 103" not in run.log
    assert server.archive(101) == []


async def test_a_loss_of_power_cuts_the_log(pve: SimulatedCluster) -> None:
    """The task ends when the node is back; the lock and the unfinished snapshot stay."""
    server = pve.add_storage("pbs", "pbs")
    pve.job("nightly").change(storage="pbs")
    pve.job("nightly").run({101: power_loss()})
    run = pve.node("pve1").tasks.running[0]
    assert not pve.node("pve1").online
    pve.clock.advance(hours=1)
    pve.node("pve1").come_online()
    assert run.status == "unexpected status"
    assert run.endtime == int(pve.clock.time())
    assert "TASK" not in (pve.files_of("pve1") / run.log_path).read_text()
    assert pve.guest(101).lock == "backup"
    assert server.archive(101)[0].unfinished


async def test_a_refused_prune_fails_the_guest_although_the_archive_is_there(pve: SimulatedCluster) -> None:
    """As with a token of the backup server that must not prune."""
    server = pve.add_storage("pbs", "pbs")
    pve.job("nightly").change(storage="pbs", prune_backups={"keep-last": "2"})
    run = run_of(pve, {103: prune_denied()})
    assert "ERROR: Backup of VM 103 failed - error pruning backups - check log" in run.log
    assert strange_lines(run.log) == set()
    assert not server.archive(103)[0].unfinished


async def test_a_guest_can_be_passed_over_and_a_missing_one_fails_everywhere(pve: SimulatedCluster) -> None:
    """An orphaned number is a failure on each node."""
    pve.guest(104).delete(purge=False)
    runs = pve.job("nightly").run({101: left_out()})
    assert len(runs) == 3
    assert all("ERROR: Backup of VM 104 failed - unable to find VM '104'" in run.log for run in runs)
    assert "VM 101" not in runs[0].log
    assert all(strange_lines(run.log) == set() for run in runs)


async def test_an_all_job_runs_where_nothing_is_local(pve: SimulatedCluster) -> None:
    """A list of guests does not."""
    assert {run.node.name for run in pve.job("nightly").run()} == {"pve1", "pve2"}
    pve.job("nightly").change(vmid=None, all=1)
    runs = pve.job("nightly").run()
    assert {run.node.name for run in runs} == {"pve1", "pve2", "pve3"}
    assert len(runs[2].log.splitlines()) == 4
    assert runs[2].status == "OK"


async def test_prune_removes_what_the_retention_does_not_keep(pve: SimulatedCluster) -> None:
    """Archives and the copies of their logs go; protected ones stay."""
    pve.job("nightly").change(prune_backups={"keep-last": "2"})
    run_of(pve)
    pve.storage("nas").archive(101)[0].protected = True
    for _ in range(3):
        pve.clock.advance(hours=1)
        run_of(pve)
    assert len(pve.storage("nas").archive(101)) == 3
    dump = sorted(path.name for path in (pve.directory / "storages/nas/dump").glob("vzdump-qemu-101-*"))
    assert [name.rpartition(".")[2] for name in dump] == ["log", "zst"] * 3


async def test_scheduled_and_manual_headers_differ(pve: SimulatedCluster) -> None:
    """Scheduled runs are quiet; "Run now" names node and all."""
    job = pve.job("nightly")
    scheduled, pressed = job.run()[0].log, job.run(by="admin@pve")[0].log
    assert "--quiet 1" in scheduled.splitlines()[0]
    assert "--quiet" not in pressed
    assert {"--node pve1", "--all 0"} <= {
        found.strip() for found in re.findall(r"--\w+ \w+ ?", pressed.splitlines()[0])
    }


async def test_files_are_those_of_the_virtual_time(pve: SimulatedCluster) -> None:
    """Modification times are those of the last line, index and active hold the task."""
    run = run_of(pve)
    root = pve.files_of("pve1")
    assert run.task.endtime is not None
    assert int((root / run.task.log_path).stat().st_mtime) == run.task.endtime
    tasks = root / "var/log/pve/tasks"
    assert (tasks / "index").read_text() == f"{run.upid} {run.task.endtime:08X} OK\n"
    assert (tasks / "active").read_text() == f"{run.upid} 1 {run.task.endtime:08X} OK\n"
