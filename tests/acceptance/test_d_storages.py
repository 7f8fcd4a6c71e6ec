"""Rows D01 to D30: storages, archives, sizes, backup servers."""

from datetime import timedelta

import pytest

from simulator.outcomes import Stage, failed

from .home import Home, Shown

TUESDAY_MORNING = "2026-01-13T05:00:00"
GUESTS = (101, 102, 103, 104)
ALL_OK = [("off", "ok")] * 4


def storage(home: Home, key: str = "nas") -> Shown:
    return home.storage(key)


async def test_d02_without_retention_nothing_is_ever_missing_or_too_much(home: Home) -> None:
    home.pve.storage("nas").prune = None
    await home.until("2026-01-24T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d01_retention_that_is_kept_is_nothing_to_say(home: Home) -> None:
    for day in range(13, 25):
        await home.until(f"2026-01-{day}T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d09_a_full_number_of_archives_without_removal_fails_with_its_cause(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    text = "There is a max backup limit of 7 enforced by the target storage or the vzdump parameters."
    home.pve.guest(101).fails(failed(text, stage=Stage.BEFORE_LOG))
    await home.until("2026-01-14T05:00:00")

    assert home.guest(101).brief == ("on", "failed")
    assert "7" in home.guest(101).reason


async def test_d10_the_newest_archive_gone_is_a_problem_and_the_last_success_is_the_one_before(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    await home.until("2026-01-14T05:00:00")
    before = home.last_success(101)
    home.pve.job("nightly").reschedule("sun 02:00")
    newest = home.pve.storage("nas").archive(101)[0]
    home.pve.storage("nas").remove(newest)
    await home.until("2026-01-15T06:00:00")
    await home.until("2026-01-16T07:00:00")

    assert home.guest(101).brief == ("on", "failed")
    assert home.guest(101).reason_code == "archive_missing"
    found = home.last_success(101)
    assert found is not None
    assert before is not None
    assert found < before - timedelta(hours=20)


async def test_d11_a_shared_storage_is_listed_once_for_all_nodes(home: Home) -> None:
    await home.until(TUESDAY_MORNING)

    listings = [request.path for request in home.pve.requests if "/nas/prunebackups" in request.path]
    assert len(listings) == 1


async def test_d12_one_directory_under_two_names_holds_each_archive_once(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    twin = home.pve.add_storage("nas-again", "nfs", total=4 * 1024**4)
    twin.archives = home.pve.storage("nas").archives
    await home.after(hours=1)

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d13_a_storage_asleep_changes_no_verdict_and_is_named_after_a_while(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.storage("nas").go_offline()
    await home.after(minutes=10)
    assert storage(home).problem == "off"
    await home.after(minutes=20)

    assert [home.guest(vmid).brief for vmid in GUESTS] == ALL_OK
    assert (storage(home).problem, storage(home).reason_code) == ("unknown", "storage_unreachable")
    await home.after(hours=25)
    assert storage(home).problem == "on"


async def test_d14_an_empty_directory_in_place_of_the_server_is_no_proof_of_anything(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    await home.until("2026-01-14T05:00:00")
    nas = home.pve.storage("nas")
    nas.archives, nas.total, nas.other = [], 90 * 1024**3, 20 * 1024**3
    home.pve.job("nightly").reschedule("sun 02:00")
    await home.until("2026-01-15T08:00:00")

    assert storage(home).reason_code == "storage_changed_identity"
    assert storage(home).problem == "on"
    for vmid in GUESTS:
        assert (home.guest(vmid).problem, home.guest(vmid).reason_code) == ("unknown", "storage_not_what_it_was")


async def test_d15_a_directory_is_a_directory_whatever_its_name(home: Home) -> None:
    home.pve.add_storage("pbs-usb", "dir", nodes=("pve1",), path="/mnt/usb")
    home.pve.job("nightly").change(storage="pbs-usb", vmid="101,103")
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")
    assert storage(home, "pbs-usb").problem == "off"


async def test_d16_archives_in_a_namespace_are_found(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    pbs.namespace = "homelab"
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    home.pve.clock.advance(hours=18)
    for node in ("pve1", "pve2"):
        home.pve.node(node).tasks.index.clear()
    await home.look()

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["confidence"] == "artifact"


async def test_d17_a_newest_archive_that_failed_its_verification_is_a_failure(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    pbs.verifies = True
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    await home.until(TUESDAY_MORNING)
    await home.until("2026-01-14T05:00:00")
    pbs.archive(101)[0].verification = "failed"
    await home.until("2026-01-15T00:30:00")
    await home.after(hours=1, minutes=20)
    pbs.archive(101)[0].verification = "failed"
    await home.until("2026-01-16T00:30:00")

    assert home.guest(101).brief == ("on", "failed")
    assert home.guest(101).reason_code.startswith("verification_failed")


async def test_d18_an_older_archive_that_failed_its_verification_leaves_the_guest_as_it_is(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    pbs.verifies = True
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    await home.until(TUESDAY_MORNING)
    pbs.archive(101)[0].verification = "failed"
    await home.until("2026-01-14T05:00:00")

    assert home.guest(101).brief == ("off", "ok")


async def test_d19_archives_that_nobody_verifies_are_no_warning(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.job("nightly").change(storage="pbs")
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")


async def test_d23_a_backup_server_that_had_to_store_next_to_nothing_new_is_no_alarm(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.job("nightly").change(storage="pbs")
    for guest in home.pve.guests.values():
        guest.filled = 0.001
    await home.until("2026-01-20T05:00:00")

    assert home.guest(101).brief == ("off", "ok")


async def test_d25_a_size_that_is_not_told_is_not_zero(home: Home) -> None:
    await home.until(TUESDAY_MORNING)

    view = home.picture.storages["nas"].storage
    assert view.listing is not None
    assert {archive.size for archive in view.listing.archives} == {None}


@pytest.mark.parametrize(
    ("share", "problem", "code"),
    [(0.5, "off", "storage_ok"), (0.9, "off", "storage_filling"), (0.97, "on", "storage_nearly_full")],
)
async def test_d26_a_storage_that_fills_is_a_warning_and_then_a_problem(
    home: Home, share: float, problem: str, code: str
) -> None:
    nas = home.pve.storage("nas")
    nas.other = int(nas.total * share)
    await home.until(TUESDAY_MORNING)

    assert (storage(home).problem, storage(home).reason_code) == (problem, code)


async def test_d30_no_archive_is_listed_while_no_run_happens(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    await home.live(hours=2, step=timedelta(minutes=10))
    home.pve.traffic.requests.clear()
    await home.live(hours=16, step=timedelta(minutes=10))

    assert not [request for request in home.pve.requests if "prunebackups" in request.path]


async def test_a05_the_missing_archive_is_a_failure_once_a_second_listing_lacks_it_too(home: Home) -> None:
    home.pve.job("nightly").reschedule("tue 02:00")
    home.pve.clock.advance(hours=18)
    nas = home.pve.storage("nas")
    nas.remove(nas.archive(101)[0])
    await home.look()
    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "warning"), "archive_not_listed")
    await home.after(hours=25)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "failed"), "archive_missing")
    assert home.guest(102).brief == ("off", "ok")
