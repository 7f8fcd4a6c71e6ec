"""What the user decides in the options or by tags: what is left alone, and how long to wait."""

from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.proxmox_backup_checker.policy_options import NUMBERS
from simulator.outcomes import failed, warning

from .home import Home

USUAL = {"warnings_are_problems": False, "limits": dict(NUMBERS)}


async def test_an_ignored_guest_raises_no_alarm_whatever_happens(home: Home) -> None:
    home.options = {"ignored_guests": ["101"]}
    home.pve.guest(101).fails(failed("disk full"))
    await home.after(days=1)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "ignored"), "ignored_by_choice")
    assert home.job().brief == ("on", "failed")
    assert home.sensor("cluster_guests_protected").state == "3"


async def test_an_ignored_job_is_silent_and_protects_nobody(home: Home) -> None:
    home.options = {"ignored_jobs": ["backup-nightly"]}
    home.pve.guest(101).fails(failed("disk full"))
    await home.after(days=1)

    assert (home.job().brief, home.job().reason_code) == (("off", "ignored"), "job_ignored_by_choice")
    assert home.guest(102).status == "uncovered"
    await home.after(days=3)
    assert home.guest(102).brief == ("on", "uncovered")


@pytest.mark.parametrize(("tag", "status"), [("backup-rpo-12h", "ok"), ("backup-rpo-6h", "overdue")])
async def test_a_tag_tells_how_old_the_last_good_backup_may_be(home: Home, tag: str, status: str) -> None:
    home.pve.guest(101).tags = tag
    await home.until("2026-01-13T11:00:00")

    assert home.guest(101).status == status
    assert home.guest(102).status == "ok"


async def test_a_tag_stands_in_for_a_job_where_the_guest_is_backed_up_by_other_means(home: Home) -> None:
    home.pve.job("nightly").change(vmid="102,103,104")
    home.pve.guest(101).tags = "backup-rpo-2d"
    home.pve.backup_by_hand([101], "nas")
    await home.after(hours=1)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "ok"), "young_enough_without_job_days")
    await home.after(days=3)
    assert home.guest(101).brief == ("on", "uncovered")


async def test_a_greatest_age_holds_for_every_guest(home: Home) -> None:
    home.options = {"longest_age_days": 3}
    home.pve.job("nightly").reschedule("sun 02:00")
    home.pve.job("nightly").run()
    await home.after(hours=1)
    assert home.problems() == []
    await home.after(days=3)

    assert home.guest(101).reason_code == "older_than_allowed_days"
    assert "3 days" in home.guest(101).reason
    assert home.job().problem == "off"


async def test_warnings_are_problems_where_the_user_says_so(home: Home) -> None:
    home.options = {"warnings_are_problems": True}
    home.pve.job("nightly").next_run_ends({101: warning("disk is slow")})
    await home.after(days=1)

    assert home.job().brief == ("on", "warning")


async def test_the_time_a_run_has_to_start_can_be_longer(home: Home) -> None:
    home.options = {"start_grace_minutes": 600}
    await home.until("2026-01-13T05:00:00")
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T08:00:00")
    assert home.problems() == []
    await home.until("2026-01-14T14:30:00")
    assert "guest_102" in home.problems()


async def test_the_form_shows_the_names_keeps_what_was_chosen_and_stores_no_default(home: Home) -> None:
    await home.look()
    assert home.entry is not None
    flows = home.hass.config_entries.options
    result = await flows.async_init(home.entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "settings"})
    assert result["data_schema"] is not None
    choices = {key.schema: field for key, field in result["data_schema"].schema.items()}
    assert {"value": "101", "label": "web (101)"} in choices["ignored_guests"].config["options"]
    assert choices["ignored_jobs"].config["options"] == [{"value": "backup-nightly", "label": "nightly"}]
    entered = USUAL | {"ignored_guests": ["101"], "limits": {**NUMBERS, "blind_limit_hours": 2}}
    result = await flows.async_configure(result["flow_id"], entered)
    await home.hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.entry.options == {"ignored_guests": ["101"], "blind_limit_hours": 2}
    assert home.guest(101).reason_code == "ignored_by_choice"
    home.pve.guest(101).delete()
    result = await flows.async_init(home.entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "settings"})
    result = await flows.async_configure(result["flow_id"], USUAL | {"ignored_guests": ["101"]})
    await home.hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_settings_leave_the_log_agents_as_they_are(home: Home) -> None:
    agents = {"pve1": {"url": "https://127.0.0.1:1", "token": "t" * 43, "fingerprint": None}}
    home.options = {"log_agents": agents, "longest_age_days": 3}
    await home.look()
    assert home.entry is not None
    flows = home.hass.config_entries.options
    result = await flows.async_init(home.entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "settings"})
    await flows.async_configure(result["flow_id"], USUAL)
    await home.hass.async_block_till_done()

    assert home.entry.options == {"log_agents": agents}
