"""When the archives of a storage are listed."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.sources.pve.listing_schedule import ListingSchedule, Place
from custom_components.proxmox_backup_checker.sources.read_schedule import ReadSchedule

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NAS: Place = ("nas", None)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def file(vmid: int, day: int) -> Archive:
    stamp = f"2026_11_{day:02}-02_00_00"
    return Archive(
        volid=f"nas:backup/vzdump-qemu-{vmid}-{stamp}.vma.zst",
        storage="nas",
        vmid=vmid,
        guest_type="qemu",
        ctime=int(datetime(2026, 11, day, 1, tzinfo=UTC).timestamp()),
    )


def snapshot(vmid: int, day: int, verification: str | None = None, size: int | None = 5) -> Archive:
    return Archive(
        volid=f"pbs:backup/vm/{vmid}/2026-11-{day:02}T01:00:00Z",
        storage="pbs",
        vmid=vmid,
        guest_type="qemu",
        ctime=int(datetime(2026, 11, day, 1, tzinfo=UTC).timestamp()),
        size=size,
        verification=verification,
    )


class Storage:
    """A storage whose archives are listed whenever it is due."""

    def __init__(self, *archives: Archive) -> None:
        """Begin with a first listing, at the beginning of the test."""
        self.schedule = ListingSchedule(ReadSchedule())
        self.archives = list(archives)
        self.named: set[str] = set()
        self.listing: ArchiveListing | None = None
        self.complete = True

    def listed(self, until: timedelta, *, since: timedelta = timedelta(), **case: bool) -> list[int]:
        """Poll every ten minutes, and return the minutes of the listings."""
        found = []
        now = NOW + since
        while now <= NOW + until:
            case = {"written_to": False, "runs_hidden": False} | case
            if self.schedule.is_due(NAS, self.listing, now, **case):
                self.list(now)
                found.append((now - NOW) // MINUTE)
            now += 10 * MINUTE
        return found

    def list(self, now: datetime) -> None:
        """List the archives."""
        listing = ArchiveListing(
            read_at=now, archives=tuple(self.archives), complete=self.complete, detailed=True, listed_by="pve1"
        )
        self.schedule.listed(NAS, listing, self.listing, self.named)
        self.listing = listing


def test_a_disk_is_left_asleep_for_a_day_while_nothing_happens() -> None:
    assert Storage(file(101, 24)).listed(49 * HOUR) == [0, 1440, 2880]


def test_a_storage_is_listed_right_after_a_run_and_once_more() -> None:
    nas = Storage(file(101, 23))
    nas.list(NOW - HOUR)
    nas.schedule.run_ended(NAS, NOW)
    nas.archives.append(file(101, 24))
    assert nas.listed(20 * HOUR) == [0, 10]


def test_while_another_run_writes_there_the_listing_waits_for_an_hour_at_most() -> None:
    nas = Storage(file(101, 23))
    nas.list(NOW - HOUR)
    nas.schedule.run_ended(NAS, NOW)
    assert nas.listed(3 * HOUR, written_to=True) == [60]


def test_an_archive_that_a_run_named_and_that_is_not_there_is_looked_for_again_within_minutes() -> None:
    nas = Storage(file(101, 23))
    nas.named = {"vzdump-qemu-101-2026_11_24-02_00_00.vma.zst"}
    assert nas.listed(20 * HOUR) == [0, 10]


def test_what_a_run_has_named_that_was_not_known_at_the_listing_is_looked_for_again_and_not_for_ever() -> None:
    nas = Storage(file(101, 23))
    assert nas.listed(HOUR) == [0]
    for hour in (1, 2):
        assert nas.listing is not None
        nas.schedule.expect(NAS, nas.listing, {"vzdump-qemu-101-2026_11_20-02_00_00.vma.zst"})
        assert nas.listed(hour * HOUR + 10 * MINUTE, since=hour * HOUR) == ([60] if hour == 1 else [])


def test_an_archive_that_has_gone_is_looked_for_again_within_minutes_and_not_for_ever() -> None:
    nas = Storage(file(101, 23), file(101, 24))
    assert nas.listed(HOUR) == [0]
    del nas.archives[0]
    assert nas.listed(80 * HOUR, since=HOUR) == [1440, 1450, 2890, 4330]


def test_an_archive_that_comes_back_and_goes_again_is_a_new_suspicion() -> None:
    nas = Storage(file(101, 23), file(101, 24))
    nas.list(NOW)
    gone = nas.archives.pop()
    nas.list(NOW + HOUR)
    nas.archives.append(gone)
    nas.list(NOW + 2 * HOUR)
    nas.archives.pop()
    nas.list(NOW + 3 * HOUR)
    assert nas.listed(5 * HOUR, since=3 * HOUR) == [190]


def test_a_list_that_may_leave_archives_out_is_no_reason_for_suspicion() -> None:
    nas = Storage(file(101, 24))
    nas.complete = False
    nas.named = {"vzdump-qemu-102-2026_11_24-02_00_00.vma.zst"}
    assert nas.listed(20 * HOUR) == [0]


@pytest.mark.parametrize(
    ("archives", "minutes"),
    [
        ([snapshot(101, 24)], [0, 360, 720, 1080, 1440]),
        ([snapshot(101, 24, "ok")], [0, 360, 720, 1080, 1440]),
        ([snapshot(101, 20, "ok"), snapshot(102, 23)], [0, 360]),
        # Only a detailed listing shows the state.
        ([snapshot(101, 24, size=None)], [0, 1440]),
        ([snapshot(101, 20)], [0, 1440]),
        ([file(101, 24)], [0, 1440]),
    ],
    ids=["new", "verified once", "a day old", "without details", "old", "file"],
)
def test_a_snapshot_that_may_be_verified_hours_later_is_looked_at_again(
    archives: list[Archive], minutes: list[int]
) -> None:
    assert Storage(*archives).listed(25 * HOUR) == minutes


def test_where_runs_are_hidden_archives_are_looked_at_oftener() -> None:
    assert Storage(file(101, 24)).listed(5 * HOUR, runs_hidden=True) == [0, 120, 240]


def test_a_storage_that_could_not_be_listed_is_tried_again_after_half_an_hour() -> None:
    nas = Storage(file(101, 23))
    nas.list(NOW - 25 * HOUR)
    assert nas.schedule.is_due(NAS, nas.listing, NOW, written_to=False, runs_hidden=False)
    nas.schedule.failed(NAS, NOW)
    assert nas.listed(3 * HOUR) == [30]


def test_a_clock_that_was_set_back_lets_a_storage_be_listed() -> None:
    nas = Storage(file(101, 24))
    nas.list(NOW + 400 * HOUR)
    assert nas.listed(HOUR) == [0]
