"""What a release is made of: versions that agree, the zip that HACS installs, notes and files."""

import json
from pathlib import Path
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "lib" / "release.py"
DOMAIN = "proxmox_backup_checker"
CHANGELOG = """# Changelog

## [1.2.0] - 2026-12-01

### Added

- One thing.

## [1.1.0] - 2026-11-01

- Another thing.
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source tree of version 1.2.0 with all that a release is made of."""
    integration, agent = tmp_path / "custom_components" / DOMAIN, tmp_path / "log_agent"
    for folder in (integration / "translations", integration / "__pycache__", agent / "debian"):
        folder.mkdir(parents=True)
    (integration / "manifest.json").write_text(json.dumps({"domain": DOMAIN, "version": "1.2.0"}))
    (integration / "__init__.py").write_text('"""It."""\n')
    (integration / "translations" / "en.json").write_text("{}\n")
    (integration / "__pycache__" / "__init__.cpython-314.pyc").write_bytes(b"\0")
    (integration / ".something.swp").write_bytes(b"\0")
    (agent / "proxmox_backup_log_agent").mkdir()
    (agent / "proxmox_backup_log_agent" / "__init__.py").write_text('"""It."""\n\n__version__ = "1.2.0"\n')
    (agent / "debian" / "changelog").write_text("proxmox-backup-log-agent (1.2.0) unstable; urgency=medium\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "it"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def release(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--root", str(source), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("tag", [(), ("1.2.0",), ("v1.2.0",)])
def test_versions_that_agree_are_printed(source: Path, tag: tuple[str, ...]) -> None:
    done = release(source, "check", *tag)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.2.0\n", "")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"custom_components/{DOMAIN}/manifest.json", "manifest.json says 1.3.0"),
        ("pyproject.toml", "pyproject.toml says 1.3.0"),
        ("CHANGELOG.md", "CHANGELOG.md says 1.3.0"),
        ("log_agent/proxmox_backup_log_agent/__init__.py", "the log agent says 1.3.0"),
        ("log_agent/debian/changelog", "the log agent's changelog says 1.3.0"),
    ],
)
def test_a_version_that_differs_is_named_with_its_place(source: Path, path: str, place: str) -> None:
    file = source / path
    file.write_text(file.read_text().replace("1.2.0", "1.3.0"))
    done = release(source, "check")
    assert done.returncode == 1
    assert place in done.stderr


def test_a_page_that_names_the_package_of_another_version_is_named(source: Path) -> None:
    (source / "docs").mkdir()
    (source / "docs" / "log-agent.md").write_text("apt install ./proxmox-backup-log-agent_1.1.0_all.deb\n")
    done = release(source, "check")
    assert done.returncode == 1
    assert "docs/log-agent.md (1.1.0) says 1.1.0" in done.stderr


def test_a_tag_of_another_version_is_refused(source: Path) -> None:
    done = release(source, "check", "v1.1.0")
    assert done.returncode == 1
    assert "the tag says 1.1.0" in done.stderr


def test_a_tag_needs_the_date_of_its_version_in_the_changelog(source: Path) -> None:
    (source / "CHANGELOG.md").write_text(CHANGELOG.replace("2026-12-01", "Unreleased"))
    assert release(source, "check").returncode == 0
    done = release(source, "check", "v1.2.0")
    assert done.returncode == 1
    assert "'Unreleased'" in done.stderr


def test_the_notes_are_the_section_of_the_changelog(source: Path) -> None:
    assert release(source, "notes").stdout == "### Added\n\n- One thing.\n"
    assert release(source, "notes", "v1.1.0").stdout == "- Another thing.\n"
    assert "no section for 1.0.0" in release(source, "notes", "1.0.0").stderr


def test_notes_that_say_nothing_are_refused(source: Path) -> None:
    (source / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.0] - 2026-12-01\n")
    assert "says nothing of 1.2.0" in release(source, "notes").stderr


def test_the_root_of_the_zip_is_what_the_folder_of_the_integration_holds(source: Path, tmp_path: Path) -> None:
    done = release(source, "zip", str(tmp_path / "out"))
    path = Path(done.stdout.strip())
    assert path == tmp_path / "out" / f"{DOMAIN}.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["__init__.py", "manifest.json", "translations/en.json"]
        assert json.loads(archive.read("manifest.json"))["version"] == "1.2.0"


def test_the_same_source_gives_the_same_zip(source: Path, tmp_path: Path) -> None:
    first = Path(release(source, "zip", str(tmp_path / "one")).stdout.strip()).read_bytes()
    (source / "custom_components" / DOMAIN / "__init__.py").touch()
    assert Path(release(source, "zip", str(tmp_path / "two")).stdout.strip()).read_bytes() == first


def test_our_own_versions_agree() -> None:
    done = release(ROOT, "check")
    assert done.returncode == 0, done.stderr


def test_our_zip_holds_every_file_that_is_kept_and_is_named_in_hacs_json(tmp_path: Path) -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    folder = f"custom_components/{DOMAIN}"
    kept = subprocess.run(["git", "ls-files", folder], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    with zipfile.ZipFile(release(ROOT, "zip", str(tmp_path)).stdout.strip()) as archive:
        assert Path(str(archive.filename)).name == hacs["filename"]
        assert {f"{folder}/{name}" for name in archive.namelist()} >= set(kept.split())


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="the log agent's package is built with dpkg-deb")
def test_all_files_of_a_release_are_built_with_notes_that_name_them(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("custom_components", "log_agent", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("CHANGELOG.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    done = subprocess.run([copy / "scripts" / "build-release"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    version = release(ROOT, "check").stdout.strip()
    built = {path.name for path in (copy / "build").iterdir()}
    assert built == {f"{DOMAIN}.zip", f"proxmox-backup-log-agent_{version}_all.deb", "notes.md"}
    notes = (copy / "build" / "notes.md").read_text()
    assert all(name in notes for name in built - {"notes.md"})


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="the log agent's package is built with dpkg-deb")
@pytest.mark.parametrize("date", ["Mon, 23 Nov 2026 12:00:00 +0000", "Thu, 01 Jan 2099 12:00:00 +0000"])
def test_the_package_is_the_same_whenever_it_is_built(tmp_path: Path, date: str) -> None:
    """Before the date of its changelog too."""
    built = []
    for number in (1, 2):
        copy = tmp_path / str(number)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("log_agent", "scripts"):
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        changelog = copy / "log_agent" / "debian" / "changelog"
        lines = changelog.read_text().splitlines()
        signed = next(number for number, line in enumerate(lines) if line.startswith(" -- "))
        lines[signed] = f"{lines[signed].split('>  ')[0]}>  {date}"
        changelog.write_text("\n".join(lines) + "\n")
        done = subprocess.run([copy / "scripts" / "build-deb"], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        built.append(Path(done.stdout.strip()).read_bytes())
    assert built[0] == built[1]
