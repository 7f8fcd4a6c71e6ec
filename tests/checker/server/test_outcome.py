"""Why a sync failed as a whole, in the words of Proxmox Backup Server 2 to 4."""

from collections.abc import Iterator

import pytest

from tests.acceptance.lab import Held
from tests.acceptance.server_lab import ServerLab, values

CONNECT = "error trying to connect: "
NAMESPACES = "Querying namespaces failed - "
SYNCING = "Syncing datastore 'tank', namespace '{0}' into datastore 'ds1', namespace '{0}'"
BROKE_OFF = "Encountered errors while syncing namespace {} - {}"
SOME = "sync failed with some errors."


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two servers on Monday noon."""
    with ServerLab() as lab:
        yield lab


def after(servers: ServerLab, error: str, *lines: str) -> Held:
    """Let a sync write these lines and fail with this error, and return what is held of it."""
    servers.remote("vm/100")
    job = servers.pull(schedule=None)
    servers.look()
    worker = servers.pbs.tasks.start("syncjob", job.worker_id, "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    for line in lines:
        worker.log(line)
    worker.end(error)
    servers.after(minutes=5)
    held = servers.job("sync_pull")
    assert held.brief == ("on", "failed")
    return held


@pytest.mark.parametrize(
    "error",
    [
        f"{CONNECT}tcp connect error: Connection refused (os error 111)",
        f"{NAMESPACES}{CONNECT}tcp connect error: No route to host (os error 113)",
        f"{NAMESPACES}{CONNECT}dns error: failed to lookup address information: Name or service not known",
        f"{NAMESPACES}client error (Connect)",
        "client error (Connect): tcp connect error: Connection refused (os error 111)",
        "remote connection to '10.8.0.2' failed - client error (Connect)",
        f"{NAMESPACES}http request timed out",
        f"{NAMESPACES}Network is unreachable (os error 101)",
        "deadline has elapsed",
    ],
)
def test_another_server_that_is_not_there_is_unreachable(servers: ServerLab, error: str) -> None:
    held = after(servers, error)
    assert held.code == "sync_remote_unreachable"
    assert (values(held.verdict)["host"], values(held.verdict)["said"]) == ("10.8.0.2", error)


@pytest.mark.parametrize(
    "error",
    [
        f"{CONNECT}error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed",
        f"{NAMESPACES}{CONNECT}error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed:"
        "../ssl/statem/statem_clnt.c:1913:",
        f"{CONNECT}certificate validation failed - Certificate fingerprint was not confirmed.",
        "client error (Connect): error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed"
        ":../ssl/statem/statem_clnt.c:2123:",
    ],
)
def test_a_certificate_that_is_not_known_is_no_server_that_is_not_there(servers: ServerLab, error: str) -> None:
    assert after(servers, error).code == "sync_remote_certificate"


def test_of_a_certificate_the_log_knows_more_than_the_error(servers: ServerLab) -> None:
    held = after(
        servers,
        f"{NAMESPACES}client error (Connect)",
        "certificate validation failed - Certificate fingerprint was not confirmed.",
    )
    assert held.code == "sync_remote_certificate"
    assert held.verdict.error == f"{NAMESPACES}client error (Connect)"


@pytest.mark.parametrize(
    "error",
    [
        "authentication failed - invalid credentials.",
        "HTTP Error 401 Unauthorized: authentication failed",
        f"{NAMESPACES}HTTP error 403 Forbidden - permission check failed.",
    ],
)
def test_a_user_that_is_refused_is_a_matter_of_login(servers: ServerLab, error: str) -> None:
    assert after(servers, error).code == "sync_remote_login"


def test_a_server_that_went_away_between_two_namespaces_is_unreachable(servers: ServerLab) -> None:
    """In a sync without depth nothing is asked before the groups of the first namespace."""
    said = "Failed to retrieve backup groups from remote - client error (Connect)"
    held = after(servers, SOME, SYNCING.format("home"), BROKE_OFF.format("home", said))
    assert (held.code, values(held.verdict)["said"]) == ("sync_remote_unreachable", said)


def test_a_namespace_that_the_user_may_not_see_is_named(servers: ServerLab) -> None:
    said = "Failed to retrieve backup groups from remote - permission check failed."
    held = after(servers, SOME, SYNCING.format("home"), BROKE_OFF.format("home", said))
    assert held.code == "sync_namespaces_failed"
    assert values(held.verdict) == {"namespaces": "home", "said": said}


def test_one_group_whose_connection_broke_is_named_and_the_server_is_there(servers: ServerLab) -> None:
    held = after(servers, SOME, SYNCING.format("home"), f"sync group vm/100 failed - {CONNECT}tcp connect error")
    assert held.code == "sync_groups_failed"
    assert values(held.verdict)["groups"] == "home/vm/100"


@pytest.mark.parametrize("error", ["broken pipe", "no such datastore 'tank'", "owner check failed"])
def test_what_is_none_of_it_is_told_as_it_is(servers: ServerLab, error: str) -> None:
    held = after(servers, error)
    assert (held.code, values(held.verdict)) == ("pbsjob_failed", {"said": error})
