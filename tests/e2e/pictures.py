"""Makes the pictures of the documentation from the homelab, and the moving one; `scripts/screenshots` runs it."""

from collections.abc import Callable
from pathlib import Path
import sys
import tempfile
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from custom_components.proxmox_backup_checker.const import DOMAIN
from demo.home_assistant import DASHBOARD

from .browser import ARGUMENTS, Look, Tab, chromium, open_tab
from .faults import take_faults
from .film import MOST_BYTES_OF_FILM, take_film
from .stage import ROOT, Stage

FOLDER: Final = ROOT / "docs" / "images"
MOST_BYTES: Final = 250_000
_COLOURS: Final = 256
_INTEGRATION: Final = f"/config/integrations/integration/{DOMAIN}"
_ROW: Final = "proxmox-backup-wall button.row"
_DIALOG: Final = "dialog-data-entry-flow"
_FILM: Final = "film"


def _dashboard(tab: Tab) -> None:
    tab.go(f"/{DASHBOARD}")
    tab.find(_ROW).nth(11).wait_for()
    tab.find("pbc-next-runs").first.wait_for()


def _phone(tab: Tab) -> None:
    _dashboard(tab)
    # What is wrong, and the rows below it.
    tab.find("pbc-causes").first.evaluate("(causes) => window.scrollBy(0, causes.getBoundingClientRect().top - 70)")
    tab.find(_ROW).first.wait_for()


def _details(tab: Tab) -> None:
    _dashboard(tab)
    # On its name: a click on a bar opens that day.
    tab.find(_ROW).filter(has_text="docker").first.click(position={"x": 60, "y": 12})
    tab.find("pbc-details").get_by_text("got timeout").last.wait_for()


def _problems(tab: Tab) -> None:
    tab.go(f"/{DASHBOARD}/problems")
    tab.find("pbc-run-log").first.get_by_text("ERROR").first.wait_for()


def _device(tab: Tab) -> None:
    tab.go(_INTEGRATION)
    tab.page.get_by_text("Backup job “Nightly to the NAS”").first.click()
    tab.page.get_by_text("Size of the last run").first.wait_for()


def _integration(tab: Tab) -> None:
    tab.go(_INTEGRATION)
    tab.page.get_by_text("vaultwarden").first.wait_for()


def _calendar(tab: Tab) -> None:
    tab.go("/calendar")
    tab.page.get_by_text("Nightly to the NAS").first.wait_for()


def _trigger(tab: Tab) -> None:
    tab.go("/config/automation/edit/new")
    tab.page.get_by_role("button", name="Add trigger").click()
    tab.page.get_by_placeholder("Search").last.wait_for()
    tab.page.keyboard.type("backup")
    tab.page.get_by_text("Proxmox backup failed", exact=True).first.wait_for()


def _repair(tab: Tab) -> None:
    job = tab.stage.clusters["homelab"].job("Nightly to the NAS")
    tab.stage.play(lambda: job.options.update(vmid=f"{job.options['vmid']},199"))
    tab.stage.look()
    tab.go("/config/repairs")
    tab.page.get_by_text("deleted guest").first.click()
    tab.page.get_by_text("pvesh set").wait_for()


def _config_flow(tab: Tab) -> None:
    tab.go(f"/config/integrations/dashboard/add?domain={DOMAIN}")
    tab.page.get_by_role("button", name="OK", exact=True).click()
    # The homelab's backup server is offered first.
    tab.page.get_by_text("Set up another instance").click()
    tab.find(_DIALOG).get_by_text("Proxmox VE", exact=True).click()
    fields = tab.find(f"{_DIALOG} input")
    fields.first.wait_for()
    for number, text in enumerate(
        ("pve1.home.arpa", "8006", "backupmon@pve!ha", "12345678-1234-1234-1234-123456789abc")
    ):
        fields.nth(number).fill(text)


PICTURES: Final[dict[str, tuple[Look, Callable[[Tab], None]]]] = {
    "dashboard": ("light", _dashboard),
    "dashboard-dark": ("dark", _dashboard),
    "phone": ("phone", _phone),
    "details": ("light", _details),
    "problems": ("light", _problems),
    "integration": ("light", _integration),
    "device": ("light", _device),
    "calendar": ("light", _calendar),
    "automation": ("light", _trigger),
    "config-flow": ("light", _config_flow),
    # Changes the homelab, so it is the last one.
    "repair": ("light", _repair),
}


def take(browser: Browser, stage: Stage, name: str) -> Path:
    """Take one picture, and return its file."""
    look, arrange = PICTURES[name]
    tab = open_tab(browser, stage, stage.home.tokens, look)
    try:
        arrange(tab)
        tab.page.mouse.move(0, 0)
        # Animations end and fonts arrive.
        tab.page.wait_for_timeout(2000)
        file = FOLDER / f"{name}.png"
        tab.page.screenshot(path=file)
    finally:
        tab.page.context.close()
    _shrink(file)
    return file


def _shrink(file: Path) -> None:
    """Save a picture again with few colours, which halves it and is not seen."""
    with Image.open(file) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def main() -> int:
    """Take the pictures that are named, all of them where none is."""
    known = [_FILM, *PICTURES]
    names = sys.argv[1:] or known
    if names[0] == "faults":
        return _take_faults(names[1:])
    if unknown := set(names) - set(known):
        sys.stderr.write(f"No such picture: {', '.join(sorted(unknown))}. There are: {', '.join(known)}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    stage = Stage(Path(tempfile.mkdtemp(prefix="pbc-pictures-")))
    try:
        stage.open()
        stage.run(stage.home.make_dashboard())
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            for name in names:
                file = take_film(browser, stage, FOLDER) if name == _FILM else take(browser, stage, name)
                size, most = file.stat().st_size, MOST_BYTES_OF_FILM if name == _FILM else MOST_BYTES
                sys.stdout.write(f"{file.relative_to(ROOT)}  {size / 1000:.0f} kB\n")
                assert size <= most, f"{name} is larger than {most / 1000:.0f} kB"
            browser.close()
    finally:
        stage.close()
    return 0


def _take_faults(names: list[str]) -> int:
    """Take the pictures of the faults of 0.1.0 after their mend, on stages of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for file in take_faults(browser, names):
            sys.stdout.write(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
