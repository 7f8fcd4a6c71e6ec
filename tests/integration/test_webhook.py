"""Messages of Proxmox: each causes a look, at most one a minute, and nothing else; the address stays a secret."""

import asyncio
from base64 import b64decode
from datetime import timedelta
import json
import re
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import webhook
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import set_up

SECRET = "a1b2c3d4" * 8
ADDRESS = f"/api/webhook/{SECRET}"
BACKUP_OVER = {
    "severity": "info",
    "timestamp": 1796083551,
    "fields": {"type": "vzdump", "hostname": "pve1", "job-id": "nightly"},
}
FORGED = {**BACKUP_OVER, "fields": {"type": "vzdump", "hostname": "pve9", "job-id": "no such job"}}


@pytest.fixture
async def client(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> TestClient[Any, Any]:
    """A node of the cluster that speaks to Home Assistant, from the same machine."""
    assert await async_setup_component(hass, DOMAIN, {})
    found: TestClient[Any, Any] = await hass_client_no_auth()
    return found


async def _set_up(hass: HomeAssistant, pve: SimulatedCluster, **options: Any) -> MockConfigEntry:
    return await set_up(hass, pve, options={"webhook_id": SECRET, **options})


async def _wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


def _polls(entry: MockConfigEntry) -> int:
    return len(entry.runtime_data.poll_log.polls)


async def test_a_message_causes_a_look_a_moment_later(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    entry = await _set_up(hass, pve)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    response = await client.post(ADDRESS, json=BACKUP_OVER)
    assert response.status == 200
    assert not await response.read()
    assert _polls(entry) == 1
    await _wait(hass, freezer, 6)
    assert _polls(entry) == 2
    assert entry.runtime_data.assessment.counts.problems == 1


async def test_a_message_says_which_of_two_jobs_alike_a_run_was_of(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    nightly = pve.job("nightly")
    twin = pve.add_job("twin", nightly.schedule, "nas")
    twin.options = dict(nightly.options)
    entry = await _set_up(hass, pve)
    twin.run()
    fields = {"type": "vzdump", "hostname": "pve1.example.org", "job-id": "twin"}
    await client.post(ADDRESS, json={**BACKUP_OVER, "fields": fields})
    await _wait(hass, freezer, 6)
    runs = entry.runtime_data.assessment.history.runs.values()
    # Of the other nodes nothing was told.
    assert {run.node: run.job_id for run in runs} == {"pve1": "twin", "pve2": nightly.id}


async def test_many_messages_cause_one_look_a_minute(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    entry = await _set_up(hass, pve)
    for _ in range(30):
        await client.post(ADDRESS, json=BACKUP_OVER)
    await _wait(hass, freezer, 6)
    assert _polls(entry) == 2
    for _ in range(5):
        await client.post(ADDRESS, json=BACKUP_OVER)
        await _wait(hass, freezer, 9)
    assert _polls(entry) == 2
    await _wait(hass, freezer, 20)
    assert _polls(entry) == 3


async def test_a_forged_message_changes_no_verdict(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    """One that says all is well, of a job whose run failed, and one of a node that there is not."""
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await _set_up(hass, pve)
    before = entry.runtime_data.assessment.verdicts
    for message in (BACKUP_OVER, FORGED):
        await client.post(ADDRESS, json=message)
        await _wait(hass, freezer, 61)
    after = entry.runtime_data.assessment.verdicts
    assert _polls(entry) == 3
    assert {subject: (one.status, one.problem, one.confidence) for subject, one in after.items()} == {
        subject: (one.status, one.problem, one.confidence) for subject, one in before.items()
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
async def test_only_post_is_taken_and_the_address_is_not_logged(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    client: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    entry = await _set_up(hass, pve)
    caplog.clear()
    response = await client.request(method, ADDRESS, json=BACKUP_OVER)
    assert response.status == 405
    await _wait(hass, freezer, 6)
    assert _polls(entry) == 1
    # Home Assistant tells of every webhook in its debug log, and aiohttp's test server of every request.
    told = [record for record in caplog.records if SECRET in record.getMessage() and record.levelname != "DEBUG"]
    assert {record.name for record in told} <= {"aiohttp.access"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"hello", 400),
        (b'{"text": "backup successful"}', 400),
        (b'{"fields": {}, "x": "' + b"x" * (64 * 1024) + b'"}', 413),
    ],
)
async def test_what_is_no_message_causes_nothing(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    client: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
    body: bytes,
    status: int,
) -> None:
    entry = await _set_up(hass, pve)
    assert (await client.post(ADDRESS, data=body)).status == status
    await _wait(hass, freezer, 6)
    assert _polls(entry) == 1
    assert entry.runtime_data.arrivals.at is None


async def test_a_body_without_end_is_cut_off(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any]
) -> None:
    await _set_up(hass, pve)

    async def pieces() -> Any:
        for _ in range(2000):
            yield b"x" * 1024

    assert (await client.post(ADDRESS, data=pieces())).status == 413


@pytest.mark.parametrize(("from_anywhere", "status"), [(False, 403), (True, 200)])
@pytest.mark.parametrize("remote", ["203.0.113.7", None, "nonsense"])
async def test_another_network_is_refused_unless_it_is_allowed(
    hass: HomeAssistant, pve: SimulatedCluster, from_anywhere: bool, status: int, remote: str | None
) -> None:
    entry = await _set_up(hass, pve, webhook_from_anywhere=from_anywhere)
    request = MockRequest(
        content=json.dumps(BACKUP_OVER).encode(), mock_source="test", method="POST", headers={}, remote=remote
    )
    assert (await webhook.async_handle_webhook(hass, SECRET, request)).status == status
    assert (entry.runtime_data.arrivals.at is not None) is from_anywhere


async def test_a_sender_that_hangs_up_leaves_nothing_in_the_log(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await _set_up(hass, pve)
    _, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(f"POST {ADDRESS} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{{".encode())
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    assert not [record for record in caplog.records if SECRET in record.getMessage() and record.levelname == "ERROR"]


async def test_the_address_is_gone_with_the_entry(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    entry = await _set_up(hass, pve)
    coordinator = entry.runtime_data
    await client.post(ADDRESS, json=BACKUP_OVER)
    await hass.config_entries.async_unload(entry.entry_id)
    await _wait(hass, freezer, 61)
    assert len(coordinator.poll_log.polls) == 1
    # Home Assistant answers alike at any address.
    assert (await client.get(ADDRESS)).status == 200
    await hass.config_entries.async_setup(entry.entry_id)
    assert (await client.get(ADDRESS)).status == 405
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await client.get(ADDRESS)).status == 200


async def test_the_address_stands_in_no_diagnostics(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _set_up(hass, pve)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["entry"]["options"]["webhook_id"] == "**REDACTED**"
    assert SECRET not in str(told)


async def _choose(hass: HomeAssistant, entry: MockConfigEntry, option: str) -> Any:
    options = hass.config_entries.options
    step = await options.async_init(entry.entry_id)
    return await options.async_configure(step["flow_id"], {"next_step_id": option})


async def _enter(hass: HomeAssistant, step: Any, **entered: Any) -> Any:
    step = await hass.config_entries.options.async_configure(step["flow_id"], entered)
    await hass.async_block_till_done()
    return step


def _secret(lines: str) -> str:
    found = re.search(r"--secret name=webhook,value=(\S+)", lines)
    assert found is not None
    return b64decode(found[1]).decode()


async def test_the_options_show_the_lines_and_then_listen(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any]
) -> None:
    hass.config.internal_url = "http://10.0.0.5:8123"
    entry = await set_up(hass, pve, options={"ignored_guests": ["104"]})
    step = await _choose(hass, entry, "webhook")
    step = await _enter(hass, step, enabled=True, webhook_from_anywhere=False)
    assert step["step_id"] == "webhook_lines"
    shown = step["description_placeholders"]
    assert "--url 'http://10.0.0.5:8123/api/webhook/{{ secrets.webhook }}'" in shown["create"]
    secret = _secret(shown["create"])
    assert len(secret) == 64
    assert shown["unheard"] == ""
    assert entry.options == {"ignored_guests": ["104"]}
    step = await _enter(hass, step)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"ignored_guests": ["104"], "webhook_id": secret, "webhook_from_anywhere": False}
    assert (await client.post(f"/api/webhook/{secret}", json=BACKUP_OVER)).status == 200
    assert entry.runtime_data.arrivals.at is not None


async def test_the_address_can_be_seen_again_renewed_and_given_up(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any]
) -> None:
    entry = await _set_up(hass, pve)
    step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=True, webhook_from_anywhere=False)
    assert _secret(step["description_placeholders"]["create"]) == SECRET
    await _enter(hass, step)
    step = await _choose(hass, entry, "webhook")
    step = await _enter(hass, step, enabled=True, webhook_from_anywhere=False, renew=True)
    fresh = _secret(step["description_placeholders"]["renew"])
    await _enter(hass, step)
    assert fresh != SECRET
    assert entry.options["webhook_id"] == fresh
    assert (await client.get(ADDRESS)).status == 200
    assert (await client.get(f"/api/webhook/{fresh}")).status == 405
    step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=False, webhook_from_anywhere=False)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {}
    assert (await client.get(f"/api/webhook/{fresh}")).status == 200


async def test_two_entries_have_different_names_in_proxmox(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    names = set()
    for _ in range(2):
        entry = await _set_up(hass, pve)
        step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=True, webhook_from_anywhere=False)
        names.add(step["description_placeholders"]["test"])
        await hass.config_entries.async_remove(entry.entry_id)
    assert len(names) == 2


async def test_a_home_assistant_that_does_not_know_its_address_leaves_a_word_to_replace(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await _set_up(hass, pve)
    assert hass.config.api is not None
    hass.config.api.local_ip = "127.0.0.1"
    step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=True, webhook_from_anywhere=False)
    assert "http://HOME-ASSISTANT:8123/api/webhook/" in step["description_placeholders"]["create"]


async def test_jobs_that_send_no_message_are_named(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").options["mailto"] = "root@example.com"
    entry = await _set_up(hass, pve)
    step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=True, webhook_from_anywhere=False)
    unheard = step["description_placeholders"]["unheard"]
    assert unheard.startswith("This job sends no message")
    assert "nightly" in unheard


async def test_whether_something_has_arrived_can_be_asked_again_and_again(
    hass: HomeAssistant, pve: SimulatedCluster, client: TestClient[Any, Any]
) -> None:
    hass.config.internal_url = "https://home.example.com:8123"
    entry = await _set_up(hass, pve, webhook_from_anywhere=False)
    step = await _choose(hass, entry, "webhook_check")

    async def state(step: Any) -> str:
        return str(step["description_placeholders"]["state"])

    silent = await state(step)
    assert silent.startswith("No message has arrived")
    assert "certificate" in silent
    await client.post(ADDRESS, json={"severity": "info", "timestamp": 1, "fields": {}})
    step = await _enter(hass, step, next_step_id="webhook_check")
    assert (await state(step)).startswith("A test message arrived today")
    await client.post(ADDRESS, json=BACKUP_OVER)
    step = await _enter(hass, step, next_step_id="webhook_check")
    assert "from node pve1, about the job “nightly”" in await state(step)
    hass.config.internal_url = "http://10.0.0.5:8123"
    await hass.config_entries.async_reload(entry.entry_id)
    step = await _enter(hass, step, next_step_id="webhook_check")
    assert "certificate" not in await state(step)


def _refuse_messages(pve: SimulatedCluster, target: str, error: str) -> None:
    """Let every log say that the message to a target was refused, as Proxmox does."""
    for node in pve.nodes.values():
        for task in node.tasks.archived():
            path = f"{node.tasks.root}/{task.log_path}"
            text = pve.files.read(path) or ""
            refused = f"ERROR: could not notify via target `{target}`: {error}"
            pve.files.write(
                path, text.replace("INFO: notified via target `mail-to-root`", refused), pve.clock.now().timestamp()
            )


@pytest.mark.parametrize(
    ("error", "is_certificate"),
    [
        ("error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed", True),
        ("io: Connection refused", False),
    ],
)
async def test_why_proxmox_could_not_deliver_a_message_is_told_with_what_to_do(
    hass: HomeAssistant, pve: SimulatedCluster, error: str, is_certificate: bool
) -> None:
    hass.config.internal_url = "https://home.example.com:8123"
    entry = await _set_up(hass, pve, webhook_from_anywhere=False)
    step = await _enter(hass, await _choose(hass, entry, "webhook"), enabled=True, webhook_from_anywhere=False)
    target = step["description_placeholders"]["test"].split("/")[-2]
    pve.job("nightly").run()
    _refuse_messages(pve, target, error)
    await entry.runtime_data.async_refresh()
    step = await _choose(hass, entry, "webhook_check")
    state = step["description_placeholders"]["state"]
    assert state.startswith("Proxmox could not deliver the message of its last run: ")
    assert error.rsplit(":", maxsplit=1)[-1].strip() in state
    assert ("update-ca-certificates" in state) is is_certificate


async def test_a_message_that_another_target_could_not_deliver_is_none_of_ours(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await _set_up(hass, pve, webhook_from_anywhere=False)
    pve.job("nightly").run()
    _refuse_messages(pve, "mail-to-root", "no sendmail")
    await entry.runtime_data.async_refresh()
    step = await _choose(hass, entry, "webhook_check")
    assert step["description_placeholders"]["state"].startswith("No message has arrived")
