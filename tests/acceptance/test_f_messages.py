"""Rows F01 to F13: what a phone gets, through the real blueprints in a real Home Assistant."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.dashboard.causes import causes
from custom_components.proxmox_backup_checker.policy_options import NUMBERS
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from custom_components.proxmox_backup_checker.texts.localizer import Localizer
from simulator.outcomes import failed, warning
from tests.integration.states import shown

from .home import Home
from .phone import Phone, connect_phone

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / DOMAIN
TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
THURSDAY_MORNING = "2026-01-15T05:00:00"
IO_ERROR = "job failed with err -5 - Input/output error"
NO_SPACE = "job failed with err -28 - No space left on device"


@pytest.fixture
async def phone(hass: HomeAssistant, home: Home) -> AsyncIterator[Phone]:
    """A phone that is connected; there is no automation yet."""
    home.freezer.move_to(home.now)
    yield await connect_phone(hass)
    if hass.services.has_service(AUTOMATION, "turn_off"):
        await hass.services.async_call(AUTOMATION, "turn_off", {"entity_id": "all"}, blocking=True)


async def automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Make an automation of a blueprint, as the user interface does."""
    folder = Path(hass.config.path("blueprints", "automation", DOMAIN))
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, folder)
    use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": inputs}
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: [{"alias": "messages", "use_blueprint": use}]})
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids(AUTOMATION)


async def pass_time(home: Home, moment: str) -> None:
    """Let Home Assistant's own timers reach a moment, without a look at the cluster."""
    home.pve.clock.set(datetime.fromisoformat(f"{moment}+00:00"))
    home.freezer.move_to(home.now)
    async_fire_time_changed(home.hass, home.now)
    # The timers include that of the next poll.
    await home.hass.async_block_till_done(wait_background_tasks=True)


def expect_failure(home: Home, error: str = IO_ERROR, *vmids: int) -> None:
    """Let the next scheduled run fail for some guests, 104 unless others are named."""
    home.pve.job("nightly").next_run_ends({vmid: failed(error) for vmid in vmids or (104,)})


async def test_f01_a_job_that_fails_for_all_guests_gives_one_message_with_five_names_and_the_cause_once(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    for vmid in range(105, 113):
        home.pve.add_ct(vmid, f"app{vmid}", "pve1" if vmid % 2 else "pve2", size=2)
    home.pve.job("nightly").change(vmid=",".join(str(vmid) for vmid in range(101, 113)))
    await home.look()
    home.pve.storage("nas").go_offline()
    await home.until("2026-01-13T00:55:00")
    await home.live(minutes=15, step=timedelta(minutes=5))
    await home.live(hours=6, step=timedelta(hours=2))

    [shown] = phone.arrived
    assert shown.title == "Backup failed: nightly → nas"
    assert "All 12 guests (pve1, pve2, today 02:00): " in shown.message
    assert "web (101), database (102), dns (103), files (104), app105 (105) and 7 more." in shown.message
    assert shown.message.count("Cause:") == 1
    assert "Cause: the storage nas cannot be reached." in shown.message
    assert "Next try: tomorrow 02:00." in shown.message
    assert "To do: Check that the NAS is switched on" in shown.message
    assert list(shown.buttons) == ["Open", "Silence", "Later"]
    assert shown.data["url"].startswith("/config/devices/device/")


async def test_f01_a_full_storage_is_one_message_for_all_jobs_that_write_there(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    home.pve.job("nightly").change(vmid="101,102")
    home.pve.add_job("second", "03:00", "nas", vmid="103,104", comment="Mail, weekly")
    await home.look()
    home.pve.storage("nas").fill(leaving=1)
    await home.until("2026-01-13T00:55:00")
    await home.live(hours=4, step=timedelta(minutes=30))

    shown = phone.only
    assert shown.title == "nas is full – 4 guests not backed up"
    assert "web (101), database (102), dns (103), files (104)." in shown.message
    assert "100 % full (1 B of 4.0 TiB free), and backups have failed because of that." in shown.message
    assert "Jobs that write there: “nightly”, “Mail, weekly”." in shown.message
    assert "To do: Remove old backups there or keep fewer of them" in shown.message


async def test_f01_a_storage_out_of_reach_is_one_message_for_all_jobs_that_write_there(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    home.pve.job("nightly").change(vmid="101,102")
    home.pve.add_job("second", "03:00", "nas", vmid="103,104", comment="Mail, weekly")
    await home.look()
    home.pve.storage("nas").go_offline()
    await home.until("2026-01-13T00:55:00")
    await home.live(hours=4, step=timedelta(minutes=30))

    shown = phone.only
    assert shown.title == "nas could not be reached – 4 guests not backed up"
    assert "web (101), database (102), dns (103), files (104)." in shown.message
    assert shown.message.count("Cause:") == 1
    assert "Cause: the storage nas cannot be reached." in shown.message
    assert "Jobs that write there: “nightly”, “Mail, weekly”." in shown.message
    assert "To do: Check that the NAS is switched on" in shown.message
    home.pve.storage("nas").come_online()
    await home.until("2026-01-14T00:55:00")
    await home.live(hours=4, step=timedelta(minutes=30))
    # The second job's guests came to the message of the first, in its place.
    assert phone.titles[:2] == ["nas could not be reached – 2 guests not backed up", shown.title]
    assert all("nas" in title for title in phone.titles[2:])
    assert len(phone.screen) == 1


async def test_f02_a_problem_that_lasts_is_told_once_and_reminded_of_once_a_day(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    home.pve.job("nightly").reschedule("tue 02:00")
    expect_failure(home)
    await home.until("2026-01-13T02:00:00")
    await home.live(hours=20, step=timedelta(hours=2))
    assert phone.titles == ["Backup failed: nightly → nas"]
    await home.live(days=2, step=timedelta(hours=8))

    assert phone.titles[1:] == ["Still: Backup failed: nightly → nas"] * 2
    assert len(phone.screen) == 1
    assert "Since Tuesday 02:0" in phone.only.message


async def test_f02_without_reminders_nothing_is_repeated(home: Home, phone: Phone) -> None:
    home.options = {"remind_after_days": 0}
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    home.pve.job("nightly").reschedule("tue 02:00")
    expect_failure(home)
    await home.until("2026-01-13T02:00:00")
    await home.live(days=2, step=timedelta(hours=12))

    assert phone.titles == ["Backup failed: nightly → nas"]


async def test_f03_a_good_run_replaces_the_message_by_the_recovery_which_goes_away_later(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    await home.until("2026-01-12T12:00:00")
    expect_failure(home, IO_ERROR, 103, 104)
    await home.until(TUESDAY_MORNING)
    await home.until(WEDNESDAY_MORNING)

    assert phone.titles == ["Backup failed: nightly → nas", "Backup fine again: nightly → nas"]
    assert "Fine again after one night: dns (103), files (104)." in phone.only.message
    assert phone.only.buttons == {}
    await home.until("2026-01-14T17:30:00")
    assert phone.screen == {}


async def test_f03_a_new_failure_is_not_taken_away_with_an_earlier_recovery(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await home.until(WEDNESDAY_MORNING)
    expect_failure(home)
    await home.until(THURSDAY_MORNING)
    await home.until("2026-01-15T20:00:00")

    assert phone.only.title == "Backup failed: nightly → nas"


async def test_f04_an_acknowledged_problem_is_told_again_when_it_fails_for_another_cause(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await phone.press("Silence")
    assert phone.screen == {}
    assert home.guest(104).attributes["acknowledged"] is True
    assert home.job().attributes["acknowledged"] is True
    assert home.guest(104).problem == "on"
    expect_failure(home, NO_SPACE)
    await home.until(WEDNESDAY_MORNING)

    assert len(phone.arrived) == 2
    assert "no space is left" in phone.only.message
    assert home.guest(104).attributes["acknowledged"] is False


async def test_f04_a_problem_that_is_known_until_the_next_run_is_told_again_after_any_bad_run(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    known = {"entity_id": shown(home.hass, "_guest_104_problem").entity_id, "until_next_run": True}
    await home.hass.services.async_call(DOMAIN, "acknowledge", known, blocking=True)
    await home.hass.async_block_till_done()
    assert phone.screen == {}
    expect_failure(home)
    await home.until(WEDNESDAY_MORNING)

    assert phone.titles[1:] == ["Backup failed 2 times in a row: nightly → nas"]
    assert home.guest(104).attributes["acknowledged"] is False
    await home.hass.services.async_call(DOMAIN, "acknowledge", known, blocking=True)
    await home.until(THURSDAY_MORNING)
    assert phone.titles[2:] == ["Backup fine again: nightly → nas"]


async def test_f04_a_snoozed_problem_comes_back_when_the_time_is_up(home: Home, phone: Phone) -> None:
    home.options = {"remind_after_days": 0}
    await automate(home.hass, "phone", phone=phone.device_id, snooze_hours=8)
    await home.look()
    home.pve.job("nightly").reschedule("tue 02:00")
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await phone.press("Later")
    await home.until("2026-01-13T12:30:00")
    assert len(phone.arrived) == 1
    await home.until("2026-01-13T13:30:00")

    assert phone.titles[1:] == ["Still: Backup failed: nightly → nas"]


async def test_f05_an_acknowledged_problem_stays_silent_while_it_runs_and_fails_again_for_the_same_cause(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await phone.press("Silence")
    home.pve.job("nightly").start({104: failed(IO_ERROR)})
    await home.after(seconds=20)
    assert home.job().status == "running"
    await home.after(hours=1)
    expect_failure(home)
    await home.until(WEDNESDAY_MORNING)

    assert home.guest(104).brief == ("on", "failed")
    assert len(phone.arrived) == 1
    await home.until(THURSDAY_MORNING)
    assert phone.titles[1:] == ["Backup fine again: nightly → nas"]


async def test_f06_warnings_are_shown_and_send_no_message(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    home.pve.guest(101).fails(warning("something to know"))
    await home.until(TUESDAY_MORNING)
    await home.until(WEDNESDAY_MORNING)

    assert home.job().brief == ("off", "warning")
    assert phone.arrived == []


async def test_f07_the_second_failure_in_a_row_rings_on_a_muted_phone(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id, critical=True)
    await home.look()
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until(TUESDAY_MORNING)
    assert not phone.only.rings
    await home.until(WEDNESDAY_MORNING)

    assert phone.only.rings
    assert phone.only.title == "Backup failed 2 times in a row: nightly → nas"


async def test_f07_a_last_good_backup_that_is_too_old_rings_as_well(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id, critical=True)
    home.pve.guest(104).tags = "backup-rpo-12h"
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").reschedule("fri 02:00")
    await home.until("2026-01-13T20:00:00")

    assert phone.only.rings
    assert phone.only.title == "Last good backup too old: files (104)"


@pytest.mark.parametrize(
    "privileges",
    [
        {"/": "VM.Audit Pool.Audit Datastore.Audit", "/nodes": "Sys.Audit"},
        {"/": "Sys.Audit Pool.Audit Datastore.Audit"},
    ],
)
async def test_f08_a_token_that_loses_rights_makes_one_message_and_nobody_is_called_uncovered(
    home: Home, phone: Phone, privileges: dict[str, str]
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    for vmid in range(105, 121):
        home.pve.add_ct(vmid, f"app{vmid}", "pve1", size=2)
    home.pve.job("nightly").change(vmid=",".join(str(vmid) for vmid in range(101, 121)))
    await home.until(TUESDAY_MORNING)
    home.pve.limit_token(privileges)
    await home.live(days=2, step=timedelta(hours=12))

    first, *later = phone.arrived
    assert first.title == "Cannot see the backups of small"
    assert "and 15 more" in first.message
    assert "To do: Give the token its rights back." in first.message
    assert {shown.title for shown in later} <= {"Still: Cannot see the backups of small"}
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit"})
    await home.after(hours=1)
    assert phone.only.title == "The backups of small can be seen again"


async def test_f09_a_node_that_is_offline_over_the_slot_makes_one_message(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    for vmid in range(105, 117):
        home.pve.add_ct(vmid, f"app{vmid}", "pve2", size=2)
    home.pve.job("nightly").change(vmid=",".join(str(vmid) for vmid in range(101, 117)))
    await home.until(TUESDAY_MORNING)
    await home.until("2026-01-14T00:12:00")
    home.pve.node("pve2").go_offline()
    await home.look()
    await home.live(hours=6, step=timedelta(hours=1, minutes=30))

    [shown] = phone.arrived
    assert shown.title == "Node pve2 offline since 01:12 – 14 guests not backed up"
    assert "database (102), files (104), app105 (105)" in shown.message
    assert "To do: Switch pve2 on." in shown.message
    home.pve.node("pve2").come_online()
    await home.after(hours=1)
    assert len(phone.arrived) == 1
    await home.until(THURSDAY_MORNING)
    assert phone.only.title == "Backups on pve2 fine again"


async def test_f09_of_a_node_that_was_off_before_the_first_look_nobody_says_since_when(home: Home) -> None:
    home.pve.clock.advance(days=1)
    home.pve.node("pve2").go_offline()
    home.pve.clock.advance(days=1)
    await home.look()
    await home.live(hours=6, step=timedelta(hours=3))

    shown = causes(home.hass, Sight(home.hass, None), await Localizer.load(home.hass), None)
    assert [cause["title"] for cause in shown] == ["Node pve2 offline – 2 guests not backed up"]


async def test_f10_a_guest_has_the_name_and_node_of_today_in_a_message_about_yesterday(
    home: Home, phone: Phone
) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    home.pve.job("nightly").reschedule("tue 02:00")
    expect_failure(home, IO_ERROR, 101)
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).rename("www")
    home.pve.guest(101).migrate("pve3")
    await home.until("2026-01-14T06:00:00")

    reminder = phone.only
    assert reminder.title.startswith("Still:")
    assert "1 of 4 guests (pve3, yesterday 02:00): www (101)." in reminder.message
    assert "web" not in reminder.message


async def test_f11_what_quiet_hours_hold_back_comes_at_their_end_as_one_message(home: Home, phone: Phone) -> None:
    quiet = {"quiet_start": "22:00:00", "quiet_end": "07:00:00"}
    await automate(home.hass, "phone", phone=phone.device_id, **quiet)
    await home.look()
    expect_failure(home)
    home.pve.add_ct(105, "new", "pve1", size=2)
    await home.look()
    await home.until("2026-01-14T20:00:00")
    phone.arrived.clear()
    phone.screen.clear()
    home.pve.add_job("backup-files", "03:00", "nas", vmid="104", comment="files")
    await home.look()
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.live(hours=9, step=timedelta(hours=3))
    assert phone.arrived == []
    await pass_time(home, "2026-01-15T06:00:30")

    assert phone.titles == ["2 backup problems"]
    assert phone.only.message.splitlines() == ["• Backup failed: nightly → nas", "• Backup failed: files → nas"]


async def test_f11_a_single_message_that_was_held_back_comes_as_it_is(home: Home, phone: Phone) -> None:
    quiet = {"quiet_start": "22:00:00", "quiet_end": "07:00:00"}
    await automate(home.hass, "phone", phone=phone.device_id, **quiet)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    assert phone.arrived == []
    await pass_time(home, "2026-01-13T06:00:30")

    assert phone.titles == ["Backup failed: nightly → nas"]
    assert list(phone.only.buttons) == ["Open", "Silence", "Later"]


@pytest.mark.parametrize("allowed", [True, False])
async def test_f11_critical_messages_pass_the_quiet_hours_if_allowed(home: Home, phone: Phone, allowed: bool) -> None:
    quiet = {"quiet_start": "22:00:00", "quiet_end": "07:00:00", "critical_in_quiet": allowed}
    await automate(home.hass, "phone", phone=phone.device_id, critical=True, **quiet)
    await home.look()
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until(TUESDAY_MORNING)
    await pass_time(home, "2026-01-13T06:00:30")
    await home.until(WEDNESDAY_MORNING)

    assert phone.only.rings is allowed
    await pass_time(home, "2026-01-14T06:00:30")
    assert phone.only.rings
    assert len(phone.arrived) == 2


async def test_f11_a_recovery_in_quiet_hours_replaces_the_message_at_their_end(home: Home, phone: Phone) -> None:
    quiet = {"quiet_start": "22:00:00", "quiet_end": "07:00:00"}
    await automate(home.hass, "phone", phone=phone.device_id, **quiet)
    await home.look()
    home.pve.job("nightly").reschedule("14:00")
    expect_failure(home)
    await home.until("2026-01-12T15:00:00")
    assert phone.only.title == "Backup failed: nightly → nas"
    await home.until("2026-01-12T22:00:00")
    home.pve.job("nightly").run(by="root@pam")
    await home.after(minutes=30)
    assert phone.only.title == "Backup failed: nightly → nas"
    await pass_time(home, "2026-01-13T06:00:30")

    assert phone.only.title == "Backup fine again: nightly → nas"
    assert len(phone.arrived) == 2


async def test_f12_nothing_is_sent_again_after_a_restart_a_reload_or_other_options(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await home.restart()
    await home.after(minutes=5)
    assert home.entry is not None
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    flow = await home.hass.config_entries.options.async_init(home.entry.entry_id)
    flow = await home.hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "settings"})
    await home.hass.config_entries.options.async_configure(
        flow["flow_id"], {"ignored_guests": ["101"], "limits": {**NUMBERS, "start_grace_minutes": 45}}
    )
    await home.hass.async_block_till_done()
    await home.after(minutes=30)

    assert phone.titles == ["Backup failed: nightly → nas"]


async def test_f12_what_is_there_at_the_first_look_is_no_news(home: Home, phone: Phone) -> None:
    await automate(home.hass, "phone", phone=phone.device_id)
    home.pve.add_ct(105, "forgotten", "pve1", size=2)
    expect_failure(home, IO_ERROR, 101, 104)
    await home.until(TUESDAY_MORNING)
    await home.after(hours=12)
    assert home.guest(105).brief == ("on", "uncovered")
    assert phone.arrived == []
    expect_failure(home)
    await home.until(WEDNESDAY_MORNING)

    assert phone.titles == ["Backup failed 2 times in a row: nightly → nas"]


@pytest.mark.parametrize("severity", ["normal", "critical"])
async def test_f13_a_fire_drill_goes_the_same_way_says_that_it_is_a_test_and_goes_away(
    home: Home, phone: Phone, severity: str
) -> None:
    quiet = {"quiet_start": "01:00:00", "quiet_end": "23:00:00"}
    await automate(home.hass, "phone", phone=phone.device_id, critical=True, **quiet)
    await home.until(TUESDAY_MORNING)
    await home.hass.services.async_call(DOMAIN, "test_alert", {"severity": severity}, blocking=True)
    await home.hass.async_block_till_done()

    assert phone.only.title == "TEST – Backup failed: nightly → nas"
    assert "only a test, nothing is wrong" in phone.only.message
    assert phone.only.rings is (severity == "critical")
    assert home.problems() == []
    await pass_time(home, "2026-01-13T05:01:30")
    assert phone.screen == {}


async def test_f01_and_f03_by_mail_each_message_comes_once_and_a_digest_every_week(home: Home, phone: Phone) -> None:
    sent: list[dict[str, Any]] = []
    home.hass.bus.async_listen("mail", lambda event: sent.append(dict(event.data)))
    mail = [
        {"event": "mail", "event_data": {"title": "{{ title }}", "text": "{{ text }}", "kind": "{{ message.kind }}"}}
    ]
    await automate(
        home.hass, "notifier", extra_actions=mail, digest="week", digest_weekday="thu", digest_time="07:00:00"
    )
    await home.look()
    expect_failure(home, IO_ERROR, 103, 104)
    await home.until(TUESDAY_MORNING)
    await home.until(WEDNESDAY_MORNING)
    await pass_time(home, "2026-01-14T06:00:30")
    await home.until("2026-01-15T05:50:00")
    await pass_time(home, "2026-01-15T06:00:30")

    assert [message["kind"] for message in sent] == ["opened", "recovered", "digest"]
    assert "dns (103), files (104)" in sent[0]["text"]
    assert "small" in sent[2]["title"]
    assert "nightly" in sent[2]["text"]

    assert home.entry is not None
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await pass_time(home, "2026-01-22T06:00:30")
    assert [message["kind"] for message in sent[3:]] == ["digest"]
    assert "cannot be read" in sent[3]["text"]


async def test_a_notify_entity_gets_title_and_text(home: Home, phone: Phone) -> None:
    await automate(home.hass, "notifier", notifiers=["notify.phone"])
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)

    [push] = phone.plain
    assert push["title"] == "Backup failed: nightly → nas"
    assert "files (104)" in push["message"]


async def test_in_german_messages_are_german(home: Home, phone: Phone) -> None:
    home.hass.config.language = "de"
    await automate(home.hass, "phone", phone=phone.device_id)
    await home.look()
    expect_failure(home)
    await home.until(TUESDAY_MORNING)
    await home.until(WEDNESDAY_MORNING)

    first, second = phone.arrived
    assert first.title == "Sicherung fehlgeschlagen: nightly → nas"
    assert first.message.startswith("1 von 4 Gästen (pve2, heute 02:00): files (104).")
    assert list(first.buttons) == ["Öffnen", "Stummschalten", "Später"]
    assert second.title == "Sicherung wieder in Ordnung: nightly → nas"
    assert "Nach einer Nacht wieder in Ordnung: files (104)." in second.message
