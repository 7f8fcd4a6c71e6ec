"""Badge, causes, sensors, messages and digest agree in their numbers, of whatever kind the problems are."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.actions.report_chapters import async_chapters
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.dashboard.causes import causes
from custom_components.proxmox_backup_checker.dashboard.servers import servers
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.states import shown

from .test_websocket_api import home, pve

__all__ = ["home", "pve"]

NO_SPACE = failed("write error: No space left on device")
BROKEN = "command 'zfs recv' failed: out of space"


def badge(home: Home) -> dict[str, Any]:
    """Return what the badge is made of."""
    [server] = servers(home.hass, Sight(home.hass, None), "en")
    return server


async def numbers(home: Home) -> dict[str, int]:
    """Return how many causes each of them tells of."""
    assert home.entry is not None
    told = causes(home.hass, Sight(home.hass, None), home.entry.runtime_data.localizer, home.entry.entry_id)
    answer = await home.hass.services.async_call(DOMAIN, "open_alerts", {}, blocking=True, return_response=True)
    assert answer is not None
    messages = answer["alerts"]
    assert isinstance(messages, list)
    return {
        "badge": badge(home)["causes"],
        "dashboard": len([cause for cause in told if not cause["unseen"]]),
        "sensor": int(shown(home.hass, "_cluster_causes", "sensor").state),
        "messages": len(messages),
    }


async def test_where_nothing_is_wrong_all_say_so(home: Home) -> None:
    assert set((await numbers(home)).values()) == {0}


@pytest.mark.parametrize("failing", [(), (102, 104)], ids=["every guest has its backup", "two guests have none"])
async def test_a_replica_that_is_not_renewed_counts_for_all_and_guests_are_counted_apart(
    home: Home, failing: tuple[int, ...]
) -> None:
    home.pve.job("nightly").next_run_ends(dict.fromkeys(failing, NO_SPACE))
    job = home.pve.replicate(103, "pve3")
    await home.after(hours=1)
    job.fails = BROKEN
    await home.live(days=1, step=timedelta(minutes=30))

    assert set((await numbers(home)).values()) == {1 + bool(failing)}
    assert badge(home)["counts"]["problems"] == len(failing)
    assert shown(home.hass, "_cluster_guests_with_problem", "sensor").state == str(len(failing))
    assert home.entry is not None
    localizer = home.entry.runtime_data.localizer
    [chapter] = await async_chapters(home.hass, Sight(home.hass, None), "week", localizer)
    assert chapter.problems > 0


async def test_what_cannot_be_seen_is_no_cause_of_a_problem(home: Home) -> None:
    home.pve.access.revoke(home.pve.token_id)
    await home.after(hours=1)
    assert badge(home)["causes"] == 0
