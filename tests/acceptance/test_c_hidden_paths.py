"""Row C15, where rights are lost on one storage or node alone: the list of rights leaves such a path out, as it does one without rules."""

from datetime import timedelta

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker import async_remove_config_entry_device
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.integration.states import device

from .home import Home
from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"


def missing(home: Home) -> str | None:
    """Return which rights the repair issue asks for."""
    assert home.entry is not None
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, f"missing_privileges_{home.entry.entry_id}")
    return (issue.translation_placeholders or {})["missing"] if issue is not None else None


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_single_storage_that_is_kept_from_the_token_is_unknown_until_it_can_be_seen(
    lab: Lab, restart: bool
) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.told()
    lab.pve.access.grant(lab.watch.token.id, "/storage/nas", "NoAccess")
    if restart:
        lab.watch.restart()
    for _ in range(4):
        lab.after(minutes=40)
        held = lab.assessment.verdicts[Subject.storage("nas")]
        assert (held.problem, held.reason.code) == (None, "storage_hidden")
        assert held.reason.values["path"] == "/storage/nas"
    assert {lab.guest(vmid).problem for vmid in (101, 102, 103, 104)} <= {"off", "unknown"}
    lab.pve.access.revoke(lab.watch.token.id, "/storage/nas")
    lab.after(minutes=10)
    assert lab.assessment.verdicts[Subject.storage("nas")].problem is False
    assert not lab.problems()


@pytest.mark.parametrize("restart", [False, True])
def test_c15_a_storage_that_was_removed_is_not_taken_for_hidden(lab: Lab, restart: bool) -> None:
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))
    lab.pve.add_storage("usb", "dir", total=2**40)
    lab.after(minutes=20)
    assert Subject.storage("usb") in lab.assessment.verdicts or "pve1/usb" in lab.assessment.storages
    del lab.pve.storages["usb"]
    if restart:
        lab.watch.restart()
    lab.after(minutes=20)
    assert not [subject for subject in lab.assessment.verdicts if subject.id.endswith("usb")]


async def test_c15_a_storage_that_is_kept_from_the_token_is_told_with_its_own_line(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    assert missing(home) is None
    home.pve.access.grant(home.pve.token_id, "/storage/nas", "NoAccess")
    await home.after(minutes=10)
    assert "Datastore.Audit on /storage/nas" in home.storage("nas").reason
    assert (home.storage("nas").problem, home.storage("nas").reason_code) == ("unknown", "storage_hidden")
    assert "pveum acl modify /storage/nas " in (missing(home) or "")
    await home.restart()
    await home.after(minutes=10)
    assert home.storage("nas").reason_code == "storage_hidden"
    assert "pveum acl modify /storage/nas " in (missing(home) or "")
    home.pve.access.revoke(home.pve.token_id, "/storage/nas")
    await home.after(minutes=10)
    assert (home.storage("nas").problem, missing(home)) == ("off", None)


async def test_c15_a_storage_that_is_not_to_be_seen_any_more_can_be_let_go(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.access.grant(home.pve.token_id, "/storage/nas", "NoAccess")
    await home.after(minutes=10)
    assert home.entry is not None
    found = device(home.hass, home.entry, "storage_nas")
    assert found is not None
    assert await async_remove_config_entry_device(home.hass, home.entry, found)
    for restart in (False, True):
        if restart:
            await home.restart()
        await home.after(minutes=10)
        assert (Subject.storage("nas") in home.assessment.verdicts, missing(home)) == (False, None)


@pytest.mark.parametrize("restart", [False, True])
async def test_c15_a_node_that_is_kept_from_the_token_is_unknown_with_its_own_line(home: Home, restart: bool) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.access.grant(home.pve.token_id, "/nodes/pve2", "NoAccess")
    if restart:
        await home.restart()
    await home.after(minutes=10)
    assert "pveum acl modify /nodes/pve2 " in (missing(home) or "")
    assert home.assessment.context.facts.nodes["pve2"].blindness == "tasks_hidden"
    # Its guests go by what lies on the storages: nothing new does, and why is not to be seen.
    held = next(guest for guest in home.assessment.context.facts.guests if guest.node == "pve2")
    home.pve.guest(held.vmid).fails(failed("no"))
    await home.live(days=1, step=timedelta(hours=4))
    assert home.guest(held.vmid).problem in {"unknown", "on"}
    home.pve.access.revoke(home.pve.token_id, "/nodes/pve2")
    await home.after(minutes=10)
    assert missing(home) is None
