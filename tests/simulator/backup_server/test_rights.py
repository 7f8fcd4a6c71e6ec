"""What a token may not see is left out in silence, or refused, as on a real server."""

import aiohttp
import pytest

from simulator.backup_server import ServedBackupServer

from .ask import ask

type Roles = dict[str, str]

AUDIT: Roles = {"/": "Audit", "/remote": "RemoteAudit"}


async def rows(session: aiohttp.ClientSession, pbs: ServedBackupServer, path: str, *, ns: str = "") -> int:
    """Return how many rows an answer has."""
    answer = await ask(session, pbs, path, **({"ns": ns} if ns else {}))
    assert answer.status == 200, answer
    return len(answer.data)


async def test_a_token_has_never_more_than_its_user(pbs: ServedBackupServer, session: aiohttp.ClientSession) -> None:
    pbs.limit_token(AUDIT, user={})
    assert (await ask(session, pbs, "/access/permissions")).data == {}
    assert await rows(session, pbs, "/admin/datastore") == 0
    pbs.limit_token({}, user=AUDIT)
    assert (await ask(session, pbs, "/access/permissions")).data == {}


async def test_what_the_recipe_grants_is_listed(pbs: ServedBackupServer, session: aiohttp.ClientSession) -> None:
    audit = {"Sys.Audit": True, "Datastore.Audit": True}
    assert (await ask(session, pbs, "/access/permissions")).data == {
        "/": audit,
        "/access": audit,
        "/datastore": audit,
        "/remote": {"Remote.Audit": True},
        "/system": audit,
    }


async def test_a_role_on_one_datastore_takes_away_what_was_inherited(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    """With a right to back up only, a listing is 200 and has no more than one's own groups."""
    assert await rows(session, pbs, "/admin/datastore/ds1/groups", ns="home") == 2
    pbs.limit_token(AUDIT | {"/datastore/ds1": "DatastoreBackup"})
    assert await rows(session, pbs, "/admin/datastore/ds1/groups", ns="home") == 0
    pbs.store("ds1").add_group("home", "host", "mine", pbs.token.id).add(1_789_000_000)
    assert await rows(session, pbs, "/admin/datastore/ds1/groups", ns="home") == 1
    assert await rows(session, pbs, "/admin/datastore/ds1/snapshots", ns="home") == 1
    assert await rows(session, pbs, "/config/datastore") == 0


async def test_rights_in_one_namespace_show_that_and_zeros_for_the_whole(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    pbs.limit_token({"/datastore/ds1/home": "DatastoreAudit"})
    assert [row["ns"] for row in (await ask(session, pbs, "/admin/datastore/ds1/namespace")).data] == ["home"]
    assert await rows(session, pbs, "/admin/datastore/ds1/groups", ns="home") == 2
    refused = await ask(session, pbs, "/admin/datastore/ds1/groups")
    assert refused.status == 403
    assert refused.text == "permission check failed - missing Datastore.Audit|Datastore.Backup on /datastore/ds1"
    status = (await ask(session, pbs, "/admin/datastore/ds1/status")).data
    assert (status["total"], status["used"], status["avail"]) == (0, 0, 0)
    (bare,) = (await ask(session, pbs, "/status/datastore-usage")).data
    assert "total" not in bare


async def test_without_a_right_to_remotes_their_jobs_are_left_out(
    pbs: ServedBackupServer, vault: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    del vault
    pbs.add_datastore("ds2")
    pbs.add_sync_job("push", "ds1", direction="push", remote="vault", remote_store="tank")
    pbs.add_sync_job("pull", "ds1", remote="vault", remote_store="tank")
    pbs.add_sync_job("local", "ds1", remote_store="ds2")

    async def seen() -> list[str]:
        answer = await ask(session, pbs, "/admin/sync", sync_direction="all")
        return [row["id"] for row in answer.data]

    assert await seen() == ["push", "pull", "local"]
    assert [row["id"] for row in (await ask(session, pbs, "/admin/sync")).data] == ["pull", "local"]
    pbs.limit_token({"/": "Audit"})
    assert await seen() == ["local"]
    assert await rows(session, pbs, "/config/remote") == 0
    pbs.limit_token({"/datastore/ds1": "DatastoreAudit"})
    assert await seen() == []


async def test_without_a_right_to_tasks_one_sees_ones_own(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    pbs.tasks.by_hand("logrotate", None)
    mine = pbs.tasks.by_hand("reader", "ds1:vm/100", pbs.token.id)
    assert await rows(session, pbs, "/nodes/localhost/tasks") == 2
    pbs.limit_token({"/datastore": "DatastoreAudit"})
    answer = await ask(session, pbs, "/nodes/localhost/tasks")
    assert [row["upid"] for row in answer.data] == [mine.upid]
    other = pbs.tasks.archive[0].upid
    assert (await ask(session, pbs, f"/nodes/localhost/tasks/{other}/log")).status == 403
    assert (await ask(session, pbs, "/nodes/localhost/status")).status == 403


@pytest.mark.parametrize("path", ["/admin/prune", "/admin/verify", "/admin/gc", "/config/datastore"])
async def test_jobs_of_a_datastore_that_one_may_not_see_are_left_out(
    pbs: ServedBackupServer, session: aiohttp.ClientSession, path: str
) -> None:
    pbs.add_prune_job("p", "ds1", "daily", {"keep-last": 1})
    pbs.add_verify_job("v", "ds1")
    assert await rows(session, pbs, path) == 1
    pbs.limit_token({"/": "Audit", "/datastore/ds1": "NoAccess"})
    assert await rows(session, pbs, path) == 0


async def test_a_path_on_which_everything_was_taken_away_is_not_even_listed(
    pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    pbs.limit_token({"/": "Audit", "/datastore/ds1": "NoAccess"})
    assert "/datastore/ds1" not in (await ask(session, pbs, "/access/permissions")).data
