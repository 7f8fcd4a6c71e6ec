"""Open tabs while Home Assistant restarts, gets another release, or watches another cluster."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import expect
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.api.server import NodeServer

from .browser import Tab
from .conftest import OpenTab, Shoot
from .stage import Stage

pytestmark = pytest.mark.e2e

WALL = {"type": "custom:proxmox-backup-wall"}
ROW = "proxmox-backup-wall button.row"


def _each(pve: SimulatedCluster, act: Callable[[NodeServer], None]) -> None:
    for server in pve.servers.values():
        act(server)


def test_two_clusters_are_on_one_wall_and_have_views_of_their_own(
    open_as: OpenTab, stage: Stage, second_cluster: str, shoot: Shoot
) -> None:
    tab = open_as()
    tab.show(WALL)
    expect(tab.find(ROW)).to_have_count(16)
    web = tab.find(f'{ROW}:has(.name b:text-is("web"))')
    expect(web).to_contain_text("small")
    shoot(tab, "two-clusters-light")
    stage.run(stage.home.make_dashboard())
    tab.go("/proxmox-backups")
    expect(tab.find("proxmox-backup-badge")).to_have_count(1)
    expect(tab.find("pbc-digest li")).to_have_count(2)
    tab.find("pbc-digest").first.get_by_role("link", name="small", exact=True).click()
    expect(tab.find("proxmox-backup-wall").first.locator("button.row")).to_have_count(4)
    expect(tab.find("hui-error-card")).to_have_count(0)


def test_a_cluster_that_is_out_of_reach_keeps_its_rows(tab: Tab, stage: Stage, second_cluster: str) -> None:
    tab.show(WALL)
    expect(tab.find(ROW)).to_have_count(16)
    pve = stage.clusters[second_cluster]
    stage.play(partial(_each, pve, NodeServer.refuse))
    stage.look(second_cluster)
    expect(tab.find("proxmox-backup-wall ha-alert")).to_contain_text("small")
    expect(tab.find(ROW)).to_have_count(16)
    stage.play(partial(_each, pve, NodeServer.resume))


def test_a_tab_goes_on_after_a_restart(tab: Tab, stage: Stage) -> None:
    tab.show(WALL)
    expect(tab.find(ROW)).to_have_count(12)
    _restart(tab, stage)
    expect(tab.find(ROW)).to_have_count(12)
    pve = stage.clusters["homelab"]
    stage.play(lambda: pve.add_vm(199, "newcomer", "pve1", size=8))
    try:
        # Home Assistant may have looked just before, and does not look again so soon.
        stage.look()
        expect(tab.find(ROW)).to_have_count(13, timeout=45_000)
        assert tab.page.evaluate("window.reconnected"), "the page was loaded anew"
    finally:
        stage.play(lambda: pve.remove_guest(199, purge=True))
        stage.look()


def test_a_tab_notices_a_new_release(tab: Tab, stage: Stage) -> None:
    bundle = Path(stage.config) / "custom_components" / DOMAIN / "frontend" / "proxmox-backup-checker.js"
    tab.show(WALL)
    tab.find(ROW).first.wait_for()
    tab.page.wait_for_function("performance.getEntriesByType('resource').some(one => one.name.endsWith('/notices.js'))")
    before = _loaded(tab)
    with bundle.open("a") as file:
        file.write("\nwindow.nextRelease = true;\n")
    _restart(tab, stage)
    reload = tab.find("proxmox-backup-wall ha-alert").get_by_role("button")
    expect(reload).to_be_visible()
    reload.click()
    tab.page.wait_for_function("window.nextRelease")
    tab.find(ROW).first.wait_for()
    assert _loaded(tab) != before
    expect(tab.find("proxmox-backup-wall ha-alert")).to_have_count(0)


def _restart(tab: Tab, stage: Stage) -> None:
    """Restart Home Assistant, and wait until an open tab is connected again."""
    tab.page.evaluate(
        """() => document.querySelector("home-assistant").hass.connection
            .addEventListener("ready", () => { window.reconnected = true; })"""
    )
    stage.restart()
    tab.page.wait_for_function("window.reconnected", timeout=40_000)


def _loaded(tab: Tab) -> list[str]:
    """Return the addresses of the bundle in this page."""
    urls: list[str] = tab.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    return sorted(url for url in urls if url.endswith("proxmox-backup-checker.js"))
