"""Tokens see what their privileges show them, and nothing else."""

import pytest

from simulator import AUDIT, SimulatedCluster

from .client import Client

NEEDED = {
    "/cluster/status": "(/, Sys.Audit)",
    "/cluster/backup": "(/, Sys.Audit)",
    "/cluster/backup/backup-nightly": "(/, Sys.Audit)",
    "/cluster/backup/backup-nightly/included_volumes": "(/, Sys.Audit)",
    "/cluster/backup-info/not-backed-up": "(/, Sys.Audit)",
    "/nodes/pve2/time": "(/nodes/pve2, Sys.Audit)",
    "/nodes/pve2/storage/nas/status": "(/storage/nas, Datastore.Audit|Datastore.AllocateSpace)",
    "/nodes/pve2/storage/nas/content": "(/storage/nas, Datastore.Audit|Datastore.AllocateSpace)",
    "/nodes/pve2/storage/nas/prunebackups": "(/storage/nas, Datastore.Audit|Datastore.AllocateSpace)",
    "/nodes/pve2/vzdump/defaults": "(/storage/local, Datastore.Audit|Datastore.AllocateSpace)",
    "/storage/nas": "(/storage/nas, Datastore.Allocate)",
}


@pytest.mark.parametrize(("path", "missing"), NEEDED.items())
async def test_a_missing_privilege_is_named(pve: SimulatedCluster, client: Client, path: str, missing: str) -> None:
    """In the body, and in the reason phrase; the connection ends."""
    pve.limit_token({})
    answer = await client.get(path)
    assert (answer.status, answer.reason) == (403, f"Permission check failed {missing}")
    assert answer.body == {"data": None, "message": f"Permission check failed {missing}\n"}
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "path",
    [
        "/cluster/resources?type=vm",
        "/cluster/resources?type=storage",
        "/cluster/tasks",
        "/nodes/pve1/tasks",
        "/nodes/pve1/storage",
        "/storage",
        "/pools",
    ],
)
async def test_lists_are_filtered_in_silence(pve: SimulatedCluster, client: Client, path: str) -> None:
    """A token without privileges gets an empty list, with status 200; with role A it gets rows."""
    pve.pools["prod"] = ""
    pve.job("nightly").run()
    place, _, kind = path.partition("?type=")
    parameters = {"type": kind} if kind else {}
    assert await client.data(place, **parameters)
    pve.limit_token({})
    assert await client.data(place, **parameters) == []


async def test_old_versions_say_it_only_in_the_reason_phrase(pve: SimulatedCluster, client: Client) -> None:
    """The body of 7.4 is empty of words."""
    pve.version = "7.4-20"
    pve.limit_token({})
    answer = await client.get("/cluster/status")
    assert answer.reason == "Permission check failed (/, Sys.Audit)"
    assert answer.body == {"data": None}


@pytest.mark.parametrize("token", ["", "homeassistant@pve!ha=wrong", "nobody@pve!ha=wrong", "nonsense"])
async def test_a_wrong_token_gets_an_empty_401(client: Client, token: str) -> None:
    """Nothing says why."""
    answer = await client.get("/version", token=token)
    assert (answer.status, answer.text) == (401, "")
    assert answer.reason == ("Authentication failed!" if token else "No ticket")


async def test_a_revoked_or_disabled_token_gets_401(pve: SimulatedCluster, client: Client) -> None:
    """A disabled user's tokens do not work either."""
    pve.access.users["homeassistant@pve"] = False
    assert (await client.get("/version")).status == 401
    pve.access.users["homeassistant@pve"] = True
    assert (await client.get("/version")).status == 200
    pve.access.remove_token(pve.token_id)
    assert (await client.get("/version")).status == 401


async def test_audit_rights_show_no_archive_but_the_dry_run_of_prune_does(
    pve: SimulatedCluster, client: Client
) -> None:
    """The trap that most monitors fall into."""
    pve.job("nightly").run()
    content, prune = "/nodes/pve1/storage/nas/content", "/nodes/pve1/storage/nas/prunebackups"
    assert await client.data(content) == []
    assert {row["vmid"] for row in await client.data(prune, prune_backups="keep-all=1")} == {101, 102, 103, 104}
    pve.limit_token({"/": AUDIT, "/storage/nas": "Datastore.AllocateSpace", "/vms/101": "VM.Backup"})
    assert [row["vmid"] for row in await client.data(content)] == [101]
    pve.limit_token({"/": AUDIT, "/storage": "Datastore.Allocate Datastore.Audit"})
    assert len(await client.data(content)) == 4


async def test_a_separated_token_has_no_more_than_its_user_and_its_own_entries(
    pve: SimulatedCluster, client: Client
) -> None:
    """With privilege separation both need the entry; without, the user's counts."""
    pve.access.revoke(pve.token_id)
    assert await client.data("/access/permissions") == {}
    pve.token.privsep = False
    assert (await client.data("/access/permissions"))["/nodes"]["Sys.Audit"] == 1
    pve.token.privsep = True
    pve.access.grant(pve.token_id, "/", AUDIT)
    pve.access.revoke("homeassistant@pve")
    assert await client.data("/access/permissions") == {}


async def test_an_entry_on_a_path_replaces_the_one_above(pve: SimulatedCluster, client: Client) -> None:
    """NoAccess on a guest hides it; an entry that is not handed down counts only at its path."""
    pve.access.grant(pve.token_id, "/vms/103", "NoAccess")
    assert [row["vmid"] for row in await client.data("/cluster/resources", type="vm")] == [101, 102, 104]
    assert [row["vmid"] for row in await client.data("/cluster/backup-info/not-backed-up")] == []
    for who in (pve.token_id, pve.token.user):
        pve.access.grant(who, "/", AUDIT, propagate=False)
    assert (await client.get("/cluster/status")).status == 200
    assert (await client.get("/nodes/pve1/time")).status == 403
    assert (await client.data("/access/permissions"))["/"]["Sys.Audit"] == 0


async def test_rights_on_a_pool_show_its_guests(pve: SimulatedCluster, client: Client) -> None:
    """The pool's name needs a privilege of its own."""
    pve.pools["prod"] = ""
    pve.guest(102).pool = "prod"
    pve.limit_token({"/pool/prod": "VM.Audit"})
    [row] = await client.data("/cluster/resources", type="vm")
    assert row["vmid"] == 102
    assert "pool" not in row
    pve.limit_token({"/pool/prod": "VM.Audit Pool.Audit"})
    [row] = await client.data("/cluster/resources", type="vm")
    assert row["pool"] == "prod"


async def test_permissions_of_others_need_a_privilege(pve: SimulatedCluster, client: Client) -> None:
    """A token may ask for itself."""
    pve.add_token("other@pve!x", {"/vms": "VM.Audit"})
    assert (await client.data("/access/permissions", userid="other@pve!x"))["/vms"] == {"VM.Audit": 1}
    pve.limit_token({})
    assert (await client.get("/access/permissions", userid="other@pve!x")).status == 403
    assert await client.data("/access/permissions", userid=pve.token_id) == {}


async def test_own_tasks_are_visible_without_privileges(pve: SimulatedCluster, client: Client) -> None:
    """Everybody else's are not, and their logs neither."""
    [foreign] = pve.backup_by_hand([101], "nas")
    [own] = pve.backup_by_hand([101], "nas", by=pve.token_id)
    pve.limit_token({})
    [row] = await client.data("/nodes/pve1/tasks")
    assert (row["upid"], row["tokenid"]) == (own.upid, "ha")
    assert await client.data(f"/nodes/pve1/tasks/{own.upid}/log")
    assert (await client.get(f"/nodes/pve1/tasks/{foreign.upid}/log")).status == 403


async def test_storages_need_the_audit_privilege_in_resources_only(pve: SimulatedCluster, client: Client) -> None:
    """AllocateSpace shows a storage in the list of a node, but not in the resources."""
    pve.limit_token({"/storage/nas": "Datastore.AllocateSpace"})
    assert [row["storage"] for row in await client.data("/nodes/pve1/storage")] == ["nas"]
    assert await client.data("/cluster/resources", type="storage") == []


async def test_defaults_hide_what_is_private_without_rights_on_the_node(pve: SimulatedCluster, client: Client) -> None:
    """The folder of the dumps and the like."""
    pve.node("pve1").defaults["mailto"] = "admin@example.com"
    assert {"mailto", "dumpdir", "ionice"} <= (await client.data("/nodes/pve1/vzdump/defaults")).keys()
    pve.limit_token({"/storage": "Datastore.Audit"})
    shown = await client.data("/nodes/pve1/vzdump/defaults")
    assert not {"mailto", "dumpdir", "ionice"} & shown.keys()
    assert shown["storage"] == "local"
