"""The page of the documentation on which the dashboard can be tried, without Proxmox and without Home Assistant."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import runpy
from shutil import copytree
import threading
from typing import override

from playwright.sync_api import Browser, expect
import pytest

from .stage import ROOT

pytestmark = pytest.mark.e2e

ROW = "proxmox-backup-wall button.row"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the page as the site has it."""
    copytree(ROOT / "docs" / "live", tmp_path / "live")
    runpy.run_path(str(ROOT / "scripts" / "lib" / "docs_hooks.py"))["on_post_build"]({"site_dir": str(tmp_path)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/live/index.html"
    server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("language", "why", "step"), [("en", "Why?", "What to do"), ("de", "Warum?", "Was zu tun ist")]
)
def test_the_dashboard_can_be_tried_on_recorded_answers(
    browser: Browser, address: str, language: str, why: str, step: str
) -> None:
    page = browser.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}?lang={language}")
    expect(page.locator(ROW).first).to_contain_text("docker")
    expect(page.locator("pbc-causes button.why").first).to_contain_text(why)
    expect(page.locator("pbc-activity button.run").first).to_be_visible()
    expect(page.locator("pbc-digest li").first).to_contain_text("docker (101)")
    page.locator(ROW).filter(has_text="docker").first.locator("b").first.click()
    details = page.locator("pbc-details")
    expect(details).to_contain_text(step)
    expect(details.get_by_text("got timeout").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_have_count(0)
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("pbc-problem").first).to_contain_text("docker")
    assert errors == []
    assert [url for url in asked if not url.startswith(address.removesuffix("index.html"))] == []
    page.close()
