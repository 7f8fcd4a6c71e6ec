"""Finds what the pages of a site would load from other sites: `outside_loads.py FOLDER`; 1 where there is something."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
import re
import sys
from typing import Final

_LOADED: Final = {"src", "srcset", "data", "poster", "background"}
_LINKED: Final = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
    "manifest",
}
_ELSEWHERE: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_IN_STYLES: Final = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


class Page(HTMLParser):
    """What one page loads by itself."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        given = {name: value or "" for name, value in attrs}
        for name in _LOADED & given.keys():
            self.loads += given[name].split(",") if name == "srcset" else [given[name]]
        if tag == "link" and _LINKED & set(given.get("rel", "").lower().split()):
            self.loads.append(given.get("href", ""))
        self.loads += _IN_STYLES.findall(given.get("style", ""))


def outside_loads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield page and address of all that comes from elsewhere."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            page = Page()
            page.feed(text)
            styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
            found = [*page.loads, *(load for style in styles for load in _IN_STYLES.findall(style))]
        elif path.suffix == ".css":
            found = _IN_STYLES.findall(path.read_text(encoding="utf-8"))
        else:
            continue
        yield from ((name, load.strip()) for load in found if _ELSEWHERE.match(load.strip()))


def main() -> int:
    """Say what there is."""
    folder = Path(sys.argv[1])
    found = list(outside_loads(folder))
    for page, load in found:
        print(f"{page} loads {load}", file=sys.stderr)
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {len(found)} loads from elsewhere")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
