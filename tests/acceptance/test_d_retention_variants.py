"""Rows D01 to D10 with other numbers, storages, zones and guests: what is kept, what is not, and whose fault it is."""

from datetime import timedelta

import pytest

from simulator.outcomes import Stage, failed

from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
PASSING = ("off", "ok")
READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"
ALL = (101, 102, 103, 104)
NOTHING: dict[int, set[str]] = {vmid: set() for vmid in ALL}


def findings(lab: Lab) -> dict[int, set[str]]:
    """Return what there is to say of each guest."""
    return {vmid: lab.guest(vmid).findings for vmid in lab.assessment.guests}


@pytest.mark.parametrize(
    ("keep", "days", "left"),
    [
        ({"keep-last": 2}, 5, 2),
        ({"keep-daily": 3, "keep-weekly": 2}, 16, 5),
        ({"keep-hourly": 4}, 6, 4),
        ({"keep-monthly": 1}, 6, 1),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland"])
def test_d01_whatever_is_kept_of_all_guests_is_nothing_to_say(
    lab: Lab, keep: dict[str, int], days: int, left: int, zone: str
) -> None:
    for node in lab.pve.nodes.values():
        node.timezone = zone
    lab.pve.job("nightly").change(prune_backups=keep)
    lab.live(days=days, step=timedelta(hours=24))

    assert findings(lab) == NOTHING
    assert [lab.guest(vmid).brief for vmid in ALL] == [PASSING] * 4
    assert len(lab.pve.storage("nas").archive(104)) == left


@pytest.mark.parametrize("keep", [{"keep-all": 1}, {"keep-last": 0, "keep-daily": 0}, None])
@pytest.mark.parametrize("storage", ["nas", "local"])
def test_d02_nothing_is_ever_too_much_where_all_is_kept_whoever_says_so(
    lab: Lab, keep: dict[str, int] | None, storage: str
) -> None:
    # What the job says goes before what the storage says.
    lab.pve.storage("nas").prune = lab.pve.storage("local").prune = "keep-last=2" if keep else None
    lab.pve.job("nightly").change(storage=storage, prune_backups=keep)
    lab.live(days=9, step=timedelta(hours=24))

    assert findings(lab) == NOTHING
    assert len(lab.pve.storage(storage).archive(103)) == 9
    assert lab.assessment.guests[103].figures.restore_points == 9


def test_d03_one_of_two_storages_on_which_nothing_is_removed_is_named_for_its_guests_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.pve.storage("nas").prune = "keep-last=3"
    lab.pve.storage("local").prune = "keep-last=3"
    lab.pve.add_job("second", "04:00", "local", vmid="103,104")
    monkeypatch.setattr(lab.pve.storage("local"), "remove", lambda archive: None)
    lab.live(days=6, step=timedelta(hours=24))

    assert [lab.guest(vmid).brief for vmid in ALL] == [PASSING, PASSING, ("off", "warning"), ("off", "warning")]
    reason = lab.guest(103).verdict.reason
    assert (reason.code, reason.values["storage"], reason.values["keep"]) == (
        "prune_not_working",
        "local",
        "keep-last=3",
    )


def test_d04_what_is_protected_or_renamed_is_beyond_the_number_on_each_storage(lab: Lab) -> None:
    lab.pve.storage("nas").prune = lab.pve.storage("local").prune = "keep-last=2"
    lab.pve.add_job("second", "04:00", "local", all=1)
    lab.until(WEDNESDAY_MORNING)
    for storage, vmid in (("nas", 101), ("nas", 104), ("local", 103)):
        for archive in lab.pve.storage(storage).archive(vmid):
            archive.protected = True
    lab.live(days=5, step=timedelta(hours=24))

    assert findings(lab) == NOTHING
    assert len(lab.pve.storage("nas").archive(104)) == 4


@pytest.mark.parametrize("days", [1, 4])
def test_d05_a_guest_that_joined_old_ones_days_ago_cannot_have_what_they_have(lab: Lab, days: int) -> None:
    lab.pve.storage("nas").prune = "keep-daily=7"
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.live(days=9, step=timedelta(hours=24))
    lab.pve.add_ct(110, "young", "pve3", size=2)
    lab.live(days=days, step=timedelta(hours=12))

    assert (lab.guest(110).brief, lab.guest(110).findings) == (PASSING, set())
    assert lab.assessment.guests[110].figures.restore_points == days


def test_d06_the_nights_that_a_node_missed_are_named_and_are_no_second_alarm(lab: Lab) -> None:
    lab.pve.storage("nas").prune = "keep-daily=7"
    lab.live(days=3, step=timedelta(hours=12))
    lab.pve.node("pve2").go_offline()
    lab.live(days=2, step=timedelta(hours=2))
    assert "guest_104" in lab.problems()
    lab.pve.node("pve2").come_online()
    lab.live(days=2, step=timedelta(hours=6))

    assert lab.problems() == []
    [short] = [finding for finding in lab.guest(104).verdict.findings if finding.code == "retention_short"]
    assert (short.values["there"], short.values["promised"]) == ("5", "7")
    assert "retention_short" not in lab.guest(101).findings


@pytest.mark.parametrize("left", [1, 3])
def test_d07_whatever_a_backup_server_removes_by_itself_is_no_warning_of_any_guest(lab: Lab, left: int) -> None:
    lab.pve.add_storage("pbs", "pbs")
    lab.pve.limit_token({"/": READER})
    lab.pve.add_job("second", "04:00", "pbs", vmid="103,102")
    lab.live(days=8, step=timedelta(hours=24))
    pbs = lab.pve.storage("pbs")
    for vmid in (102, 103):
        for archive in pbs.archive(vmid)[left:]:
            pbs.remove(archive)
    lab.live(days=2, step=timedelta(hours=12))

    assert findings(lab) == NOTHING
    assert lab.problems() == []
    assert "archive_vanished" not in lab.happened()


@pytest.mark.parametrize(
    ("keep", "left"), [({"keep-daily": "2", "keep-weekly": "2"}, 4), ({"keep-last": "3", "keep-hourly": "0"}, 3)]
)
def test_d08_numbers_that_come_as_texts_are_numbers_in_every_option(lab: Lab, keep: dict[str, str], left: int) -> None:
    lab.pve.job("nightly").change(prune_backups=keep)
    lab.live(days=16, step=timedelta(hours=24))

    assert findings(lab) == NOTHING
    assert len(lab.pve.storage("nas").archive(102)) == left


@pytest.mark.parametrize(("vmid", "limit"), [(102, 7), (104, 13)])
def test_d09_the_limit_is_named_for_the_guest_that_has_reached_it_and_it_fails_until_there_is_room(
    lab: Lab, vmid: int, limit: int
) -> None:
    lab.pve.job("nightly").change(remove=0, prune_backups={"keep-last": limit})
    lab.until(TUESDAY_MORNING)
    text = f"There is a max backup limit of {limit} enforced by the target storage or the vzdump parameters."
    lab.pve.guest(vmid).fails(failed(text, stage=Stage.BEFORE_LOG))
    lab.live_until("2026-01-15T05:00:00", step=timedelta(hours=6))

    held = lab.guest(vmid).verdict
    assert (lab.guest(vmid).brief, held.failures) == (("on", "failed"), 2)
    assert held.cause is not None
    assert held.cause.code == "backup_limit"
    assert {lab.guest(other).brief for other in ALL if other != vmid} == {PASSING}


def test_d10_an_older_archive_that_is_deleted_by_hand_is_told_and_leaves_the_guest_as_it_is(lab: Lab) -> None:
    lab.live(days=3, step=timedelta(hours=12))
    last = lab.guest(103).verdict.last_success
    lab.happened()
    nas = lab.pve.storage("nas")
    nas.remove(nas.archive(103)[1])
    lab.live(days=1, step=timedelta(hours=6))

    assert lab.happened().count("archive_vanished") == 1
    assert lab.guest(103).brief == PASSING
    assert last is not None
    assert lab.guest(103).verdict.last_success == last + timedelta(days=1)


def test_d10_the_archive_of_the_weekly_job_is_missed_though_the_nightly_ones_go_on(lab: Lab) -> None:
    lab.pve.add_job("weekly", "wed 04:00", "local", vmid="103,104")
    lab.live_until("2026-01-14T08:00:00", step=timedelta(hours=4))
    assert lab.problems() == []
    local = lab.pve.storage("local")
    local.remove(local.archive(104)[0])
    lab.live(days=3, step=timedelta(hours=4))

    assert (lab.guest(104).problem, lab.guest(104).code) == ("on", "archive_missing")
    assert lab.guest(103).brief == PASSING
    newest = lab.guest(104).verdict.last_success
    assert newest is not None
    assert lab.now - newest < timedelta(days=1)


def test_d10_an_archive_on_a_backup_server_that_is_gone_leaves_the_guest_without_that_night(lab: Lab) -> None:
    pbs = lab.pve.add_storage("pbs", "pbs")
    lab.pve.limit_token({"/": READER})
    lab.pve.job("nightly").change(storage="pbs")
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=4))
    before = lab.guest(102).verdict.last_success
    lab.pve.job("nightly").reschedule("sun 02:00")
    pbs.remove(pbs.archive(102)[0])
    lab.live(days=3, step=timedelta(hours=6))

    assert (lab.guest(102).brief, lab.guest(102).code) == (("on", "failed"), "archive_missing")
    left = lab.guest(102).verdict.last_success
    assert before is not None
    assert left is not None
    assert left < before - timedelta(hours=20)
    assert lab.guest(101).brief == PASSING
