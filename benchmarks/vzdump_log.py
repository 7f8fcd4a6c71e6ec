"""Speed and memory of the vzdump log reader on a large log, beside grep and beside reading lines without looking.

Usage: python benchmarks/vzdump_log.py [megabytes]
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
import subprocess
import sys
import tempfile
import time
import tracemalloc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import VzdumpLog, VzdumpLogReader

MEGABYTE = 1_000_000
CHUNK = 1 << 18
ROUNDS = 3
GUESTS = 50
PROGRESS_BYTES = 87  # of a line of progress, about


def guest(vmid: int, prefix: str, progress_lines: int) -> Iterator[str]:
    """Lines of one guest's backup to a Proxmox Backup Server, with progress as QEMU reports it and a hook script."""
    yield f"{prefix}Starting Backup of VM {vmid} (qemu)"
    yield f"{prefix}status = running"
    yield f"{prefix}VM Name: guest{vmid}"
    yield f"{prefix}include disk 'scsi0' 'local-lvm:vm-{vmid}-disk-0' 32G"
    yield f"{prefix}backup mode: snapshot"
    yield f"{prefix}ionice priority: 7"
    yield f"{prefix}HOOK: backup-start snapshot {vmid}"
    yield f"{prefix}creating Proxmox Backup Server archive 'vm/{vmid}/2026-09-10T20:30:04Z'"
    yield f"{prefix}started backup task '44c3c6c3-f246-42de-8efc-ee87648ea1ae'"
    yield f"{prefix}scsi0: dirty-bitmap status: created new"
    for number in range(progress_lines):
        percent = number * 100 // progress_lines
        minutes, seconds = divmod(number * 3, 60)
        yield (
            f"{prefix}{percent:3d}% ({percent * 0.32:.1f} GiB of 32.0 GiB) in {minutes}m {seconds}s, "
            "read: 325.3 MiB/s, write: 310.2 MiB/s"
        )
        if number % 20 == 0:
            yield '  Logical volume "snap_vm-disk-0_vzdump" created.'
    yield f"{prefix}backup was done incrementally, reused 23.82 GiB (74%)"
    yield f"{prefix}transferred 32.00 GiB in 88 seconds (372.4 MiB/s)"
    yield f"{prefix}prune older backups with retention: keep-weekly=6"
    yield f"{prefix}running 'proxmox-backup-client prune' for 'vm/{vmid}'"
    yield f"{prefix}pruned 1 backup(s) not covered by keep-retention policy"
    yield f"{prefix}Finished Backup of VM {vmid} (00:01:31)"


def write_log(path: Path, size: int, prefix: str) -> None:
    """Write a log of about this many bytes: always as many guests, with as much progress as it takes."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(GUESTS):
            lines = guest(100 + number, prefix, size // GUESTS // (PROGRESS_BYTES + len(prefix) - len("INFO: ")))
            file.writelines(f"{line}\n" for line in lines)


def read_log(path: Path) -> VzdumpLog:
    """Read a log as the integration reads a growing one."""
    reader = VzdumpLogReader()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            reader.feed(chunk)
    reader.end()
    return reader.log(finished=True)


def read_lines(path: Path) -> None:
    """Read all lines as text without looking at them."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for _line in file:
            pass


def grep(path: Path) -> None:
    """Count the lines of one guest's end with grep."""
    # Its output must go somewhere: with /dev/null grep stops at the first match.
    subprocess.run(["grep", "-c", "Finished Backup of VM", path], check=True, capture_output=True)


def megabytes_per_second(action: Callable[[Path], object], path: Path) -> float:
    """Best speed of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        action(path)
        best = min(best, time.perf_counter() - started)
    return path.stat().st_size / MEGABYTE / best


def peak_memory(path: Path) -> int:
    """Peak of the memory that Python allocated while reading, in KiB."""
    tracemalloc.start()
    read_log(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak // 1024


def main() -> int:
    """Measure, print, and fail where the target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("megabytes", nargs="?", type=int, default=200)
    size = arguments.parse_args().megabytes * MEGABYTE
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for kind, prefix in (("task log", "INFO: "), ("guest's log", "2026-09-10 22:30:04 INFO: ")):
            path, small = Path(folder) / "large.log", Path(folder) / "small.log"
            write_log(path, size, prefix)
            write_log(small, size // 10, prefix)
            if len(read_log(path).guests) != GUESTS:
                raise SystemExit("the reader lost guests")
            reader = megabytes_per_second(read_log, path)
            lines = megabytes_per_second(read_lines, path)
            target = max(100, lines / 4)
            good = good and reader >= target
            print(f"{kind}, {path.stat().st_size / MEGABYTE:.0f} MB, {GUESTS} guests")
            print(f"  reader        {reader:7.0f} MB/s (target {target:.0f})")
            print(f"  lines, unseen {lines:7.0f} MB/s")
            print(f"  grep -c       {megabytes_per_second(grep, path):7.0f} MB/s")
            print(f"  peak memory   {peak_memory(path):7d} KiB; with a tenth of the log {peak_memory(small)} KiB")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
