"""The moving picture of the README: a failure from the wall to its cause to its log, in some seconds."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Locator

from demo.home_assistant import DASHBOARD

from .browser import Tab, open_tab
from .stage import Stage

MOST_BYTES_OF_FILM: Final = 1_500_000
_SIZE: Final = (1120, 700)
_QUALITY: Final = 82
_STEPS: Final = 6
_STEP: Final = 45  # milliseconds
_ROW: Final = "proxmox-backup-wall button.row"
# A browser without a window draws no pointer.
_POINTER: Final = """
([x, y, pressed]) => {
    let dot = document.getElementById("film-pointer");
    if (!dot) {
        dot = document.createElement("div");
        dot.id = "film-pointer";
        dot.popover = "manual";
        dot.innerHTML = '<svg width="26" height="30" viewBox="0 0 26 30"><path d="M3 2v22l6-5 4 9 4-2-4-9h8z" fill="#111" stroke="#fff" stroke-width="2"/></svg>';
        dot.style.cssText = "position:fixed;inset:auto;margin:0;padding:0;border:0;background:none;overflow:visible;pointer-events:none";
        document.body.append(dot);
    }
    if (dot.matches(":popover-open")) dot.hidePopover();
    dot.showPopover();
    dot.style.left = `${x - 3}px`;
    dot.style.top = `${y - 2}px`;
    dot.style.transform = pressed ? "scale(.82)" : "";
}
"""


@dataclass
class Film:
    """Pictures of a tab, one after the other, each for some milliseconds."""

    tab: Tab
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    at: tuple[float, float] = (900.0, 520.0)

    def hold(self, milliseconds: int, *, pressed: bool = False) -> None:
        """Keep what is on the screen for a while."""
        self.tab.page.evaluate(_POINTER, [*self.at, pressed])
        picture = self.tab.page.screenshot()
        self.frames.append(Image.open(BytesIO(picture)).convert("RGB"))
        self.durations.append(milliseconds)

    def go_to(self, target: Locator, x: float | None = None, y: float | None = None) -> None:
        """Move the pointer onto something, its middle or a place in it."""
        box = target.bounding_box()
        assert box is not None
        to = (
            box["x"] + (box["width"] / 2 if x is None else x % box["width"]),
            box["y"] + (box["height"] / 2 if y is None else y),
        )
        begin = self.at
        for step in range(1, _STEPS + 1):
            part = 1 - (1 - step / _STEPS) ** 2
            self.at = (begin[0] + (to[0] - begin[0]) * part, begin[1] + (to[1] - begin[1]) * part)
            self.tab.page.mouse.move(*self.at)
            self.hold(_STEP)

    def press(self) -> None:
        """Press the mouse where it is."""
        self.hold(160, pressed=True)
        self.tab.page.mouse.click(*self.at)

    def save(self, file: Path) -> None:
        """Write the film, which begins anew at its end."""
        first, *others = self.frames
        first.save(
            file, save_all=True, append_images=others, duration=self.durations, loop=0, quality=_QUALITY, method=6
        )


def take_film(browser: Browser, stage: Stage, folder: Path) -> Path:
    """Play it, and return its file."""
    tab = open_tab(browser, stage, stage.home.tokens)
    tab.page.set_viewport_size({"width": _SIZE[0], "height": _SIZE[1]})
    try:
        film = Film(tab)
        _play(film)
        file = folder / "from-wall-to-log.webp"
        film.save(file)
    finally:
        tab.page.context.close()
    return file


def _play(film: Film) -> None:
    tab = film.tab
    tab.go(f"/{DASHBOARD}")
    tab.find(_ROW).nth(11).wait_for()
    tab.find("pbc-causes").get_by_text("Why?").first.wait_for()
    # Fonts and sizes arrive.
    tab.page.wait_for_timeout(2_500)
    row = tab.find(_ROW).filter(has_text="docker").first
    row.evaluate("(row) => row.scrollIntoView({block: 'center'})")
    tab.page.wait_for_timeout(500)
    film.hold(1_600)
    film.go_to(row.locator(".strip"), x=-8, y=10)
    tab.find("proxmox-backup-wall .tip li").first.wait_for()
    film.hold(2_200)
    film.go_to(row.locator("b").first)
    film.press()
    details = tab.find("pbc-details")
    details.get_by_text("got timeout").last.wait_for()
    tab.page.wait_for_timeout(900)
    film.hold(2_400)
    film.go_to(details.locator("button.why"))
    film.press()
    details.locator(".grounds").wait_for()
    tab.page.wait_for_timeout(300)
    film.hold(3_200)
    log = details.locator("pbc-run-log")
    log.evaluate("(log) => log.scrollIntoView({block: 'end', behavior: 'instant'})")
    tab.page.wait_for_timeout(400)
    film.go_to(log.get_by_text("got timeout").last, x=240)
    film.hold(3_000)
