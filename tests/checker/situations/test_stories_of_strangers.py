"""Situations as strangers tell of them, in five kinds: what they see, and what a careful reader would say to it."""

from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.texts.localizer import Localizer
from simulator.jobs import Planned
from simulator.outcomes import Outcome, failed, running, storage_unreachable

from .scene import IO_ERROR, NIGHTLY, Scene, brief, several_nodes

OK, FAILED, OVERDUE = (Status.OK, False), (Status.FAILED, True), (Status.OVERDUE, True)
SIX_HOURS = timedelta(hours=6)
IN_ITS_NAMESPACE = "lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 --"
PACKED = "/mnt/pve/nas/dump/vzdump-lxc-102-2026_01_14-02_00_01"
LONG_COMMANDS = {
    "the client of the backup server": (
        f"command '{IN_ITS_NAMESPACE} /usr/bin/proxmox-backup-client backup --crypt-mode=none"
        " pct.conf:/var/tmp/vzdumptmp4711_102/etc/vzdump/pct.conf root.pxar:/mnt/vzsnap0 --include-dev /mnt/vzsnap0/./"
        " --skip-lost-and-found --exclude=/tmp/?* --backup-type ct --backup-id 102 --backup-time 1768352401"
        " --repository backup@pbs@10.0.0.5:store' failed: exit code 255",
        "pbs_client_failed",
    ),
    "tar and its packer": (
        f"command 'set -o pipefail && {IN_ITS_NAMESPACE} tar cpf - --totals --one-file-system -p --sparse --numeric-owner"
        " --acls --xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability' '--warning=no-file-ignored'"
        f" '--directory={PACKED}.tmp' ./etc/vzdump/pct.conf '--directory=/mnt/vzsnap0' --no-anchored"
        f" '--exclude=lost+found' --anchored './' | zstd --rsyncable '--threads=1' >{PACKED}.tar.dat' failed: exit code 2",
        "tar_failed",
    ),
    "rsync": (
        "command 'rsync --stats -h -X -A --numeric-ids -aH --delete --no-whole-file --sparse --one-file-system --relative"
        f" '--exclude=/tmp/?*' '--exclude=/var/tmp/?*' /proc/4711/root//./ {PACKED}.tmp' failed: exit code 23",
        "copy_failed",
    ),
    "a program that the kernel killed": (
        f"command '{IN_ITS_NAMESPACE} /usr/bin/proxmox-backup-client backup --crypt-mode=encrypt --keyfd=12"
        " pct.conf:/var/tmp/vzdumptmp4711_102/etc/vzdump/pct.conf root.pxar:/mnt/vzsnap0 --include-dev /mnt/vzsnap0/./'"
        " failed: got signal 9",
        "command_killed",
    ),
    "something of their own": (
        "command '/usr/local/sbin/freeze-the-database-and-wait-for-it --host db.example.org --as backup --until consistent"
        " --or-give-up-after 600 --and-tell-everybody-who-is-interested-in-it --with many --more words' failed: exit code 7",
        None,
    ),
}


@pytest.fixture(name="scene")
def _scene() -> object:
    with Scene(several_nodes) as made:
        yield made


def code(scene: Scene, vmid: int) -> str:
    """Return why a guest is as it is."""
    return scene.guest(vmid).reason.code.value


def findings(scene: Scene, vmid: int) -> set[str]:
    """Return what else is told of a guest."""
    return {finding.code.value for finding in scene.guest(vmid).findings}


# A sentence that is cut within the command.


@pytest.mark.parametrize(("error", "cause"), LONG_COMMANDS.values(), ids=LONG_COMMANDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_of_a_long_command_the_sentence_says_what_happened_and_no_part_of_it(
    scene: Scene, error: str, cause: str | None, language: str
) -> None:
    scene.good_night()
    scene.cluster.guest(scene.second).fails(failed(error), job=NIGHTLY)
    scene.night(2)
    verdict = scene.guest(scene.second)
    assert scene.brief(scene.second) == FAILED
    assert (verdict.cause and verdict.cause.code) == cause
    sentence = Localizer(language).sentence(verdict.reason)
    assert not {part for part in ("…", "--", "/", "command '") if part in sentence}
    assert len(sentence) < 160


# A storage that is on for the run alone.


def rests(scene: Scene, *days: int) -> set[str]:
    """Let the storage be on for the slots of these days alone, and return all problems at a look every six hours."""
    storage, seen = scene.cluster.storage(scene.storage), set()
    for day in days:
        seen |= scene.live(
            hours=(scene.slot(day) - timedelta(minutes=5) - scene.now) / timedelta(hours=1), step=SIX_HOURS
        )
        storage.come_online()
        scene.until(scene.slot(day) + timedelta(hours=1))
        storage.go_offline()
        scene.after(minutes=20)
        seen |= scene.problems()
    return seen


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ("02:00", (2, 3, 4, 5)),
        ("sun 02:00", (6, 13, 20)),
        ("sat,sun 02:00", (5, 6, 12, 13)),
        ("*-*-15 02:00", (3, 34)),
    ],
    ids=["every night", "every Sunday", "at the weekend", "once a month"],
)
def test_a_storage_that_is_on_for_the_run_alone_is_no_problem_in_between(
    scene: Scene, schedule: str, days: tuple[int, ...]
) -> None:
    scene.good_night()
    scene.nightly.reschedule(schedule)
    scene.look()
    assert rests(scene, *days) == set()
    assert {scene.brief(vmid) for vmid in scene.guests} == {OK}
    scene.restart()
    scene.look()
    assert scene.problems() == set()


def test_a_storage_that_does_not_come_for_its_run_fails_it(scene: Scene) -> None:
    scene.good_night()
    scene.nightly.reschedule("sun 02:00")
    scene.look()
    assert rests(scene, 6) == set()
    scene.nightly.next_run_ends(outcome=storage_unreachable(f"storage '{scene.storage}' is not online"))
    scene.night(13)
    assert {scene.brief(vmid) for vmid in scene.guests} == {FAILED}
    assert scene.of_job == FAILED
    assert scene.guest(scene.first).cause is not None


# A slot between two jobs that are bound to nodes.


def two_jobs(scene: Scene, *, storages: tuple[str, str] = ("nas", "nas"), spare: bool = False) -> None:
    """Put a guest into a job of Saturday on pve1 and one of Sunday on pve2, where it is; it is fine until the 24th."""
    scene.cluster.add_ct(120, "wanderer", "pve2", size=2)
    scene.cluster.add_job("a", "sat 01:00", storages[0], vmid="120", node="pve1")
    scene.cluster.add_job("b", "sun 01:00", storages[1], vmid="120", node="pve2")
    if spare:
        scene.cluster.add_job("c", "sun 04:00", "nas", vmid="120")
    scene.look()
    scene.night(6)
    scene.night(7)
    assert scene.brief(120) == OK
    scene.until(scene.slot(12, 12))


def test_who_gets_a_job_after_the_move_away_from_the_old_one_waits_for_its_first_slot(scene: Scene) -> None:
    scene.cluster.add_ct(120, "wanderer", "pve2", size=2)
    scene.cluster.add_job("b", "sun 01:00", "nas", vmid="120", node="pve2")
    scene.look()
    scene.night(7)
    assert scene.brief(120) == OK
    scene.until(scene.slot(8, 12))
    scene.cluster.guest(120).migrate("pve1")
    scene.after(minutes=15)
    scene.until(scene.slot(17, 12))
    assert (scene.guest(120).problem, code(scene, 120)) == (True, "job_on_other_node")
    scene.cluster.add_job("c", "sat 04:00", "nas", vmid="120")
    scene.after(minutes=15)
    assert scene.guest(120).problem is False
    scene.until(scene.slot(20, 12))
    assert scene.guest(120).problem is False


@pytest.mark.parametrize("storages", [("nas", "nas"), ("local", "nas")], ids=["one storage", "two storages"])
def test_who_moves_away_before_either_slot_says_which_week_is_missing(scene: Scene, storages: tuple[str, str]) -> None:
    two_jobs(scene, storages=storages)
    scene.cluster.guest(120).migrate("pve1")
    scene.after(minutes=15)
    good = scene.guest(120).last_success
    scene.until(scene.slot(13, 12))
    assert (scene.brief(120), code(scene, 120)) == (OVERDUE, "moved_between_jobs")
    assert scene.guest(120).reason.values["last"] == good
    scene.until(scene.slot(18, 6))
    assert (scene.brief(120), scene.guest(120).last_success) == (OVERDUE, good)
    scene.night(19)
    assert scene.brief(120) == OK


def test_who_moves_after_the_slot_of_the_week_owes_nothing_before_the_next(scene: Scene) -> None:
    two_jobs(scene)
    scene.night(13)
    scene.cluster.guest(120).migrate("pve1")
    assert scene.live(days=5, step=SIX_HOURS) == set()
    scene.night(19)
    assert scene.brief(120) == OK


def test_a_job_of_all_nodes_beside_the_two_keeps_the_week(scene: Scene) -> None:
    two_jobs(scene, spare=True)
    scene.cluster.guest(120).migrate("pve1")
    scene.until(scene.slot(13, 12))
    assert scene.brief(120) == OK
    assert scene.problems() == set()


def test_a_backup_by_hand_after_the_move_keeps_the_week(scene: Scene) -> None:
    two_jobs(scene)
    scene.cluster.guest(120).migrate("pve1")
    scene.hand(120, "nas")
    scene.until(scene.slot(13, 12))
    assert scene.guest(120).problem is False


# What is said while a run goes on.


def test_the_first_run_that_is_seen_is_no_earlier_one(scene: Scene) -> None:
    scene.ends({scene.first: running()})
    scene.look()
    scene.until(scene.slot(1) + timedelta(minutes=30))
    assert (scene.job(NIGHTLY).status, scene.job(NIGHTLY).reason.code) == (Status.RUNNING, "job_no_earlier_run_seen")
    assert (scene.guest(scene.first).status, code(scene, scene.first)) == (Status.RUNNING, "no_earlier_run_seen")
    assert code(scene, scene.second) == "no_run_seen"


def test_a_new_job_that_waits_for_another_says_that_and_its_guest_is_not_under_way(scene: Scene) -> None:
    scene.good_night()
    scene.cluster.add_vm(130, "fresh", "pve1", size=1)
    scene.cluster.add_job("fresh", "02:15", "nas", vmid="130", comment="fresh")
    scene.ends({scene.first: running()})
    scene.after(minutes=5)
    scene.until(scene.slot(2) + timedelta(minutes=30))
    assert (scene.job("fresh").status, scene.job("fresh").reason.code) == (Status.WAITING, "job_first_run_waits")
    assert scene.guest(130).status is Status.PENDING
    for run in scene.here.runs:
        run.go_on()
    scene.after(minutes=30)
    assert (brief(scene.job("fresh")), scene.brief(130)) == (OK, OK)


def test_a_new_job_that_runs_for_the_first_time_says_that(scene: Scene) -> None:
    scene.good_night()
    scene.cluster.add_vm(130, "fresh", "pve1", size=1)
    scene.cluster.add_job("fresh", "05:00", "nas", vmid="130", comment="fresh")
    scene.cluster.job("fresh").planned["pve1"] = Planned(outcomes={130: running()})
    scene.after(minutes=5)
    scene.until(scene.slot(2, 5) + timedelta(minutes=10))
    assert (scene.job("fresh").status, scene.job("fresh").reason.code) == (Status.RUNNING, "job_first_run_in_progress")
    assert (scene.guest(130).status, code(scene, 130)) == (Status.RUNNING, "first_run_in_progress")


def test_a_night_that_is_not_over_is_none_without_a_backup(scene: Scene) -> None:
    scene.good_night()
    for day in (2, 3, 4):
        scene.night(day)
    scene.ends({scene.second: running()})
    scene.until(scene.slot(5) + timedelta(hours=1))
    for vmid in (scene.first, scene.second, scene.third):
        assert scene.guest(vmid).problem is False
        assert "retention_short" not in findings(scene, vmid)
    assert code(scene, scene.first) == "backed_up"
    scene.until(scene.slot(5) + timedelta(hours=3))
    assert (scene.guest(scene.second).problem, findings(scene, scene.second)) == (False, set())


def test_a_night_that_failed_is_named_alone_while_a_later_one_goes_on(scene: Scene) -> None:
    scene.good_night()
    scene.cluster.guest(scene.first).fails(failed(IO_ERROR), job=NIGHTLY)
    scene.night(2)
    scene.cluster.guest(scene.first).recovers()
    scene.night(3)
    scene.ends({scene.first: running()})
    scene.until(scene.slot(4) + timedelta(hours=3))
    (finding,) = scene.guest(scene.first).findings
    assert (finding.code, finding.values["nights"]) == ("retention_short", "2026-01-14")


def test_whose_turn_has_not_come_is_not_told_that_the_job_did_not_run(scene: Scene) -> None:
    scene.good_night()
    scene.ends({scene.second: running()})
    scene.until(scene.slot(2) + timedelta(hours=3))
    verdict = scene.guest(scene.third)
    assert (scene.brief(scene.third), verdict.reason.code) == (OVERDUE, "turn_not_come")
    assert verdict.reason.values["since"] == scene.slot(2) + timedelta(seconds=1)
    assert scene.brief(scene.far) == OK
    scene.until(scene.slot(3) + timedelta(hours=4))
    assert (scene.brief(scene.third), code(scene, scene.third)) == (OVERDUE, "run_hangs_since")


# What the log of a run says that does not end.

FAILURES = {
    "a disk": (IO_ERROR, "disk_error"),
    "a lock": ("VM is locked (snapshot)", "vm_locked"),
    "an agent that does not answer": ("VM 101 qga command 'guest-ping' failed - got timeout", None),
    "a server that is away": (
        "VM 101 qmp command 'backup' failed - backup connect failed: command error: error trying to connect: tcp connect"
        " error: Connection refused (os error 111)",
        "pbs_refused",
    ),
    "a text of nobody": ("the moon is full", None),
}


@pytest.mark.parametrize(("error", "cause"), FAILURES.values(), ids=FAILURES)
def test_who_failed_in_a_run_that_hangs_has_failed_at_once_and_stays_a_problem(
    scene: Scene, error: str, cause: str | None
) -> None:
    scene.good_night()
    scene.ends({scene.first: failed(error), scene.second: running(10)})
    scene.until(scene.slot(2) + timedelta(hours=3))
    verdict = scene.guest(scene.first)
    assert scene.brief(scene.first) == FAILED
    if cause is not None:
        assert verdict.cause is not None
        assert verdict.cause.code == cause
    assert (scene.guest(scene.second).status, scene.guest(scene.second).problem) == (Status.RUNNING, False)
    assert scene.brief(scene.far) == OK
    scene.until(scene.slot(3) + timedelta(hours=4))
    assert scene.guest(scene.first).problem is scene.guest(scene.second).problem is scene.job(NIGHTLY).problem is True
    assert {"backup_failed"} <= findings(scene, scene.first) | {code(scene, scene.first)}
    assert scene.brief(scene.far) == OK


def test_a_hook_that_keeps_the_run_going_leaves_the_guests_as_they_are(scene: Scene) -> None:
    """What hangs is the hook after the last guest's data, which its log does not call finished."""
    scene.good_night()
    scene.cluster.add_ct(105, "last", scene.here.name, size=1)
    scene.nightly.change(vmid="101,102,103,104,105")
    scene.ends({105: running(100)})
    scene.until(scene.slot(2) + timedelta(hours=3))
    assert {scene.brief(vmid) for vmid in (scene.first, scene.second, scene.third)} == {OK}
    assert {code(scene, vmid) for vmid in (scene.first, scene.second, scene.third)} == {"backed_up"}


def test_a_run_that_is_killed_after_hours_leaves_each_guest_what_its_log_said(scene: Scene) -> None:
    scene.good_night()
    scene.ends({scene.first: failed(IO_ERROR), scene.second: Outcome(), scene.third: running(10)})
    scene.until(scene.slot(2) + timedelta(hours=3))
    for run in scene.here.runs:
        run.interrupt()
    scene.after(minutes=20)
    assert (scene.brief(scene.first), scene.brief(scene.second), scene.brief(scene.third)) == (FAILED, OK, FAILED)
    assert (code(scene, scene.first), code(scene, scene.third)) == ("backup_failed", "backup_cancelled")
