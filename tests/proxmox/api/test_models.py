"""Answers as Proxmox gives them, read into dataclasses; JSON ends there."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.backup_models import (
    Archive,
    BackupJob,
    IncludedGuest,
    StorageConfig,
    StorageStatus,
    VzdumpDefaults,
)
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import (
    Certificate,
    ClusterStatus,
    Node,
    NodeTime,
    Permissions,
    Resources,
    Task,
    Version,
)
from custom_components.proxmox_backup_checker.proxmox.api.errors import UnexpectedAnswerError
from custom_components.proxmox_backup_checker.proxmox.api.fields import Fields

SAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "api" / "samples.json").read_text(encoding="utf-8")
)


def sample(name: str) -> Any:
    """Return the data of a sample."""
    return SAMPLES[f"GET {name}"]["data"]


@pytest.mark.parametrize(("line", "release"), [("9.2", (9, 2)), ("8.4", (8, 4)), ("7.4", (7, 4))])
def test_versions(line: str, release: tuple[int, int]) -> None:
    assert Version.from_api(sample(f"/version ({line})")).release == release


def test_a_version_without_a_release_is_read_from_its_text() -> None:
    assert Version.from_api({"version": "7.4-20"}).release == (7, 4)
    with pytest.raises(UnexpectedAnswerError, match="unknown form"):
        Version.from_api({"version": "latest"})


def test_permissions() -> None:
    assert Permissions.from_api(sample("/access/permissions (PVEAuditor-like token, ACL on /)")).has(
        "/nodes/pve1", "Sys.Audit"
    )
    assert not Permissions.from_api(sample("/access/permissions (privsep token without own ACL)")).has("/", "Sys.Audit")


def test_a_cluster_and_a_single_host() -> None:
    cluster = ClusterStatus.from_api(sample("/cluster/status (cluster)"))
    assert (cluster.name, cluster.title, cluster.quorate) == ("home", "home", True)
    assert [(node.name, node.online, node.local) for node in cluster.nodes] == [
        ("pve1", True, True),
        ("pve3", False, False),
    ]
    single = ClusterStatus.from_api(sample("/cluster/status (standalone)"))
    assert (single.name, single.title, single.quorate) == (None, "pve", True)


def test_a_cluster_without_quorum_says_so() -> None:
    rows = [{**row, "quorate": 0} if row["type"] == "cluster" else row for row in sample("/cluster/status (cluster)")]
    assert not ClusterStatus.from_api(rows).quorate


def test_a_cluster_without_any_node_is_no_answer() -> None:
    with pytest.raises(UnexpectedAnswerError, match="no node listed"):
        ClusterStatus.from_api([])


def test_resources() -> None:
    rows = [
        *sample("/cluster/resources?type=vm"),
        *sample("/cluster/resources?type=storage"),
        *sample("/cluster/resources?type=node"),
    ]
    resources = Resources.from_api(rows)
    guests = {guest.vmid: guest for guest in resources.guests}
    assert (guests[100].name, guests[100].pool, guests[100].tags) == ("web01", "prod", ("prod", "web"))
    assert guests[100].template is False
    assert (guests[200].guest_type, guests[200].lock) == ("lxc", "backup")
    assert list(guests) == sorted(guests)
    hidden, shown = (storage for storage in resources.storages if storage.storage == "pbs1")
    if hidden.available:
        hidden, shown = shown, hidden
    assert (shown.total, hidden.total, hidden.available) == (2000398934016, None, False)


def test_a_guest_of_a_silent_node_has_no_name_and_nobody_knows_whether_it_is_a_template() -> None:
    row = {"id": "qemu/102", "type": "qemu", "vmid": 102, "node": "pve2", "status": "unknown"}
    [guest] = Resources.from_api([row]).guests
    assert (guest.name, guest.template, guest.status) == (None, None, "unknown")


def test_jobs() -> None:
    jobs = {job.job_id: job for job in BackupJob.list_from_api(sample("/cluster/backup"))}
    nightly = jobs["backup-2f0e7f6b-5b1a"]
    assert (nightly.vmids, nightly.schedule, nightly.comment) == ((100, 101, 200, 201), "21:00", "nightly")
    assert (nightly.next_run, nightly.legacy, nightly.enabled) == (1755716400, False, True)
    assert nightly.options["prune-backups"] == {"keep-daily": "7", "keep-weekly": "4"}
    everything = jobs["backup-pbs"]
    assert (everything.all_guests, everything.exclude, everything.vmids) == (True, (102, 9000), ())
    for row in sample("/cluster/backup"):
        assert jobs[row["id"]].enabled is (row.get("enabled", 1) in {1, "1"})
        assert jobs[row["id"]].pool == row.get("pool")


def test_a_disabled_job_of_the_old_kind() -> None:
    [job] = BackupJob.list_from_api(
        [{"id": "0a1b:1", "enabled": "", "starttime": "02:00", "dow": "sat", "vmid": "100"}]
    )
    assert (job.enabled, job.legacy, job.schedule, job.starttime, job.day_of_week) == (
        False,
        True,
        None,
        "02:00",
        "sat",
    )


def test_included_volumes() -> None:
    guests = {
        guest.vmid: guest for guest in IncludedGuest.list_from_api(sample("/cluster/backup/{id}/included_volumes"))
    }
    assert [(volume.key, volume.included) for volume in guests[100].volumes] == [
        ("scsi0", True),
        ("scsi1", False),
        ("efidisk0", False),
    ]


def test_node_time() -> None:
    assert NodeTime.from_api(sample("/nodes/pve1/time")) == NodeTime(zone="Europe/Berlin", time=1755716403)


def test_tasks() -> None:
    running, failed, by_token = Task.list_from_api(sample("/nodes/pve1/tasks?typefilter=vzdump&source=all&limit=500"))
    assert (running.running, running.status, running.ended) == (True, None, None)
    assert (failed.running, failed.status, failed.ended) == (False, "job errors", 1756152895)
    assert (by_token.task_id, by_token.user, by_token.token) == ("100", "root@pam", "ha")


def test_a_task_that_ended_without_a_status_is_over_and_not_fine() -> None:
    row = {"upid": "U", "node": "pve1", "starttime": 1, "endtime": 2, "type": "vzdump", "id": "", "user": "root@pam"}
    [task] = Task.list_from_api([row])
    assert not task.running
    assert task.status == ""


def test_storages() -> None:
    nas, pbs = StorageStatus.list_from_api(sample("/nodes/pve1/storage?content=backup"))
    assert (nas.active, nas.total, nas.used, nas.available) == (False, None, None, None)
    assert (pbs.active, pbs.total, pbs.available) == (True, 2000398934016, 1200398934016)
    local, backup_server = StorageConfig.list_from_api(sample("/storage"))
    assert (local.content, local.prune_backups) == (("backup", "iso", "vztmpl"), None)
    assert backup_server.prune_backups == "keep-all=1"


def test_archives_of_a_directory() -> None:
    archives = Archive.list_from_content(
        sample("/nodes/pve1/storage/nas-backup/content?content=backup"), "nas-backup"
    ).items
    assert [archive.ctime for archive in archives] == sorted(archive.ctime for archive in archives)
    assert {archive.vmid for archive in archives if archive.protected} == {200}
    by_hand = next(archive for archive in archives if "before-upgrade" in archive.volid)
    assert (by_hand.size, by_hand.finished) == (1, True)


def test_archives_of_a_backup_server() -> None:
    archives = Archive.list_from_content(sample("/nodes/pve1/storage/pbs1/content?content=backup"), "pbs1").items
    verified = next(archive for archive in archives if archive.vmid == 101)
    assert (verified.verification, verified.encrypted, verified.protected) == ("ok", True, True)
    for archive in archives:
        assert archive.finished is (archive.size is not None)
    assert [archive.vmid for archive in archives if not archive.finished] == [
        row["vmid"] for row in sample("/nodes/pve1/storage/pbs1/content?content=backup") if row.get("size") == 1
    ]


def test_archives_by_the_dry_run() -> None:
    archives = Archive.list_from_prune(
        sample("/nodes/pve1/storage/nas-backup/prunebackups?prune-backups=keep-all=1"), "nas-backup"
    ).items
    marks = {archive.volid.split(":", 1)[1]: (archive.protected, archive.renamed) for archive in archives}
    assert sorted(marks.values()) == [(False, False), (False, True), (True, False)]
    texts = Archive.list_from_prune(
        sample("/nodes/pve1/storage/pbs1/prunebackups?prune-backups=keep-last=1&vmid=101&type=qemu"), "pbs1"
    ).items
    assert {archive.vmid for archive in texts} == {101}


def test_defaults_of_vzdump() -> None:
    defaults = VzdumpDefaults.from_api(sample("/nodes/pve1/vzdump/defaults?storage=nas-backup"))
    assert (defaults.storage, defaults.prune_backups, defaults.remove) == (
        "nas-backup",
        "keep-daily=7,keep-weekly=4",
        True,
    )


def test_a_cluster_is_known_by_its_own_authority() -> None:
    uuid = "0b7e9f1c-1111-2222-3333-444455556666"
    subject = f"/CN=Proxmox Virtual Environment/OU={uuid}/O=PVE Cluster Manager CA"
    rows = [
        {"filename": "pve-root-ca.pem", "subject": subject, "issuer": "someone else"},
        {"filename": "pve-ssl.pem", "subject": "/OU=PVE Cluster Node/CN=pve1", "issuer": subject.upper()},
        {"filename": "pveproxy-ssl.pem", "subject": "/CN=pve.example.org", "issuer": "/C=US/O=Let's Encrypt/CN=R10"},
    ]
    assert [certificate.authority for certificate in Certificate.list_from_api(rows)] == [uuid, uuid, None]


LISTS: list[Callable[[object], object]] = [
    Node.list_from_api,
    Task.list_from_api,
    BackupJob.list_from_api,
    Resources.from_api,
    StorageStatus.list_from_api,
    StorageConfig.list_from_api,
]


@pytest.mark.parametrize("read", LISTS)
@pytest.mark.parametrize("data", ["text", 1, {"a": 1}, ["text"], [None], [[]], [{}]], ids=repr)
def test_lists_of_another_shape_are_told_apart_from_empty_ones(read: Callable[[object], object], data: object) -> None:
    with pytest.raises(UnexpectedAnswerError):
        read(data)


@pytest.mark.parametrize("value", [1, "1", True])
def test_what_perl_writes_for_true(value: object) -> None:
    assert Fields({"key": value}, "x").flag("key") is True


@pytest.mark.parametrize("value", [0, "0", "", False])
def test_what_perl_writes_for_false(value: object) -> None:
    assert Fields({"key": value}, "x").flag("key", default=True) is False


def test_a_flag_that_is_missing_has_its_default() -> None:
    assert Fields({}, "x").flag("key", default=True) is True
    with pytest.raises(UnexpectedAnswerError, match="x: field 'key' is 'maybe', expected a boolean"):
        Fields({"key": "maybe"}, "x").flag("key")


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), ("-7", -7), (7.0, 7), ("", None), (None, None)])
def test_numbers_may_be_texts(value: object, number: int | None) -> None:
    assert Fields({"key": value}, "x").optional_integer("key") == number


@pytest.mark.parametrize("value", ["seven", 7.5, [], {}, "7.5", "--7", "²"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match="expected a whole number"):
        Fields({"key": value}, "x").integer("key")


@pytest.mark.parametrize(
    ("text", "vmids"), [("102,100", (100, 102)), ("100; 101 100", (100, 101)), ("", ()), (None, ()), (100, (100,))]
)
def test_lists_of_guests(text: object, vmids: tuple[int, ...]) -> None:
    assert Fields({"key": text}, "x").vmids("key") == vmids


def test_what_is_no_list_of_guests_is_refused() -> None:
    with pytest.raises(UnexpectedAnswerError, match="a list of VMIDs"):
        Fields({"key": "100,web"}, "x").vmids("key")


ONE_ROW: dict[str, Callable[[Any], object]] = {
    "/cluster/status": ClusterStatus.from_api,
    "/nodes": Node.list_from_api,
    "/nodes/pve1/certificates/info": Certificate.list_from_api,
    "/cluster/resources": Resources.from_api,
    "/cluster/backup": BackupJob.list_from_api,
    "/nodes/pve1/tasks": Task.list_from_api,
    "/nodes/pve1/storage": StorageStatus.list_from_api,
    "/storage": StorageConfig.list_from_api,
    "/content": lambda data: Archive.list_from_content(data, "nas"),
    "/prunebackups": lambda data: Archive.list_from_prune(data, "nas"),
    "/included_volumes": lambda data: IncludedGuest.list_from_api({"children": data}),
    "/included_volumes of a guest": lambda data: IncludedGuest.list_from_api(
        {"children": [{"id": 100, "type": "qemu", "children": data}]}
    ),
}


@pytest.mark.parametrize("read", ONE_ROW.values(), ids=ONE_ROW)
def test_null_in_place_of_a_list_is_no_empty_list(read: Callable[[Any], object]) -> None:
    with pytest.raises(UnexpectedAnswerError, match="expected a list, got NoneType"):
        read(None)


def test_null_in_place_of_the_permissions_is_not_that_there_are_none() -> None:
    with pytest.raises(UnexpectedAnswerError):
        Permissions.from_api(None)
    assert not Permissions.from_api({}).has("/", "Sys.Audit")


def test_a_guest_of_a_job_that_is_gone_has_no_volumes() -> None:
    [guest] = IncludedGuest.list_from_api({"children": [{"id": 999, "type": "unknown", "leaf": 1}]})
    assert (guest.guest_type, guest.volumes) == ("unknown", ())


BEYOND = [-1, -62135596800, 253402300800, 2**53, 2**63, 10**30, 1e300, "9" * 19]


@pytest.mark.parametrize("odd", BEYOND, ids=repr)
def test_a_moment_that_no_calendar_has_is_named(odd: object) -> None:
    task = {"upid": "U", "node": "pve1", "starttime": 1, "endtime": 2, "type": "vzdump", "id": "", "user": "root@pam"}
    with pytest.raises(UnexpectedAnswerError, match="/nodes/{node}/time: field 'time'"):
        NodeTime.from_api({"timezone": "UTC", "time": odd})
    for key in ("starttime", "endtime"):
        with pytest.raises(UnexpectedAnswerError, match=f"field '{key}'"):
            Task.list_from_api([{**task, key: odd}])
    with pytest.raises(UnexpectedAnswerError, match="field 'next-run'"):
        BackupJob.list_from_api([{"id": "nightly", "next-run": odd}])


@pytest.mark.parametrize("odd", BEYOND, ids=repr)
def test_an_archive_of_a_time_that_no_calendar_has_is_left_out_and_named(odd: object) -> None:
    rows = [{"volid": "nas:backup/a", "vmid": 100, "ctime": 1_755_716_403, "type": "qemu", "mark": "keep"}]
    rows.append({**rows[0], "volid": "nas:backup/b", "ctime": odd})
    for read in (Archive.list_from_content, Archive.list_from_prune):
        found = read(rows, "nas")
        assert [archive.volid for archive in found.items] == ["nas:backup/a"]
        [text] = found.odd
        assert "field 'ctime'" in text


@pytest.mark.parametrize("odd", [*BEYOND, "soon", None, [], {}], ids=repr)
def test_an_odd_uptime_costs_nothing_but_itself(odd: object) -> None:
    rows = [
        {"id": "node/pve1", "type": "node", "node": "pve1", "uptime": odd},
        {"id": "node/pve2", "type": "node", "node": "pve2", "uptime": 60},
    ]
    resources = Resources.from_api(rows)
    assert resources.uptimes == {"pve2": 60}
    assert set(resources.odd) == ({"node/pve1"} if odd is not None else set())


@pytest.mark.parametrize(
    "address", ["a b", "10.0.0.2:99", "10.0.0.2/24", "pve2.lan", "user@10.0.0.2", "10.0.0.256", "\n", "[::1]", 7]
)
def test_what_is_no_address_of_a_node_is_left_out_and_named(address: object) -> None:
    rows = [{"type": "node", "name": name, "online": 1, "ip": ip} for name, ip in (("a", "10.0.0.1"), ("b", address))]
    one, other = ClusterStatus.from_api(rows).nodes
    assert (one.address, one.odd) == ("10.0.0.1", None)
    assert other.address is None
    assert "field 'ip'" in (other.odd or "")


@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::1"])
def test_addresses_of_both_kinds_are_taken(address: str) -> None:
    [node] = ClusterStatus.from_api([{"type": "node", "name": "a", "online": 1, "ip": address}]).nodes
    assert (node.address, node.odd) == (address, None)


@pytest.mark.parametrize("fingerprint", ["x", "ab" * 20, ":".join(["AB"] * 20), "gg" * 32, "\ufffd"])
def test_what_is_no_fingerprint_is_left_out_and_named(fingerprint: str) -> None:
    [node] = Node.list_from_api([{"node": "pve2", "status": "online", "ssl_fingerprint": fingerprint}])
    assert node.fingerprint is None
    assert "field 'ssl_fingerprint'" in (node.odd or "")


def test_a_node_that_is_off_has_neither_address_nor_fingerprint_and_that_is_not_odd() -> None:
    [status] = ClusterStatus.from_api([{"type": "node", "name": "pve2", "online": 0, "nodeid": 2}]).nodes
    [node] = Node.list_from_api([{"node": "pve2", "status": "offline", "ssl_fingerprint": None}])
    assert (status.address, status.odd, node.fingerprint, node.odd) == (None, None, None, None)


def test_a_task_that_is_listed_twice_is_returned_once_with_its_end() -> None:
    row = {"node": "pve1", "type": "vzdump", "id": "", "user": "root@pam"}
    running = {**row, "upid": "A", "starttime": 200, "saved": "0"}
    ended = {**running, "endtime": 300, "status": "OK", "saved": "1"}
    other = {**row, "upid": "B", "starttime": 250, "endtime": 290, "status": "job errors"}
    for rows in ([running, other, ended], [ended, running, other], [other, ended, running, running]):
        tasks = Task.list_from_api(rows)
        assert [(task.upid, task.status, task.ended) for task in tasks] == [("B", "job errors", 290), ("A", "OK", 300)]


def test_tasks_come_by_their_start_whatever_the_order_of_their_ends() -> None:
    starts = [100, 300, 200, 300]
    rows = [
        {"upid": f"U{n}", "node": "pve1", "starttime": start, "endtime": 400, "status": "OK", "type": "vzdump",
         "user": "root@pam"}
        for n, start in enumerate(starts)
    ]  # fmt: skip
    assert [task.upid for task in Task.list_from_api(rows)] == ["U3", "U1", "U2", "U0"]
    assert Task.list_from_api(rows[::-1]) == Task.list_from_api(rows)


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\u2028", "\x00", "\x1b"])
def test_names_that_people_chose_stay_on_their_line(line_end: str) -> None:
    name = f"web{line_end}2026-01-01 00:00:00 ERROR forged"
    row = {"id": "qemu/100", "type": "qemu", "vmid": 100, "node": "pve1", "name": name, "pool": name}
    [guest] = Resources.from_api([row]).guests
    assert (guest.name, guest.pool) == ("web 2026-01-01 00:00:00 ERROR forged",) * 2


def test_a_name_by_which_proxmox_knows_something_has_no_line_ends() -> None:
    rows = [
        {"id": "qemu/100", "type": "qemu", "vmid": 100, "node": "pve1\nx"},
        {"id": "qemu/101", "type": "qemu", "vmid": 101, "node": "pve1"},
    ]
    resources = Resources.from_api(rows)
    assert [guest.vmid for guest in resources.guests] == [101]
    assert resources.odd.keys() == {"qemu/100"}


@pytest.mark.parametrize("vmid", [0, -1, 10**12, "1" * 5000, "web", 1.5])
def test_what_is_no_number_of_a_guest_is_refused(vmid: object) -> None:
    with pytest.raises(UnexpectedAnswerError):
        Resources.from_api([{"id": "x", "type": "qemu", "vmid": vmid, "node": "pve1"}])
    with pytest.raises(UnexpectedAnswerError):
        BackupJob.list_from_api([{"id": "nightly", "vmid": f"100,{'9' * 13}"}])


def test_an_option_of_a_job_that_is_nested_deeper_than_any_is_refused() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    with pytest.raises(UnexpectedAnswerError, match="field 'fleecing' is .*, expected an option of vzdump"):
        BackupJob.list_from_api([{"id": "nightly", "fleecing": deep}])


def test_a_huge_value_does_not_fill_the_error_that_names_it() -> None:
    with pytest.raises(UnexpectedAnswerError) as caught:
        Fields({"key": ["x" * 10**6] * 50}, "x").integer("key")
    assert len(str(caught.value)) < 500
