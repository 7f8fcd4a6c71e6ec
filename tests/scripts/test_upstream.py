"""Whether Proxmox has published what nobody has read yet, told by indexes of its repositories."""

import gzip
import lzma
from pathlib import Path
import runpy
import shutil
import subprocess
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data" / "upstream"
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "lib" / "upstream.py"))
INDEXES = (DATA / "pve.Packages", DATA / "pbs.Packages")


def upstream(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "upstream", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """Return an index that says something else."""
    path = folder / name
    text = (DATA / name).read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_nothing_is_new_where_all_that_is_published_was_read() -> None:
    done = upstream(*INDEXES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| pve-manager | 9.2.11 | 9.2.11 |  |" in done.stdout
    assert "new" not in done.stdout


def test_a_newer_version_is_told_with_the_place_of_its_source(tmp_path: Path) -> None:
    done = upstream(changed(tmp_path, "pve.Packages", "Version: 9.2.6", "Version: 9.2.7"), INDEXES[1])
    assert done.returncode == 1
    assert "| qemu-server | 9.2.6 | 9.2.7 | new: https://git.proxmox.com/?p=qemu-server.git |" in done.stdout
    assert done.stdout.count("new: ") == 1


def test_an_older_version_is_no_news(tmp_path: Path) -> None:
    done = upstream(changed(tmp_path, "pve.Packages", "Version: 9.2.6", "Version: 9.2.5"), INDEXES[1])
    assert done.returncode == 0


def test_a_package_that_is_gone_has_to_be_looked_for() -> None:
    done = upstream(INDEXES[0])
    assert done.returncode == 1
    assert "| proxmox-backup-server | 4.2.3-1 | – | not listed any more |" in done.stdout


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_packed_index_is_read(tmp_path: Path, pack: Any) -> None:
    packed = tmp_path / "Packages"
    packed.write_bytes(pack(INDEXES[0].read_bytes()))
    assert upstream(packed, INDEXES[1]).returncode == 0


@pytest.mark.parametrize("content", [None, b"\x1f\x8bbroken", b"\xff\xfe\xff"])
def test_an_index_that_cannot_be_read_is_an_error_and_not_silence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "Packages"
    if content is not None:
        path.write_bytes(content)
    done = upstream(path)
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


def test_an_empty_index_is_not_taken_for_no_news(tmp_path: Path) -> None:
    path = tmp_path / "Packages"
    path.write_text("")
    assert upstream(path).returncode == 1


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="compared with dpkg")
@settings(max_examples=60, deadline=None)
@given(
    *[
        st.from_regex(r"\A([0-9]:)?[0-9]{1,3}([.+~a-z]{0,2}[0-9]{1,3}){0,3}(-[0-9a-z.+~]{1,4})?\Z", fullmatch=True)
        for _ in range(2)
    ]
)
def test_versions_are_compared_as_debian_does(one: str, two: str) -> None:
    newer = subprocess.run(["dpkg", "--compare-versions", one, "gt", two], check=False, timeout=20).returncode == 0
    assert SCRIPT["is_newer"](one, two) is newer
