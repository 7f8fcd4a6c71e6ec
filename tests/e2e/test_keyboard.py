"""What is opened on the dashboard can be used without a mouse, and axe finds nothing wrong with it."""

from playwright.sync_api import Locator, expect
import pytest

from .accessibility import violations
from .browser import Tab
from .stage import Stage

pytestmark = pytest.mark.e2e

WALL = {"type": "custom:proxmox-backup-wall"}
CAUSES = {"type": "custom:proxmox-backup-causes"}
START = {"type": "custom:proxmox-backup-start"}
ROW = "proxmox-backup-wall button.row"


def press(tab: Tab, target: Locator, key: str = "Enter") -> None:
    """Come to something, and press a key."""
    target.focus()
    tab.page.keyboard.press(key)


def test_a_phone_is_chosen_on_the_first_day(tab: Tab, stage: Stage, second_cluster: str) -> None:
    tab.show({**START, "server": stage.entries[second_cluster]})
    start = tab.find("pbc-start")
    expect(start).to_contain_text("Watching 4 guests.")
    assert violations(tab, "pbc-start") == []
    tell = start.get_by_role("button", name="Tell me on my phone")
    press(tab, tell)
    setup = tab.find("pbc-message-setup")
    expect(setup).to_contain_text("No phone with the Home Assistant app is known here")
    assert violations(tab, "pbc-message-setup") == []
    tab.page.keyboard.press("Escape")
    expect(setup).to_have_count(0)
    expect(tell).to_be_focused()


def test_a_cause_is_explained_and_silenced(tab: Tab) -> None:
    tab.show(CAUSES)
    causes = tab.find("pbc-causes")
    why = causes.locator("button.why").first
    press(tab, why)
    expect(causes.locator(".grounds")).to_contain_text("The run that counts was due on")
    expect(why).to_be_focused()
    silence = causes.locator("button.silence").first
    press(tab, silence)
    expect(causes.get_by_role("button", name="Until it is fixed")).to_be_focused()
    assert violations(tab, "pbc-causes") == []
    tab.page.keyboard.press("Escape")
    expect(causes.locator(".silences")).to_have_count(0)
    expect(silence).to_be_focused()
    tab.page.keyboard.press("Enter")
    why.focus()
    tab.page.keyboard.press("Escape")
    expect(causes.locator(".silences")).to_have_count(0)
    expect(silence).to_be_focused()


def test_the_wall_is_sorted_grouped_and_explained(tab: Tab) -> None:
    tab.show(WALL)
    wall = tab.find("proxmox-backup-wall")
    press(tab, wall.get_by_role("button", name="Sort by Size"))
    expect(tab.find(ROW).first).to_contain_text("nextcloud")
    press(tab, wall.get_by_role("button", name="What the marks mean"))
    expect(wall).to_contain_text("No backup, though one was due")
    assert violations(tab, "proxmox-backup-wall") == []
    press(tab, wall.get_by_role("button", name="Order and groups"))
    wall.get_by_role("combobox", name="Group by").select_option("storage")
    group = wall.locator("button.group").first
    expect(group).to_contain_text("nas")
    assert violations(tab, "proxmox-backup-wall") == []
    press(tab, wall.get_by_role("combobox", name="Group by"), "Escape")
    expect(wall.locator(".panel")).to_have_count(0)
    expect(wall.get_by_role("button", name="Order and groups")).to_be_focused()
    press(tab, group)
    expect(group).to_have_attribute("aria-expanded", "false")
    expect(group).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    expect(wall.locator("button.group").nth(1)).to_be_focused()


def test_a_day_tells_its_runs_and_the_details_why(tab: Tab) -> None:
    tab.show(WALL)
    press(tab, tab.find(ROW).first, "ArrowLeft")
    expect(tab.find("proxmox-backup-wall .tip li").first).to_contain_text("did not answer in time")
    expect(tab.find("proxmox-backup-wall [aria-live=polite]")).to_contain_text("did not answer in time")
    tab.page.keyboard.press("Escape")
    expect(tab.find("proxmox-backup-wall .tip")).to_have_count(0)
    tab.page.keyboard.press("Enter")
    details = tab.find("pbc-details").first
    press(tab, details.locator("button.why"))
    expect(details.locator(".grounds")).to_contain_text("The run that counts was due on")
    assert violations(tab, "pbc-details") == []


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_escape_leads_from_wherever_tab_has_come_to_in_the_details_back_to_the_row(tab: Tab, key: str) -> None:
    tab.show(WALL)
    row = tab.find(ROW).first
    press(tab, row)
    expect(tab.find("pbc-details .sentence").first).to_be_visible()
    for _ in range(45):
        tab.page.keyboard.press(key)
    tab.page.keyboard.press("Escape")
    expect(tab.find("pbc-details")).to_have_count(0)
    expect(row).to_be_focused()
