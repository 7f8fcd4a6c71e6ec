"""What somebody sees and hears while a server is off for a night, shows another certificate, or lacks a datastore or a right."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.server_options import ServerOptions
from simulator.backup_server.content import Datastore

from .server_lab import ServerLab


def furnish(servers: ServerLab) -> Datastore:
    """Let a client save every night, a job check and one prune, and a disk come and go."""
    servers.filled("host/nas", *(day - 0.4 for day in range(1, 11)))
    servers.verify("04:00")
    servers.prune("05:00", keep={"keep-last": 30})
    usb = servers.pbs.add_datastore("usb", removable=True)
    servers.look()
    servers.at("12:00")
    return usb


def backup(servers: ServerLab) -> None:
    """Let the client save now."""
    servers.pbs.backup("ds1", "host/nas")
    servers.after(minutes=30)


def told(servers: ServerLab) -> list[tuple[str, str]]:
    """Take the messages, apart from those that only take earlier ones back."""
    return [message for message in servers.told() if message[0] != "closed"]


def seen(servers: ServerLab, hours: int) -> set[str]:
    """Return all statuses that the server and its parts, apart from what runs, had in these hours, by subject."""
    found: set[str] = set()
    for _ in range(2 * hours):
        servers.after(minutes=30)
        found |= {f"{subject}:{verdict.lasting}" for subject, verdict in servers.watch.held.verdicts.items()}
    return found


def test_g66_a_server_that_is_off_for_a_night_is_no_problem_and_no_message(servers: ServerLab) -> None:
    furnish(servers)
    backup(servers)
    servers.told()
    servers.pbs.power_off()
    found = seen(servers, 12)
    assert "server:unknown" in found
    assert servers.watch.problems() == set()
    servers.pbs.power_on()
    servers.live(hours=2)
    backup(servers)
    assert told(servers) == []
    assert servers.watch.problems() == set()
    # What was due meanwhile was caught up by the server itself.
    assert servers.job("verify_check").brief == ("off", "ok")


def test_g72_a_renewed_certificate_is_a_repair_and_nothing_else_until_it_is_confirmed(servers: ServerLab) -> None:
    furnish(servers)
    backup(servers)
    servers.happened()
    servers.told()
    servers.pbs.fingerprint = ":".join(["CD"] * 32)
    found = seen(servers, 10)
    assert {"server:unknown", "datastore_ds1:unknown"} <= found
    assert servers.happened() == ["certificate_changed"]
    assert told(servers) == []
    servers.watch.wire.confirmed = servers.pbs.fingerprint
    servers.live(hours=2)
    assert told(servers) == []
    assert servers.server.brief[0] == "off"


@pytest.mark.parametrize("mode", ["read-only", "offline"])
def test_g60_g61_maintenance_pauses_the_datastore_and_its_jobs_and_tells_nobody(servers: ServerLab, mode: str) -> None:
    furnish(servers)
    backup(servers)
    servers.told()
    servers.ds1.enter_maintenance(mode, "disk swap")  # type: ignore[arg-type]
    found = seen(servers, 20)
    assert "datastore_ds1:paused" in found
    assert not any(state.endswith((":failed", ":overdue")) for state in found)
    assert servers.watch.problems() == set()
    servers.ds1.leave_maintenance()
    backup(servers)
    servers.live(hours=2)
    assert told(servers) == []
    assert servers.watch.problems() == set()


def test_g63_a_disk_that_is_unplugged_rests_and_tells_nobody(servers: ServerLab) -> None:
    usb = furnish(servers)
    servers.told()
    usb.unplug()
    found = seen(servers, 10)
    assert "datastore_usb:asleep" in found
    usb.plug()
    servers.live(hours=1)
    assert servers.store("usb").brief == ("off", "ok")
    assert [message for message in told(servers) if "usb" in message[1]] == []


def no_datastores(servers: ServerLab) -> None:
    """Leave the right to see tasks alone."""
    servers.pbs.access.revoke(servers.watch.token.id)
    servers.pbs.access.grant("/system", "Audit", servers.watch.token.id)


def no_tasks(servers: ServerLab) -> None:
    """Take away the right to see tasks."""
    servers.pbs.access.revoke(servers.watch.token.id, "/")
    servers.pbs.access.grant("/datastore", "DatastoreAudit", servers.watch.token.id)


def no_remotes(servers: ServerLab) -> None:
    """Take away the right to see remotes."""
    servers.pbs.access.revoke(servers.watch.token.id, "/remote")


@pytest.mark.parametrize(
    ("take", "status", "code", "messages"),
    [
        (no_datastores, "unknown", "server_rights_missing", [("opened", "blind"), ("reminder", "blind")]),
        (no_tasks, "warning", "server_tasks_hidden", []),
        (no_remotes, "warning", "server_sync_jobs_hidden", []),
    ],
)
def test_g75_a_right_that_is_taken_away_is_told_as_what_is_not_seen_and_nothing_else(
    servers: ServerLab, take: Callable[[ServerLab], None], status: str, code: str, messages: list[tuple[str, str]]
) -> None:
    furnish(servers)
    backup(servers)
    servers.told()
    take(servers)
    # Without a refusal, and where no list has lost a row, rights are asked about once a day.
    servers.live(hours=20)
    backup(servers)
    servers.live(hours=6)
    assert (servers.server.brief[1], servers.server.code) == (status, code)
    assert told(servers) == messages
    assert "group_deleted" not in servers.happened()
    # What has not been seen for a day is a problem, of which that one message tells.
    assert bool(servers.watch.problems()) is bool(messages)


def test_g66_how_long_unknown_is_no_problem_can_be_chosen(servers: ServerLab) -> None:
    assert ServerOptions().blind_limit == timedelta(hours=24)
    servers.decide(blind_limit=timedelta(hours=2))
    servers.look()
    servers.pbs.power_off()
    servers.after(minutes=5)
    servers.after(hours=3)
    assert servers.told() == [("opened", "blind")]
