"""The report of a backup server: a day or a week in the form that a cluster's has."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.actions.report_text import render
from custom_components.proxmox_backup_checker.checker.views.report import Report
from custom_components.proxmox_backup_checker.checker.views.server_report import server_report
from custom_components.proxmox_backup_checker.texts.localizer import Localizer
from tests.acceptance.server_lab import ServerLab


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two servers on Monday noon."""
    with ServerLab() as lab:
        yield lab


def day(servers: ServerLab) -> Report:
    """Return the report of the last 24 hours."""
    return server_report(servers.watch.held, "pbs", servers.now - timedelta(days=1), servers.now)


def test_a_day_tells_what_ran_what_is_wrong_and_how_full_it_is(servers: ServerLab) -> None:
    servers.filled("host/nas", *(day - 0.2 for day in range(1, 9)))
    servers.remote("vm/100")
    servers.filled("vm/100", 3, owner="sync@pbs!t")
    servers.link("ds1", "", 100)
    servers.pull("03:30")
    servers.prune("02:00")
    servers.look()
    servers.at("11:00")
    found = day(servers)
    assert [(tally.name, tally.runs, tally.failed) for tally in found.jobs] == [
        ("Garbage collection: ds1", 1, 0),
        ("Prune: tidy", 1, 0),
        ("Sync: pull", 1, 1),
    ]
    assert [standing.name for standing in found.problems] == ["Sync: pull", "nas"]
    assert (found.guests, found.protected) == (1, 0)
    assert [storage.name for storage in found.storages] == ["ds1"]
    for language, words in (("en", "2 problems"), ("de", "2 Probleme")):
        told = render(found, "day", Localizer(language))
        assert words in told["title"]
        assert "Sync: pull" in told["text"]
        assert "ds1" in told["markdown"]


def test_a_server_that_cannot_be_read_is_not_said_to_be_well(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.look()
    servers.pbs.power_off()
    servers.after(minutes=5)
    servers.after(hours=1)
    told = render(day(servers), "day", Localizer("en"))
    assert "not all can be seen" in told["title"]
    servers.after(days=2)
    assert [standing.name for standing in day(servers).problems] == ["pbs"]


def test_without_clients_nothing_is_counted_as_protected(servers: ServerLab) -> None:
    servers.look()
    assert "protected" not in render(day(servers), "day", Localizer("en"))["summary"]


def test_a_silenced_problem_is_told_as_such(servers: ServerLab) -> None:
    servers.look()
    servers.ds1.other = int(0.97 * servers.ds1.total)
    servers.after(hours=1)
    servers.silence("datastore_ds1")
    servers.after(minutes=5)
    assert [(standing.name, standing.acknowledged) for standing in day(servers).problems] == [("ds1", True)]
