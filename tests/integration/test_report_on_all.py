"""The report on all clusters and backup servers, for who watches many."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.backup_server import ServedBackupServer
from simulator.outcomes import failed

from .backup_server.conftest import pbs, set_up as set_up_server, site
from .conftest import set_up

__all__ = ["pbs", "site"]


@pytest.fixture
async def lab(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Another cluster."""
    async with SimulatedCluster.start("small", tmp_path / "lab") as cluster:
        cluster.name = "lab"
        yield cluster


async def told(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    response = await hass.services.async_call(DOMAIN, "report", data, blocking=True, return_response=True)
    answer: dict[str, Any] = json.loads(json.dumps(response))
    return answer


async def test_one_report_tells_of_all_clusters_and_servers_and_of_what_cannot_be_read(
    hass: HomeAssistant, pve: SimulatedCluster, lab: SimulatedCluster, pbs: ServedBackupServer
) -> None:
    pve.job("nightly").run()
    lab.job("nightly").run(outcomes={101: failed("disk full")})
    home_entry, lab_entry, server = await set_up(hass, pve), await set_up(hass, lab), await set_up_server(hass, pbs)
    hass.config_entries.async_update_entry(lab_entry, title="lab")

    report = await told(hass, period="week")
    assert report["title"].startswith("Backups of small, lab, pbs, last 7 days: ")
    assert (report["guests"], report["protected"], report["runs"]) == (8, 7, 2)
    assert [found["cluster"] for found in report["to_look_at"]] == ["lab"]
    [home, other, backups] = report["clusters"]
    assert (home["problems"], other["problems"], home["unknown"]) == (0, 1, False)
    for part in (home, other, backups):
        assert f"{part['name']}: {part['summary']}" in report["summary"]
        assert f"## {part['name']}" in report["markdown"]
        assert part["summary"] in report["text"]
    assert report["problems"] == sum(part["problems"] for part in report["clusters"])

    one = await told(hass, period="week", config_entry_id=home_entry.entry_id)
    assert (one["guests"], "clusters" in one) == (4, False)

    alone = await told(hass, config_entry_id=server.entry_id)
    assert alone["title"].startswith("Backups of pbs, ")

    for entry in (lab_entry, server):
        await hass.config_entries.async_unload(entry.entry_id)
    report = await told(hass)
    assert report["title"].endswith(": not all can be seen")
    unread = "Cannot be read at the moment: nothing is known of its backups."
    assert [part["summary"] for part in report["clusters"]][1:] == [unread, unread]
    assert (report["guests"], report["bytes"] is None) == (4, False)


async def test_the_page_gets_a_digest_of_each_and_the_files_of_clusters_in_its_language(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    pbs: ServedBackupServer,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    pve.job("nightly").run()
    entry, server = await set_up(hass, pve), await set_up_server(hass, pbs)
    socket, browser = await hass_ws_client(hass), await hass_client_no_auth()

    async def ask(**message: Any) -> list[dict[str, Any]]:
        await socket.send_json_auto_id({"type": f"{DOMAIN}/digest", **message})
        digests: list[dict[str, Any]] = (await socket.receive_json())["result"]["digests"]
        return digests

    [home, backups] = await ask(language="de")
    assert (home["id"], backups["id"]) == (entry.entry_id, server.entry_id)
    assert home["summary"].startswith("4 von 4 geschützt")
    assert (backups["csv"], backups["html"]) == (None, None)
    page = await browser.get(home["html"])
    assert "Sicherungen von small" in await page.text()
    # The language is part of what is signed.
    assert (await browser.get(home["html"].replace("language=de", "language=en"))).status == 401
    assert [found["id"] for found in await ask(entry_id=server.entry_id)] == [server.entry_id]
