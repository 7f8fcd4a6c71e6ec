"""Every way through the flow that adds a backup server, each mistake continued to success."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.backup_server import BackupServers, ServedBackupServer

from ..conftest import entry_data as cluster_data
from .conftest import add_entry, entry_data, form_data, poll, set_up
from .steps import accept, choose, enter, start

AUDIT = {"/": "Audit", "/remote": "RemoteAudit"}


async def _succeeds(hass: HomeAssistant, result: Any, pbs: ServedBackupServer) -> ConfigEntry[Any]:
    """Correct what was wrong: the flow goes on to a working entry."""
    result = await enter(hass, result, form_data(pbs))
    result = await accept(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == entry_data(pbs)
    entry: ConfigEntry[Any] = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def test_a_server_is_added_once_its_certificate_is_confirmed(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    result = await start(hass, form_data(pbs))
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"] == {"host": pbs.ip, "fingerprint": pbs.fingerprint}
    assert not pbs.requests

    result = await enter(hass, result, {})
    assert result["step_id"] == "datastores"
    result = await enter(hass, result, {})
    assert result["step_id"] == "place"
    result = await enter(hass, result, {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == entry_data(pbs)
    assert dict(entry.options) == {}
    assert entry.unique_id == pbs.instance_id


async def test_a_server_is_called_what_its_host_is_called(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    pbs.backup("ds1", "host/nas", owner="nas@pbs!nas")
    result = await accept(hass, await start(hass, form_data(pbs)))
    assert result["title"] == "pbs"


async def test_a_server_without_any_task_is_called_by_its_address(
    hass: HomeAssistant, vault: ServedBackupServer
) -> None:
    result = await accept(hass, await start(hass, form_data(vault)))
    assert result["title"] == vault.ip


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"port": 1}, "base", "cannot_connect"),
        ({"token_secret": "wrong"}, "base", "invalid_auth"),
        ({"token_id": "homeassistant@pbs!other"}, "base", "invalid_auth"),
        ({"token_id": "homeassistant@pbs"}, "token_id", "invalid_token_id"),
        ({"host": "http://127.0.0.1"}, "host", "invalid_host"),
    ],
)
async def test_what_was_entered_wrong_is_named_and_can_be_corrected(
    hass: HomeAssistant, pbs: ServedBackupServer, changes: dict[str, Any], field: str, error: str
) -> None:
    result = await start(hass, form_data(pbs, **changes))
    if result["step_id"] == "certificate":
        result = await enter(hass, result, {})
    assert result["step_id"] == "backup_server"
    assert result["errors"] == {field: error}
    await _succeeds(hass, result, pbs)


async def test_a_cluster_is_not_taken_for_a_backup_server(
    hass: HomeAssistant, pve: SimulatedCluster, pbs: ServedBackupServer
) -> None:
    data = cluster_data(pve)
    result = await start(hass, {name: value for name, value in data.items() if name != "fingerprint"})
    result = await enter(hass, result, {})
    assert result["errors"] == {"base": "not_a_backup_server"}
    await _succeeds(hass, result, pbs)


async def test_missing_rights_are_named_with_the_lines_for_user_and_token(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.limit_token({"/datastore": "DatastoreAudit"})
    result = await enter(hass, await start(hass, form_data(pbs)), {})

    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "server_privileges")
    assert result["menu_options"] == ["check_again", "continue_anyway"]
    placeholders = result["description_placeholders"]
    # Each is broken so that the dialog shows it without scrolling.
    assert placeholders["commands"].replace(" \\\n ", "").splitlines() == [
        "proxmox-backup-manager acl update / Audit --auth-id homeassistant@pbs",
        "proxmox-backup-manager acl update / Audit --auth-id 'homeassistant@pbs!ha'",
        "proxmox-backup-manager acl update /remote RemoteAudit --auth-id homeassistant@pbs",
        "proxmox-backup-manager acl update /remote RemoteAudit --auth-id 'homeassistant@pbs!ha'",
    ]
    assert "Remote.Audit" in placeholders["missing"]
    assert "Datastore.Audit" not in placeholders["missing"]

    pbs.limit_token(AUDIT)
    result = await accept(hass, await choose(hass, result, "check_again"))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_rights_that_cannot_be_granted_can_be_done_without(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    pbs.limit_token({"/": "Audit"})
    result = await enter(hass, await start(hass, form_data(pbs)), {})
    result = await accept(hass, await choose(hass, result, "continue_anyway"))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_server_of_which_nothing_may_be_seen_is_not_taken_for_an_empty_one(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    # The token has the role, and its user has none: then it may do nothing.
    pbs.limit_token(AUDIT, user={})
    result = await enter(hass, await start(hass, form_data(pbs)), {})

    assert result["step_id"] == "server_privileges"
    assert result["menu_options"] == ["check_again"]
    assert "--auth-id homeassistant@pbs\n" in result["description_placeholders"]["commands"]


async def test_what_is_not_chosen_is_ignored_and_what_comes_later_is_watched(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    result = await accept(hass, await start(hass, form_data(pbs)), until="datastores")
    result = await enter(hass, result, {"datastores": ["ds1"], "namespaces": ["ds1:home"]})
    result = await accept(hass, result)

    assert result["options"] == {"ignore": ["ds2", "ds1:"]}
    entry = result["result"]
    assert set(entry.runtime_data.assessment.datastores) == {"ds1"}

    pbs.add_datastore("ds3")
    await entry.runtime_data.async_check_now()
    assert set(entry.runtime_data.assessment.datastores) == {"ds1", "ds3"}


async def test_place_and_hours_are_kept(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    result = await accept(hass, await start(hass, form_data(pbs)), until="place")
    hours = {"awake_from": "20:00:00", "awake_until": "23:00:00"}
    result = await enter(hass, result, {"place": "elsewhere", "always_on": False})
    assert result["errors"] == {"base": "hours_missing"}
    result = await enter(hass, result, {"place": "elsewhere", "always_on": False, **hours})

    assert result["options"] == {"place": "elsewhere", "awake": ["20:00:00", "23:00:00"]}


async def test_g71_the_same_server_is_not_added_twice_under_another_name(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    await set_up(hass, pbs)
    result = await enter(hass, await start(hass, form_data(pbs)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_g71_the_same_server_with_another_certificate_is_known_by_its_datastores(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    await set_up(hass, pbs)
    pbs.replace_certificate()
    result = await enter(hass, await start(hass, form_data(pbs)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_g71_a_cloned_machine_is_asked_about_and_watched_as_a_server_of_its_own(
    hass: HomeAssistant, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    await set_up(hass, pbs)
    vault.instance_id, vault.server_id = pbs.instance_id, pbs.server_id
    result = await enter(hass, await start(hass, form_data(vault)), {})

    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "clone")
    assert result["description_placeholders"] == {"host": vault.ip, "other": "pbs", "datastores": "tank"}
    result = await accept(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.unique_id == vault.fingerprint

    await poll(hass, entry)
    assert entry.unique_id == vault.fingerprint


async def test_g71_an_older_server_is_known_by_its_subscription_and_else_by_its_certificate(
    hass: HomeAssistant, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    pbs.version = vault.version = "4.1.9"
    result = await accept(hass, await start(hass, form_data(pbs)))
    assert result["result"].unique_id == pbs.server_id

    # The id is shown to those only who may audit everything.
    vault.limit_token({"/datastore": "DatastoreAudit", "/system": "Audit", "/remote": "RemoteAudit"})
    result = await accept(hass, await start(hass, form_data(vault)))
    assert result["result"].unique_id == vault.fingerprint


async def test_a_better_identity_is_taken_and_entities_keep_theirs(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.version = "4.1.9"
    entry = (await accept(hass, await start(hass, form_data(pbs))))["result"]
    began = entry.runtime_data.identity
    pbs.version = "4.2.3"
    await entry.runtime_data.async_check_now()

    assert entry.unique_id == pbs.instance_id
    assert entry.runtime_data.identity == began == pbs.server_id


async def test_a_refused_token_is_replaced(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    secret, pbs.token.secret = pbs.token.secret, "another-secret"
    await poll(hass, entry)
    [flow] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == "reauth_confirm"

    result = await enter(hass, flow, {"token_id": pbs.token.id, "token_secret": secret})
    assert result["errors"] == {"base": "invalid_auth"}
    result = await enter(hass, flow, {"token_id": pbs.token.id, "token_secret": "another-secret"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data["token_secret"] == "another-secret"
    assert entry.state is ConfigEntryState.LOADED


async def _reconfigure(hass: HomeAssistant, entry: ConfigEntry[Any], data: dict[str, Any]) -> Any:
    context: Any = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    result = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert result["step_id"] == "reconfigure"
    return await enter(hass, result, data)


async def test_an_address_is_changed_and_the_secret_kept(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs, data=entry_data(pbs, host="127.0.0.9"))
    assert not hasattr(entry, "runtime_data")
    result = await _reconfigure(hass, entry, {"host": pbs.ip, "port": pbs.port, "token_id": pbs.token.id})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert dict(entry.data) == entry_data(pbs)
    assert entry.state is ConfigEntryState.LOADED


async def test_another_server_is_not_taken_for_the_same_one(
    hass: HomeAssistant, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    result = await _reconfigure(hass, entry, form_data(vault))
    result = await enter(hass, result, {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "wrong_server")
    assert dict(entry.data) == entry_data(pbs)


async def test_a_server_that_is_known_by_its_certificate_may_get_another_one(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    pbs.version = "4.1.9"
    old = pbs.fingerprint
    entry = await set_up(hass, pbs, unique_id=old, data=entry_data(pbs, identity=old))
    pbs.server_id = ""
    pbs.replace_certificate()
    result = await _reconfigure(hass, entry, form_data(pbs))
    assert result["step_id"] == "certificate"
    result = await enter(hass, result, {})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data["fingerprint"] == pbs.fingerprint
    assert entry.runtime_data.identity == old


async def test_entries_without_a_kind_are_clusters(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = add_entry(hass, pbs, data={name: value for name, value in entry_data(pbs).items() if name != "kind"})
    await hass.config_entries.async_setup(entry.entry_id)
    # A backup server does not answer as a cluster does.
    assert entry.state is not ConfigEntryState.LOADED


async def test_a_datastore_that_cannot_be_read_keeps_nobody_from_the_others(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.store("ds1").enter_maintenance("offline", "disk swap")
    result = await accept(hass, await start(hass, form_data(pbs)), until="datastores")
    assert [str(field) for field in result["data_schema"].schema] == ["datastores"]
    result = await accept(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
