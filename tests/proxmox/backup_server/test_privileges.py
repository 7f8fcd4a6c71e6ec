"""The rights that are missing are named with the exact lines that grant them, for the user and for the token."""

from custom_components.proxmox_backup_checker.proxmox.backup_server.privileges import (
    NEEDED,
    grant_commands,
    missing_privileges,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.server_models import Permissions

from .samples import sample

TOKEN = "backupmon@pbs!ha"


def test_with_the_recipe_nothing_is_missing() -> None:
    assert missing_privileges(Permissions.from_api(sample("GET /access/permissions (recipe)"))) == ()


def test_a_token_without_any_right_needs_all_of_them_in_four_lines() -> None:
    missing = missing_privileges(Permissions.from_api({}))
    assert missing == NEEDED
    assert grant_commands(missing, TOKEN) == (
        "proxmox-backup-manager acl update / Audit --auth-id backupmon@pbs",
        "proxmox-backup-manager acl update / Audit --auth-id 'backupmon@pbs!ha'",
        "proxmox-backup-manager acl update /remote RemoteAudit --auth-id backupmon@pbs",
        "proxmox-backup-manager acl update /remote RemoteAudit --auth-id 'backupmon@pbs!ha'",
    )


def test_the_right_to_remotes_is_missing_alone() -> None:
    missing = missing_privileges(
        Permissions.from_api(sample("GET /access/permissions (recipe without the RemoteAudit lines)"))
    )
    assert [privilege.path for privilege in missing] == ["/remote"]
    assert [line.split()[3] for line in grant_commands(missing, TOKEN)] == ["/remote", "/remote"]


def test_a_narrow_grant_is_enough() -> None:
    permissions = Permissions.from_api(
        {
            "/datastore": {"Datastore.Audit": True},
            "/system/tasks": {"Sys.Audit": True},
            "/system/status": {"Sys.Audit": True},
            "/remote": {"Remote.Audit": True},
        }
    )
    assert missing_privileges(permissions) == ()


def test_a_datastore_that_is_kept_from_the_token_is_named_and_no_right_above_it_helps() -> None:
    permissions = Permissions.from_api(sample("GET /access/permissions (recipe)"))
    missing = missing_privileges(permissions, ["tank"])
    assert [(privilege.path, privilege.name) for privilege in missing] == [("/datastore/tank", "Datastore.Audit")]
    assert grant_commands(missing, TOKEN) == (
        "proxmox-backup-manager acl update /datastore/tank NoAccess --delete true --auth-id backupmon@pbs",
        "proxmox-backup-manager acl update /datastore/tank NoAccess --delete true --auth-id 'backupmon@pbs!ha'",
        "proxmox-backup-manager acl update /datastore/tank Audit --auth-id backupmon@pbs",
        "proxmox-backup-manager acl update /datastore/tank Audit --auth-id 'backupmon@pbs!ha'",
    )


def test_where_no_datastore_is_shown_none_is_named() -> None:
    assert missing_privileges(Permissions.from_api({}), ["tank"]) == NEEDED


def test_what_was_taken_away_below_a_right_is_granted_where_it_was_taken() -> None:
    permissions = Permissions.from_api({"/": {"Sys.Audit": True, "Datastore.Audit": True}, "/remote": {"Remote.Audit": True},
                                        "/system": {"Sys.Audit": True}, "/datastore": {}})  # fmt: skip
    lines = grant_commands(missing_privileges(permissions), "u@pbs!t")
    assert [line.partition(" --auth-id")[0].removeprefix("proxmox-backup-manager acl update ") for line in lines] == [
        "/datastore NoAccess --delete true",
        "/datastore NoAccess --delete true",
        "/datastore Audit",
        "/datastore Audit",
    ]
