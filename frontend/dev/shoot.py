"""Takes pictures of the development page, one for each state: shoot.py FOLDER [names…]."""

from pathlib import Path
import subprocess
import sys

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
VARIANTS = {
    "desktop": ({"width": 1240, "height": 900}, ""),
    "dark": ({"width": 1240, "height": 900}, "&dark"),
    "phone": ({"width": 390, "height": 844}, ""),
    "german": ({"width": 1000, "height": 900}, "&lang=de"),
}


def main(folder: Path, names: list[str], variants: list[str]) -> None:
    """Serve the page, and picture every state in every variant."""
    folder.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(["node", "build.mjs", "--dev"], cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
            for variant in variants:
                size, query = VARIANTS[variant]
                page = browser.new_page(viewport=size, device_scale_factor=1)
                page.on("pageerror", lambda error: print("error:", error))
                page.on("console", lambda message: message.type in ("error", "warning") and print(message.text))
                only = f"&only={','.join(names)}" if names else ""
                page.goto(f"{address}?{query}{only}")
                page.wait_for_timeout(900)
                for section in page.query_selector_all("main > section"):
                    section.screenshot(path=folder / f"{section.get_attribute('id')}-{variant}.png")
                page.close()
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    chosen = [argument for argument in sys.argv[2:] if argument in VARIANTS]
    main(Path(sys.argv[1]), [a for a in sys.argv[2:] if a not in VARIANTS], chosen or list(VARIANTS))
