"""Takes a picture of what was wrong in 0.1.0 where that is mended, beside the one from then: `scripts/screenshots faults`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
import tempfile
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, TimeoutError

from demo.home_assistant import DASHBOARD

from .browser import Look, Tab, open_tab
from .stage import ROOT, Stage

FOLDER: Final = ROOT / "docs" / "images" / "faults"
MOST_BYTES: Final = 120_000
_WIDEST: Final = 1000
_ROW: Final = "proxmox-backup-wall button.row"


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture: what is done until it is to be seen, and how it is looked at."""

    arrange: Callable[[Tab], None]
    look: Look = "light"
    language: str | None = None


def _dashboard(tab: Tab) -> None:
    tab.go(f"/{DASHBOARD}")
    tab.find(_ROW).first.wait_for()
    tab.find("pbc-next-runs, proxmox-backup-next-runs").first.wait_for()


def _top(tab: Tab, selector: str) -> None:
    tab.find(selector).first.evaluate("(shown) => window.scrollBy(0, shown.getBoundingClientRect().top - 70)")


def _open(tab: Tab, name: str) -> None:
    _dashboard(tab)
    tab.find(_ROW).filter(has_text=name).first.click(position={"x": 60, "y": 12})
    tab.find("pbc-details .bar, pbc-details button").first.wait_for()


def _details(name: str) -> Callable[[Tab], None]:
    return lambda tab: _open(tab, name)


def _details_end(name: str, selector: str) -> Callable[[Tab], None]:
    def arrange(tab: Tab) -> None:
        _open(tab, name)
        tab.find(f"pbc-details {selector}").last.scroll_into_view_if_needed()

    return arrange


def _silence(tab: Tab) -> None:
    _open(tab, "docker")
    tab.find("pbc-details").get_by_text("Silence…").first.click()


def _starting(tab: Tab) -> None:
    tab.stage.clusters["homelab"].faults.delays["/cluster/resources"] = 40.0
    tab.stage.restart()
    # The page itself is there a little before the integration gives it its cards.
    reading = tab.page.get_by_text("Reading…").first
    for _ in range(8):
        tab.page.wait_for_timeout(2500)
        tab.go(f"/{DASHBOARD}")
        with suppress(TimeoutError):
            return reading.wait_for(timeout=4000)
    raise AssertionError("Nothing is being read.")


def _calendar(tab: Tab) -> None:
    tab.go("/calendar")
    tab.page.get_by_text("Nightly to the NAS").first.wait_for()


def _problems(tab: Tab) -> None:
    tab.go(f"/{DASHBOARD}/problems")
    tab.find("pbc-run-log").first.wait_for()


def _causes(tab: Tab) -> None:
    _dashboard(tab)
    tab.find("pbc-causes").first.wait_for()


def _wall_end(tab: Tab) -> None:
    _dashboard(tab)
    _top(tab, "proxmox-backup-wall")


def _second(tab: Tab) -> None:
    if "small" not in tab.stage.clusters:
        tab.stage.run(tab.stage.add_cluster(tab.stage.run(tab.stage.start_cluster("small"))))
    _dashboard(tab)
    tab.page.get_by_text("small").first.wait_for()


def _refused(tab: Tab) -> None:
    cluster = tab.stage.clusters["small"]
    tab.stage.play(lambda: cluster.access.remove_token(cluster.token_id))
    tab.stage.look("small")
    _dashboard(tab)


def _automation(tab: Tab) -> None:
    _open(tab, "docker")
    tab.find("pbc-details").get_by_text("Create automation").first.click()
    tab.page.wait_for_url("**/config/automation/**")


FAULTS: Final[dict[str, dict[str, Shot]]] = {
    "homelab": {
        "05": Shot(arrange=_details("docker")),
        "06": Shot(arrange=_details_end("docker", "table")),
        "12": Shot(arrange=_silence),
        "03": Shot(arrange=_details("immich")),
        "07": Shot(arrange=_dashboard, language="de"),
        "07-details": Shot(arrange=_details("docker"), language="de", look="dark"),
        "08": Shot(arrange=_causes, look="phone"),
        "08-de": Shot(arrange=_wall_end, look="phone", language="de"),
        "08-tablet": Shot(arrange=_dashboard, look="tablet", language="de"),
        "17": Shot(arrange=_calendar),
        "17-phone": Shot(arrange=_calendar, look="phone"),
        "18": Shot(arrange=_details("Mail, every quarter")),
        "19": Shot(arrange=_dashboard, look="wide"),
        "20-phone": Shot(arrange=_problems, look="phone"),
        "04": Shot(arrange=_automation),
        "15": Shot(arrange=_second, look="dark"),
        "11": Shot(arrange=_wall_end),
        "14": Shot(arrange=_refused),
        "01": Shot(arrange=_starting),
    },
    "blind": {
        "02": Shot(arrange=_dashboard),
        "02-de": Shot(arrange=_causes, look="phone", language="de"),
    },
    "small": {"02-small": Shot(arrange=_dashboard)},
    "storage-full": {
        "09": Shot(arrange=_causes),
        "09-problems": Shot(arrange=_problems, language="de", look="dark"),
    },
    "node-down": {"10": Shot(arrange=_causes)},
}


@contextmanager
def _stage_of(scenario: str) -> Iterator[Stage]:
    stage = Stage(Path(tempfile.mkdtemp(prefix="pbc-faults-")), scenario)
    try:
        stage.open()
        stage.run(stage.home.make_dashboard())
        yield stage
    finally:
        stage.close()


def take_faults(browser: Browser, names: list[str]) -> Iterator[Path]:
    """Take the pictures of these faults, all of them where none is named."""
    for scenario, shots in FAULTS.items():
        wanted = {name: shot for name, shot in shots.items() if not names or name in names}
        if not wanted:
            continue
        with _stage_of(scenario) as stage:
            for name, shot in wanted.items():
                yield _take(browser, stage, name, shot)


def _take(browser: Browser, stage: Stage, name: str, shot: Shot) -> Path:
    tab = open_tab(browser, stage, stage.home.tokens, shot.look, shot.language)
    try:
        shot.arrange(tab)
        tab.page.mouse.move(0, 0)
        # Animations end and fonts arrive.
        tab.page.wait_for_timeout(2000)
        file = FOLDER / f"{name}-after.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        tab.page.screenshot(path=file)
    finally:
        tab.page.context.close()
    return shrink(file)


def shrink(file: Path) -> Path:
    """Save a picture again as a small one, and return its file."""
    small = file.with_suffix(".webp")
    with Image.open(file) as image:
        seen = image.convert("RGB")
    seen.thumbnail((_WIDEST, 4 * _WIDEST))
    seen.save(small, quality=72, method=6)
    file.unlink()
    assert small.stat().st_size <= MOST_BYTES, f"{small.name} is larger than {MOST_BYTES / 1000:.0f} kB"
    return small
