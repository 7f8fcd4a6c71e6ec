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
