"""Which rights are missing, and the commands that grant them."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Permissions
from custom_components.proxmox_backup_checker.proxmox.api.privileges import (
    NEEDED,
    Privilege,
    grant_command,
    missing_privileges,
    role_command,
)
from simulator import AUDIT, SimulatedCluster

ALL = dict.fromkeys(AUDIT.split(), 1)


def permissions(**paths: dict[str, int]) -> Permissions:
    """Return permissions; `root` stands for `/`, underscores for slashes."""
    return Permissions.from_api(
        {"/" if path == "root" else f"/{path.replace('_', '/')}": held for path, held in paths.items()}
    )


def names(missing: tuple[Privilege, ...]) -> list[str]:
    return [privilege.name for privilege in missing]


async def test_a_token_with_the_documented_role_misses_nothing(client: ProxmoxClient) -> None:
    assert missing_privileges(await client.permissions()) == ()


@pytest.mark.parametrize("name", AUDIT.split())
async def test_each_privilege_that_is_taken_away_is_missed(
    client: ProxmoxClient, pve: SimulatedCluster, name: str
) -> None:
    pve.limit_token({"/": " ".join(word for word in AUDIT.split() if word != name)})
    assert names(missing_privileges(await client.permissions())) == [name]


async def test_a_separated_token_without_entries_of_its_own_misses_everything(
    client: ProxmoxClient, pve: SimulatedCluster
) -> None:
    pve.access.revoke(pve.token_id)
    assert missing_privileges(await client.permissions()) == NEEDED


async def test_a_privilege_that_is_not_handed_down_is_missed_below(
    client: ProxmoxClient, pve: SimulatedCluster
) -> None:
    for who in (pve.token_id, pve.token.user):
        pve.access.grant(who, "/", AUDIT, propagate=False)
    assert names(missing_privileges(await client.permissions())) == ["VM.Audit", "Datastore.Audit", "Pool.Audit"]


def test_the_nearest_path_decides() -> None:
    held = permissions(root=ALL, nodes_pve1={"VM.Audit": 1})
    assert held.has("/nodes/pve2", "Sys.Audit")
    assert not held.has("/nodes/pve1", "Sys.Audit")
    assert not held.has("/nodes/pve1/deeper", "Sys.Audit")


def test_a_privilege_of_zero_counts_on_its_path_only() -> None:
    held = permissions(root={"Sys.Audit": 0})
    assert held.has("/", "Sys.Audit")
    assert not held.has("/nodes/pve1", "Sys.Audit")


def test_any_one_of_several_privileges_is_enough() -> None:
    held = permissions(storage={"Datastore.AllocateSpace": 1})
    assert held.has("/storage/nas", "Datastore.Audit", "Datastore.AllocateSpace")
    assert not held.has("/storage/nas", "Datastore.Audit")


def test_only_reading_is_asked_for() -> None:
    assert all(privilege.name.endswith(".Audit") for privilege in NEEDED)
    assert role_command() == 'pveum role add BackupMonitor --privs "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"'


def test_a_grant_names_the_token_and_its_user() -> None:
    assert grant_command(Privilege("/vms", "VM.Audit"), "ha@pve!home") == (
        "pveum acl modify /vms --users 'ha@pve' --tokens 'ha@pve!home' --roles BackupMonitor"
    )


LISTED = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


@pytest.mark.parametrize(
    ("path", "privilege"),
    [
        ("/vms", "VM.Audit"),
        ("/vms/100", "VM.Audit"),
        ("/nodes/pve1", "Sys.Audit"),
        ("/storage/nas", "Datastore.Audit"),
        ("/pool", "Pool.Audit"),
        ("/pool/a/b", "Pool.Audit"),
    ],
)
def test_a_path_that_is_always_listed_and_is_not_has_no_privilege(path: str, privilege: str) -> None:
    """As where NoAccess was given there; the privileges on `/` do not reach it."""
    top = f"/{path.split('/')[1]}"
    everything = Permissions.from_api(dict.fromkeys(LISTED, ALL))
    taken_away = Permissions.from_api({listed: ALL for listed in LISTED if listed != top})
    assert everything.has(path, privilege)
    assert not taken_away.has(path, privilege)
    assert taken_away.has("/", privilege)


async def test_rights_taken_away_on_all_guests_are_missing(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    held = (await client.permissions()).by_path
    assert "/vms" in held
    without = Permissions.from_api(
        {path: dict.fromkeys(privileges, 1) for path, privileges in held.items() if path != "/vms"}
    )
    assert names(missing_privileges(without)) == ["VM.Audit"]
