"""The stage and the browser of the end-to-end tests; `scripts/test --e2e` runs them."""

from collections.abc import Callable, Iterator
from pathlib import Path
import tempfile
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright
import pytest

from .browser import ARGUMENTS, Look, Tab, chromium, open_tab
from .stage import BUNDLE, Stage

_USER = {"name": "Grandma", "username": "grandma", "password": "grandma-grandma"}

expect.set_options(timeout=15_000)

type OpenTab = Callable[..., Tab]
type Shoot = Callable[[Tab, str], None]
type Record = Callable[[str, float, float | None, str], None]

_MEASURED: list[str] = []


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The homelab and a Home Assistant that watches it, for all tests together."""
    if request.config.pluginmanager.hasplugin("homeassistant"):
        pytest.exit("End-to-end tests need real sockets: run them with scripts/test --e2e", returncode=4)
    assert BUNDLE.exists(), "The card's bundle is not built: npm run build in frontend/"
    made = Stage(Path(tempfile.mkdtemp(prefix="pbc-e2e-")))
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium without a window."""
    path = chromium()
    assert path is not None, "Chromium is not installed (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_as(stage: Stage, browser: Browser) -> Iterator[OpenTab]:
    """Return a function that opens a tab for the owner of some tokens; they are closed after the test."""
    tabs: list[Tab] = []

    def open_(tokens: dict[str, Any] | None = None, look: Look = "light") -> Tab:
        tabs.append(open_tab(browser, stage, tokens or stage.home.tokens, look))
        return tabs[-1]

    yield open_
    for tab in tabs:
        tab.page.context.close()


@pytest.fixture
def tab(open_as: OpenTab) -> Tab:
    """A tab of the owner, on a desktop with a light theme."""
    return open_as()


@pytest.fixture(scope="session")
def grandma(stage: Stage) -> dict[str, Any]:
    """The tokens of a user who is no administrator."""
    user = stage.command({"type": "config/auth/create", "name": _USER["name"], "group_ids": ["system-users"]})["user"]
    stage.command(
        {
            "type": "config/auth_provider/homeassistant/create",
            "user_id": user["id"],
            "username": _USER["username"],
            "password": _USER["password"],
        }
    )
    return stage.run(stage.home.tokens_of(_USER["username"], _USER["password"]))


@pytest.fixture
def second_cluster(stage: Stage) -> Iterator[str]:
    """Another cluster, watched for the time of a test; returns its name."""
    cluster = stage.run(stage.start_cluster("small"))
    entry_id = stage.run(stage.add_cluster(cluster))
    yield "small"
    stage.run(stage.home.remove_entry(entry_id))


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Shoot:
    """Return a function that keeps a picture of a tab, where somebody wants pictures."""
    wanted = request.config.getoption("--screenshots")

    def shoot_(tab: Tab, name: str) -> None:
        if wanted:
            folder = Path(wanted)
            folder.mkdir(parents=True, exist_ok=True)
            tab.page.screenshot(path=folder / f"{name}.png")

    return shoot_


@pytest.fixture
def record() -> Record:
    """Return a function that notes a measurement, beside that of the plainest way where there is one."""

    def record_(what: str, ours: float, plain: float | None, unit: str) -> None:
        beside = f"  plain {plain:.0f} {unit}, ratio {ours / plain:.2f}" if plain else ""
        _MEASURED.append(f"{what}: {ours:.0f} {unit}{beside}")

    return record_


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured."""
    if _MEASURED:
        terminalreporter.section("measured")
        for line in _MEASURED:
            terminalreporter.line(line)
