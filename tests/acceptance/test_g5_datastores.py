"""Rows G56 to G76: datastores of a backup server, and the server itself."""

from datetime import time, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.server_options import Hours
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from simulator.backup_server.content import Datastore

from .server_lab import DAY, ServerLab, values


def guest(servers: ServerLab, store: Datastore | None = None, **options: Any) -> None:
    """Add a guest, whose backups a linked cluster judges."""
    name = store.name if store is not None else "ds1"
    servers.link(name, "", 100)
    servers.filled("vm/100", *range(1, 5), store=store, **options)


@pytest.mark.parametrize(
    ("share", "brief", "code"),
    [
        (0.5, ("off", "ok"), "datastore_ok"),
        (0.84, ("off", "ok"), "datastore_ok"),
        (0.86, ("off", "warning"), "datastore_filling"),
        (0.94, ("off", "warning"), "datastore_filling"),
        (0.955, ("on", "failed"), "datastore_nearly_full"),
    ],
)
def test_g56_how_full_a_datastore_is(servers: ServerLab, share: float, brief: tuple[str, str], code: str) -> None:
    servers.ds1.other = int(share * servers.ds1.total)
    servers.look()
    assert (servers.store().brief, servers.store().code) == (brief, code)
    assert servers.server.problem == brief[0]


def test_g56_who_wants_so_has_warnings_as_problems(servers: ServerLab) -> None:
    servers.ds1.other = int(0.9 * servers.ds1.total)
    servers.decide(warnings_are_problems=True)
    servers.look()
    assert servers.store().brief == ("on", "warning")
    assert servers.watch.problems() == {"server", "datastore_ds1"}


def test_g56_of_two_datastores_each_is_judged_by_itself(servers: ServerLab) -> None:
    servers.pbs.add_datastore("ds2", used=int(0.99 * servers.ds1.total))
    servers.look()
    assert servers.watch.problems() == {"server", "datastore_ds2"}
    servers.decide(ignored_stores=frozenset({"ds2"}))
    servers.look()
    assert servers.watch.problems() == set()
    assert "ds2" not in servers.watch.held.datastores


def grow(servers: ServerLab, share: float) -> None:
    """Let the datastore have grown by this share a day, for twenty days."""
    servers.ds1.usage.clear()
    for _ in range(20):
        servers.site.clock.advance(days=1)
        servers.ds1.other += int(share * servers.ds1.total)
        servers.ds1.note_usage()


def test_g57_a_near_end_is_one_warning_that_goes_after_a_day_of_calm(servers: ServerLab) -> None:
    servers.ds1.other = int(0.1 * servers.ds1.total)
    grow(servers, 0.03)
    servers.look()
    assert (servers.store().brief, servers.store().code) == (("off", "warning"), "datastore_full_soon")
    first = servers.store_view().full_on
    assert first is not None
    assert timedelta(0) < first - servers.now < timedelta(days=14)
    servers.ds1.other = int(0.1 * servers.ds1.total)
    servers.ds1.note_usage()
    servers.ds1.usage = [entry for entry in servers.ds1.usage if entry[0] > servers.now.timestamp() - DAY]
    servers.after(hours=20)
    assert servers.store().code == "datastore_full_soon"
    servers.after(hours=6)
    assert servers.store().brief == ("off", "ok")


@pytest.mark.parametrize("share", [0.0, -0.02])
def test_g58_what_does_not_grow_has_no_day_on_which_it_is_full(servers: ServerLab, share: float) -> None:
    servers.ds1.other = int(0.6 * servers.ds1.total)
    grow(servers, share)
    servers.look()
    assert servers.store_view().full_on is None
    assert servers.store().brief == ("off", "ok")


@pytest.mark.parametrize("share", [0.5, 0.96])
@pytest.mark.parametrize("version", ["4.1.5", "4.2.3"])
def test_g59_the_cache_of_a_bucket_may_be_full(version: str, share: float) -> None:
    with ServerLab(version=version) as servers:
        servers.pbs.add_datastore("bucket", backend="s3", used=int(share * servers.ds1.total))
        servers.look()
        held = servers.store("bucket")
        assert (held.brief, held.code) == (("off", "ok"), "datastore_cache_ok")
        assert servers.store_view("bucket").is_cache
        assert servers.store_view("bucket").full_on is None


def test_g60_an_offline_datastore_is_paused_with_what_the_administrator_says_and_unknown_after_a_day(
    servers: ServerLab,
) -> None:
    servers.filled("host/nas", *[days - 0.9 for days in range(1, 9)])
    servers.verify(schedule="06:00")
    servers.look()
    servers.at("09:00")
    servers.ds1.enter_maintenance("offline", "disk swap")
    servers.after(minutes=20)
    servers.after(hours=12)
    held = servers.store()
    assert (held.brief, held.code) == (("off", "paused"), "datastore_in_maintenance_because")
    assert values(held.verdict)["message"] == "disk swap"
    assert servers.job("gc_ds1").brief == ("off", "ok")
    assert servers.group("host/nas").brief == ("off", "ok")
    servers.after(hours=13)
    assert servers.store().brief == ("on", "unknown")
    assert servers.group("host/nas").brief == ("unknown", "unknown")
    assert servers.watch.problems() == {"server", "datastore_ds1"}


def test_g61_a_datastore_that_cannot_be_written_is_paused(servers: ServerLab) -> None:
    guest(servers)
    servers.look()
    servers.ds1.enter_maintenance("read-only", "moving")
    servers.after(days=3)
    held = servers.store()
    assert (held.brief, held.code) == (("off", "paused"), "datastore_read_only_because")


@pytest.mark.parametrize(("hours", "brief"), [(1, ("off", "paused")), (3, ("on", "warning"))])
def test_g62_an_unmount_that_does_not_finish_is_told(servers: ServerLab, hours: int, brief: tuple[str, str]) -> None:
    usb = servers.pbs.add_datastore("usb", removable=True)
    guest(servers, usb)
    servers.look()
    usb.enter_maintenance("unmount")
    servers.after(minutes=20)
    servers.after(hours=hours)
    assert servers.store("usb").brief == brief
    assert (servers.store("usb").code == "datastore_unmount_stuck") is (hours == 3)


def test_g63_a_disk_that_is_taken_out_every_week_rests(servers: ServerLab) -> None:
    usb = servers.pbs.add_datastore("usb", removable=True, gc_schedule="daily")
    guest(servers, usb)
    servers.pbs.add_verify_job("usb-check", "usb", schedule="06:00")
    servers.look()
    for _ in range(5):
        usb.unplug()
        assert servers.live(step=timedelta(minutes=30), days=6) == set()
        held = servers.store("usb")
        assert (held.brief, held.code) == (("off", "asleep"), "datastore_asleep")
        assert servers.job("verify_usb-check").brief == ("off", "asleep")
        usb.plug()
        assert servers.live(step=timedelta(minutes=30), days=1) == set()
    usb.unplug()
    servers.live(step=timedelta(minutes=30), days=13)
    assert servers.store("usb").problem == "off"
    servers.live(step=timedelta(minutes=30), days=3)
    held = servers.store("usb")
    assert (held.brief, held.code) == (("on", "warning"), "datastore_asleep_too_long")


def test_g63_a_sync_with_a_time_of_its_own_that_finds_no_disk_has_not_failed(servers: ServerLab) -> None:
    usb = servers.pbs.add_datastore("usb", removable=True)
    guest(servers)
    servers.pbs.add_sync_job("to-usb", "usb", remote_store="ds1", schedule="06:00")
    servers.look()
    usb.unplug()
    assert servers.live(days=2) == set()
    assert servers.job("sync_to-usb").brief == ("off", "asleep")
    usb.plug()
    servers.after(minutes=20)
    assert servers.job("sync_to-usb").brief == ("off", "pending")
    servers.at("07:00")
    assert servers.job("sync_to-usb").brief == ("off", "ok")


def test_g75_a_restart_while_the_token_sees_nothing_forgets_nothing(servers: ServerLab) -> None:
    servers.filled("host/nas", *[days + 0.3 for days in range(10)])
    servers.verify(schedule="06:00")
    servers.look()
    servers.at("08:00")
    servers.pbs.access.revoke(servers.watch.token.id)
    servers.watch.restart()
    servers.after(minutes=5)
    assert servers.server.code == "server_rights_missing"
    assert servers.group("host/nas").code == "group_hidden"
    servers.pbs.access.grant("/", "Audit", servers.watch.token.id)
    servers.after(hours=25)
    assert servers.group_view("host/nas").usual_gap == timedelta(days=1)
    record = servers.watch.history.jobs["verify_check"]
    assert record.last_upid is not None
    assert servers.watch.history.groups["ds1::host/nas"].first_seen is None


@pytest.mark.parametrize(("limit", "days", "problem"), [(None, 30, "off"), (None, 36, "on"), (10, 11, "on")])
def test_g63_how_long_a_disk_may_be_away_that_has_not_been_seen_to_come_and_go(
    servers: ServerLab, limit: int | None, days: int, problem: str
) -> None:
    usb = servers.pbs.add_datastore("usb", removable=True)
    if limit is not None:
        servers.decide(asleep_limit={"usb": timedelta(days=limit)})
    servers.look()
    usb.unplug()
    servers.after(hours=1)
    servers.after(days=days)
    assert servers.store("usb").problem == problem


def test_g64_a_disk_that_is_plugged_in_is_filled_and_says_when(servers: ServerLab) -> None:
    usb = servers.pbs.add_datastore("usb", removable=True)
    servers.link("ds1", "", 100)
    servers.filled("vm/100", *range(1, 5))
    job = servers.pbs.add_sync_job("to-usb", "usb", remote_store="ds1", run_on_mount=True, unmount_on_done=True)
    servers.look()
    usb.unplug()
    servers.after(days=3)
    assert servers.store_view("usb").last_filled is None
    usb.plug()
    servers.site.clock.advance(minutes=3)
    servers.look()
    servers.live(hours=1)
    assert job.load().state == "OK"
    assert not usb.mounted
    assert servers.job("sync_to-usb").brief == ("off", "ok")
    assert servers.store("usb").brief == ("off", "asleep")


def test_g65_disks_that_take_turns_are_judged_by_the_one_that_was_there_last(servers: ServerLab) -> None:
    first = servers.pbs.add_datastore("usb-a", removable=True)
    second = servers.pbs.add_datastore("usb-b", removable=True)
    servers.decide(
        rotation=(frozenset({"usb-a", "usb-b"}),),
        asleep_limit={"usb-a": timedelta(days=20), "usb-b": timedelta(days=20)},
    )
    servers.look()
    first.unplug()
    servers.after(minutes=20)
    servers.after(days=25)
    assert servers.store("usb-a").brief == ("off", "asleep")
    second.unplug()
    servers.after(minutes=20)
    servers.after(days=15)
    assert servers.watch.problems() == set()
    servers.after(days=6)
    assert servers.watch.problems() == {"server", "datastore_usb-a", "datastore_usb-b"}


def test_g66_a_server_that_is_out_of_reach_is_unknown_after_three_polls_and_one_problem_after_a_day(
    servers: ServerLab,
) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify(schedule="06:00")
    servers.look()
    servers.pbs.power_off()
    servers.after(minutes=5)
    assert servers.server.brief[1] == "ok"
    servers.after(minutes=9)
    assert servers.server.brief[1] == "ok"
    servers.after(minutes=7)
    assert (servers.server.brief, servers.server.code) == (("unknown", "unknown"), "server_unreachable")
    assert servers.group("host/nas").code == "server_part_unseen"
    servers.after(days=2)
    assert servers.watch.problems() == {"server"}
    servers.pbs.power_on()
    servers.after(minutes=6)
    assert servers.server.verdict.status.value in {"ok", "warning"}


def test_g68_a_server_that_is_on_in_the_evening_only_sleeps_and_owes_what_its_hours_did_not_bring(
    servers: ServerLab,
) -> None:
    guest(servers)
    servers.verify(schedule="21:00")
    servers.decide(awake=(Hours(time(20), time(23)),))
    servers.look()

    def night(*, works: bool) -> set[str]:
        servers.at("20:00")
        servers.pbs.scheduler.active = works
        servers.pbs.power_on()
        seen = servers.live(hours=2, minutes=58)
        servers.pbs.power_off()
        return seen

    servers.pbs.power_off()
    for _ in range(3):
        assert night(works=True) == set()
        assert servers.live(hours=20) == set()
        assert (servers.server.brief, servers.server.code) == (("off", "asleep"), "server_asleep")
        assert servers.job("verify_check").brief == ("off", "asleep")
    assert night(works=False) == set()
    servers.live(hours=1)
    assert servers.job("verify_check").brief == ("on", "overdue")


@pytest.mark.parametrize(
    ("minutes", "code"), [(8, "server_clock_ahead"), (-8, "server_clock_behind"), (3, "server_ok")]
)
def test_g69_a_clock_that_is_wrong_is_told_and_makes_nothing_late(servers: ServerLab, minutes: int, code: str) -> None:
    servers.pbs.skew = 60 * minutes
    servers.remote("vm/100")
    servers.filled("host/nas", *range(1, 9))
    servers.pull(schedule="*:0/30")
    servers.look()
    for _ in range(4):
        servers.pbs.backup("ds1", "host/nas")
        assert servers.live(hours=2) == set()
    assert servers.server.code == code
    due = servers.job("sync_pull").verdict.next_due
    assert due is not None
    assert due.minute in {-minutes % 60, (30 - minutes) % 60}
    view = servers.group_view("host/nas")
    assert view.last_backup is not None
    assert view.last_backup <= servers.now


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Tokyo"])
def test_g70_what_is_due_goes_by_the_servers_own_zone(zone: str) -> None:
    with ServerLab() as servers:
        servers.pbs.timezone = zone
        guest(servers)
        job = servers.verify(schedule="06:00")
        servers.pbs.scheduler.plan(job)
        servers.look()
        assert servers.live(days=2) == set()
        started = servers.job_view("verify_check").last_started
        assert started is not None
        assert started.astimezone(servers.pbs.zone).strftime("%H:%M") == "06:00"


def test_g72_a_renewed_certificate_is_told_at_once_and_nothing_is_said_of_what_cannot_be_read(
    servers: ServerLab,
) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.look()
    servers.pbs.fingerprint = ":".join(["CD"] * 32)
    servers.after(minutes=5)
    assert (servers.server.brief, servers.server.code) == (("unknown", "unknown"), "server_certificate_changed")
    assert servers.happened() == ["certificate_changed"]
    servers.after(hours=1)
    assert servers.happened() == []
    servers.watch.wire.confirmed = servers.pbs.fingerprint
    servers.after(minutes=5)
    assert servers.server.brief[0] == "off"


@pytest.mark.parametrize("lost", ["token", "user"])
def test_g74_a_token_without_rights_of_its_own_sees_nothing_and_that_is_said(servers: ServerLab, lost: str) -> None:
    auth_id = servers.watch.token.id if lost == "token" else servers.watch.token.user
    servers.pbs.access.revoke(auth_id)
    servers.look()
    assert (servers.server.brief, servers.server.code) == (("unknown", "unknown"), "server_rights_missing")
    assert servers.watch.held.datastores == {}


def test_g75_rights_that_are_lost_keep_what_was_seen_and_are_told_in_the_same_poll(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify(schedule="06:00")
    servers.look()
    servers.at("08:00")
    servers.happened()
    servers.pbs.access.revoke(servers.watch.token.id)
    servers.pbs.access.grant("/system", "Audit", servers.watch.token.id)
    servers.after(minutes=31)
    assert servers.server.code == "server_rights_missing"
    assert servers.store().code == "datastore_hidden"
    assert servers.job("verify_check").code == "pbsjob_hidden"
    assert servers.group("host/nas").code == "group_hidden"
    assert servers.happened() == ["rights_lost"]
    servers.pbs.access.grant("/", "Audit", servers.watch.token.id)
    servers.after(hours=1)
    assert servers.store().brief == ("off", "ok")
    assert servers.happened() == []


def test_g75_the_right_to_see_remotes_that_is_lost_keeps_the_sync_jobs_that_were_seen(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.pull()
    servers.look()
    servers.at("06:00")
    servers.pbs.access.revoke(servers.watch.token.id, "/remote")
    servers.after(minutes=31)
    assert servers.job("sync_pull").code == "pbsjob_hidden"
    assert "rights_lost" in servers.happened()
    servers.pbs.access.grant("/remote", "RemoteAudit", servers.watch.token.id)
    servers.after(hours=1)
    assert servers.job("sync_pull").brief == ("off", "ok")


def test_g75_one_datastore_of_two_that_may_no_longer_be_seen_concerns_that_one(servers: ServerLab) -> None:
    guest(servers)
    store = servers.pbs.add_datastore("ds2")
    servers.filled("host/nas", *range(1, 9), store=store)
    servers.look()
    servers.pbs.access.grant("/datastore/ds2", "NoAccess", servers.watch.token.id)
    servers.after(minutes=16)
    assert servers.store("ds2").code == "datastore_hidden"
    assert servers.store().brief == ("off", "ok")
    assert (servers.server.brief, servers.server.code) == (("off", "warning"), "server_datastores_hidden")
    servers.after(days=2)
    assert "datastore_ds2" in servers.watch.problems()


def test_g75_one_datastore_of_two_that_is_hidden_over_a_restart_is_not_forgotten(servers: ServerLab) -> None:
    guest(servers)
    store = servers.pbs.add_datastore("ds2", gc_schedule="daily")
    servers.filled("host/nas", *range(1, 9), store=store)
    servers.pbs.add_verify_job("check", "ds2", schedule="sun 05:00")
    servers.look()
    servers.pbs.access.grant("/datastore/ds2", "NoAccess", servers.watch.token.id)
    servers.watch.restart()
    for _ in range(3):
        servers.after(minutes=31)
        assert servers.store("ds2").code == "datastore_hidden"
        assert servers.job("verify_check").code == "pbsjob_hidden"
        assert servers.job("gc_ds2").code == "pbsjob_hidden"
        assert servers.group("host/nas", store="ds2").code == "group_hidden"
        assert (servers.server.brief, servers.server.code) == (("off", "warning"), "server_datastores_hidden")
        assert servers.store().brief == ("off", "ok")
    servers.after(days=2)
    assert {"datastore_ds2", "pbsjob_verify_check"} <= set(servers.watch.problems())
    servers.pbs.access.revoke(servers.watch.token.id, "/datastore/ds2")
    servers.after(minutes=31)
    servers.after(minutes=31)
    assert servers.store("ds2").brief == ("off", "ok")
    assert servers.group_view("host/nas", store="ds2").usual_gap == timedelta(days=1)


@pytest.mark.parametrize(("path", "role"), [("/", "Audit"), ("/remote", "RemoteAudit")])
def test_g75_a_job_that_is_hidden_over_a_restart_is_unknown_and_one_that_is_gone_is_forgotten(
    servers: ServerLab, path: str, role: str
) -> None:
    servers.remote("vm/100")
    job = servers.pull()
    servers.look()
    servers.pbs.access.revoke(servers.watch.token.id, path)
    servers.watch.restart()
    for _ in range(3):
        servers.after(minutes=31)
        assert servers.job("sync_pull").code == "pbsjob_hidden"
    servers.pbs.remove_job(job)
    servers.watch.restart()
    servers.pbs.access.grant(path, role, servers.watch.token.id)
    servers.after(hours=1)
    assert Subject("pbsjob", "sync_pull") not in servers.watch.held.verdicts


def test_g75_a_hidden_datastore_that_nobody_watches_has_no_unknown_jobs(servers: ServerLab) -> None:
    guest(servers)
    servers.pbs.add_datastore("ds2")
    servers.pbs.add_verify_job("check", "ds2", schedule="sun 05:00")
    servers.look()
    servers.pbs.access.grant("/datastore/ds2", "NoAccess", servers.watch.token.id)
    servers.watch.restart()
    servers.decide(ignored_stores=frozenset({"ds2"}))
    servers.after(hours=1)
    assert {str(subject) for subject in servers.watch.held.verdicts} == {"server", "datastore_ds1", "pbsjob_gc_ds1"}


def test_g75_a_datastore_that_went_away_over_a_restart_is_not_taken_for_hidden(servers: ServerLab) -> None:
    guest(servers)
    servers.filled("host/nas", *range(1, 9), store=servers.pbs.add_datastore("ds2"))
    servers.look()
    del servers.pbs.datastores["ds2"]
    servers.pbs.jobs[:] = [job for job in servers.pbs.jobs if job.store != "ds2"]
    servers.watch.restart()
    servers.after(hours=1)
    assert set(servers.watch.held.datastores) == {"ds1"}
    assert servers.server.brief == ("off", "ok")


def test_g76_a_right_to_back_up_in_place_of_one_to_look_hides_others_groups_and_deletes_none(
    servers: ServerLab,
) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.look()
    servers.happened()
    for auth_id in (servers.watch.token.id, servers.watch.token.user):
        servers.pbs.access.revoke(auth_id)
        servers.pbs.access.grant("/datastore", "DatastoreBackup", auth_id)
        servers.pbs.access.grant("/system", "Audit", auth_id)
    servers.after(days=1, hours=1)
    assert servers.server.code == "server_own_groups_only"
    assert servers.job("gc_ds1").code == "pbsjob_hidden"
    # The tasks may still be seen, so that of the night is told.
    assert servers.happened() == ["run_ok", "rights_lost"]
    assert servers.watch.history.groups["ds1::host/nas"].gone is None
