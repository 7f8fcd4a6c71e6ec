"""Messages of backup servers: each problem once, those of one cause together."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.server_options import Hours

from .linked_lab import LinkedLab
from .server_lab import ServerLab


def test_g66_a_silent_server_is_one_message_after_a_day_and_one_when_it_is_back(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify(schedule="06:00")
    servers.prune()
    servers.look()
    servers.pbs.power_off()
    servers.after(minutes=5)
    for _ in range(5):
        servers.after(hours=5)
    assert servers.told() == [("opened", "blind")]
    servers.after(hours=23)
    assert servers.told() == []
    servers.after(hours=2)
    assert servers.told() == [("reminder", "blind")]
    servers.pbs.power_on()
    servers.live(minutes=30)
    assert servers.told() == [("recovered", "blind")]


def test_g66_what_a_cluster_has_told_of_its_storage_there_is_not_told_again(servers: ServerLab) -> None:
    servers.link("ds1", "", 100)
    servers.look()
    servers.pbs.power_off()
    servers.after(hours=5)
    servers.watch.links = replace(servers.watch.links, missed_by=frozenset({"home"}))
    servers.after(hours=30)
    servers.after(hours=1)
    assert servers.told() == []
    servers.watch.links = replace(servers.watch.links, missed_by=frozenset())
    servers.after(hours=1)
    assert servers.told() == [("opened", "blind")]


def test_g66_a_message_that_was_told_stays_until_the_server_is_back_whoever_tells_of_it_too(
    servers: ServerLab,
) -> None:
    servers.look()
    servers.pbs.power_off()
    servers.after(hours=1)
    servers.after(hours=24)
    assert servers.told() == [("opened", "blind")]
    servers.watch.links = replace(servers.watch.links, missed_by=frozenset({"home"}))
    servers.after(hours=1)
    assert servers.told() == []
    assert [alert.tag for alert in servers.watch.held.alerts] == ["blind"]


def test_g68_a_server_that_sleeps_as_planned_is_no_message_and_ends_none(servers: ServerLab) -> None:
    servers.decide(awake=(Hours(time(10), time(23)),))
    servers.look()
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)
    assert servers.told() == [("opened", "datastore_ds1")]
    servers.at("23:30")
    servers.pbs.power_off()
    for _ in range(5):
        servers.after(hours=2)
    assert servers.server.brief == ("off", "asleep")
    assert [kind for kind, tag in servers.told() if kind != "reminder"] == []
    servers.pbs.power_on()
    servers.at("12:00")
    servers.ds1.other = 0
    servers.live(hours=2)
    assert [told for told in servers.told() if told[0] != "reminder"] == [("recovered", "datastore_ds1")]


def test_g15_one_cause_that_fails_many_groups_is_one_message(servers: ServerLab) -> None:
    names = [f"vm/{number}" for number in range(100, 114)]
    servers.remote(*names)
    for name in names:
        servers.filled(name, 3, owner="sync@pbs!t")
    servers.pull()
    servers.look()
    servers.at("06:00")
    assert servers.told() == [("opened", "pbsjob_sync_pull")]


@pytest.mark.parametrize("count", [1, 3])
def test_g20_all_jobs_that_a_renewed_certificate_fails_are_one_message(servers: ServerLab, count: int) -> None:
    servers.remote("vm/100")
    for number in range(count):
        servers.pbs.add_sync_job(f"pull{number}", "ds1", schedule="03:30", remote="vault", remote_store="tank")
    servers.look()
    servers.at("06:00")
    servers.vault.fingerprint = ":".join(["1E"] * 32)
    servers.at("06:00")
    assert servers.told() == [("opened", "remote_vault")]
    servers.at("06:00")
    # A second night makes it urgent.
    assert servers.told() == [("changed", "remote_vault")]
    alert = servers.watch.held.alerts[0]
    assert (len(alert.subjects), alert.severity, alert.form) == (count, "critical", "failed")


def test_g33_what_fails_its_check_is_one_message_with_the_job_that_found_it(servers: ServerLab) -> None:
    groups = [servers.filled(name, *range(1, 9)) for name in ("host/nas", "host/mail")]
    job = servers.verify(schedule=None)
    servers.look()
    for group in groups:
        group.by_age[-1].corrupt = True
    servers.run(job, hours=6)
    assert servers.told() == [("opened", "verification")]
    subjects = {str(subject) for subject in servers.watch.held.alerts[0].subjects}
    assert subjects == {"group_ds1::host/nas", "group_ds1::host/mail", "pbsjob_verify_check"}


def test_g56_what_failed_since_the_datastore_is_full_belongs_to_the_message_about_that(servers: ServerLab) -> None:
    for name in ("host/nas", "host/mail"):
        servers.filled(name, *range(1, 9))
    servers.look()
    servers.ds1.other = servers.ds1.total - 10
    servers.live(hours=1)
    for name in ("host/nas", "host/mail"):
        servers.pbs.backup("ds1", name)
    servers.live(minutes=20)
    assert servers.told() == [("opened", "datastore_ds1"), ("changed", "datastore_ds1")]
    assert len(servers.watch.held.alerts[0].subjects) == 3


def test_g86_two_clients_are_two_messages_and_each_ends_with_its_own_good_backup(servers: ServerLab) -> None:
    for name in ("host/nas", "host/mail"):
        servers.filled(name, *(day - 0.2 for day in range(1, 9)))
    servers.look()
    servers.after(hours=30)
    assert sorted(servers.told()) == [("opened", "group_ds1::host/mail"), ("opened", "group_ds1::host/nas")]
    servers.pbs.backup("ds1", "host/nas")
    servers.after(hours=1)
    assert servers.told() == [("recovered", "group_ds1::host/nas")]


def test_g89_a_deleted_group_is_told_until_somebody_says_to_know_it(servers: ServerLab) -> None:
    group = servers.filled("host/nas", *range(1, 9))
    servers.filled("host/other", *(day - 0.5 for day in range(1, 9)))
    servers.look()
    servers.ds1.remove_group(group)
    servers.after(hours=12)
    servers.pbs.backup("ds1", "host/other")
    servers.after(hours=13)
    assert ("opened", "group_ds1::host/nas") in servers.told()
    servers.silence("group_ds1::host/nas")
    servers.after(minutes=5)
    assert [told for told in servers.told() if "nas" in told[1]] == [("closed", "group_ds1::host/nas")]


def test_what_is_there_at_the_first_look_at_a_server_is_no_news_and_a_restart_makes_none(servers: ServerLab) -> None:
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.look()
    assert servers.told() == []
    servers.watch.restart()
    servers.after(hours=1)
    assert servers.told() == []
    servers.ds1.other = 0
    servers.after(hours=1)
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)
    assert servers.told() == [("opened", "datastore_ds1")]
    servers.watch.restart()
    servers.after(hours=1)
    assert servers.told() == []


def test_silenced_problems_of_a_server_stay_silent_until_they_are_over_or_others(servers: ServerLab) -> None:
    servers.look()
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)
    servers.told()
    servers.silence("datastore_ds1")
    servers.live(days=3)
    assert servers.told() == []
    servers.ds1.other = 0
    servers.live(hours=3)
    assert servers.told() == [("recovered", "datastore_ds1")]
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.live(hours=3)
    assert servers.told() == [("opened", "datastore_ds1")]


def test_who_wants_no_reminders_of_a_server_gets_none(servers: ServerLab) -> None:
    servers.decide(remind_after=None)
    servers.look()
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)
    servers.told()
    servers.live(days=3)
    assert servers.told() == []


def test_g74_rights_that_are_missing_are_one_message_after_an_hour(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify()
    servers.look()
    servers.pbs.access.revoke(servers.watch.token.id)
    servers.live(minutes=30)
    assert servers.told() == []
    servers.live(hours=2)
    assert servers.told() == [("opened", "blind")]
    assert timedelta(hours=1) == servers.watch.held.alerts[0].patience


@pytest.mark.parametrize("watched", [True, False])
def test_g66_a_storage_is_not_told_to_be_out_of_reach_too_when_its_dead_server_was_told(*, watched: bool) -> None:
    with LinkedLab() as lab:
        if watched:
            lab.beside(lab.pbs)
        lab.nights(2)
        lab.pbs.power_off()
        tags: set[str] = set()
        for _ in range(16):
            lab.after(step=timedelta(minutes=30), hours=6)
            tags |= {alert.tag for alert in lab.watch.held.alerts}
        assert lab.storage("pbs").code == "storage_unreachable"
        assert ("storage_pbs" in tags) is not watched
        if watched:
            told = [message.record.tag for message in lab.watch.beside["pbs"].watch.messages]
            assert told.count("blind") >= 1
