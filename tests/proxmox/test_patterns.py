"""No pattern takes longer for a text than its length explains, whoever wrote the text."""

from collections.abc import Iterator
import importlib
from itertools import pairwise
import pkgutil
import re
import time

import pytest

import custom_components.proxmox_backup_checker.proxmox as ground_floor
from custom_components.proxmox_backup_checker.proxmox.vzdump.error_text import ErrorText
from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import cause_of
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import parse

# A schedule has 128 characters at most, and no longer text is looked at.
SHORT_TEXTS_ONLY = "calendar.refusal"
LENGTH = 16_000
# Linear patterns need less than a millisecond for such a text, quadratic ones more than a second.
SECONDS = 0.2


def within(value: object) -> Iterator[re.Pattern[str]]:
    """Yield the patterns of a constant."""
    match value:
        case re.Pattern() if isinstance(value.pattern, str):
            yield value
        case ErrorText():
            yield value.form
        case dict():
            for item in value.values():
                yield from within(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from within(item)


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern of the ground floor by its text."""
    found: dict[str, re.Pattern[str]] = {}
    for module in pkgutil.walk_packages(ground_floor.__path__, f"{ground_floor.__name__}."):
        if not module.name.endswith(SHORT_TEXTS_ONLY):
            for name, value in vars(importlib.import_module(module.name)).items():
                if not name.startswith("__"):
                    found |= {pattern.pattern: pattern for pattern in within(value)}
    return found


def pieces(pattern: str) -> list[str]:
    """Return the plain parts of a pattern, and single characters that many parts take."""
    words = [word for word in re.split(r"\\.|[\[\](){}|*+?^$.]+|P<\w+>", pattern) if word]
    joined = [f"{one}{other}" for one, other in pairwise(words)]
    return [" ", "a", "0", "' ", "a ", " a'", ": ", *words[:12], *joined[:8]]


def test_every_pattern_is_looked_at() -> None:
    assert len(patterns()) > 220


@pytest.mark.parametrize("pattern", patterns().values(), ids=lambda pattern: pattern.pattern[:60])
def test_a_pattern_is_not_slow_over_the_repetition_of_its_own_parts(pattern: re.Pattern[str]) -> None:
    parts = pieces(pattern.pattern)
    for beginning in {"", "".join(parts[7:8]), "".join(parts[7:10])}:
        for piece in parts:
            text = f"{beginning}{piece * (LENGTH // len(piece))}\x01"
            started = time.process_time()
            pattern.match(text)
            pattern.fullmatch(text)
            taken = time.process_time() - started
            assert taken < SECONDS, (beginning, piece)


HOSTILE_LINES = (
    "INFO: exclude disk 'a' 'a' " + "' (" * 20_000,
    "INFO: creating archive 'a'" + " archive 'a'" * 5_000 + "x",
    "INFO: excluding a mount point a ('a') from" + "') from backup (a)" * 3_000 + "x",
    "INFO: run: " + "/usr/bin/proxmox-backup-client backup --crypt-mode " * 1_200,
    "INFO: Total bytes written: 1 (" + ", 1B/s" * 10_000,
    "INFO: root.pxar: had to backup 1B of 1B " + "average 1B/s average " * 3_000,
    "ERROR: Backup of VM 1 failed - proxmox-backup-client failed: " + "a Error: " * 1_700,
    "ERROR: Backup of VM 1 failed - zfs error: cannot create snapshot '" + "a " * 7_900,
    "ERROR: Backup of VM 1 failed - command '" + "backup-start snapshot 1 " * 660,
    "INFO: zstd: " + "zstd: a (" * 7_000,
    "INFO: tar: " + ": Cannot open" * 5_000,
)


@pytest.mark.parametrize("line", HOSTILE_LINES, ids=lambda line: line[:40])
def test_a_line_that_was_made_to_be_slow_is_read_at_once(line: str) -> None:
    text = f"INFO: Starting Backup of VM 1 (qemu)\n{line}\n{line}\nERROR: Backup of VM 1 failed - job canceled\n"
    started = time.process_time()
    for guest in parse(text).guests:
        cause_of(guest.failure or "")
    cause_of(line[31:])
    assert time.process_time() - started < 1
