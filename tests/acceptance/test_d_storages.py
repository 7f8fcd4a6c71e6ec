"""Rows D01 to D32: storages, archives, sizes, backup servers."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.helpers import entity_registry as er
import pytest

from simulator.outcomes import Stage, failed, no_space, storage_unreachable
from tests.integration.states import entity, shown

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
    home.pve.job("nightly").change(remove=0, prune_backups={"keep-last": 7})
    home.pve.guest(101).fails(failed(text, stage=Stage.BEFORE_LOG))
    await home.until("2026-01-14T05:00:00")

    assert home.guest(101).brief == ("on", "failed")
    assert "the limit of 7 backups" in home.guest(101).reason
    assert home.guest(101).attributes["next_step"].startswith("Delete old backups of the guest, raise the limit")
    assert home.guest(102).brief == ("off", "ok")


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


async def test_d10_an_archive_deleted_by_hand_is_missed_within_minutes_of_the_first_listing_without_it(
    home: Home,
) -> None:
    await home.until(TUESDAY_MORNING)
    await home.until("2026-01-14T05:00:00")
    home.pve.job("nightly").reschedule("sun 02:00")
    nas = home.pve.storage("nas")
    nas.remove(nas.archive(101)[0])
    await home.until("2026-01-15T06:00:00")
    await home.after(minutes=10)

    assert (home.guest(101).problem, home.guest(101).reason_code) == ("on", "archive_missing")
    assert home.guest(102).brief == ("off", "ok")


async def test_d11_a_shared_storage_is_listed_once_for_all_nodes(home: Home) -> None:
    await home.until(TUESDAY_MORNING)

    listings = [request.path for request in home.pve.requests if "/nas/prunebackups" in request.path]
    assert len(listings) == 1
    assert {home.assessment.guests[vmid].figures.restore_points for vmid in GUESTS} == {1}
    assert [key for key in home.assessment.storages if "nas" in key] == ["nas"]
    assert home.assessment.storages["nas"].storage.used == home.pve.storage("nas").used_on("pve1")


async def test_d12_one_directory_under_two_names_holds_each_archive_once(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    twin = home.pve.add_storage("nas-again", "nfs", total=4 * 1024**4)
    twin.archives = home.pve.storage("nas").archives
    await home.after(hours=1)

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None
    assert {home.assessment.guests[vmid].figures.restore_points for vmid in GUESTS} == {1}


async def test_d13_a_storage_asleep_changes_no_verdict_and_is_named_after_a_while(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.storage("nas").go_offline()
    await home.after(minutes=10)
    assert storage(home).problem == "off"
    await home.after(minutes=20)

    assert [home.guest(vmid).brief for vmid in GUESTS] == ALL_OK
    assert (storage(home).problem, storage(home).reason_code) == ("off", "storage_away_until_needed")
    await home.until("2026-01-14T05:00:00")
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

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "failed"), "verification_failed")
    verified = pbs.volid(pbs.archive(101)[2])
    assert pbs.archive(101)[2].verification == "ok"
    assert verified in home.guest(101).reason
    assert home.guest(102).brief == ("off", "ok")


async def test_d17_a_verification_that_fails_at_noon_is_seen_the_same_day(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    await home.live(hours=24, step=timedelta(minutes=30))
    assert home.guest(101).brief == ("off", "ok")
    pbs.archive(101)[0].verification = "failed"
    pbs.archive(102)[0].verification = "ok"
    await home.live(hours=7, step=timedelta(minutes=30))

    assert home.guest(101).brief == ("on", "failed")
    assert home.guest(101).reason_code.startswith("verification_failed")
    assert home.guest(102).brief == ("off", "ok")


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

    view = home.assessment.storages["nas"].storage
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
    await home.live(hours=16, step=timedelta(minutes=20))

    assert not [request for request in home.pve.requests if "prunebackups" in request.path]
    home.pve.job("nightly").disable()
    await home.live(hours=8, step=timedelta(hours=4))
    assert len([request for request in home.pve.requests if "/nas/prunebackups" in request.path]) == 1


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
    assert home.job().brief == ("off", "warning")
    assert home.job().reason.endswith("its archives are not where they should be: web (101).")


async def test_d03_archives_that_prune_should_have_removed_are_a_warning(home: Home) -> None:
    home.pve.storage("nas").prune = "keep-last=3"
    await home.until("2026-01-18T05:00:00")
    assert home.guest(101).brief == ("off", "ok")
    nas = home.pve.storage("nas")
    for archive in nas.archive(101)[:1]:
        nas.archives += [
            replace(
                archive,
                name=archive.name.replace("2026_01_18", f"2026_01_0{day}"),
                ctime=archive.ctime - 86400 * (18 - day),
            )
            for day in range(2, 8)
        ]
    keep = nas.remove
    nas.remove = lambda archive: None  # type: ignore[method-assign]
    await home.until("2026-01-20T05:00:00")
    await home.until("2026-01-21T05:00:00")
    nas.remove = keep  # type: ignore[method-assign]

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "warning"), "prune_not_working")
    assert home.guest(101).problem == "off"


async def test_d04_protected_and_renamed_archives_do_not_count(home: Home) -> None:
    home.pve.storage("nas").prune = "keep-last=3"
    for day in range(13, 21):
        await home.until(f"2026-01-{day}T05:00:00")
        home.pve.storage("nas").archive(101)[0].protected = True

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d05_a_young_guest_cannot_have_all_archives_yet(home: Home) -> None:
    await home.until("2026-01-16T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d06_archives_of_nights_that_failed_are_named_and_no_second_alarm(home: Home) -> None:
    home.pve.storage("nas").prune = "keep-daily=7"
    await home.until("2026-01-16T05:00:00")
    home.pve.guest(101).fails(failed("no"))
    await home.until("2026-01-18T05:00:00")
    home.pve.guest(101).recovers()
    await home.until("2026-01-20T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert "2026-01-17" in home.guest(101).attributes["findings"]
    assert "2026-01-18" in home.guest(101).attributes["findings"]


async def test_d07_a_backup_server_that_prunes_by_itself_is_no_warning(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.job("nightly").change(storage="pbs")
    await home.until("2026-01-24T05:00:00")
    pbs = home.pve.storage("pbs")
    for archive in pbs.archive(101)[3:]:
        pbs.remove(archive)
    await home.until("2026-01-26T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None


async def test_d08_numbers_of_retention_may_come_as_texts(home: Home) -> None:
    home.pve.job("nightly").change(prune_backups={"keep-last": "4"})
    await home.until("2026-01-20T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert len(home.pve.storage("nas").archive(101)) == 4


async def test_d24_a_backup_far_smaller_than_usual_is_a_warning_and_no_problem(home: Home) -> None:
    await home.until("2026-01-20T05:00:00")
    assert home.guest(101).brief == ("off", "ok")
    home.pve.guest(101).filled = 0.01
    await home.until("2026-01-21T05:00:00")

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "warning"), "size_suspicious")


@pytest.mark.parametrize(("room", "code"), [(0.5, "next_run_does_not_fit"), (1.5, "storage_ok")])
async def test_d27_a_run_that_will_not_fit_is_announced_before_its_slot(home: Home, room: float, code: str) -> None:
    nas = home.pve.storage("nas")
    nas.prune = None
    await home.until(TUESDAY_MORNING)
    taken = sum(archive.stored for archive in nas.archives)
    free = int(taken * room)
    nas.total = free * 5
    nas.other = nas.total - taken - free
    await home.until("2026-01-13T20:00:00")

    assert (storage(home).problem, storage(home).reason_code) == ("off", code)


async def test_d22_groups_of_hosts_on_a_backup_server_are_no_guests(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    await home.until(TUESDAY_MORNING)
    pbs.archives.append(replace(pbs.archive(101)[0], name="host/desktop/2026-01-13T01:00:00Z", vmid="desktop"))  # type: ignore[arg-type]
    await home.until("2026-01-14T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.problems() == []


async def test_d28_a_backup_server_in_maintenance_explains_its_failures_alone(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.add_job("off-site", "03:00", "pbs", vmid="101")
    home.pve.job("off-site").next_run_ends(
        outcome=storage_unreachable(
            "pbs: error fetching datastores - 400 Bad Request: datastore is in maintenance mode"
        )
    )
    await home.until("2026-01-13T08:00:00")

    assert home.job("off-site").brief == ("on", "failed")
    assert "maintenance" in home.job("off-site").reason.lower()
    assert home.guest(102).brief == ("off", "ok")


async def test_d26_a_full_storage_fails_its_guests_with_that_cause(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({101: no_space()})
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("on", "failed")
    assert "no space is left on the storage" in home.guest(101).reason
    assert home.guest(101).attributes["next_step"]


async def test_d29_that_a_backup_is_encrypted_is_shown_and_no_more_is_claimed(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    pbs.encryption_key = "64:d3:5f"
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs", vmid="101,102")
    await home.until(TUESDAY_MORNING)
    encrypted = entity(home.hass, "_guest_101_encrypted")
    assert encrypted is not None
    assert encrypted.disabled
    er.async_get(home.hass).async_update_entity(encrypted.entity_id, disabled_by=None)
    await home.restart()

    assert shown(home.hass, "_guest_101_encrypted").state == "on"
    assert home.guest(101).brief == ("off", "ok")
    assert "restor" not in f"{home.guest(101).attributes}".lower()


async def test_d31_what_is_free_is_what_proxmox_lets_one_write(home: Home) -> None:
    nas = home.pve.storage("nas")
    nas.reserved = nas.total // 4
    await home.until(TUESDAY_MORNING)

    facts = home.assessment.storages["nas"].storage
    assert facts.available is not None
    assert facts.available == nas.total - (facts.used or 0) - nas.reserved
    free = home.sensor("storage_nas_free")
    assert float(free.state) == pytest.approx(facts.available / 1024**3, rel=0.01)


async def test_d32_a_failed_run_is_no_success_of_its_storage(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before = storage(home).attributes["last_success"]
    home.pve.job("nightly").next_run_ends(
        {vmid: failed("job failed with err -5 - Input/output error") for vmid in GUESTS}
    )
    await home.until("2026-01-14T05:00:00")

    assert home.job().brief == ("on", "failed")
    assert storage(home).attributes["last_success"] == before
