"""What has happened between two looks."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.activity.detection import LONGEST_GAP
from custom_components.proxmox_backup_checker.checker.activity.events import ActivityEvent, ActivityKind
from custom_components.proxmox_backup_checker.checker.activity.job_changes import keeps_less
from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Facts, JobState, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason, Status
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import (
    Archive,
    BackupJob,
    IncludedGuest,
    IncludedVolume,
)
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from ..builders import NOW, facts, failed_log, good_log, guest, job, run

LOOK = timedelta(minutes=10)
GUESTS = (guest(101, name="web"), guest(102, name="db"))
NIGHTLY = job("nightly", 101, 102, storage="nas")
NOTHING_DONE = "INFO: starting new backup job: vzdump 101 102 --mode snapshot --quiet 1 --storage nas\n"


class Story:
    """Looks at a cluster one after the other; what is not told anew stays as it is."""

    def __init__(self, **known: Any) -> None:
        """Look for the first time."""
        self.known: dict[str, Any] = {"guests": GUESTS, "jobs": [NIGHTLY], "now": NOW, **known}
        self.assessment: Assessment = judge(self._facts(), History())
        assert self.assessment.events == ()

    def _facts(self, **changes: Any) -> Facts:
        known = {**self.known, **changes}
        return facts(known.pop("guests"), known.pop("jobs"), known.pop("runs", ()), **known)

    def look(self, after: timedelta = LOOK, **changes: Any) -> list[ActivityEvent]:
        """Look again after a time, at what has changed since."""
        self.known |= changes
        self.known["now"] += after
        self.assessment = judge(self._facts(), self.assessment.history)
        return list(self.assessment.events)


def kinds(events: Iterable[ActivityEvent]) -> list[str]:
    return [event.kind.value for event in events]


def nightly_run(at: datetime, status: str | None = "OK", **changes: Any) -> Any:
    log = good_log(101, 102, at=at) if status == "OK" else failed_log(101, "disk full", at=at)
    return run(changes.pop("log", log), status, started=at, seconds=60, **changes)


def test_nothing_has_happened_where_nothing_is_new() -> None:
    story = Story(runs=[nightly_run(NOW - timedelta(hours=13))])
    assert story.look() == []
    assert story.look(timedelta(days=3)) == []


def test_the_first_look_tells_nothing_not_even_of_what_has_just_ended() -> None:
    story = Story(runs=[nightly_run(NOW - timedelta(minutes=5))])
    assert story.assessment.events == ()
    assert story.look() == []


def test_a_run_is_told_once_with_all_that_is_known_of_it() -> None:
    story = Story()
    [told] = story.look(runs=[nightly_run(NOW)])

    assert told.kind is ActivityKind.RUN_SUCCEEDED
    assert (told.job_id, told.job, told.node, told.storage) == ("nightly", "21:00 → nas", "pve1", "nas")
    assert told.names == ("web (101)", "db (102)")
    assert told.moment == NOW + timedelta(minutes=1)
    assert (told.size, told.duration) == (2 * 3 * 1024**3, timedelta(minutes=1))
    assert told.identity == f"run_{told.upid}"
    assert story.look() == []


@pytest.mark.parametrize(
    ("made", "kind", "code"),
    [
        ({"status": "WARNINGS: 2"}, "run_warnings", "happened_run_warnings"),
        ({"status": "job errors"}, "run_failed", "happened_run_failed"),
        ({"status": "no such thing", "log": None}, "manual_run_failed", "happened_manual_run_failed_early"),
        ({"user": "admin@pam", "status": "job errors", "log": failed_log(101).replace("--quiet 1", "")}, "manual_run_failed", "happened_manual_run_failed"),
        ({"user": "admin@pam", "log": good_log(101, command="vzdump 101 --storage other")}, "manual_run_succeeded", "happened_manual_run_succeeded"),
        ({"user": "admin@pam", "status": "got lost", "log": None}, "manual_run_failed", "happened_manual_run_failed_early"),
        ({"log": good_log(101, command="vzdump 101 --quiet 1 --storage gone")}, "run_succeeded", "happened_run_of_unknown_job"),
        ({"status": "DONE", "log": NOTHING_DONE}, "run_warnings", "happened_run_unclear"),
        ({"status": "DONE", "log": None}, "run_warnings", "happened_run_unclear_of_no_job"),
    ],
)  # fmt: skip
def test_every_kind_of_run_has_its_kind_and_sentence(made: dict[str, Any], kind: str, code: str) -> None:
    made.setdefault("log", good_log(101, 102))
    if made.get("status") == "job errors" and "user" not in made:
        made["log"] = good_log(102, command="vzdump 101 102 --mode snapshot --quiet 1 --storage nas") + failed_log(101)
    [told] = Story().look(runs=[nightly_run(NOW, **made)])
    assert (told.kind.value, told.reason.code) == (kind, code)


def test_a_run_without_anything_to_do_is_nothing() -> None:
    assert Story().look(runs=[nightly_run(NOW, log=f"{NOTHING_DONE}TASK OK\n")]) == []


def test_what_is_seen_late_is_told_for_a_day() -> None:
    assert "run_succeeded" in kinds(Story().look(runs=[nightly_run(NOW - timedelta(hours=23))]))
    assert "run_succeeded" not in kinds(Story().look(runs=[nightly_run(NOW - timedelta(hours=25))]))


def test_after_a_long_gap_only_what_has_just_ended_is_told() -> None:
    later = NOW + LONGEST_GAP + timedelta(hours=1)
    runs = [nightly_run(later - timedelta(hours=2)), nightly_run(later - timedelta(minutes=30))]
    changed = job("nightly", 101, storage="other")
    told = Story().look(later - NOW, runs=runs, jobs=[changed])

    assert [event.moment for event in told] == [later - timedelta(minutes=29)]
    assert kinds(Story().look(LONGEST_GAP, runs=runs[:1], jobs=[NIGHTLY])) == ["run_succeeded"]


def test_the_oldest_comes_first() -> None:
    runs = [nightly_run(NOW - timedelta(minutes=minutes)) for minutes in (3, 9, 6)]
    moments = [event.moment for event in Story().look(runs=runs)]
    assert moments == sorted(moments)
    assert len(moments) == 3


def test_what_happens_to_an_ignored_job_is_nobodys_news() -> None:
    story = Story(policy=Policy(ignored_jobs=frozenset({"nightly"})))
    assert story.look(runs=[nightly_run(NOW)], jobs=[job("nightly", 101, 102, storage="nas", schedule="22:00")]) == []


def night(story: Story, *runs: Any, **changes: Any) -> list[ActivityEvent]:
    """Look every hour from the evening until the next morning."""
    told = []
    for _ in range(24):
        known = [made for made in runs if made.started <= story.known["now"] + timedelta(hours=1)]
        told += story.look(timedelta(hours=1), runs=known, **changes)
    return told


FIRST = datetime.fromisoformat("2025-09-02T19:00:00+00:00")


def test_a_missed_slot_is_told_once_and_its_recovery_once() -> None:
    story = Story(runs=[nightly_run(FIRST)])
    missed = night(story)
    assert kinds(missed) == ["run_missed"]
    assert missed[0].moment == FIRST + timedelta(days=1)
    assert missed[0].guests == (101, 102)
    assert [miss.code for miss in story.assessment.history.misses.values()] == ["run_missed"]

    told = night(story, nightly_run(FIRST + timedelta(days=2)))
    assert kinds(told) == ["run_succeeded", "recovered"]
    assert told[1].reason.values["since"] == missed[0].moment + timedelta(hours=2)
    assert told[1].job_id == "nightly"
    assert story.assessment.history.jobs["nightly"].failing_since is None


def test_a_gap_leaves_its_missed_slots_in_the_history_without_telling_them() -> None:
    story = Story(runs=[nightly_run(FIRST)])
    assert story.look(timedelta(days=3), runs=[]) == []
    slots = [miss.slot for miss in story.assessment.history.misses.values()]
    assert slots == [FIRST + timedelta(days=day) for day in (1, 2, 3)]


def test_a_row_of_failures_through_a_time_without_sight_is_one_recovery() -> None:
    story = Story()
    bad = failed_log(101, at=NOW).replace("vzdump 101", "vzdump 101 102")
    assert kinds(story.look(runs=[nightly_run(NOW, "job errors", log=bad)])) == ["run_failed"]
    since = story.assessment.history.jobs["nightly"].failing_since
    assert since is not None
    story.look(jobs=None)
    story.look(jobs=[NIGHTLY], runs=[nightly_run(NOW + timedelta(minutes=15), None, log=NOTHING_DONE)])
    assert story.assessment.jobs["nightly"].verdict.status is Status.RUNNING
    told = story.look(runs=[nightly_run(NOW + timedelta(minutes=35))])
    assert kinds(told) == ["run_succeeded", "recovered"]
    assert told[1].reason == Reason(ReasonCode.HAPPENED_JOB_RECOVERED, {"job": "21:00 → nas", "since": since})


def test_a_job_that_could_not_start_is_told_once_for_every_night() -> None:
    def stuck(at: datetime) -> list[JobState]:
        return [JobState(job_id="nightly", node="pve1", state="stopped", upid=None, message="no lock", updated=at)]

    story = Story()
    [told] = story.look(job_states=stuck(NOW))
    assert (told.kind.value, told.reason.code, told.moment) == ("run_failed", "job_could_not_start", NOW)
    assert story.look() == []
    assert kinds(story.look(job_states=stuck(NOW + timedelta(minutes=15)))) == ["run_failed"]


def test_jobs_that_come_go_and_change() -> None:
    story = Story()
    assert kinds(story.look(jobs=[NIGHTLY, job("second", 101)])) == ["job_created"]
    assert kinds(story.look(jobs=[NIGHTLY])) == ["job_deleted"]
    assert kinds(story.look(jobs=[NIGHTLY, job("second", 101)])) == ["job_created"]
    assert kinds(story.look(jobs=[NIGHTLY, job("second", 101, enabled=False)])) == ["job_disabled"]
    assert kinds(story.look(jobs=[NIGHTLY, job("second", 101)])) == ["job_enabled"]
    assert story.look(jobs=None) == []
    assert story.look(jobs=[NIGHTLY, job("second", 101)]) == []


def test_jobs_and_guests_that_the_token_may_see_at_last_are_no_storm() -> None:
    story = Story(jobs=None)
    assert story.look(jobs=[NIGHTLY, job("second", 101)]) == []
    assert kinds(story.look(jobs=[NIGHTLY, job("second", 101), job("third", 101)])) == ["job_created"]
    assert kinds(story.look(guests=[*GUESTS, *(guest(vmid) for vmid in range(200, 240))])) == ["guest_new"]


@pytest.mark.parametrize(
    ("changed", "code", "values"),
    [
        ({"schedule": "22:00"}, "changed_schedule", {"before": "21:00", "after": "22:00"}),
        ({"storage": "pbs"}, "changed_storage", {"before": "nas", "after": "pbs"}),
        ({"mode": "stop"}, "changed_mode", {"before": "snapshot", "after": "stop"}),
        ({"node": "pve1"}, "changed_node", {"before": "–", "after": "pve1"}),
        ({"pool": "prod"}, "changed_pool", {"before": "–", "after": "prod"}),
        ({"exclude": "103,9"}, "changed_exclusions", {"change": "+9 +103"}),
        ({"all": 1}, "changed_all_guests", {}),
        ({"prune_backups": "keep-daily=7"}, "changed_retention", {"before": "–", "after": "keep-daily=7"}),
    ],
)
def test_what_a_job_promises_now_is_told_beside_what_it_did(
    changed: dict[str, Any], code: str, values: dict[str, str]
) -> None:
    story = Story(guests=[guest(101, pool="prod"), guest(102, pool="prod")])
    options = {"storage": "nas", **changed}
    [told] = story.look(jobs=[job("nightly", 101, 102, **options)])
    assert (told.kind, told.details) == (ActivityKind.JOB_CHANGED, (Reason(ReasonCode(code), values),))


def test_guests_that_are_put_in_and_taken_out_of_a_list_are_named() -> None:
    [told, _] = Story().look(jobs=[job("nightly", 101, 105, storage="nas")])
    assert told.details == (Reason(ReasonCode.CHANGED_GUESTS, {"change": "+105 -102"}),)


@pytest.mark.parametrize(
    ("before", "after", "less"),
    [
        ("keep-daily=7", "keep-daily=3", True),
        ("keep-daily=7,keep-weekly=4", "keep-daily=14", True),
        ("keep-all=1", "keep-last=3", True),
        ("keep-daily=7", "keep-daily=9", False),
        ("keep-daily=7", "keep-all=1", False),
        ("keep-daily=7", "keep-daily=7,keep-weekly=4", False),
        (None, "keep-last=1", False),
        ("keep-last=1", None, False),
        ("keep-last=5", "nonsense", False),
    ],
)
def test_retention_that_keeps_less(before: str | None, after: str | None, less: bool) -> None:
    assert keeps_less(before, after) is less


def with_retention(keep: str) -> BackupJob:
    return job("nightly", 101, 102, storage="nas", prune_backups=dict([keep.split("=")]))


def test_a_cut_of_a_job_s_retention_is_a_kind_of_its_own() -> None:
    story = Story(jobs=[with_retention("keep-daily=7")])
    [told] = story.look(jobs=[with_retention("keep-daily=2")])
    assert (told.kind, told.job_id) == (ActivityKind.RETENTION_CUT, "nightly")
    assert (told.reason.values["before"], told.reason.values["after"]) == ("keep-daily=7", "keep-daily=2")


def nas(
    *archives: str, read: datetime = NOW, keep: str | None = None, kind: str = "nfs", **changes: Any
) -> list[StorageFacts]:
    """Return a storage that holds these archives, given as 101@3 for one of the guest 101 three days ago."""
    listed = []
    for text in archives:
        vmid, _, days = text.partition("@")
        ctime = int((NOW - timedelta(days=int(days))).timestamp())
        moment = datetime.fromtimestamp(ctime)
        name = f"nas:backup/vzdump-qemu-{vmid}-{moment:%Y_%m_%d-%H_%M_%S}.vma.zst"
        if kind == "pbs":
            name = f"nas:backup/vm/{vmid}/{moment:%Y-%m-%dT%H:%M:%SZ}"
        listed.append(Archive(volid=name, storage="nas", vmid=int(vmid), guest_type="qemu", ctime=ctime))
    listing = ArchiveListing(read_at=read, archives=tuple(listed), complete=True, detailed=False)
    made = StorageFacts(
        storage="nas",
        node=None,
        plugin_type=kind,
        active_on=frozenset({"pve1"}),
        keep=KeepOptions.parse(keep) if keep else None,
        listing=listing,
    )
    return [replace(made, **changes)]


def later(story: Story, *archives: str, **changes: Any) -> list[ActivityEvent]:
    return story.look(storages=nas(*archives, read=story.known["now"] + LOOK, **changes))


def test_a_storage_that_keeps_less_is_told() -> None:
    story = Story(storages=nas("101@1", keep="keep-last=5"))
    [told] = later(story, "101@1", keep="keep-last=2")
    assert (told.kind, told.storage, told.job_id) == (ActivityKind.RETENTION_CUT, "nas", None)


def test_archives_that_nobody_was_to_remove_have_vanished_once() -> None:
    story = Story(storages=nas("101@1", "101@2", "102@1", "102@2"))
    [told] = later(story, "101@2", "102@2")

    assert (told.kind, told.storage) == (ActivityKind.ARCHIVE_VANISHED, "nas")
    assert sorted(told.guests) == [101, 102]
    assert "vzdump-qemu-101" in str(told.reason.values["archives"])
    assert later(story, "101@2", "102@2") == []


def test_what_prune_removes_has_not_vanished() -> None:
    story = Story(storages=nas("101@1", "101@2", "101@3", keep="keep-last=3"))
    assert later(story, "101@0", "101@1", "101@2", keep="keep-last=3") == []
    # This one retention would have kept.
    assert kinds(later(story, "101@0", "101@2", keep="keep-last=3")) == ["archive_vanished"]


def test_what_a_retention_that_is_not_known_may_have_removed_has_not_vanished_but_for_the_newest() -> None:
    story = Story(storages=nas("101@1", "101@2", "101@3", kind="pbs"))
    assert later(story, "101@1", kind="pbs") == []
    assert kinds(later(story, "102@3", kind="pbs")) == ["archive_vanished"]


def test_archives_that_go_with_their_guest_have_not_vanished() -> None:
    story = Story(storages=nas("101@1", "102@1"))
    story.known["guests"] = GUESTS[:1]
    assert later(story, "101@1") == []


def test_a_storage_on_which_something_else_is_mounted_has_lost_nothing() -> None:
    story = Story(storages=nas("101@1", "101@2", "102@1", "102@2"))
    assert later(story) == []
    story = Story(storages=nas("101@1", "101@2", "102@1", total=1000))
    assert later(story, "102@9", total=100) == []


def test_a_listing_that_may_not_be_complete_proves_nothing() -> None:
    story = Story(storages=nas("101@1", "101@2"))
    listing = ArchiveListing(read_at=NOW + LOOK, archives=(), complete=False, detailed=True)
    assert story.look(storages=nas(listing=listing)) == []


def test_guests_that_are_in_no_job_any_more_are_told_together() -> None:
    story = Story()
    told = story.look(jobs=[job("nightly", 999, storage="nas")])
    assert kinds(told) == ["job_changed", "guest_uncovered"]
    assert told[1].names == ("web (101)", "db (102)")
    assert story.look() == []
    assert story.look(jobs=None) == []
    assert story.look(jobs=[job("nightly", 999, storage="nas")]) == []


def test_a_guest_of_a_disabled_job_is_not_without_a_job_until_that_is_gone() -> None:
    story = Story()
    assert kinds(story.look(jobs=[replace(NIGHTLY, enabled=False)])) == ["job_disabled"]
    assert kinds(story.look(jobs=[])) == ["job_deleted", "guest_uncovered"]


def test_new_guests_are_told_by_whether_they_are_in_a_job_and_templates_and_ignored_ones_never() -> None:
    everybody = [
        *GUESTS,
        guest(103, name="new"),
        guest(104, template=True),
        guest(105, tags=("no-backup",)),
    ]
    [told] = Story().look(guests=everybody)
    assert (told.kind, told.reason.code, told.names) == (
        ActivityKind.GUEST_NEW, "happened_guests_new_without_job", ("new (103)",),
    )  # fmt: skip
    story = Story(jobs=[job("all", all=1)])
    [told] = story.look(guests=[*GUESTS, guest(103)])
    assert told.reason.code == "happened_guests_new"
    assert story.look() == []


def test_guests_that_the_token_may_only_see_at_last_are_not_new_and_have_a_past() -> None:
    story = Story(guests=(), runs=[nightly_run(NOW - timedelta(hours=13))])
    assert story.look(guests=GUESTS) == []
    assert {view.verdict.status for view in story.assessment.guests.values()} == {Status.OK}


def test_a_disk_that_is_newly_left_out_is_told_once() -> None:
    def included(*, scsi1: bool) -> dict[str, tuple[IncludedGuest, ...]]:
        disks = (
            IncludedVolume(key="scsi0", volume="a", included=True, reason="enabled"),
            IncludedVolume(key="scsi1", volume="b", included=scsi1, reason="disabled"),
        )
        return {"nightly": (IncludedGuest(vmid=101, guest_type="qemu", name="web", volumes=disks),)}

    story = Story(included=included(scsi1=True))
    [told] = story.look(included=included(scsi1=False))
    assert told.kind is ActivityKind.DISK_EXCLUDED
    assert told.reason.values == {"guest": "web (101)", "disks": "scsi1"}
    assert story.look() == []


def test_guests_whose_pool_can_no_longer_be_seen_are_not_called_uncovered() -> None:
    pooled = [guest(101, pool="web")]
    story = Story(guests=pooled, jobs=[job("off", enabled=False, pool="web")])
    told = story.look(guests=[replace(pooled[0], pool=None)], pools_visible=False)
    assert kinds(told) == []


def test_a_guest_is_new_once_even_while_our_clock_stands_still() -> None:
    story = Story()
    more = (*GUESTS, guest(103, name="new"))
    assert kinds(story.look(guests=more)) == ["guest_new"]
    # Where no node tells the time either, that of the last look goes on.
    assert [kinds(story.look(-LOOK)) for _ in range(3)] == [[], [], []]
