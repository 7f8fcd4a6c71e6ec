"""Everything that is done with a mouse only: add the dashboard, pick a card, edit it, open an entity."""

from playwright.sync_api import Locator, expect
import pytest

from .accessibility import violations
from .browser import DASHBOARD, Tab
from .conftest import OpenTab, Shoot
from .stage import Stage

pytestmark = pytest.mark.e2e

WALL = {"type": "custom:proxmox-backup-wall"}
ROW = "proxmox-backup-wall button.row"
URL_PATH = "proxmox-backups"
CARDS = (
    *("Proxmox backup wall", "Proxmox backups, one line", "Proxmox backup storages", "Proxmox backups: next runs"),
    "Proxmox backups: problems",
    "Proxmox backups: causes",
)


def picker(tab: Tab) -> Locator:
    """Open the dialog in which cards are picked, on a dashboard with a wall."""
    tab.show(WALL)
    tab.go(f"/{DASHBOARD}/0?edit=1")
    tab.find(ROW).first.wait_for()
    tab.find("hui-grid-section .add").first.click()
    return tab.find("hui-dialog-create-card")


def test_the_dashboard_is_among_the_community_dashboards(tab: Tab, stage: Stage) -> None:
    tab.go("/config/lovelace/dashboards")
    tab.page.get_by_text("Add dashboard").first.click()
    tab.find("dashboard-card").filter(has_text="Proxmox backups").click()
    tab.find("dialog-lovelace-dashboard-detail").get_by_text("Create").click()
    expect(tab.find("dialog-lovelace-dashboard-detail ha-dialog[open]")).to_have_count(0)
    [made] = [one for one in stage.command({"type": "lovelace/dashboards/list"}) if one["url_path"] == URL_PATH]
    assert (made["title"], made["icon"]) == ("Proxmox backups", "mdi:shield-check")
    config = stage.command({"type": "lovelace/config", "url_path": URL_PATH})
    assert config["strategy"]["type"] == "custom:proxmox-backups"


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_the_dashboard_builds_itself(open_as: OpenTab, stage: Stage, shoot: Shoot, look: str) -> None:
    stage.run(stage.home.make_dashboard())
    tab = open_as(look=look)
    tab.go(f"/{URL_PATH}")
    expect(tab.find("proxmox-backup-wall").first.locator("button.row")).to_have_count(12)
    expect(tab.find("pbc-storages").first).to_contain_text("nas")
    expect(tab.find("pbc-next-runs").first).to_contain_text("Nightly to the NAS")
    expect(tab.find("proxmox-backup-badge")).to_contain_text("2 problems")
    causes = tab.find("pbc-causes")
    expect(causes).to_contain_text("times in a row: Nightly to the NAS")
    expect(causes).to_contain_text("In no backup job: immich (123)")
    expect(tab.find("hui-error-card")).to_have_count(0)
    if look == "light":
        for tag in ("causes", "storages", "next-runs", "activity", "digest", "badge"):
            assert violations(tab, f"proxmox-backup-{tag}") == []
    shoot(tab, f"dashboard-{look}")
    assert tab.errors == []


def test_the_problems_have_a_view_of_their_own(tab: Tab, stage: Stage, shoot: Shoot) -> None:
    stage.run(stage.home.make_dashboard())
    tab.go(f"/{URL_PATH}/problems")
    problems = tab.find("pbc-problems")
    expect(problems).to_contain_text("docker")
    expect(problems).to_contain_text("did not answer in time")
    expect(problems).to_contain_text("immich")
    expect(problems).not_to_contain_text("grafana")
    assert violations(tab, "pbc-problems") == []
    shoot(tab, "problems-light")


def test_all_cards_can_be_picked(tab: Tab) -> None:
    dialog = picker(tab)
    dialog.get_by_text("By card").click()
    dialog.locator("input").first.fill("Proxmox")
    for name in CARDS:
        expect(dialog.locator(".card-header").filter(has_text=name).first).to_be_visible()
    expect(dialog.locator("proxmox-backup-wall button.row").first).to_be_visible()


def test_the_wall_is_suggested_for_our_entities(tab: Tab) -> None:
    dialog = picker(tab)
    dialog.locator("hui-suggestion-entity-tree input").fill("docker backup problem")
    dialog.locator("ha-list-item-button").first.click()
    expect(dialog.locator("hui-suggestion-card").filter(has_text="Proxmox backup wall").first).to_be_visible()


def test_the_editor_saves_what_was_chosen(tab: Tab, stage: Stage) -> None:
    dialog = picker(tab)
    dialog.get_by_text("By card").click()
    dialog.locator("input").first.fill("Proxmox backup wall")
    dialog.locator(".card").filter(has_text="Proxmox backup wall").first.click()
    editor = tab.find("hui-dialog-edit-card")
    editor.locator("ha-selector-text input").first.fill("My backups")
    expect(editor.locator("proxmox-backup-wall h2")).to_have_text("My backups")
    editor.get_by_text("Save", exact=True).click()
    expect(tab.find("hui-grid-section proxmox-backup-wall h2").last).to_have_text("My backups")
    config = stage.command({"type": "lovelace/config", "url_path": DASHBOARD})
    saved = config["views"][0]["sections"][0]["cards"]
    assert [card.get("title") for card in saved] == [None, "My backups"]
    assert saved[1]["type"] == "custom:proxmox-backup-wall"


def test_home_assistant_s_own_dialog_shows_the_details(tab: Tab, shoot: Shoot) -> None:
    tab.show({"type": "tile", "entity": "binary_sensor.docker_backup_problem"})
    tab.find("hui-tile-card .background").click()
    details = tab.find("ha-more-info-dialog pbc-more-info pbc-details")
    expect(details).to_contain_text("did not answer in time")
    shoot(tab, "more-info-light")
    assert tab.errors == []


def test_one_line_and_a_badge_tell_the_sum(tab: Tab, shoot: Shoot) -> None:
    tab.show({"type": "custom:proxmox-backup-compact"})
    line = tab.find("proxmox-backup-compact")
    expect(line).to_contain_text("2 problems")
    assert violations(tab, "proxmox-backup-compact") == []
    shoot(tab, "compact-light")
