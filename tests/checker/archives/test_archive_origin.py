"""Whose an archive is: evidence makes it ours or foreign, and without any it is neither."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.activity.events import ActivityKind
from custom_components.proxmox_backup_checker.checker.archives.archive_index import ArchiveIndex
from custom_components.proxmox_backup_checker.checker.archives.archive_origin import (
    Origin,
    Provenance,
    unnamed_archives,
)
from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.facts import (
    ArchiveListing,
    Blindness,
    Facts,
    NodeFacts,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import (
    FEWEST_RUNS_PER_GUEST,
    GuestRecord,
    History,
    RunRecord,
)
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Status
from custom_components.proxmox_backup_checker.checker.runs.run_index import RunIndex
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ..builders import BERLIN, NOW, facts, good_log, guest, job, run

WEB = guest(101, name="web")
LAST_NIGHT = NOW - timedelta(hours=13)
A_MONTH_AGO = NOW - timedelta(days=30)


def snapshot(moment: datetime, storage: str = "pbs", **changes: Any) -> Archive:
    """Return a finished snapshot of guest 101 on a backup server, or a file on another storage."""
    ctime = int(moment.timestamp())
    name = f"vm/101/{moment:%Y-%m-%dT%H:%M:%SZ}" if storage == "pbs" else f"vzdump-qemu-101-{_stamp(moment)}.vma.zst"
    made = Archive(volid=f"{storage}:backup/{name}", storage=storage, vmid=101, guest_type="qemu", ctime=ctime, size=9)
    return replace(made, **changes)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}"


def outcome(archive: Archive | None, started: datetime = LAST_NIGHT, **changes: Any) -> Outcome:
    """Return a good outcome that wrote an archive, or one of which no name is known."""
    name = None
    if archive is not None:
        path = archive.volid.partition(":backup/")[2]
        name = path if path.startswith("vm/") else f"/mnt/pve/nas/dump/{path}"
    made = Outcome(
        vmid=101,
        upid=f"UPID:{started.timestamp()}",
        node="pve1",
        result=Result.OK,
        started=started,
        finished=started + timedelta(minutes=5),
        error=None,
        job_id="nightly",
        confidence=Confidence.MATCHED,
        storage="pbs",
        archive=name,
    )
    return replace(made, **changes)


def record(*outcomes: Outcome, started: datetime = LAST_NIGHT, logged: bool = True) -> RunRecord:
    return RunRecord(
        upid=f"UPID:{started.timestamp()}",
        node="pve1",
        started=started,
        ended=started + timedelta(minutes=10),
        status="OK",
        job_id="nightly",
        confidence=Confidence.MATCHED,
        outcomes=outcomes,
        logged=logged,
    )


def seen(*archives: Archive, nodes: dict[str, NodeFacts] | None = None, **changes: Any) -> Facts:
    """Return facts of two nodes all of whose runs of the last month are known."""
    storages = tuple(
        StorageFacts(
            storage=name,
            node="pve1" if name == "local" else None,
            plugin_type="pbs" if name == "pbs" else "nfs",
            listing=ArchiveListing(
                read_at=changes.get("now", NOW),
                archives=tuple(archive for archive in archives if archive.storage == name),
                complete=True,
                detailed=True,
            ),
        )
        for name in ("pbs", "nas", "local")
    )
    guests = changes.pop("guests", (WEB, guest(102, node="pve2")))
    return replace(
        facts(guests, [job("nightly", 101, storage="nas")], storages=storages), nodes=nodes or known_nodes(), **changes
    )


def known_nodes(**changes: Any) -> dict[str, NodeFacts]:
    """Return both nodes; the changes are of the second."""
    node = NodeFacts(name="pve1", zone=BERLIN, tasks_read=NOW, runs_known_since=A_MONTH_AGO)
    return {"pve1": node, "pve2": replace(node, name="pve2", **changes)}


def provenance(
    known: Facts, *records: RunRecord, running: tuple[RunRecord, ...] = (), history: History | None = None
) -> Provenance:
    index = RunIndex.of({record.upid: record for record in records})
    history = replace(history or History(), runs=index.runs)
    unnamed = unnamed_archives(ArchiveIndex.of(known.storages), index)
    return Provenance(facts=known, history=history, index=index, unnamed=unnamed, running=running)


@pytest.mark.parametrize("storage", ["pbs", "nas"])
def test_what_a_run_of_ours_says_it_wrote_is_ours(storage: str) -> None:
    archive = snapshot(LAST_NIGHT, storage)
    assert provenance(seen(), record(outcome(archive))).origin(archive) is Origin.OURS
    running = record(outcome(archive, result=Result.RUNNING))
    assert provenance(seen(), running=(running,)).origin(archive) is Origin.OURS


def test_a_copy_on_another_storage_is_ours_too() -> None:
    pulled = snapshot(LAST_NIGHT, "pbs")
    elsewhere = outcome(pulled, storage="other-pbs")
    assert provenance(seen(), record(elsewhere)).origin(pulled) is Origin.OURS


@pytest.mark.parametrize("storage", ["pbs", "nas"])
def test_what_no_run_wrote_while_all_runs_are_known_is_foreign(storage: str) -> None:
    ours, other = snapshot(LAST_NIGHT, storage), snapshot(LAST_NIGHT + timedelta(seconds=3), storage)
    assert provenance(seen(), record(outcome(ours))).origin(other) is Origin.FOREIGN


def test_what_another_node_may_have_written_hours_later_by_its_own_zone_is_not_foreign() -> None:
    early = NOW - timedelta(hours=4)
    for zone, origin in ((BERLIN, Origin.FOREIGN), (ZoneInfo("America/New_York"), Origin.UNCERTAIN)):
        nodes = known_nodes(zone=zone, tasks_read=NOW - timedelta(hours=2), blindness=Blindness.TASKS_HIDDEN)
        listed = seen(snapshot(early, "nas"), nodes=nodes)
        by_first = [
            replace(storage, listing=storage.listing and replace(storage.listing, listed_by="pve1", zone=BERLIN))
            for storage in listed.storages
        ]
        assert provenance(replace(listed, storages=tuple(by_first))).origin(snapshot(early, "nas")) is origin


def test_a_backup_whose_archive_is_not_named_wrote_what_was_begun_meanwhile() -> None:
    nameless = record(outcome(None))
    assert provenance(seen(), nameless).origin(snapshot(LAST_NIGHT + timedelta(minutes=2))) is Origin.OURS
    assert provenance(seen(), nameless).origin(snapshot(LAST_NIGHT + timedelta(hours=2))) is Origin.FOREIGN


@pytest.mark.parametrize(
    "nodes",
    [
        known_nodes(runs_known_since=None),
        known_nodes(runs_known_since=NOW - timedelta(hours=1)),
        known_nodes(tasks_read=None),
        known_nodes(tasks_read=NOW - timedelta(days=1), blindness=Blindness.NODE_UNREACHABLE),
        known_nodes(skew=timedelta(days=-1)),
    ],
    ids=["hidden", "rotated", "never read", "offline", "clock"],
)
def test_where_the_runs_of_some_node_are_not_known_an_archive_is_uncertain(nodes: dict[str, NodeFacts]) -> None:
    assert provenance(seen(nodes=nodes)).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN


def test_a_guest_is_backed_up_where_it_is_so_the_runs_of_other_nodes_do_not_matter() -> None:
    known = seen(nodes=known_nodes(runs_known_since=None))
    stayed = GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)
    watched = History(began=A_MONTH_AGO, guests={101: stayed})
    assert provenance(known, history=watched).origin(snapshot(LAST_NIGHT)) is Origin.FOREIGN
    moved = History(began=A_MONTH_AGO, guests={101: replace(stayed, moved=NOW - timedelta(hours=1))})
    assert provenance(known, history=moved).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN
    lately = History(began=NOW - timedelta(hours=1), guests={101: stayed})
    assert provenance(known, history=lately).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN


def test_a_node_that_has_no_guest_and_never_ran_a_backup_hides_nothing() -> None:
    idle = seen(nodes=known_nodes(runs_known_since=None), guests=(WEB,))
    assert provenance(idle).origin(snapshot(LAST_NIGHT)) is Origin.FOREIGN
    once = replace(
        record(outcome(None, LAST_NIGHT - timedelta(days=3)), started=LAST_NIGHT - timedelta(days=3)), node="pve2"
    )
    assert provenance(idle, once).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN


def test_what_was_written_before_the_runs_are_known_or_a_moment_ago_is_uncertain() -> None:
    assert provenance(seen()).origin(snapshot(A_MONTH_AGO - timedelta(days=1))) is Origin.UNCERTAIN
    assert provenance(seen()).origin(snapshot(NOW)) is Origin.UNCERTAIN


def test_a_run_whose_log_is_gone_or_still_to_be_read_can_have_written_anything() -> None:
    logless = record(logged=False, started=LAST_NIGHT - timedelta(minutes=1))
    assert provenance(seen(), logless).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN
    unread = seen(unread_runs=(LAST_NIGHT - timedelta(minutes=1),))
    assert provenance(unread).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN
    assert provenance(unread).origin(snapshot(LAST_NIGHT - timedelta(days=1))) is Origin.FOREIGN


def test_a_run_whose_log_names_no_guest_can_have_written_anything_on_its_node() -> None:
    odd = record(started=LAST_NIGHT - timedelta(minutes=1))
    assert provenance(seen(), odd).origin(snapshot(LAST_NIGHT)) is Origin.UNCERTAIN
    stayed = GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)
    history = History(began=A_MONTH_AGO, guests={101: stayed})
    elsewhere = replace(odd, node="pve2")
    assert provenance(seen(), elsewhere, history=history).origin(snapshot(LAST_NIGHT)) is Origin.FOREIGN


def test_a_log_in_words_that_are_new_to_us_takes_no_archive_away_from_its_guest() -> None:
    odd = "INFO: backup of VM 101 has been completed\nTASK OK\n"
    before = seen(now=LAST_NIGHT - timedelta(hours=1))
    history = judge(before, History()).history
    known = seen(snapshot(LAST_NIGHT + timedelta(seconds=5), "nas"), runs=(run(odd, started=LAST_NIGHT),))
    assert judge(known, history).guests[101].verdict.status is Status.OK


def test_a_storage_may_keep_its_backups_in_any_folder() -> None:
    archive = snapshot(LAST_NIGHT, "nas")
    path = f"/mnt/pve/nas/pve/backups/{archive.volid.rpartition('/')[2]}"
    assert provenance(seen(), record(replace(outcome(archive), archive=path))).origin(archive) is Origin.OURS
    log = good_log(101).replace("/mnt/pve/nas/dump/vzdump-qemu-101-x.vma.zst", path)
    history = judge(seen(archive, runs=(run(log, started=LAST_NIGHT),)), History()).history
    assert not history.guests[101].missing


def test_what_the_history_no_longer_holds_is_uncertain() -> None:
    many = [
        record(outcome(None, NOW - timedelta(hours=number)), started=NOW - timedelta(hours=number))
        for number in range(1, FEWEST_RUNS_PER_GUEST + 1)
    ]
    assert provenance(seen(), *many).origin(snapshot(NOW - timedelta(days=20))) is Origin.UNCERTAIN


def test_nobody_else_writes_on_a_nodes_own_storage_and_a_renamed_file_is_anybodys() -> None:
    assert provenance(seen()).origin(snapshot(LAST_NIGHT, "local")) is Origin.UNCERTAIN
    renamed = snapshot(LAST_NIGHT, "nas", volid="nas:backup/vzdump-qemu-101-before-upgrade.vma.zst", renamed=True)
    assert provenance(seen()).origin(renamed) is Origin.UNCERTAIN


def _attributable(*archives: Archive, records: tuple[RunRecord, ...] = ()) -> list[Archive]:
    return list(provenance(seen(*archives), *records).attributable(WEB, archives))


def test_uncertain_archives_count_until_a_foreign_one_lies_beside_them() -> None:
    old, foreign = snapshot(A_MONTH_AGO - timedelta(days=1)), snapshot(LAST_NIGHT)
    assert _attributable(old) == [old]
    assert _attributable(old, foreign) == []
    elsewhere = snapshot(A_MONTH_AGO - timedelta(days=1), "nas")
    assert _attributable(elsewhere, foreign) == [elsewhere]


def test_notes_with_the_guests_own_name_make_up_for_a_foreign_neighbour() -> None:
    named = snapshot(A_MONTH_AGO - timedelta(days=1), notes="web")
    assert _attributable(named, snapshot(LAST_NIGHT)) == [named]


@pytest.mark.parametrize(
    ("notes", "counts"), [("web", True), ("shop", False), ("web-old", True), ("before the upgrade", True), (None, True)]
)
def test_notes_with_the_name_of_another_guest_are_evidence_against_an_uncertain_archive(
    notes: str | None, counts: bool
) -> None:
    archive = snapshot(A_MONTH_AGO - timedelta(days=1), notes=notes)
    assert _attributable(archive) == ([archive] if counts else [])


@pytest.mark.parametrize("notes", ["pve1", "home", "101", "nightly"])
def test_notes_that_jobs_leave_on_every_archive_name_no_guest(notes: str) -> None:
    archive = snapshot(A_MONTH_AGO - timedelta(days=1), notes=notes)
    known = replace(seen(archive), jobs=(job("nightly", 101, notes_template="nightly"),))
    assert provenance(known).attributable(WEB, [archive]) == [archive]


def test_whatever_the_notes_say_what_we_wrote_is_ours() -> None:
    ours = snapshot(LAST_NIGHT, notes="shop")
    assert _attributable(ours, records=(record(outcome(ours)),)) == [ours]


def test_a_missed_slot_is_not_made_good_by_the_backup_of_another_cluster() -> None:
    before = LAST_NIGHT - timedelta(days=1)
    ours, foreign = snapshot(before), snapshot(LAST_NIGHT + timedelta(seconds=5))
    log = good_log(101, at=before).replace(
        "/mnt/pve/nas/dump/vzdump-qemu-101-x.vma.zst", f"vm/101/{before:%Y-%m-%dT%H:%M:%SZ}"
    )
    evening = seen(ours, runs=(run(log, started=before),), now=before + timedelta(hours=2))
    history = judge(evening, History()).history

    held = judge(seen(ours, foreign), history).guests[101]
    assert (held.verdict.status, held.verdict.reason.code) == (Status.OVERDUE, "run_missed")
    assert held.verdict.last_success == before
    assert held.verdict.trace["foreign_archives"] == "1"
    assert held.figures.restore_points == 1

    served = seen(ours, foreign, runs=(run(good_log(101), started=LAST_NIGHT),))
    verdict = judge(served, history).guests[101].verdict
    assert verdict.problem is False
    assert "archives_of_several_clusters" in {finding.code for finding in verdict.findings}


def test_what_another_cluster_removes_of_its_own_is_no_news() -> None:
    before = LAST_NIGHT - timedelta(days=1)
    ours, foreign = snapshot(before), snapshot(LAST_NIGHT + timedelta(hours=1))
    log = good_log(101, at=before).replace(
        "/mnt/pve/nas/dump/vzdump-qemu-101-x.vma.zst", f"vm/101/{before:%Y-%m-%dT%H:%M:%SZ}"
    )
    first = judge(seen(ours, foreign, runs=(run(log, started=before),), now=NOW - timedelta(hours=1)), History())
    without_foreign = judge(seen(ours), first.history, first)
    assert without_foreign.events == ()
    without_ours = judge(seen(foreign), first.history, first)
    assert [event.kind for event in without_ours.events] == [ActivityKind.ARCHIVE_VANISHED]
