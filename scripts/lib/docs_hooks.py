"""Hooks of mkdocs: the READMEs are the first pages, links out of docs/ lead to the repository, and no picture comes from elsewhere."""

from pathlib import Path
import posixpath
import re
import shutil
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
REPOSITORY: Final = "https://github.com/proxmox-backup-checker/proxmox-backup-checker/blob/main"
FIRST_PAGES: Final = {"index.md": "README.md", "de/index.md": "README.de.md"}
"""The first page of each language by its place in the site, and the file that it is made of."""

BUNDLE: Final = ROOT / "custom_components" / "proxmox_backup_checker" / "frontend"
"""The dashboard's code, which the page to try it runs as it is shipped."""

_FOREIGN_IMAGE: Final = re.compile(r"!\[([^\]]*)\]\(https?://[^)\s]+\)")
_LINK: Final = re.compile(r"(\]\(|src=\")([^)\"\s]+)")
_OUTSIDE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|#|/", re.IGNORECASE)


def adapted(text: str, page: str) -> str:
    """Return a page's text as the site shows it; `page` is its place in the site."""
    source = FIRST_PAGES.get(page, f"docs/{page}")
    text = _FOREIGN_IMAGE.sub(r"\1", text)
    return _LINK.sub(lambda link: f"{link[1]}{_target(link[2], source, page)}", text)


def _target(link: str, source: str, page: str) -> str:
    """Return where a link leads: to a page of the site, or into the repository."""
    if _OUTSIDE.match(link):
        return link
    path, mark, anchor = link.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    first = next((found for found, readme in FIRST_PAGES.items() if readme == place), None)
    inside = first or (place.removeprefix("docs/") if place.startswith("docs/") else None)
    if inside is None:
        return f"{REPOSITORY}/{place}{mark}{anchor}"
    return f"{posixpath.relpath(inside, posixpath.dirname(page) or '.')}{mark}{anchor}"


def on_files(files: Any, config: Any) -> Any:
    """Add the first pages."""
    from mkdocs.structure.files import File  # noqa: PLC0415 the tests of the rest need no mkdocs

    for page, readme in FIRST_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / readme).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Adapt the text of a page."""
    return adapted(markdown, page.file.src_uri)


def on_post_build(config: Any) -> None:
    """Put the dashboard's code beside the page on which it can be tried."""
    shutil.copytree(BUNDLE, Path(config["site_dir"]) / "live" / "bundle", dirs_exist_ok=True)
