"""The card's bundle in a page of Home Assistant, and what the integration answers there."""

from typing import Any

import pytest

from .browser import Tab
from .conftest import OpenTab
from .stage import Stage

pytestmark = pytest.mark.e2e


def test_every_page_loads_the_bundle(tab: Tab) -> None:
    with tab.page.expect_response(lambda response: "/proxmox_backup_checker_static/" in response.url) as loaded:
        tab.go("/profile")
    assert loaded.value.ok
    assert "max-age" in loaded.value.headers["cache-control"]
    tab.page.wait_for_function("customElements.get('pbc-more-info') !== undefined")
    assert tab.errors == []


def test_the_page_is_answered(tab: Tab, stage: Stage) -> None:
    tab.go("/profile")
    tab.page.wait_for_function("document.querySelector('home-assistant')?.hass?.connection")
    info = tab.ask({"type": "proxmox_backup_checker/info"})["result"]
    [server] = info["entries"]
    assert (server["name"], server["state"]) == ("homelab", "ok")
    assert server["counts"]["guests"] == 12
    loaded = tab.page.evaluate("[...performance.getEntriesByType('resource')].map(entry => entry.name)")
    assert any(info["frontend_hash"] in url for url in loaded)


def test_logs_are_for_administrators(open_as: OpenTab, stage: Stage, grandma: dict[str, Any]) -> None:
    entry_id = stage.entries["homelab"]
    answers = []
    for tokens in (None, grandma):
        tab = open_as(tokens)
        tab.go("/profile")
        tab.page.wait_for_function("document.querySelector('home-assistant')?.hass?.connection")
        details = tab.ask({"type": "proxmox_backup_checker/runs", "row": f"{entry_id}/guest/101", "days": 14})
        upid = next(run["upid"] for run in details["result"]["runs"] if run["upid"])
        answers.append(tab.ask({"type": "proxmox_backup_checker/log", "entry_id": entry_id, "upid": upid}))
    assert answers[0]["result"]["first_error"]
    assert answers[1]["error"]["code"] == "unauthorized"
