"""The browser of the end-to-end tests: tabs in which somebody is logged in already."""

from dataclasses import dataclass, field
import json
import shutil
import time
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Locator, Page

from .stage import Stage

ARGUMENTS: Final = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync"),
]
_CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DASHBOARD: Final = "e2e-dashboard"

_SIZES: Final = {"phone": (390, 844), "tablet": (820, 1180), "wide": (1920, 1080)}

type Look = Literal["light", "dark", "phone", "tablet", "wide"]


def chromium() -> str | None:
    """Return the path of a Chromium, None where none is installed."""
    return next((path for name in _CHROMIUMS if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """A tab in which a user is logged in, and what went wrong in it."""

    stage: Stage
    page: Page
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of Home Assistant."""
        self.page.goto(f"{self.stage.url}{path}")

    def show(self, *cards: dict[str, Any]) -> None:
        """Open a dashboard with just these cards."""
        self.stage.run(save_cards(self.stage, cards))
        self.go(f"/{DASHBOARD}/0")

    def find(self, selector: str) -> Locator:
        """Return what a selector finds, through all shadow roots."""
        return self.page.locator(selector)

    def ask(self, message: dict[str, Any]) -> Any:
        """Send a websocket command as this user, over the page's own connection."""
        return self.page.evaluate(
            """async (message) => {
                const hass = document.querySelector("home-assistant").hass;
                try { return {result: await hass.connection.sendMessagePromise(message)}; }
                catch (error) { return {error}; }
            }""",
            message,
        )


async def save_cards(stage: Stage, cards: tuple[dict[str, Any], ...]) -> None:
    """Make a dashboard of these cards, one below the other over the whole width."""
    known = await stage.home.command({"type": "lovelace/dashboards/list"})
    if DASHBOARD not in [dashboard["url_path"] for dashboard in known]:
        await stage.home.command(
            {
                "type": "lovelace/dashboards/create",
                "url_path": DASHBOARD,
                "title": "End to end",
                "mode": "storage",
                "show_in_sidebar": False,
                "require_admin": False,
            }
        )
    view = {
        "title": "Cards",
        "type": "sections",
        "max_columns": 3,
        "sections": [{"type": "grid", "column_span": 3, "cards": list(cards)}],
    }
    await stage.home.save_dashboard(DASHBOARD, {"views": [view]})


def open_tab(
    browser: Browser, stage: Stage, tokens: dict[str, Any], look: Look = "light", language: str | None = None
) -> Tab:
    """Open a tab in which the owner of these tokens is logged in, and has perhaps chosen a language there."""
    width, height = _SIZES.get(look, (1280, 1000))
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if look == "dark" else "light",
        device_scale_factor=2 if look == "phone" else 1,
        has_touch=look == "phone",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        service_workers="block",
    )
    kept = {
        **tokens,
        "hassUrl": stage.url,
        "clientId": f"{stage.url}/",
        "expires": int((time.time() + tokens["expires_in"]) * 1000),
    }
    context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(kept))})")
    if language is not None:
        context.add_init_script(f"localStorage.setItem('selectedLanguage', {json.dumps(json.dumps(language))})")
    tab = Tab(stage, context.new_page())
    tab.page.set_default_timeout(20_000)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    return tab
