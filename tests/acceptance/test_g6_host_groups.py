"""Rows G79 to G107 that a backup server's entry answers: groups of hosts, foreign and orphaned groups, and what moves."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from simulator.backup_server.content import Group

from .server_lab import DAY, ServerLab, values

HOUR = 1 / 24


def nightly(servers: ServerLab, hours_ago: float, count: int = 20, name: str = "host/nas", **options: Any) -> Group:
    """Add a client that backs up at the same time every day; its last backup was so many hours ago."""
    return servers.filled(name, *[hours_ago * HOUR + day for day in range(count)], **options)


LAPTOP = (2.9, 4.1, 7.0, 8.6, 9.1, 12.4, 14.0, 15.8, 16.2, 20.0, 21.7, 23.3, 25.0, 25.4, 29.0, 30.6, 33.0, 34.6, 36.9)


@pytest.mark.parametrize(
    ("later", "brief", "code"),
    [
        (0, ("off", "ok"), "group_ok"),
        (1.5, ("off", "ok"), "group_ok"),
        (2.5, ("off", "warning"), "group_late_for_laptop"),
        (20, ("off", "warning"), "group_late_for_laptop"),
        (30, ("on", "overdue"), "group_overdue"),
    ],
)
def test_g79_a_laptop_may_be_away(servers: ServerLab, later: float, brief: tuple[str, str], code: str) -> None:
    servers.filled("host/laptop-anna", *LAPTOP)
    servers.look()
    servers.after(days=later)
    held = servers.group("host/laptop-anna")
    assert (held.brief, held.code) == (brief, code)


def test_g79_a_laptop_that_comes_back_is_fine_again(servers: ServerLab) -> None:
    servers.filled("host/laptop-anna", *LAPTOP)
    servers.look()
    servers.after(days=10)
    assert servers.group("host/laptop-anna").brief == ("off", "warning")
    servers.pbs.backup("ds1", "host/laptop-anna")
    servers.after(minutes=10)
    assert servers.group("host/laptop-anna").brief == ("off", "ok")


@pytest.mark.parametrize(
    ("hours", "brief"), [(20, ("off", "ok")), (29, ("off", "ok")), (30, ("on", "overdue")), (50, ("on", "overdue"))]
)
def test_g80_what_comes_every_night_is_overdue_when_it_did_not_come(
    servers: ServerLab, hours: float, brief: tuple[str, str]
) -> None:
    nightly(servers, hours)
    servers.look()
    held = servers.group("host/nas")
    assert held.brief == brief
    if brief[0] == "on":
        assert held.code == "group_overdue_daily"
        usual = (servers.now - timedelta(hours=hours)).astimezone(servers.pbs.zone)
        assert values(held.verdict)["time"] == usual.strftime("%H:%M")


@pytest.mark.parametrize("month", ["march", "october"])
def test_g80_the_change_of_the_clocks_makes_nothing_late(month: str) -> None:
    start = datetime(2026, 3, 27, 10, tzinfo=UTC) if month == "march" else datetime(2026, 10, 23, 10, tzinfo=UTC)
    with ServerLab(start) as servers:
        nightly(servers, 9)
        servers.look()
        for _ in range(4):
            servers.at("03:00")
            servers.pbs.backup("ds1", "host/nas")
            assert servers.live(hours=1) == set()


def test_g80_what_rests_at_the_weekend_is_not_missed_there(servers: ServerLab) -> None:
    def workdays(first: int) -> Iterable[float]:
        for day in range(first, 60):
            if (servers.now - timedelta(days=day)).weekday() < 5:
                yield day + 9 * HOUR

    servers.filled("host/office", *workdays(0))
    servers.look()
    for _ in range(14):
        if servers.now.weekday() < 5:
            servers.pbs.backup("ds1", "host/office")
        assert servers.live(step=timedelta(minutes=30), days=1) == set()
    servers.live(step=timedelta(minutes=30), days=3)
    assert servers.group("host/office").brief[0] == "on"


def test_g81_a_prune_that_thins_old_backups_changes_no_rhythm(servers: ServerLab) -> None:
    group = nightly(servers, 9, count=10)
    servers.look()
    for snapshot in group.by_age[:-1]:
        if (group.by_age[-1].time - snapshot.time) // DAY % 7:
            group.remove(snapshot)
    servers.after(days=1, hours=25)
    view = servers.group_view("host/nas")
    assert view.restore_points == 2
    assert view.usual_gap == timedelta(days=1)
    assert servers.group("host/nas").brief == ("on", "overdue")


def test_g81_backups_that_a_prune_removed_before_the_first_look_are_known_by_their_tasks(
    servers: ServerLab,
) -> None:
    servers.pbs.scheduler.active = False
    for _ in range(12):
        servers.pbs.backup("ds1", "host/nas")
        servers.site.clock.advance(days=1)
    group = servers.ds1.groups["", "host", "nas"]
    for snapshot in group.by_age[:-1]:
        group.remove(snapshot)
    servers.look()
    assert servers.group_view("host/nas").usual_gap == timedelta(days=1)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_g82_three_backups_are_too_few_to_know_the_rhythm(servers: ServerLab, count: int) -> None:
    nightly(servers, 48, count=count)
    servers.look()
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("off", "pending"), "group_learning")
    assert servers.group_view("host/nas").usual_gap is None
    servers.after(days=60)
    assert servers.group("host/nas").brief == ("off", "warning")


@pytest.mark.parametrize(("days", "brief"), [(6, ("off", "ok")), (8, ("off", "ok")), (9, ("on", "overdue"))])
def test_g83_what_somebody_has_set_counts_and_not_what_was_learned(
    servers: ServerLab, days: int, brief: tuple[str, str]
) -> None:
    nightly(servers, days * 24)
    servers.decide(rhythm={"ds1::host/nas": timedelta(days=7)})
    servers.look()
    held = servers.group("host/nas")
    assert held.brief == brief
    assert servers.group_view("host/nas").is_rhythm_set
    if brief[0] == "on":
        assert held.code == "group_overdue_by_choice"


def test_g84_a_single_unfinished_snapshot_is_no_backup(servers: ServerLab) -> None:
    group = servers.ds1.add_group("", "host", "nas")
    group.add(int(servers.now.timestamp()) - DAY, finished=False)
    servers.look()
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("off", "warning"), "group_never_finished")
    assert held.verdict.last_success is None
    assert servers.group_view("host/nas").last_backup is None


def test_g85_an_empty_group_is_called_empty_and_not_ancient(servers: ServerLab) -> None:
    servers.ds1.add_group("", "host", "nas")
    servers.look()
    held = servers.group("host/nas")
    assert (held.brief[0], held.code) == ("off", "group_empty")
    assert servers.group_view("host/nas").last_backup is None


@pytest.mark.parametrize("namespaces", [("",), ("", "lab")])
def test_g86_a_backup_that_failed_is_failed_with_its_text_until_the_next_good_one(
    servers: ServerLab, namespaces: tuple[str, ...]
) -> None:
    for ns in namespaces:
        nightly(servers, 27, ns=ns)
    servers.look()
    servers.ds1.other = servers.ds1.total - 10
    servers.pbs.backup("ds1", "host/nas", ns=namespaces[-1])
    servers.after(minutes=10)
    held = servers.group("host/nas", namespaces[-1])
    assert (held.brief, held.code) == (("on", "failed"), "group_backup_failed")
    assert held.verdict.error == "backup ended but finished state is not set."
    for other in namespaces[:-1]:
        assert servers.group("host/nas", other).problem == "off"
    servers.ds1.other = 0
    servers.pbs.backup("ds1", "host/nas", ns=namespaces[-1])
    servers.after(minutes=10)
    assert servers.group("host/nas", namespaces[-1]).brief == ("off", "ok")


def test_g87_what_a_benchmark_leaves_is_no_group(servers: ServerLab) -> None:
    servers.filled("host/benchmark", 400, 300)
    servers.look()
    assert servers.watch.held.groups == {}


@pytest.mark.parametrize("honoured", [True, False])
def test_g88_a_note_in_the_group_has_it_left_alone(servers: ServerLab, honoured: bool) -> None:
    nightly(servers, 90).comment = "old box, no-monitor please"
    servers.decide(honours_no_monitor=honoured)
    servers.look()
    held = servers.group("host/nas")
    assert held.brief == (("off", "ignored") if honoured else ("on", "overdue"))


def test_g89_a_group_that_somebody_deleted_is_told_until_that_is_known(servers: ServerLab) -> None:
    group = nightly(servers, 9, count=8)
    nightly(servers, 9, name="host/other")
    servers.prune(keep={"keep-last": 30})
    servers.look()
    servers.ds1.remove_group(group)
    servers.after(hours=25)
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("on", "warning"), "group_deleted")
    assert values(held.verdict)["count"] == "8"
    assert servers.happened().count("group_deleted") == 1
    servers.after(days=3)
    assert servers.group("host/nas").code == "group_deleted"
    watch = servers.watch
    subject = Subject.group("ds1", "", "host/nas")
    watch.history = acknowledge(watch.history, watch.held.verdicts, [subject], servers.now)
    servers.after(minutes=5)
    assert "ds1::host/nas" not in watch.held.groups
    assert "ds1::host/other" in watch.held.groups


def test_g32_restore_points_that_vanish_without_a_prune_are_told(servers: ServerLab) -> None:
    group = servers.filled("vm/100", *range(1, 11))
    servers.link("ds1", "", 100)
    servers.look()
    for snapshot in group.by_age[:6]:
        group.remove(snapshot)
    servers.after(hours=25)
    assert servers.happened().count("restore_points_vanished") == 1
    assert (servers.store().brief, servers.store().code) == (("off", "warning"), "datastore_points_vanished")
    assert values(servers.store().verdict)["count"] == "6"
    servers.after(days=8)
    assert servers.store().code != "datastore_points_vanished"


@pytest.mark.parametrize("remove_vanished", [True, False])
def test_g32_what_vanishes_at_the_source_and_then_here_is_told_with_the_sync(
    servers: ServerLab, remove_vanished: bool
) -> None:
    servers.remote()
    servers.filled("vm/100", *range(1, 11), store=servers.tank)
    servers.link("ds1", "", 100)
    servers.pull(remove_vanished=remove_vanished)
    servers.look()
    servers.at("06:00")
    source = servers.tank.groups["", "vm", "100"]
    for snapshot in source.by_age[:6]:
        source.remove(snapshot)
    servers.happened()
    servers.at("06:00")
    told = [event.reason.code.value for event in servers.watch.events if event.kind == "restore_points_vanished"]
    assert told == (["happened_points_vanished_on_both_sides"] if remove_vanished else [])


@pytest.mark.parametrize("log", ["there", "gone"])
def test_g32_what_a_prune_removes_did_not_vanish(servers: ServerLab, log: str) -> None:
    group = servers.filled("vm/100", *range(1, 11))
    servers.link("ds1", "", 100)
    job = servers.prune("13:00", keep={"keep-last": 2})
    servers.look()
    servers.site.clock.advance(hours=1, minutes=30)
    task = servers.pbs.tasks.find(job.load().upid or "")
    assert task is not None
    task.log_gone = log == "gone"
    servers.look()
    servers.after(hours=25)
    assert len(group.snapshots) == 2
    assert "restore_points_vanished" not in servers.happened()
    assert servers.store().problem == "off"


def test_g95_a_group_that_was_moved_is_the_same_at_its_new_place(servers: ServerLab) -> None:
    group = nightly(servers, 9)
    servers.prune(keep={"keep-last": 30})
    servers.ds1.add_namespace("home")
    servers.look()
    for snapshot in group.by_age[:-2]:
        group.remove(snapshot)
    servers.ds1.move_group(group, "home")
    servers.pbs.tasks.by_hand("move-group", "ds1:host/nas:home")
    servers.after(minutes=10)
    happened = servers.happened()
    assert happened.count("group_moved") == 1
    assert "group_deleted" not in happened
    assert list(servers.watch.held.groups) == ["ds1:home:host/nas"]
    assert servers.group("host/nas", "home").brief == ("off", "ok")
    assert servers.group_view("host/nas", "home").usual_gap == timedelta(days=1)
    servers.after(hours=14)
    assert set(servers.happened()) <= {"run_ok"}


def test_g98_a_group_whose_guest_no_linked_cluster_has_is_an_orphan_and_no_problem(servers: ServerLab) -> None:
    servers.filled("vm/100", 1)
    servers.filled("vm/999", 310, size=7 * 1024**3)
    servers.link("ds1", "", 100, 101)
    servers.look()
    [orphan] = servers.store_view().orphaned
    assert (str(orphan.group), orphan.size) == ("vm/999", 7 * 1024**3)
    assert servers.store_view().foreign == ()
    assert servers.watch.problems() == set()
    assert servers.watch.held.groups == {}


def test_g98_while_a_linked_cluster_cannot_be_read_nobody_is_an_orphan(servers: ServerLab) -> None:
    servers.filled("vm/999", 310)
    servers.link("ds1", "", 100, complete=False)
    servers.look()
    assert servers.store_view().orphaned == ()


@pytest.mark.parametrize("hidden", [False, True])
def test_g99_a_group_in_a_namespace_that_no_cluster_is_linked_with_is_foreign(servers: ServerLab, hidden: bool) -> None:
    servers.filled("vm/100", 1, ns="home")
    servers.filled("vm/300", 1, ns="lab")
    servers.link("ds1", "home", 100)
    if hidden:
        servers.decide(ignored_namespaces=frozenset({("ds1", "lab")}))
    servers.look()
    view = servers.store_view()
    assert [str(group.group) for group in view.foreign] == ([] if hidden else ["vm/300"])
    assert view.orphaned == ()


def test_g100_a_backup_that_runs_lies_over_what_was_held_before(servers: ServerLab) -> None:
    nightly(servers, 26)
    servers.look()
    servers.pbs.backup("ds1", "host/nas", duration=3_600)
    servers.after(minutes=5)
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("off", "running"), "group_ok")
    servers.after(hours=2)
    assert servers.group("host/nas").brief == ("off", "ok")


def test_g101_a_snapshot_that_nobody_writes_any_more_is_incomplete_after_a_day(servers: ServerLab) -> None:
    group = nightly(servers, 9)
    servers.prune("*-12-01 02:00", keep={"keep-last": 30})
    group.add(int(servers.now.timestamp()) - 3_600, finished=False)
    servers.look()
    assert servers.group("host/nas").brief == ("off", "ok")
    servers.pbs.backup("ds1", "host/nas", duration=60)
    servers.after(hours=24)
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("off", "warning"), "group_incomplete")
    assert "datastore_incomplete" in servers.store().findings


def test_g105_without_a_cluster_all_groups_are_judged_by_their_rhythm_and_called_by_their_notes(
    servers: ServerLab,
) -> None:
    nightly(servers, 9)
    nightly(servers, 50, name="vm/100", comment="web")
    nightly(servers, 9, name="ct/201")
    servers.look()
    assert servers.watch.held.groups.keys() == {"ds1::host/nas", "ds1::vm/100", "ds1::ct/201"}
    assert servers.watch.problems() == {"group_ds1::vm/100"}
    names = {servers.group_view(name).name for name in ("host/nas", "vm/100", "ct/201")}
    assert names == {"nas", "web", "CT 201"}
    servers.link("ds1", "", 100, 201)
    servers.look()
    assert servers.watch.held.groups.keys() == {"ds1::host/nas"}


def test_g106_encryption_that_begins_is_told_and_another_key_is_a_warning(servers: ServerLab) -> None:
    group = nightly(servers, 9, count=10)
    servers.prune(keep={"keep-last": 30})
    for snapshot in group.by_age[5:]:
        snapshot.archive.encrypted = "AA:01"
    servers.look()
    held = servers.group("host/nas")
    assert held.brief == ("off", "ok")
    assert held.findings == {"group_encrypted_since"}
    since = held.verdict.findings[0].values["since"]
    assert not isinstance(since, str)
    assert int(since.timestamp()) == group.by_age[5].time
    group.by_age[-1].archive.encrypted = "BB:02"
    servers.after(hours=16)
    servers.after(hours=9)
    servers.pbs.backup("ds1", "host/nas", encrypted="BB:02")
    servers.after(minutes=10)
    assert (servers.group("host/nas").brief, servers.group("host/nas").code) == (
        ("off", "warning"),
        "group_key_changed",
    )


def test_g107_a_size_that_is_not_known_is_none(servers: ServerLab) -> None:
    group = servers.ds1.add_group("", "host", "nas")
    group.add(int(servers.now.timestamp()) - DAY, finished=False)
    servers.look()
    assert servers.group_view("host/nas").size is None


def test_g133_the_namespace_is_in_the_name_only_where_two_are_called_the_same(servers: ServerLab) -> None:
    nightly(servers, 9)
    nightly(servers, 9, name="host/alone", ns="lab")
    servers.look()
    assert servers.group_view("host/nas").name == "nas"
    nightly(servers, 9, ns="lab")
    servers.after(hours=25)
    names = {view.name for view in servers.watch.held.groups.values()}
    assert names == {"nas (/)", "nas (lab)", "alone"}


def test_g80_what_rests_at_night_is_not_missed_then(servers: ServerLab) -> None:
    def hours() -> Iterable[float]:
        for ago in range(24 * 14):
            if 8 <= (servers.now - timedelta(hours=ago)).astimezone(servers.pbs.zone).hour <= 18:
                yield ago * HOUR

    servers.filled("host/office", *hours())
    servers.look()
    for _ in range(48):
        if 8 <= servers.now.astimezone(servers.pbs.zone).hour <= 18:
            servers.pbs.backup("ds1", "host/office")
        assert servers.live(hours=1) == set()
    servers.live(hours=3)
    assert servers.group("host/office").brief == ("on", "overdue")


@pytest.mark.parametrize("name", ["host/laptop-anna", "host/nas"])
def test_g86_a_laptop_that_leaves_in_the_middle_of_a_backup_has_not_failed_yet(servers: ServerLab, name: str) -> None:
    if name == "host/nas":
        nightly(servers, 5)
    else:
        servers.filled(name, *LAPTOP)
    servers.look()
    servers.ds1.other = servers.ds1.total - 10
    servers.pbs.backup("ds1", name)
    servers.after(minutes=10)
    held = servers.group(name)
    assert held.code == "group_backup_failed"
    assert held.brief == (("on", "failed") if name == "host/nas" else ("off", "warning"))


def test_g80_a_copy_is_as_young_as_its_sync_lets_it_be(servers: ServerLab) -> None:
    servers.remote()
    source = nightly(servers, 9, store=servers.tank)
    servers.pull("tue 12:30")
    servers.look()
    for _ in range(12):
        servers.site.clock.advance(hours=24)
        source.add(int(servers.now.timestamp()) - 3_600)
        assert servers.live(minutes=1) == set()
    gap = servers.group_view("host/nas").usual_gap
    assert gap is not None
    assert abs(gap - timedelta(days=1)) < timedelta(minutes=5)
    servers.live(step=timedelta(minutes=30), days=7)
    assert servers.group("host/nas").brief == ("on", "overdue")
