"""A data centre as facts and history: 32 nodes, 5,000 guests, 50 jobs, 60,000 archives, thirteen months of nights."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.history.limits import bounded
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Facts, NodeFacts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import History, RunRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive, BackupJob
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus, Guest, Node
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

NOON = datetime(2026, 10, 14, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TIB, GIB = 1024**4, 1024**3
FIRST_VMID = 1000
LATER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a cluster is."""

    nodes: int = 32
    guests: int = 5000
    jobs: int = 50
    storages: int = 6
    archives: int = 60_000
    nights: int = 396


FULL = Size()


def sized(guests: int) -> Size:
    """Return a cluster of so many guests, all else in proportion; the guests of a job need four nodes."""
    part = guests / FULL.guests
    jobs = max(1, round(FULL.jobs * part))
    return Size(
        nodes=max(4, round(FULL.nodes * part)),
        guests=guests,
        jobs=jobs,
        storages=min(FULL.storages, jobs),
        archives=round(FULL.archives * part),
    )


def make_facts(size: Size = FULL, now: datetime = NOON) -> Facts:
    """Return the cluster at a moment of a quiet day."""
    names = [f"pve{number:02}" for number in range(1, size.nodes + 1)]
    guests = tuple(_guest(index, names, size) for index in range(size.guests))
    return Facts(
        now=now,
        cluster=ClusterStatus(name="large", quorate=True, nodes=tuple(Node(name=name, online=True) for name in names)),
        nodes={
            name: NodeFacts(
                name=name,
                zone=BERLIN,
                tasks_read=now,
                booted=NOON - timedelta(days=100),
                runs_known_since=NOON - _DAYS_60,
            )
            for name in names
        },
        guests=guests,
        jobs=tuple(_job(number, size) for number in range(size.jobs)),
        runs=(),
        storages=tuple(_storage(number, guests, size) for number in range(size.storages)),
        read_at=now,
    )


def history_of(facts: Facts, size: Size = FULL) -> History:
    """Return what is kept of thirteen months of nights: no more than thirty runs each of so many guests."""
    began = NOON - timedelta(days=size.nights)
    runs = {run.upid: run for run in runs_of(facts, range(40), size)}
    # Guests and jobs that were there when it began.
    known = judge(replace(facts, now=began, read_at=began), History()).history
    return bounded(History(began=began, evaluated=NOON - LATER, runs=runs, jobs=known.jobs, guests=known.guests), NOON)


def later(facts: Facts, by: timedelta) -> Facts:
    """Return the same facts, read anew."""
    now = facts.now + by
    return replace(
        facts,
        now=now,
        read_at=now,
        nodes={name: replace(node, tasks_read=now) for name, node in facts.nodes.items()},
        guests=tuple(replace(guest) for guest in facts.guests),
        jobs=None if facts.jobs is None else tuple(replace(job) for job in facts.jobs),
        storages=tuple(replace(storage) for storage in facts.storages),
    )


_DAYS_60 = timedelta(days=60)


def _job_of(index: int, size: Size) -> int:
    return index % size.jobs


def _storage_of(job: int, size: Size) -> int:
    return job % size.storages


def _guest(index: int, names: list[str], size: Size) -> Guest:
    return Guest(
        vmid=FIRST_VMID + index,
        guest_type="lxc" if index % 3 == 0 else "qemu",
        # The guests of a job are on four nodes, as a job is often made for a group of them.
        node=names[(index // size.jobs % 4 + 4 * _job_of(index, size)) % size.nodes],
        status="running",
        name=f"guest-{index}",
        template=False,
        tags=("production",) if index % 2 else (),
    )


def _job(number: int, size: Size) -> BackupJob:
    row = {
        "id": f"backup-{number:08x}",
        "type": "vzdump",
        "enabled": 1,
        "schedule": f"{20 + number % 4 if number % 8 < 4 else number % 4}:{5 * (number % 12):02}",
        "storage": f"store{_storage_of(number, size)}",
        "mode": "snapshot",
        "comment": f"Group {number}",
        "vmid": ",".join(str(FIRST_VMID + index) for index in range(number, size.guests, size.jobs)),
        "prune-backups": {"keep-daily": "8", "keep-weekly": "4"},
    }
    return BackupJob.list_from_api([row])[0]


def _storage(number: int, guests: tuple[Guest, ...], size: Size) -> StorageFacts:
    each = size.archives // size.guests
    archives = tuple(
        _archive(guest, f"store{number}", night, size)
        for index, guest in enumerate(guests)
        if _storage_of(_job_of(index, size), size) == number
        for night in _kept_nights(each)
    )
    return StorageFacts(
        storage=f"store{number}",
        node=None,
        plugin_type="nfs",
        active_on=frozenset({"pve01"}),
        total=400 * TIB,
        used=200 * TIB,
        available=200 * TIB,
        keep=KeepOptions.parse("keep-daily=8,keep-weekly=4"),
        listing=ArchiveListing(read_at=NOON - timedelta(hours=1), archives=archives, complete=True, detailed=True),
    )


def _kept_nights(each: int) -> list[int]:
    """Return the nights, by their distance, whose archives retention leaves: eight days, then one a week."""
    weeks = [night for night in range(8, 80) if (NOON - timedelta(days=night)).astimezone(BERLIN).weekday() == 6]
    return [*range(8), *weeks][:each]


def _slot(vmid: int, night: int, size: Size) -> datetime:
    """Return when a guest's job began in a night."""
    number = _job_of(vmid - FIRST_VMID, size)
    hour, minute = 20 + number % 4 if number % 8 < 4 else number % 4, 5 * (number % 12)
    day = NOON.astimezone(BERLIN) - timedelta(days=night + (1 if hour >= 12 else 0))
    return day.replace(hour=hour, minute=minute, second=2).astimezone(UTC)


def _begun(guest: Guest, night: int, size: Size) -> datetime:
    place = (guest.vmid - FIRST_VMID) // size.jobs // 4
    return _slot(guest.vmid, night, size) + timedelta(seconds=3 + 90 * place)


def _name(guest: Guest, begun: datetime) -> str:
    ending = "vma.zst" if guest.guest_type == "qemu" else "tar.zst"
    return f"vzdump-{guest.guest_type}-{guest.vmid}-{begun.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.{ending}"


def _bytes(guest: Guest, night: int) -> int:
    return int((2 + guest.vmid % 60) * GIB * (1 + (guest.vmid * 7919 + night * 104729) % 100 / 1500))


def _archive(guest: Guest, storage: str, night: int, size: Size) -> Archive:
    begun = _begun(guest, night, size)
    return Archive(
        volid=f"{storage}:backup/{_name(guest, begun)}",
        storage=storage,
        vmid=guest.vmid,
        guest_type=guest.guest_type,
        ctime=int(begun.timestamp()),
        size=_bytes(guest, night),
        notes=guest.name,
    )


def runs_of(facts: Facts, nights: Iterable[int], size: Size = FULL) -> Iterable[RunRecord]:
    """Return the runs of these nights, by their distance, with what each did for every guest."""
    groups: dict[tuple[int, str], list[Guest]] = {}
    for guest in facts.guests:
        groups.setdefault((_job_of(guest.vmid - FIRST_VMID, size), guest.node), []).append(guest)
    assert facts.jobs is not None
    for night in nights:
        for (number, node), guests in groups.items():
            yield _run(facts.jobs[number], node, guests, night, size)


def _run(job: BackupJob, node: str, guests: list[Guest], night: int, size: Size) -> RunRecord:
    started = _slot(guests[0].vmid, night, size)
    upid = f"UPID:{node}:{int(job.job_id[7:], 16):08X}:0123ABCD:{int(started.timestamp()):08X}:vzdump::root@pam:"
    ended = _begun(guests[-1], night, size) + timedelta(seconds=90)
    return RunRecord(
        upid=upid,
        node=node,
        started=started,
        ended=ended,
        status="OK",
        job_id=job.job_id,
        confidence=Confidence.MATCHED,
        storage=job.storage,
        outcomes=tuple(_outcome(guest, upid, job, night, size) for guest in guests),
    )


def _outcome(guest: Guest, upid: str, job: BackupJob, night: int, size: Size) -> Outcome:
    begun = _begun(guest, night, size)
    return Outcome(
        vmid=guest.vmid,
        upid=upid,
        node=guest.node,
        result=Result.OK,
        started=begun,
        finished=begun + timedelta(seconds=80),
        error=None,
        job_id=job.job_id,
        confidence=Confidence.MATCHED,
        guest_type=guest.guest_type,
        storage=job.storage,
        archive=f"/mnt/pve/{job.storage}/dump/{_name(guest, begun)}",
        size=_bytes(guest, night),
        seconds=80,
    )
