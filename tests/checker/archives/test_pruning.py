"""What retention explains of an archive that is gone, and what it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.archives.archive_index import ListedStorage
from custom_components.proxmox_backup_checker.checker.archives.pruning import Pruning
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Facts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ..builders import BERLIN, NOW, facts, guest, job

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
JOBS = (
    job("daily", 100, storage="nas", schedule="03:15", prune_backups={"keep-last": "3"}),
    job("weekly", 100, storage="nas", schedule="sun 03:00"),
    job("others", 101, storage="nas", schedule="04:00", prune_backups={"keep-last": "1"}),
)
WEEKLY = NOW - timedelta(days=3)
NIGHTS = [WEEKLY + timedelta(days=day, minutes=15) for day in (0, 1, 2)]


def wrote(job_id: str | None, moment: datetime, zone: ZoneInfo = BERLIN, node: str = "pve1") -> Outcome:
    """Return a good backup by a job, or by hand."""
    return Outcome(
        vmid=100,
        upid=f"UPID:{node}:{moment.timestamp()}",
        node=node,
        result=Result.OK,
        started=moment,
        finished=moment + timedelta(minutes=5),
        error=None,
        job_id=job_id,
        confidence=Confidence.MATCHED,
        by_hand=job_id is None,
        guest_type="qemu",
        storage="nas",
        archive=f"/mnt/pve/nas/dump/{name(moment, zone)}",
    )


def name(moment: datetime, zone: ZoneInfo) -> str:
    return f"vzdump-qemu-100-{moment.astimezone(zone):%Y_%m_%d-%H_%M_%S}.vma.zst"


def listed(*moments: datetime, written_in: ZoneInfo = BERLIN, listed_in: ZoneInfo = BERLIN) -> ListedStorage:
    """Return the storage with these archives of guest 100, as a node in a zone lists what nodes in another one wrote."""
    archives = tuple(
        Archive(
            volid=f"nas:backup/{name(moment, written_in)}",
            storage="nas",
            vmid=100,
            guest_type="qemu",
            ctime=int(moment.astimezone(written_in).replace(tzinfo=listed_in).timestamp()),
            size=1,
        )
        for moment in moments
    )
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True, zone=listed_in)
    return ListedStorage.of(listing, on_backup_server=False)


def known(zone: ZoneInfo = BERLIN) -> Facts:
    """Return facts about a storage of two jobs of guest 100 and one of another guest."""
    made = facts([guest(100), guest(101)], JOBS, storages=(StorageFacts(storage="nas", node=None, plugin_type="nfs"),))
    return replace(made, nodes={name: replace(node, zone=zone) for name, node in made.nodes.items()})


def explains(gone: Outcome, later: list[Outcome], there: ListedStorage, zone: ZoneInfo = BERLIN) -> bool:
    return Pruning(facts=known(zone), jobs={}).explains(gone, later, there)


def test_a05_the_retention_of_another_job_on_the_same_storage_explains_what_it_removed() -> None:
    nights = [wrote("daily", moment) for moment in reversed(NIGHTS)]
    assert explains(wrote("weekly", WEEKLY), nights, listed(*NIGHTS))
    # It does so still when one of the others is gone in its turn, by whatever hand.
    assert explains(wrote("weekly", WEEKLY), nights, listed(NIGHTS[0], NIGHTS[2]))
    assert not explains(wrote("weekly", WEEKLY), nights[1:], listed(NIGHTS[0]))
    assert not explains(wrote("weekly", WEEKLY), nights[1:], listed(*NIGHTS[:2]))


@pytest.mark.parametrize("listed_in", [TOKYO, BERLIN, NEW_YORK])
def test_a05_retention_goes_by_the_names_of_files_whatever_zone_lists_them(listed_in: ZoneInfo) -> None:
    nights = [wrote("daily", moment, NEW_YORK) for moment in reversed(NIGHTS)]
    there = listed(*NIGHTS, written_in=NEW_YORK, listed_in=listed_in)
    assert explains(wrote("weekly", WEEKLY, NEW_YORK), nights, there, NEW_YORK)
    newest = wrote("weekly", NIGHTS[-1] - timedelta(minutes=5), NEW_YORK)
    assert not explains(newest, nights[:1], there, NEW_YORK)


def test_a05_the_retention_of_a_job_that_has_not_saved_the_guest_since_explains_nothing() -> None:
    again = wrote("weekly", WEEKLY + timedelta(days=1))
    assert not explains(wrote("weekly", WEEKLY), [again], listed(again.started))
    by_hand = wrote(None, WEEKLY + timedelta(days=1))
    assert not explains(wrote("weekly", WEEKLY), [by_hand], listed(by_hand.started))


def test_a05_a_run_of_a_job_that_is_gone_tells_itself_whether_it_removed_any() -> None:
    ran = replace(wrote("gone", WEEKLY + timedelta(days=1)), job_id=None, confidence=Confidence.NONE)
    there = listed(ran.started)
    assert not explains(wrote("weekly", WEEKLY), [ran], there)
    assert explains(wrote("weekly", WEEKLY), [replace(ran, pruned=1)], there)


def test_a05_an_archive_of_which_nobody_knows_who_wrote_it_may_have_come_with_any_retention() -> None:
    assert explains(wrote("weekly", WEEKLY), [], listed(WEEKLY + timedelta(days=1)))
    assert not explains(wrote("weekly", WEEKLY), [], listed(WEEKLY - timedelta(days=1)))


def test_the_date_that_a_listing_gives_a_file_is_told_of_its_writer_and_back() -> None:
    listing = listed(WEEKLY, written_in=NEW_YORK, listed_in=TOKYO).listing
    [archive] = listing.archives
    assert listing.dated(archive.volid, WEEKLY, NEW_YORK) == datetime.fromtimestamp(archive.ctime, UTC)
    assert listing.written_at(archive, NEW_YORK) == WEEKLY
    assert listing.dated("vm/100/2025-09-01T01:00:00Z", WEEKLY, NEW_YORK) == WEEKLY


def test_an_archive_that_was_pruned_long_ago_stays_explained_when_a_newer_one_is_deleted_by_hand() -> None:
    later = [wrote("daily", moment) for moment in NIGHTS]
    assert explains(wrote("weekly", WEEKLY), later, listed(*NIGHTS[:2]))
    assert not explains(wrote("weekly", WEEKLY), later[:2], listed(*NIGHTS[:2]))
