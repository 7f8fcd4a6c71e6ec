"""The causes of problems as the dashboard shows them: the alerts that messages are made of, for who looks."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.privacy.test_sight import policy_of

from .test_websocket_api import Card, card, home, pve

__all__ = ["card", "home", "pve"]

NO_SPACE = failed("write error: No space left on device")


async def told(card: Card, **message: Any) -> list[dict[str, Any]]:
    """Return the causes."""
    causes: list[dict[str, Any]] = (await card.ask("causes", **message))["result"]["causes"]
    return causes


@pytest.fixture
async def failing(home: Home) -> Home:
    """A night in which two guests of one job failed, for one cause."""
    home.pve.job("nightly").run({102: NO_SPACE, 104: NO_SPACE})
    await home.after(minutes=30)
    return home


async def test_nothing_is_told_where_nothing_is_wrong(home: Home, card: Card) -> None:
    assert await told(card) == []


async def test_two_guests_of_one_job_that_fail_for_one_cause_are_one_cause(failing: Home, card: Card) -> None:
    assert failing.entry is not None
    [cause] = await told(card)
    entry_id = failing.entry.entry_id
    assert (cause["kind"], cause["guests"], cause["jobs"], cause["unseen"], cause["silenced"]) == (
        "job",
        2,
        1,
        False,
        False,
    )
    assert cause["title"] == "Backup failed: nightly → nas"
    assert cause["why"] == ["Cause: no space is left on the storage, or on the storage for temporary files."]
    assert cause["todo"].startswith("Remove old backups")
    assert set(cause["rows"]) == {f"{entry_id}/guest/102", f"{entry_id}/guest/104", f"{entry_id}/job/backup-nightly"}
    assert cause["since"] is not None
    assert cause["upid"].startswith("UPID:")
    assert await told(card, entry_id="other") == []


async def test_each_tells_what_it_rests_on(failing: Home, card: Card) -> None:
    [cause] = await told(card)
    row = next(row for row in cause["rows"] if row.endswith("/guest/102"))
    details = (await card.ask("runs", row=row, days=7))["result"]
    for grounds in (cause["grounds"], details["grounds"]):
        text = " ".join(grounds)
        assert "No space left on device" in text
        assert "The run that counts was due on" in text
        assert "This is the first failed or missed run." in text
    assert any("der erste fehlgeschlagene" in said for said in (await told(card, language="de"))[0]["grounds"])


async def test_they_are_told_in_the_language_of_who_looks(failing: Home, card: Card) -> None:
    [cause] = await told(card, language="de")
    assert cause["title"] == "Sicherung fehlgeschlagen: nightly → nas"
    assert cause["why"] == ["Ursache: auf dem Speicher oder dem für Zwischendateien ist kein Platz mehr frei."]


async def test_one_is_silenced_and_told_again_by_its_sensors(failing: Home, card: Card) -> None:
    [cause] = await told(card)
    for action, silenced in (("acknowledge", True), ("unacknowledge", False)):
        await failing.hass.services.async_call(DOMAIN, action, {"entity_id": cause["entity_ids"]}, blocking=True)
        [now] = await told(card)
        assert now["silenced"] is silenced


async def test_a_visitor_is_told_only_of_causes_and_guests_that_he_may_see(
    failing: Home, hass_ws_client: WebSocketGenerator, hass_read_only_user: MockUser, hass_read_only_access_token: str
) -> None:
    visitor = Card(await hass_ws_client(failing.hass, hass_read_only_access_token))
    hass_read_only_user.mock_policy(policy_of(failing, "guest_101"))
    assert await told(visitor) == []
    hass_read_only_user.mock_policy(policy_of(failing, "guest_102"))
    [cause] = await told(visitor)
    assert (cause["guests"], cause["jobs"], [row.rpartition("/")[2] for row in cause["rows"]]) == (1, 0, ["102"])
    assert "104" not in str({name: value for name, value in cause.items() if name not in {"id", "entry_id", "upid"}})


async def test_a_right_that_is_missing_leads_to_repairs(home: Home, card: Card) -> None:
    home.pve.limit_token({"/": "VM.Audit Pool.Audit Datastore.Audit"})
    await home.after(hours=2)
    causes = await told(card)
    assert [(cause["kind"], cause["link"], cause["unseen"]) for cause in causes] == [("blind", "/config/repairs", True)]
