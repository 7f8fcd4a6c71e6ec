"""Small builders of facts: a cluster of two nodes in Berlin, guests, jobs and runs with the logs of real ones."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts, JobState, NodeFacts, Run
from custom_components.proxmox_backup_checker.checker.model.records import History, RunRecord
from custom_components.proxmox_backup_checker.checker.runs.run_records import records_of
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus, Guest, Node, Task
from custom_components.proxmox_backup_checker.proxmox.vzdump import log as vzdump_log

SCENARIOS = Path(__file__).parent.parent / "data" / "vzdump" / "scenarios"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 9, 3, 8, 0, tzinfo=UTC)


def guest(vmid: int, guest_type: str = "qemu", node: str = "pve1", **fields: Any) -> Guest:
    """Return a guest."""
    fields = {"status": "running", "name": f"g{vmid}", "template": False, **fields}
    return Guest(vmid=vmid, guest_type=guest_type, node=node, **fields)


def job(job_id: str = "nightly", *vmids: int, enabled: bool = True, **options: Any) -> BackupJob:
    """Return a job as the API lists it; underscores in options stand for hyphens."""
    row = {"id": job_id, "type": "vzdump", "enabled": int(enabled), "schedule": "21:00", "mode": "snapshot"}
    row |= {name.replace("_", "-"): value for name, value in options.items()}
    if vmids:
        row["vmid"] = ",".join(map(str, vmids))
    [made] = BackupJob.list_from_api([row])
    return made


def run(
    log: str | None,
    status: str | None = "OK",
    *,
    started: datetime = NOW - timedelta(hours=13),
    seconds: int = 600,
    node: str = "pve1",
    task_id: str = "",
    user: str = "root@pam",
    token: str | None = None,
) -> Run:
    """Return a run with the text of its log; a status of None means that it runs."""
    begin = int(started.timestamp())
    task = Task(
        upid=f"UPID:{node}:0012AB34:0123ABCD:{begin:08X}:vzdump:{task_id}:{user}:",
        node=node,
        started=begin,
        task_type="vzdump",
        task_id=task_id,
        user=user,
        token=token,
        ended=None if status is None else begin + seconds,
        status=status,
    )
    return Run(task=task, log=None if log is None else vzdump_log.parse(log))


def sample(name: str) -> Run:
    """Return the run of a real task log."""
    folder = SCENARIOS / name
    entry = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["task_entry"]
    [task] = Task.list_from_api([entry])
    return Run(task=task, log=vzdump_log.parse((folder / "task.log").read_text(encoding="utf-8")))


def good_log(
    *vmids: int,
    command: str | None = None,
    at: datetime = NOW - timedelta(hours=13),
    more: str = "",
    minutes: int = 1,
) -> str:
    """Return the log of a run in which all went well; without a command, that of the job with just these guests.

    Each of them took some minutes.
    """
    stamp = at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
    command = command or f"vzdump {' '.join(map(str, vmids))} --mode snapshot --quiet 1 --storage nas"
    lines = [f"INFO: starting new backup job: {command}"]
    for vmid in vmids:
        lines += [
            f"INFO: Starting Backup of VM {vmid} (qemu)",
            f"INFO: Backup started at {stamp}",
            "INFO: status = running",
            f"INFO: creating vzdump archive '/mnt/pve/nas/dump/vzdump-qemu-{vmid}-x.vma.zst'",
            "INFO: archive file size: 3.00GB",
            f"INFO: Finished Backup of VM {vmid} (00:{minutes:02}:00)",
            f"INFO: Backup finished at {stamp}",
        ]
    return "\n".join([*lines, *([more] if more else []), "INFO: Backup job finished successfully", "TASK OK", ""])


def failed_log(vmid: int, error: str = "job failed", at: datetime = NOW - timedelta(hours=13)) -> str:
    """Return the log of the job of one guest whose backup failed."""
    stamp = at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
    return "\n".join(
        [
            f"INFO: starting new backup job: vzdump {vmid} --mode snapshot --quiet 1 --storage nas",
            f"INFO: Starting Backup of VM {vmid} (qemu)",
            f"INFO: Backup started at {stamp}",
            f"ERROR: Backup of VM {vmid} failed - {error}",
            f"INFO: Failed at {stamp}",
            "INFO: Backup job finished with errors",
            "TASK ERROR: job errors",
            "",
        ]
    )


def facts(
    guests: Iterable[Guest] = (),
    jobs: Iterable[BackupJob] | None = (),
    runs: Iterable[Run] = (),
    *,
    blind: dict[str, Blindness] | None = None,
    job_states: Iterable[JobState] = (),
    **changes: Any,
) -> Facts:
    """Return facts about a cluster of pve1 and pve2."""
    names = ("pve1", "pve2")
    made = Facts(
        now=NOW,
        cluster=ClusterStatus(name="home", quorate=True, nodes=tuple(Node(name=name, online=True) for name in names)),
        nodes={name: NodeFacts(name=name, zone=BERLIN, blindness=(blind or {}).get(name)) for name in names},
        guests=tuple(guests),
        jobs=None if jobs is None else tuple(jobs),
        runs=tuple(runs),
        job_states=tuple(job_states),
    )
    return replace(made, **changes)


def assessment(*arguments: Any, history: History | None = None, **changes: Any) -> Assessment:
    """Judge facts, without a past unless one is given."""
    return judge(facts(*arguments, **changes), history or History())


def record(run: Run, known: Facts) -> RunRecord:
    """Return what is remembered of a run, or known of it while it goes on."""
    found = records_of(known, History())
    return {record.upid: record for record in (*found.finished.values(), *found.running.values())}[run.task.upid]
