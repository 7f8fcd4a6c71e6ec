"""Rows C15 and F08, where rights are lost: what the token may no longer see is unknown, never forgotten or taken for deleted."""

from datetime import timedelta

from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker import async_remove_config_entry_device
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.integration.states import device

from .home import Home
from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
BLIND_TO_GUESTS = {"/": "Sys.Audit Datastore.Audit Pool.Audit"}


async def test_c15_guests_that_the_token_may_no_longer_see_are_unknown_with_the_remedy(home: Home) -> None:
    home.pve.guest(103).fails(failed("no"))
    await home.until(TUESDAY_MORNING)
    home.pve.limit_token(BLIND_TO_GUESTS)
    await home.after(minutes=10)
    await home.restart()
    await home.after(minutes=10)

    for vmid in (101, 102, 104):
        assert (home.guest(vmid).problem, home.guest(vmid).reason_code) == ("unknown", "guest_hidden")
    assert "VM.Audit on /vms" in home.guest(101).reason
    assert "0 of 4 guests" in home.cluster().reason
    # What had failed has not been seen to be good since.
    assert home.guest(103).problem == "on"
    assert home.cluster().problem == "on"
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"})
    await home.after(minutes=10)
    assert [home.guest(vmid).problem for vmid in (101, 102, 103, 104)] == ["off", "off", "on", "off"]


@pytest.mark.parametrize("restart", [False, True])
async def test_c15_a_cluster_of_which_no_guest_is_seen_any_more_is_not_fine(home: Home, restart: bool) -> None:
    await home.until(TUESDAY_MORNING)
    assert home.cluster().problem == "off"
    home.pve.limit_token(BLIND_TO_GUESTS)
    await home.after(minutes=10)
    if restart:
        await home.restart()
    assert home.cluster().problem == "unknown"
    await home.live(days=2, step=timedelta(hours=6))
    assert home.cluster().problem == "on"
    assert {home.guest(vmid).problem for vmid in (101, 102, 103, 104)} == {"on"}


async def test_c15_a_guest_that_is_not_to_be_seen_any_more_can_be_let_go(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.limit_token({**BLIND_TO_GUESTS, "/vms/101": "VM.Audit"})
    await home.after(minutes=10)
    registry = dr.async_get(home.hass)

    async def remove(key: str) -> bool:
        """Remove a device as Home Assistant does when a person presses Delete."""
        assert home.entry is not None
        found = device(home.hass, home.entry, key)
        assert found is not None
        removable = await async_remove_config_entry_device(home.hass, home.entry, found)
        if removable:
            registry.async_remove_device(found.id)
        return removable

    assert not await remove("guest_101")
    assert await remove("guest_102")
    await home.after(minutes=10)
    assert home.entry is not None
    assert device(home.hass, home.entry, "guest_102") is None
    assert "1 of 3 guests" in home.cluster().reason
    await home.restart()
    await home.after(minutes=10)
    assert "1 of 3 guests" in home.cluster().reason
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"})
    await home.after(minutes=10)
    assert home.guest(102).brief == ("off", "ok")
    assert "4 of 4 guests" in home.cluster().reason


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    ("left", "hidden", "code"),
    [
        ({"/": "Sys.Audit Datastore.Audit Pool.Audit"}, ("guest_101", "guest_104"), "guest_hidden"),
        ({"/": "Sys.Audit Datastore.Audit Pool.Audit", "/vms/101": "VM.Audit"}, ("guest_102",), "guest_hidden"),
        ({"/": "Sys.Audit VM.Audit Pool.Audit"}, ("storage_nas", "storage_pve1/local"), "storage_hidden"),
    ],
)
def test_c15_whatever_the_token_may_no_longer_see_is_unknown_before_it_is_a_problem(
    lab: Lab, left: dict[str, str], hidden: tuple[str, ...], code: str, restart: bool
) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.limit_token(left)
    if restart:
        lab.watch.restart()
    lab.after(minutes=10)
    for key in hidden:
        held = lab.assessment.verdicts[Subject.parse(key)]
        assert (held.problem, held.reason.code) == (None, code)
    assert lab.assessment.verdict.problem is None
    lab.live(days=2, step=timedelta(hours=4))
    assert {lab.assessment.verdicts[Subject.parse(key)].problem for key in hidden} == {True}
    lab.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"})
    lab.after(minutes=20)
    assert not lab.assessment.out_of_sight
    assert {lab.assessment.verdicts[Subject.parse(key)].problem for key in hidden} == {False}


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_token_that_never_saw_all_guests_does_not_miss_one_that_was_deleted(lab: Lab, restart: bool) -> None:
    lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", "/vms/101": "VM.Audit", "/vms/102": "VM.Audit"})
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.guest(102).delete()
    if restart:
        lab.watch.restart()
    lab.live(days=2, step=timedelta(hours=4))
    assert Subject.guest(102) not in lab.assessment.verdicts
    assert lab.problems() == []


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_job_of_which_some_guests_are_hidden_is_not_called_good_by_the_others(lab: Lab, restart: bool) -> None:
    lab.pve.add_job("second", "03:00", "local", vmid="101")
    lab.pve.add_job("third", "03:30", "local", vmid="104")
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", "/vms/101": "VM.Audit"})
    if restart:
        lab.watch.restart()
    lab.after(minutes=10)
    assert lab.guest(101).brief == ("off", "ok")
    assert lab.job("second").brief == ("off", "ok")
    for job_id in ("backup-nightly", "third"):
        assert (lab.job(job_id).problem, lab.job(job_id).code) == ("unknown", "job_guests_hidden")


def test_c15_a_job_of_which_a_hidden_guest_failed_stays_failed(lab: Lab) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", "/vms/101": "VM.Audit"})
    lab.after(minutes=10)
    assert lab.job().problem == "on"
    assert lab.assessment.verdicts[Subject.guest(104)].problem is True


@pytest.mark.parametrize("restart", [False, True])
def test_f08_a_guest_whose_last_backup_failed_has_failed_also_while_the_jobs_are_hidden(
    lab: Lab, restart: bool
) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.told()
    lab.pve.limit_token({"/": "VM.Audit Datastore.Audit Pool.Audit", "/nodes": "Sys.Audit"})
    if restart:
        lab.watch.restart()
    lab.live(hours=12, step=timedelta(hours=1))
    assert (lab.guest(104).brief, lab.guest(101).problem) == (("on", "failed"), "unknown")
    assert lab.told() == [("opened", "blind")]
    lab.pve.backup_by_hand([104], "nas")
    lab.after(minutes=30)
    assert lab.guest(104).problem == "unknown"


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_single_guest_that_is_kept_from_the_token_is_not_taken_for_deleted(lab: Lab, restart: bool) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.access.grant(lab.watch.token.id, "/vms/102", "")
    if restart:
        lab.watch.restart()
    for _ in range(4):
        lab.after(minutes=40)
        held = lab.assessment.verdicts[Subject.guest(102)]
        assert (held.problem, held.reason.code) == (None, "guest_hidden")
        assert lab.assessment.verdict.problem is None
    lab.live(days=2, step=timedelta(hours=4))
    assert lab.assessment.verdicts[Subject.guest(102)].problem is True
    lab.pve.access.revoke(lab.watch.token.id, "/vms/102")
    lab.after(minutes=10)
    assert lab.guest(102).brief == ("off", "ok")


async def test_c15_a_single_guest_that_is_kept_from_the_token_over_a_restart_is_unknown_with_the_remedy(
    home: Home,
) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.access.grant(home.pve.token_id, "/vms/102", "")
    await home.restart()
    for _ in range(3):
        await home.after(minutes=10)
        assert (home.guest(102).problem, home.guest(102).reason_code) == ("unknown", "guest_hidden")
    assert "VM.Audit on /vms/102" in home.guest(102).reason
    assert home.cluster().problem == "unknown"
    assert home.entry is not None
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, f"missing_privileges_{home.entry.entry_id}")
    assert issue is not None
    assert "pveum acl modify /vms/102 " in (issue.translation_placeholders or {})["missing"]


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_guest_that_was_deleted_is_not_taken_for_hidden(lab: Lab, restart: bool) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.guest(102).delete()
    if restart:
        lab.watch.restart()
    lab.after(minutes=10)
    assert Subject.guest(102) not in lab.assessment.verdicts
    assert lab.assessment.history.guests[102].absent_since is not None
    lab.live(days=2, step=timedelta(hours=4))
    assert lab.problems() == []


def test_c15_hidden_guests_that_need_no_backup_are_no_problem_and_keep_no_job_unknown(lab: Lab) -> None:
    lab.watch.policy = Policy(ignored_guests=frozenset({102}))
    lab.pve.guest(104).tags = "no-backup"
    lab.pve.add_vm(200, "image", "pve3", size=1).template = True
    lab.pve.job("nightly").change(vmid="101,102,104")
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.limit_token({**BLIND_TO_GUESTS, "/vms/101": "VM.Audit", "/vms/103": "VM.Audit"})
    lab.live(days=2, step=timedelta(hours=4))
    assert not lab.assessment.out_of_sight
    assert lab.guest(101).brief == lab.job().brief == ("off", "ok")


def test_f08_of_two_jobs_the_one_that_failed_last_is_told_though_the_other_was_good_since(lab: Lab) -> None:
    lab.pve.add_job("early", "01:00", "local", vmid="104").next_run_ends({104: failed("no")})
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    assert lab.guest(104).brief == ("on", "failed")
    lab.pve.limit_token({"/": "VM.Audit Datastore.Audit Pool.Audit", "/nodes": "Sys.Audit"})
    lab.after(minutes=30)
    assert lab.guest(104).brief == ("on", "failed")
    assert lab.guest(101).problem == "unknown"
    lab.pve.backup_by_hand([104], "nas")
    lab.after(minutes=30)
    assert lab.guest(104).brief == ("on", "failed")
    lab.pve.backup_by_hand([104], "local")
    lab.after(minutes=30)
    assert lab.guest(104).problem == "unknown"
