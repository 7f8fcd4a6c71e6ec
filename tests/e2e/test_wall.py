"""The backup wall on a dashboard: what it shows, what changes on it, and how it is used without a mouse."""

from playwright.sync_api import expect
import pytest

from simulator.outcomes import failed

from .accessibility import violations
from .browser import Tab
from .conftest import OpenTab, Shoot
from .stage import Stage

pytestmark = pytest.mark.e2e

WALL = {"type": "custom:proxmox-backup-wall"}
ROW = "proxmox-backup-wall button.row"


def row(name: str) -> str:
    """Return what finds the row of a guest or job."""
    return f'{ROW}:has(.name b:text-is("{name}"))'


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_every_guest_has_its_row_the_worst_first(open_as: OpenTab, shoot: Shoot, look: str) -> None:
    tab = open_as(look=look)
    tab.show(WALL)
    # A guest that another test has removed goes with the next look.
    expect(tab.find(ROW)).to_have_count(12, timeout=45_000)
    names = tab.find(f"{ROW} .name").all_inner_texts()
    assert names[0].startswith("docker")
    assert names[1].startswith("immich")
    expect(tab.find(ROW).first).to_contain_text("did not answer in time")
    assert violations(tab, "proxmox-backup-wall") == []
    shoot(tab, f"wall-{look}")
    assert tab.errors == []


def test_a_chip_leaves_only_what_it_names(tab: Tab) -> None:
    tab.show(WALL)
    chip = tab.find("proxmox-backup-wall button[aria-pressed]").filter(has_text="Failed")
    chip.click()
    expect(tab.find(ROW)).to_have_count(1)
    chip.click()
    expect(tab.find(ROW)).to_have_count(12)


def test_a_backup_that_fails_shows_without_a_reload(tab: Tab, stage: Stage) -> None:
    tab.show(WALL)
    expect(tab.find(row("grafana"))).to_contain_text("Latest: OK")
    tab.page.evaluate("window.untouched = true")
    pve = stage.clusters["homelab"]
    stage.play(lambda: pve.job("backup-3f1a7c52-91de").run({113: failed("unable to freeze the file system")}))
    expect(tab.find(row("grafana"))).to_contain_text("Latest: Failed", timeout=15_000)
    assert tab.page.evaluate("window.untouched")
    stage.play(lambda: pve.job("backup-3f1a7c52-91de").run())
    expect(tab.find(row("grafana"))).to_contain_text("Latest: OK", timeout=15_000)


def test_the_keyboard_is_enough(tab: Tab) -> None:
    tab.show(WALL)
    tab.find(ROW).first.focus()
    tab.page.keyboard.press("End")
    expect(tab.find(ROW).last).to_be_focused()
    tab.page.keyboard.press("Home")
    expect(tab.find(ROW).first).to_be_focused()
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.find("proxmox-backup-wall [aria-live=polite]")).to_contain_text("failed", ignore_case=True)
    tab.page.keyboard.press("Enter")
    expect(tab.find("pbc-details").first).to_contain_text("What to do")
    tab.page.keyboard.press("Escape")
    expect(tab.find("pbc-details")).to_have_count(0)
    expect(tab.find(ROW).first).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.find("pbc-details").first).to_contain_text("What to do")


def test_the_details_tell_why_with_the_log(tab: Tab, shoot: Shoot) -> None:
    tab.show(WALL)
    tab.find(f"{row('docker')} .name").click()
    details = tab.find("pbc-details").first
    expect(details).to_contain_text("did not answer in time")
    expect(details).to_contain_text("got timeout")
    details.locator("summary").filter(has_text="runs").click()
    expect(details.get_by_role("table").first).to_be_visible()
    assert violations(tab, "pbc-details") == []
    shoot(tab, "details-light")


def test_a_known_problem_can_be_silenced(tab: Tab, stage: Stage) -> None:
    tab.show(WALL)
    tab.find(f"{row('docker')} .name").click()
    details = tab.find("pbc-details").first
    details.get_by_role("button", name="Silence").click()
    assert violations(tab, "pbc-details") == []
    details.get_by_role("button", name="Until the next run").click()
    expect(details.get_by_role("button", name="Send messages again")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.find(row("docker"))).to_contain_text("Silenced")
    entity = "binary_sensor.docker_backup_problem"
    stage.command(
        {
            "type": "call_service",
            "domain": "proxmox_backup_checker",
            "service": "unacknowledge",
            "service_data": {"entity_id": entity},
        }
    )
    expect(tab.find(row("docker"))).not_to_contain_text("Silenced")


def test_others_than_administrators_see_no_log(open_as: OpenTab, grandma: dict[str, object]) -> None:
    tab = open_as(grandma)
    tab.show(WALL)
    tab.find(f"{row('docker')} .name").click()
    details = tab.find("pbc-details").first
    expect(details).to_contain_text("did not answer in time")
    expect(details).to_contain_text("Only administrators can read logs")
    expect(details).not_to_contain_text("ERROR:")
    assert tab.errors == []


def test_a_wrong_configuration_is_named(tab: Tab) -> None:
    tab.show({**WALL, "days": 400})
    error = tab.find("hui-error-card")
    expect(error).to_contain_text("Configuration error")
