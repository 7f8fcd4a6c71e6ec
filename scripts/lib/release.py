"""What a release consists of: versions that agree, the integration's zip and the notes. Needs Python 3.11 and no package."""

import argparse
from collections.abc import Iterator
import json
from pathlib import Path
import re
import sys
import tomllib
import zipfile

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "proxmox_backup_checker"
INTEGRATION = Path("custom_components") / DOMAIN
_SECTION = re.compile(r"^## \[(?P<version>[^\]]+)\] - (?P<date>.+)$", re.MULTILINE)
_PACKAGE = re.compile(r"proxmox-backup-log-agent_(\d[^_]*)_all\.deb")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that the same source gives the same bytes."""


class ReleaseError(Exception):
    """A release cannot be made of this source."""


def versions(root: Path) -> dict[str, str]:
    """Return the version that each place names."""
    manifest = json.loads((root / INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    agent = root / "log_agent"
    named = {
        "manifest.json": manifest["version"],
        "pyproject.toml": project["project"]["version"],
        "CHANGELOG.md": next(sections(root))[0],
        "the log agent": _found(agent / "proxmox_backup_log_agent" / "__init__.py", r'^__version__ = "(.+)"$'),
        "the log agent's changelog": _found(agent / "debian" / "changelog", r"^\S+ \((.+)\) "),
    }
    pages = (agent / "README.md", *sorted((root / "docs").rglob("*.md")), *sorted(root.glob("README*.md")))
    for page in pages:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for said in sorted(set(_PACKAGE.findall(text))):
            named[f"{page.relative_to(root)} ({said})"] = said
    return named


def sections(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield version, date and text of the changelog's sections."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = list(_SECTION.finditer(text))
    if not found:
        raise ReleaseError("CHANGELOG.md has no section such as '## [1.2.3] - 2026-11-23'")
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=True):
        yield match["version"], match["date"].strip(), text[match.end() : end].strip()


def check(root: Path, tag: str | None) -> str:
    """Return the version when every place names the same, and the tag too; the changelog must then have its date."""
    named = versions(root)
    if tag is not None:
        named["the tag"] = tag.removeprefix("v")
    if len(set(named.values())) > 1:
        raise ReleaseError("versions differ: " + ", ".join(f"{place} says {said}" for place, said in named.items()))
    version, date, _ = next(sections(root))
    if tag is not None and not _DATE.fullmatch(date):
        raise ReleaseError(f"CHANGELOG.md says {date!r} where the date of {version} should be, as in 2026-11-23")
    return version


def notes(root: Path, version: str) -> str:
    """Return what the changelog says of a version."""
    for name, _, text in sections(root):
        if name == version:
            if not text:
                raise ReleaseError(f"CHANGELOG.md says nothing of {version}")
            return text + "\n"
    raise ReleaseError(f"CHANGELOG.md has no section for {version}")


def build_zip(root: Path, folder: Path) -> Path:
    """Write the integration's zip, whose root is what its folder holds, as HACS wants it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DOMAIN}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in integration_files(root):
            entry = zipfile.ZipInfo(file.relative_to(root / INTEGRATION).as_posix(), _OLDEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return path


def integration_files(root: Path) -> list[Path]:
    """Return the files of the integration, without what Python or an editor left there."""
    files = (path for path in sorted((root / INTEGRATION).rglob("*")) if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts and not path.name.startswith(".")]


def _found(path: Path, pattern: str) -> str:
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise ReleaseError(f"{path} names no version")
    return match[1]


def arguments() -> argparse.Namespace:
    """What the user asks."""
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="whether all versions agree").add_argument("tag", nargs="?")
    commands.add_parser("notes", help="print what the changelog says").add_argument("version", nargs="?")
    commands.add_parser("zip", help="build the integration's zip").add_argument("folder", type=Path, nargs="?")
    return parser.parse_args()


def main() -> int:
    """Do it; 1 where the source is not fit for it."""
    asked = arguments()
    try:
        if asked.command == "check":
            print(check(asked.root, asked.tag))
        elif asked.command == "notes":
            version = (asked.version or check(asked.root, None)).removeprefix("v")
            print(notes(asked.root, version), end="")
        else:
            print(build_zip(asked.root, asked.folder or asked.root / "build"))
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
