"""What is told when: each problem once, its end once, and nothing in between but what is new."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge, cause_key, withdraw
from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, Severity, alerts_of
from custom_components.proxmox_backup_checker.checker.alerts.announcements import announce, occasion_of
from custom_components.proxmox_backup_checker.checker.context import Context
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.indexes import Indexes
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertForm, AlertKind, ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import GuestRecord, History, RunRecord
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Reason, Status, Verdict, unknown
from custom_components.proxmox_backup_checker.checker.runs.run_records import RunRecords
from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import cause_of

from ..builders import NOW, facts, guest, job

FULL = "job failed with err -28 - No space left on device"
BROKEN = "job failed with err -5 - Input/output error"
OK = Verdict(status=Status.OK, problem=False, reason=Reason(ReasonCode.BACKED_UP))
HOUR = timedelta(hours=1)


def failure(error: str = BROKEN, **changes: Any) -> Verdict:
    made = Verdict(
        status=Status.FAILED,
        problem=True,
        reason=Reason(ReasonCode.BACKUP_FAILED, {"error": error, "node": "pve1"}),
        since=NOW,
        failures=1,
        error=error,
        cause=cause_of(error),
        job_id="nightly",
    )
    return replace(made, **changes)


def problem(code: str, status: Status = Status.OVERDUE, **changes: Any) -> Verdict:
    values = {"node": "pve2", "job": "nightly", "storage": "nas"}
    made = Verdict(status=status, problem=True, reason=Reason(ReasonCode(code), values), since=NOW, job_id="nightly")
    return replace(made, **changes)


def a_situation(known: Facts, history: History, running: tuple[RunRecord, ...] = ()) -> Context:
    indexes = Indexes.of(known, RunRecords(history.runs))
    return Context(facts=known, history=history, indexes=indexes, running=running)


@dataclass
class Watch:
    """A cluster of which only the verdicts change; each look tells what is new."""

    guests: int = 4
    policy: Policy = field(default_factory=Policy)
    history: History = field(default_factory=History)
    now: datetime = NOW
    verdicts: Mapping[Subject, Verdict] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    running: tuple[RunRecord, ...] = ()
    jobs_hidden: bool = False

    def facts(self) -> Facts:
        """Return a cluster of some guests in one job."""
        vmids = range(101, 101 + self.guests)
        known = facts([guest(vmid) for vmid in vmids], [job("nightly", *vmids)])
        return replace(known, now=self.now, policy=self.policy, jobs=None if self.jobs_hidden else known.jobs)

    def look(self, after: timedelta = HOUR, /, **verdicts: Verdict) -> list[tuple[str, str]]:
        """Let time go by; guests and jobs that are not named are fine."""
        self.now += after
        known = self.facts()
        fine = {Subject.guest(vmid): OK for vmid in range(101, 101 + self.guests)}
        fine |= {} if self.jobs_hidden else {Subject.job("nightly"): OK}
        self.verdicts = fine | {Subject.parse(key): verdict for key, verdict in verdicts.items()}
        first = self.history.evaluated is None
        context = a_situation(known, self.history, self.running)
        self.alerts = alerts_of(self.verdicts, context)
        told = announce(self.alerts, self.verdicts, self.history, occasion_of(known, first_look=first))
        self.history = replace(
            self.history, evaluated=self.now, alerts=told.alerts, acknowledgements=told.acknowledgements
        )
        return [(message.kind.value, message.record.tag) for message in told.messages]

    def acknowledge(self, *keys: str, until: datetime | None = None, until_next_run: bool = False) -> None:
        """Let a person say that these problems are known."""
        self.history = acknowledge(
            self.history,
            self.verdicts,
            map(Subject.parse, keys),
            self.now,
            until=until,
            until_next_run=until_next_run,
        )

    @property
    def only(self) -> Alert:
        """Return the one alert that is there."""
        [alert] = self.alerts
        return alert


@pytest.fixture
def watch() -> Watch:
    """A cluster that was fine at the first look."""
    made = Watch()
    assert made.look() == []
    return made


def test_a_problem_is_told_when_it_begins_and_when_it_is_over_and_not_in_between(watch: Watch) -> None:
    told = [watch.look(timedelta(minutes=5), guest_101=failure()) for _ in range(100)]

    assert told[0] == [("opened", "job_nightly")]
    assert told[1:] == [[]] * 99
    assert watch.look() == [("recovered", "job_nightly")]
    assert watch.look() == []


def test_a_recovery_is_taken_back_half_a_day_later_and_only_once(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.look()

    assert [watch.look(timedelta(hours=11)), watch.look(), watch.look(), watch.look(timedelta(days=2))] == [
        [],
        [("closed", "job_nightly")],
        [],
        [],
    ]


def test_an_old_recovery_takes_no_later_one_away(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.look()
    watch.look(timedelta(hours=6), guest_101=failure())
    assert watch.look(timedelta(hours=2)) == [("recovered", "job_nightly")]

    assert watch.look(timedelta(hours=5)) == []
    assert watch.look(timedelta(hours=7)) == [("closed", "job_nightly")]


def test_a_problem_that_lasts_is_reminded_of_a_day_after_the_last_message(watch: Watch) -> None:
    watch.look(guest_101=failure())
    told = [watch.look(timedelta(hours=6), guest_101=failure()) for _ in range(8)]

    assert [bool(messages) for messages in told] == [False, False, False, True] * 2
    assert told[3] == [("reminder", "job_nightly")]


def test_what_is_there_at_the_first_look_is_no_news_until_it_fails_again() -> None:
    watch = Watch()
    assert watch.look(guest_101=failure(), guest_102=problem("no_job", Status.UNCOVERED)) == []
    assert watch.look(timedelta(days=3), guest_101=failure()) == []
    assert watch.look(guest_101=failure(failures=2)) == [("opened", "job_nightly")]


def test_what_was_never_told_is_not_called_over() -> None:
    watch = Watch()
    watch.look(guest_101=failure())
    assert watch.look() == []


@pytest.mark.parametrize(
    "then",
    [
        {"guest_101": failure(FULL, since=NOW + HOUR)},
        {"guest_101": failure(), "guest_102": failure()},
        {"guest_101": failure(failures=2)},
    ],
    ids=["another cause", "a guest more", "twice in a row"],
)
def test_what_gets_worse_is_told_under_the_same_tag(watch: Watch, then: dict[str, Verdict]) -> None:
    watch.look(guest_101=failure())

    assert watch.look(HOUR, **then) == [("changed", "job_nightly")]
    assert watch.look(HOUR, **then) == []


def test_a_guest_less_is_no_news(watch: Watch) -> None:
    watch.look(guest_101=failure(), guest_102=failure())
    assert watch.look(guest_101=failure()) == []


def test_a_backup_that_runs_is_neither_an_end_nor_a_beginning(watch: Watch) -> None:
    watch.look(guest_101=failure())
    running = replace(failure(), status=Status.RUNNING)

    assert watch.look(guest_101=running) == []
    assert watch.look(guest_101=failure()) == []


def test_what_cannot_be_seen_for_a_while_is_not_over(watch: Watch) -> None:
    watch.look(guest_101=failure())
    blind = unknown(ReasonCode.NODE_UNREACHABLE, node="pve1")

    assert watch.look(guest_101=blind, job_nightly=blind) == []
    assert watch.look(guest_101=failure()) == []


def test_a_problem_that_takes_another_form_takes_the_old_message_back_first(watch: Watch) -> None:
    watch.look(guest_101=failure(), job_nightly=failure())
    offline = problem("node_offline")

    assert watch.look(guest_101=offline, job_nightly=offline) == [("closed", "job_nightly"), ("opened", "node_pve2")]


def test_a_node_that_comes_back_is_no_news_before_its_guests_are_backed_up(watch: Watch) -> None:
    watch.look(guest_101=problem("node_offline"), job_nightly=problem("node_offline"))

    assert watch.look(guest_101=problem("host_was_off"), job_nightly=problem("host_was_off")) == []
    assert watch.look() == [("recovered", "node_pve2")]


def test_a_guest_that_is_ignored_from_now_on_takes_its_message_back(watch: Watch) -> None:
    watch.look(guest_101=problem("no_job", Status.UNCOVERED))
    ignored = Verdict(status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.IGNORED_BY_CHOICE))

    assert watch.look(guest_101=ignored) == [("closed", "uncovered")]


def test_a_guest_that_is_in_a_job_again_is_well_before_its_first_run(watch: Watch) -> None:
    watch.look(guest_101=problem("no_job", Status.UNCOVERED))
    pending = Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.FIRST_RUN_NOT_DUE))

    assert watch.look(guest_101=pending) == [("recovered", "uncovered")]


@pytest.mark.parametrize(("job_id", "hours", "told"), [("nightly", 1, 0), ("nightly", 4, 1), ("other", 1, 1)])
def test_while_the_job_still_runs_elsewhere_nothing_is_told_for_some_hours(
    watch: Watch, job_id: str, hours: int, told: int
) -> None:
    run = RunRecord(
        upid="UPID:pve2:",
        node="pve2",
        started=watch.now + HOUR - timedelta(hours=hours),
        ended=None,
        status="",
        job_id=job_id,
        confidence=Confidence.EXACT,
    )
    watch.running = (run,)
    assert len(watch.look(guest_101=failure())) == told
    watch.running = ()

    assert len(watch.look(guest_101=failure())) == 1 - told


def a_run(watch: Watch, job_id: str = "nightly") -> RunRecord:
    return RunRecord(
        upid=f"UPID:pve2:{watch.now}:",
        node="pve2",
        started=watch.now,
        ended=None,
        status="",
        job_id=job_id,
        confidence=Confidence.EXACT,
    )


def test_a_job_that_never_rests_is_told_of_all_the_same(watch: Watch) -> None:
    told = []
    for _ in range(8):
        watch.running = (a_run(watch),)
        told += watch.look(guest_101=failure())
    assert told == [("opened", "job_nightly")]
    for _ in range(8):
        watch.running = (a_run(watch),)
        told += watch.look(guest_101=failure(), guest_102=failure())
    assert told[1:] == [("changed", "job_nightly")]


def test_nothing_is_told_of_a_failure_that_the_same_night_makes_good(watch: Watch) -> None:
    watch.running = (a_run(watch),)
    assert watch.look(guest_101=failure()) == []
    watch.running = ()
    assert watch.look() == []


def test_a_run_under_way_at_the_first_look_makes_no_old_failure_news() -> None:
    watch = Watch()
    watch.running = (a_run(watch),)
    assert watch.look(guest_101=failure()) == []
    watch.running = ()
    assert watch.look(guest_101=failure()) == []
    assert watch.look(guest_101=failure(failures=2)) == [("opened", "job_nightly")]


def test_it_is_over_without_a_word_where_a_guest_still_waits_for_its_backup(watch: Watch) -> None:
    watch.look(guest_101=failure(), guest_102=failure())
    pending = Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.FIRST_RUN_NOT_DUE))
    assert watch.look(guest_102=pending) == [("closed", "job_nightly")]


def test_a_guest_that_is_left_alone_now_keeps_no_recovery_back(watch: Watch) -> None:
    watch.look(guest_101=failure(), guest_102=failure())
    ignored = Verdict(status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.IGNORED_BY_TAG))
    assert watch.look(guest_102=ignored) == [("recovered", "job_nightly")]


def test_a_run_that_may_have_been_of_two_jobs_is_told_once(watch: Watch) -> None:
    lost = failure("unexpected status", evidence=("UPID:pve1:",))

    assert watch.look(guest_101=lost, job_nightly=lost, job_other=replace(lost, job_id="other")) == [
        ("opened", "job_nightly")
    ]


def test_warnings_are_no_alert(watch: Watch) -> None:
    warned = Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_WITH_WARNINGS))

    assert watch.look(job_nightly=warned) == []
    assert watch.alerts == ()


def test_an_acknowledged_problem_is_silent_until_another_cause(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101")

    assert watch.look(timedelta(days=2), guest_101=replace(failure(), status=Status.RUNNING)) == []
    assert watch.look(guest_101=failure(failures=3)) == []
    assert watch.look(guest_101=failure(FULL)) == [("changed", "job_nightly")]
    assert watch.history.acknowledgements == {}


def test_an_acknowledgement_ends_with_the_problem_and_the_end_is_told(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101")

    assert watch.look() == [("recovered", "job_nightly")]
    assert watch.history.acknowledgements == {}
    assert watch.look(guest_101=failure()) == [("opened", "job_nightly")]


def test_an_acknowledgement_until_a_moment_ends_then_and_the_problem_comes_again(watch: Watch) -> None:
    watch.policy = Policy(remind_after=None)
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101", until=watch.now + timedelta(hours=8))

    assert watch.look(timedelta(hours=7), guest_101=failure()) == []
    assert watch.look(guest_101=failure()) == [("reminder", "job_nightly")]
    assert watch.look(guest_101=failure()) == []


@pytest.mark.parametrize("busy", [False, True])
def test_an_acknowledgement_that_ends_while_nothing_can_be_seen_or_told_is_reminded_of_later(
    watch: Watch, busy: bool
) -> None:
    watch.policy = Policy(remind_after=None)
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101", until=watch.now + timedelta(hours=8))
    if busy:
        watch.running = (a_run(watch),)
    else:
        assert watch.look(timedelta(hours=9), guest_101=unknown(ReasonCode.NODE_UNREACHABLE, node="pve1")) == []

    assert watch.look(timedelta(hours=9), guest_101=failure()) == [("reminder", "job_nightly")]
    assert watch.look(guest_101=failure()) == []


def test_what_is_known_not_to_be_seen_comes_again_at_the_moment_too(watch: Watch) -> None:
    watch.policy = Policy(remind_after=None)
    blind = replace(unknown(ReasonCode.CANNOT_VERIFY), problem=True)
    watch.look(guest_101=blind)
    watch.acknowledge("guest_101", until=watch.now + timedelta(hours=8))

    assert watch.look(timedelta(hours=9), guest_101=blind) == [("reminder", "blind")]


def test_an_acknowledgement_outlasts_jobs_that_are_out_of_sight(watch: Watch) -> None:
    watch.look(job_nightly=failure())
    watch.acknowledge("job_nightly")
    watch.jobs_hidden = True
    assert watch.look(guest_101=failure()) == [("changed", "job_nightly")]
    assert Subject.job("nightly") in watch.history.acknowledgements
    watch.jobs_hidden = False

    assert watch.look(timedelta(days=2), job_nightly=failure()) == []


def test_an_acknowledgement_until_a_moment_outlasts_a_good_night(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101", until=watch.now + timedelta(days=5))
    watch.look(timedelta(days=1))

    assert watch.look(timedelta(days=1), guest_101=failure()) == []


def test_an_acknowledged_problem_is_told_again_though_another_guest_fails_for_its_new_cause_already(
    watch: Watch,
) -> None:
    watch.look(guest_101=failure(), guest_102=failure(FULL))
    watch.acknowledge("guest_101")
    later = {"since": watch.now, "failures": 1}

    assert watch.look(guest_101=failure(), guest_102=failure(FULL)) == []
    assert watch.look(guest_101=failure(FULL, **later), guest_102=failure(FULL)) == [("changed", "job_nightly")]
    assert watch.look(guest_101=failure(FULL, **later), guest_102=failure(FULL)) == []


def test_a_problem_that_is_put_off_is_told_before_the_time_is_up_when_it_has_another_cause(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101", until=watch.now + timedelta(days=7))

    assert watch.look(timedelta(days=1), guest_101=failure(failures=2)) == []
    assert watch.look(timedelta(days=1), guest_101=failure(FULL, failures=3)) == [("changed", "job_nightly")]
    assert watch.look(guest_101=failure(FULL, failures=3)) == []


@pytest.mark.parametrize("error", [BROKEN, FULL])
def test_an_acknowledgement_until_the_next_run_ends_with_any_bad_run(watch: Watch, error: str) -> None:
    watch.policy = Policy(remind_after=None)
    watch.look(guest_101=failure(failures=2))
    watch.acknowledge("guest_101", until_next_run=True)

    assert watch.look(timedelta(hours=20), guest_101=failure(failures=2)) == []
    assert watch.look(guest_101=replace(failure(failures=2), status=Status.RUNNING)) == []
    assert watch.look(guest_101=unknown(ReasonCode.NODE_UNREACHABLE, node="pve1")) == []
    told = watch.look(guest_101=failure(error, failures=3))
    assert told == [("reminder" if error == BROKEN else "changed", "job_nightly")]
    assert watch.look(guest_101=failure(error, failures=3)) == []


def test_an_acknowledgement_until_the_next_run_ends_with_a_good_one(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101", until_next_run=True)

    assert watch.look() == [("recovered", "job_nightly")]
    assert watch.history.acknowledgements == {}
    assert watch.look(guest_101=failure(since=watch.now)) == [("opened", "job_nightly")]


def missed(code: str, job_id: str = "nightly", **changes: Any) -> Verdict:
    """Return the verdict on a slot that passed without a backup."""
    return problem(code, job_id=job_id, **{"failures": 1, **changes})


@pytest.mark.parametrize(("first", "then"), [("host_was_off", "run_missed"), ("run_missed", "node_offline")])
def test_an_alarm_that_is_explained_otherwise_by_now_is_not_told_twice(watch: Watch, first: str, then: str) -> None:
    [(_, tag)] = watch.look(guest_101=missed(first), job_nightly=missed(first))

    assert watch.look(guest_101=missed(then), job_nightly=missed(then)) == []
    assert watch.look(guest_101=unknown(ReasonCode.NODE_UNREACHABLE, node="pve2"), job_nightly=missed(then)) == []
    assert watch.look(guest_101=missed(then), job_nightly=missed(then)) == []
    assert watch.look(timedelta(days=1), guest_101=missed(then), job_nightly=missed(then)) == [("reminder", tag)]
    assert watch.look() == [("recovered", tag)]


def test_the_next_missed_slot_is_told_under_the_name_of_its_own_cause(watch: Watch) -> None:
    watch.look(guest_101=missed("host_was_off"))
    watch.look(guest_101=missed("run_missed"))

    assert watch.look(guest_101=missed("run_missed", failures=2)) == [
        ("closed", "node_pve2"),
        ("opened", "job_nightly"),
    ]


def test_one_alarm_that_turns_out_to_be_two_stays_one_until_all_of_it_is_over(watch: Watch) -> None:
    first, second = missed("host_was_off"), missed("host_was_off", "weekly")
    assert watch.look(guest_101=first, guest_102=second) == [("opened", "node_pve2")]
    first, second = missed("run_missed"), missed("run_missed", "weekly")

    assert watch.look(guest_101=first, guest_102=second) == []
    assert watch.look(guest_102=second) == []
    assert watch.only.guests[0].vmid == 102
    assert watch.look() == [("recovered", "node_pve2")]


def test_two_alarms_that_turn_out_to_be_one_are_not_told_again(watch: Watch) -> None:
    first, second = missed("run_missed"), missed("run_missed", "weekly")
    assert watch.look(guest_101=first, guest_102=second) == [("opened", "job_nightly"), ("opened", "job_weekly")]
    first, second = missed("host_was_off"), missed("host_was_off", "weekly")

    assert watch.look(guest_101=first, guest_102=second) == []
    assert [alert.form for alert in watch.alerts] == [AlertForm.MISSED, AlertForm.MISSED]
    assert watch.look(guest_102=second) == [("recovered", "job_nightly")]
    assert watch.look() == [("recovered", "job_weekly")]


def test_a_guest_more_is_told_of_beside_an_alarm_that_is_explained_otherwise_by_now(watch: Watch) -> None:
    watch.look(guest_101=missed("host_was_off"))

    assert watch.look(guest_101=missed("run_missed"), guest_102=missed("run_missed")) == [("opened", "job_nightly")]


def test_a_jobs_own_cause_is_told_when_no_guest_hides_it_any_more(watch: Watch) -> None:
    own = failure(FULL)
    assert watch.look(guest_101=failure(), job_nightly=own) == [("opened", "job_nightly")]

    assert watch.look(job_nightly=own) == [("changed", "job_nightly")]
    assert watch.look(job_nightly=own) == []


def test_what_was_known_not_to_be_seen_is_no_news_when_it_is_seen_again_as_it_was_told_before(watch: Watch) -> None:
    uncovered = problem("no_job", Status.UNCOVERED)
    watch.look(guest_101=uncovered)
    watch.look(guest_101=unknown(ReasonCode.JOBS_HIDDEN))
    watch.acknowledge("guest_101")

    assert watch.look(guest_101=uncovered) == []


def test_what_was_there_at_the_first_look_is_no_news_when_it_is_explained_otherwise() -> None:
    watch = Watch()
    watch.look(guest_101=missed("host_was_off"))

    assert watch.look(guest_101=missed("run_missed")) == []
    assert watch.look(guest_101=missed("run_missed", failures=2)) != []


def test_a_missed_slot_that_is_known_stays_known_however_it_is_explained_but_the_next_one_does_not(
    watch: Watch,
) -> None:
    watch.policy = Policy(remind_after=None)
    watch.look(guest_101=missed("host_was_off"))
    watch.acknowledge("guest_101")

    assert watch.look(guest_101=missed("run_missed")) == []
    assert watch.look(guest_101=missed("run_missed", failures=2)) != []


def test_a_guest_more_breaks_the_silence_of_the_acknowledged_ones(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101")

    assert watch.look(guest_101=failure(), guest_102=failure()) == [("changed", "job_nightly")]


def test_a_withdrawn_acknowledgement_lets_messages_come_again(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.acknowledge("guest_101")
    watch.history = withdraw(watch.history, [Subject.guest(101)])

    assert watch.look(timedelta(days=1), guest_101=failure()) == [("reminder", "job_nightly")]


def test_lost_rights_are_told_after_an_hour_and_once_for_all(watch: Watch) -> None:
    hidden = dict.fromkeys(("guest_101", "guest_102", "job_nightly"), unknown(ReasonCode.JOBS_HIDDEN))

    assert [watch.look(timedelta(minutes=30), **hidden) for _ in range(4)] == [[], [], [("opened", "blind")], []]
    assert len(watch.only.guests) == 2
    assert watch.look() == [("recovered", "blind")]


def test_guests_that_all_vanish_from_the_tokens_sight_are_not_over(watch: Watch) -> None:
    watch.look(guest_101=problem("no_job", Status.UNCOVERED))
    known = replace(watch.facts(), guests=(), guests_visible=False, now=watch.now)
    records = {101: GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)}
    history = replace(watch.history, guests=records)
    context = a_situation(known, history)
    alerts = alerts_of({}, context)

    assert [(alert.tag, alert.guests[0].name) for alert in alerts] == [("blind", "web")]
    assert announce(alerts, {}, history, occasion_of(known, first_look=False)).messages == ()


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("run_missed", "job_nightly"),
        ("no_quorum", "quorum"),
        ("excluded_from_job", "uncovered"),
        ("job_disabled_too_long", "paused_nightly"),
        ("verification_failed", "verification"),
        ("archive_missing", "missing"),
        ("older_than_allowed_days", "age"),
        ("storage_not_what_it_was", "storage_nas"),
        ("cannot_verify", "blind"),
    ],
)
def test_each_problem_goes_with_those_of_its_kind(watch: Watch, code: str, tag: str) -> None:
    assert watch.look(guest_101=problem(code), guest_102=problem(code)) == [("opened", tag)]
    assert [entry.vmid for entry in watch.only.guests] == [101, 102]


def test_a_storage_is_an_alert_of_its_own(watch: Watch) -> None:
    full = Verdict(
        status=Status.WARNING, problem=True, reason=Reason(ReasonCode.STORAGE_NEARLY_FULL, {"percent": "97"})
    )

    assert watch.look(storage_nas=full) == [("opened", "storage_nas")]
    assert watch.only.kind is AlertKind.STORAGE


def test_causes_come_with_the_most_guests_first(watch: Watch) -> None:
    watch.look(guest_101=failure(FULL), guest_102=failure(), guest_103=failure())

    assert [cause.guests for cause in watch.only.causes] == [(102, 103), (101,)]


@pytest.mark.parametrize(
    ("last", "severity"), [(timedelta(hours=10), Severity.NORMAL), (timedelta(days=3), Severity.CRITICAL)]
)
def test_a_first_failure_is_critical_where_the_allowed_age_is_passed(last: timedelta, severity: Severity) -> None:
    watch = Watch(policy=Policy(longest_age=timedelta(days=2)))
    watch.look()
    watch.look(guest_101=failure(last_success=watch.now - last))

    assert watch.only.severity is severity


def test_numbers_in_a_text_of_proxmox_make_no_new_cause() -> None:
    first, second = (failure(f"odd thing at sector {number}") for number in (5, 77))

    assert cause_key(first) == cause_key(second) != cause_key(failure("another thing"))


def test_what_was_told_is_kept_over_a_restart_and_forgotten_after_weeks(watch: Watch) -> None:
    watch.look(guest_101=failure())
    watch.look()
    watch.look(guest_102=failure())
    kept, damaged = from_data(to_data(watch.history))
    assert (kept.alerts, damaged) == (watch.history.alerts, 0)
    watch.history = kept
    assert watch.look(guest_102=failure()) == []
    watch.look(timedelta(days=40), guest_102=failure())

    assert watch.history.alerts.keys() == {"job_nightly"}
