"""The documentation as a site: links lead to what there is, and nothing is loaded from elsewhere."""

from pathlib import Path
import runpy
import subprocess
import sys

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HOOKS = runpy.run_path(str(ROOT / "scripts" / "lib" / "docs_hooks.py"))
CHECK = ROOT / "scripts" / "lib" / "outside_loads.py"
REPOSITORY = HOOKS["REPOSITORY"]


@pytest.mark.parametrize(
    ("page", "link", "target"),
    [
        ("index.md", "docs/messages.md", "messages.md"),
        ("index.md", "docs/how-it-decides.md#when-archives-are-listed", "how-it-decides.md#when-archives-are-listed"),
        ("index.md", "README.de.md", "de/index.md"),
        ("index.md", "CHANGELOG.md", f"{REPOSITORY}/CHANGELOG.md"),
        ("de/index.md", "docs/messages.md", "../messages.md"),
        ("de/index.md", "docs/de/installation.md", "installation.md"),
        ("de/index.md", "README.md", "../index.md"),
        ("options.md", "log-agent.md", "log-agent.md"),
        ("de/installation.md", "../permissions.md", "../permissions.md"),
        ("log-agent.md", "../log_agent/README.md", f"{REPOSITORY}/log_agent/README.md"),
        ("decisions/0001-cluster-identity.md", "../../tests/data", f"{REPOSITORY}/tests/data"),
        ("options.md", "https://example.com/x.md", "https://example.com/x.md"),
        ("options.md", "#what", "#what"),
    ],
)
def test_a_link_leads_to_a_page_of_the_site_or_into_the_repository(page: str, link: str, target: str) -> None:
    assert HOOKS["adapted"](f"see [it]({link}).", page) == f"see [it]({target})."


def test_pictures_are_ours_and_those_of_others_are_words() -> None:
    adapt = HOOKS["adapted"]
    assert adapt("[![Open](https://x.example/a.svg)](https://y.example)", "index.md") == "[Open](https://y.example)"
    assert adapt("![Wall](docs/images/wall.png)", "index.md") == "![Wall](images/wall.png)"
    assert (
        adapt('<img src="docs/images/phone.png" alt="x">', "de/index.md") == '<img src="../images/phone.png" alt="x">'
    )


def found(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<img src="//cdn.example/a.png">',
        '<img srcset="a.png 1x, https://cdn.example/b.png 2x">',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link rel="preconnect" href="https://fonts.example">',
        "<style>@import 'https://x.example/a.css';</style>",
        '<p style="background: url(https://x.example/a.png)">',
        '<iframe src="http://x.example"></iframe>',
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(tmp_path: Path, page: str) -> None:
    (tmp_path / "index.html").write_text(f"<html><body>{page}</body></html>")
    assert found(tmp_path).returncode == 1


def test_styles_are_looked_through_and_mere_links_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="https://example.com">x</a><link rel="canonical" href="https://example.com/"><img src="a.png">'
    )
    assert found(tmp_path).returncode == 0
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example/a.woff2) }")
    done = found(tmp_path)
    assert done.returncode == 1
    assert "a.css loads https://fonts.example/a.woff2" in done.stderr


def test_an_empty_site_is_no_good_one(tmp_path: Path) -> None:
    assert found(tmp_path).returncode == 1


def test_the_theme_is_told_to_bring_its_own_fonts_and_to_ask_no_repository() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert site["theme"]["font"] is False
    assert not {"repo_url", "google_analytics", "extra_css", "extra_javascript"} & site.keys()
    assert site["extra"] == {"generator": False}
