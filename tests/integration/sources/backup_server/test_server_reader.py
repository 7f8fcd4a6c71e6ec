"""A backup server is read as a whole, and asked no more than its facts need."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.checker.model.server_facts import ServerFacts
from custom_components.proxmox_backup_checker.proxmox.api.errors import AuthenticationError, CannotConnectError
from custom_components.proxmox_backup_checker.proxmox.backup_server.client import BackupServerClient
from custom_components.proxmox_backup_checker.proxmox.backup_server.namespace import GroupId
from custom_components.proxmox_backup_checker.sources.backup_server.content_reader import MOST_REQUESTS
from custom_components.proxmox_backup_checker.sources.backup_server.server_reader import QUIET, ServerReader
from simulator.backup_server import BackupServers, ServedBackupServer

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
VM100, VM101 = ("home", GroupId("vm", "100")), ("home", GroupId("vm", "101"))


class Watch:
    """Reads a server whenever its reader wants to be asked again."""

    def __init__(self, site: BackupServers, pbs: ServedBackupServer, session: aiohttp.ClientSession) -> None:
        """Read nothing yet."""
        self._site = site
        self.pbs = pbs
        client = BackupServerClient(
            session,
            pbs.ip,
            pbs.port,
            token_id=pbs.token.id,
            token_secret=pbs.token.secret,
            fingerprint=pbs.fingerprint,
        )
        self.reader = ServerReader(client)

    async def look(self) -> ServerFacts:
        """Read now."""
        return await self.reader.read(self._site.clock.now())

    async def until_quiet(self) -> ServerFacts:
        """Read until nothing is left to be listed."""
        facts = await self.look()
        while self.reader.again_in < QUIET:
            facts = await self.after()
        return facts

    async def after(self, delay: timedelta | None = None) -> ServerFacts:
        """Let time pass, as long as the reader says, or until then, and read."""
        self._site.clock.advance(seconds=(delay or self.reader.again_in).total_seconds())
        return await self.look()

    def asked(self) -> Counter[str]:
        """Return what was asked since the last time, by the last part of the path, and forget it."""
        counts = Counter(request.path.rpartition("/")[2] for request in self.pbs.requests)
        self.pbs.traffic.clear()
        return counts


@pytest.fixture
async def site(tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    """One server; it is Monday noon."""
    async with BackupServers.start(tmp_path, now=NOON) as servers:
        yield servers


@pytest.fixture
async def watch(site: BackupServers) -> AsyncIterator[Watch]:
    """A watch of a server with four datastores and six namespaces."""
    pbs = site.servers["pbs"]
    for name in ("ds1", "ds2", "ds3", "ds4"):
        pbs.add_datastore(name)
    for ns in ("home", "lab"):
        pbs.store("ds1").add_namespace(ns)
    for vmid in ("100", "101"):
        group = pbs.store("ds1").add_group("home", "vm", vmid, "backup@pbs")
        for days in (3, 2, 1):
            group.add(int(NOON.timestamp()) - days * 86_400)
    pbs.store("ds2").add_group("", "host", "nas", "nas@pbs").add(int(NOON.timestamp()) - 86_400)
    async with aiohttp.ClientSession() as session:
        yield Watch(site, pbs, session)


async def test_the_first_reading_knows_the_whole_server(watch: Watch) -> None:
    facts = await watch.until_quiet()
    assert facts.version.release == (4, 2, 3)
    assert (facts.instance_id, facts.zone, facts.skew) == (watch.pbs.instance_id, "Europe/Berlin", timedelta())
    assert sorted(facts.datastores) == ["ds1", "ds2", "ds3", "ds4"]
    home = facts.datastores["ds1"]
    assert home.namespaces == ("", "home", "lab")
    assert sorted(home.groups) == [VM100, VM101]
    assert [len(entry.snapshots) for entry in home.groups.values()] == [3, 3]
    assert home.usage is not None
    assert home.usage.used == watch.pbs.store("ds1").used
    assert (facts.waiting, facts.troubles, facts.tasks_complete) == (0, {}, True)


async def test_a_quiet_server_with_four_datastores_and_six_namespaces_is_asked_at_most_forty_times_an_hour(
    watch: Watch,
) -> None:
    await watch.until_quiet()
    watch.asked()
    hours = 24
    for _ in range(hours * 12):
        await watch.after()
        assert watch.reader.again_in == QUIET
    asked = watch.asked()
    assert asked.total() <= 40 * hours
    assert asked["groups"] == 6
    assert asked["snapshots"] == 3


async def test_after_a_backup_only_its_namespace_and_its_group_are_listed(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.backup("ds1", "vm/100", ns="home", owner="backup@pbs")
    watch.asked()
    facts = await watch.after(timedelta(minutes=5))
    listed = [request for request in watch.pbs.requests if request.path.endswith(("/groups", "/snapshots"))]
    assert [request.query for request in listed] == [
        {"ns": "home"},
        {"ns": "home", "backup-type": "vm", "backup-id": "100"},
    ]
    assert [task.upid.worker_type for task in facts.tasks] == ["backup"]
    assert len(facts.datastores["ds1"].groups[VM100].snapshots) == 4
    assert len(facts.datastores["ds1"].groups[VM101].snapshots) == 3


async def test_a_night_of_backups_is_listed_without_a_look_into_each_log(watch: Watch) -> None:
    await watch.until_quiet()
    for number in range(30):
        watch.pbs.backup("ds1", f"host/h{number}", ns="lab")
    watch.asked()
    facts = await watch.after(timedelta(minutes=5))
    asked = watch.asked()
    assert (asked["log"], asked["groups"], asked["snapshots"]) == (0, 3, 30)
    assert len(facts.tasks) == 30


async def test_a_backup_into_a_namespace_that_is_new_finds_it(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.store("ds1").add_namespace("new")
    watch.pbs.backup("ds1", "vm/200", ns="new")
    facts = await watch.after(timedelta(minutes=5))
    assert ("new", GroupId("vm", "200")) in facts.datastores["ds1"].groups


async def test_finished_tasks_are_told_once_and_what_is_remembered_is_not_told_again(watch: Watch) -> None:
    await watch.until_quiet()
    task = watch.pbs.tasks.by_hand("logrotate", None)
    told = [entry.upid.text for entry in (await watch.after()).tasks]
    assert told == [task.upid]
    assert (await watch.after()).tasks == ()
    again = ServerReader(watch.reader._client, [task.upid])
    assert (await again.read(NOON)).tasks == ()


async def test_a_backup_in_progress_is_looked_at_each_minute(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.backup("ds1", "vm/100", ns="home", owner="backup@pbs", duration=600)
    facts = await watch.after(timedelta(minutes=5))
    assert [task.running for task in facts.tasks] == [True]
    assert watch.reader.again_in == timedelta(minutes=1)
    watch.asked()
    await watch.after()
    assert watch.asked() == {"tasks": 1}


async def test_a_check_that_fails_a_snapshot_is_seen_with_the_next_look(watch: Watch) -> None:
    """Neither its time nor the count of its group has changed."""
    group = watch.pbs.store("ds1").group("home", "vm", "101")
    assert group is not None
    await watch.until_quiet()
    group.by_age[0].corrupt = True
    watch.pbs.add_verify_job("v", "ds1").start()
    watch.asked()
    facts = await watch.after(timedelta(hours=1))
    checks = [
        snapshot.verification and snapshot.verification.ok
        for snapshot in facts.datastores["ds1"].groups[VM101].snapshots
    ]
    assert checks == [False, True, True]
    asked = watch.asked()
    assert (asked["snapshots"], asked["log"]) == (1, 1)


async def test_what_is_deleted_without_a_task_is_noticed_within_a_day(watch: Watch) -> None:
    await watch.until_quiet()
    group = watch.pbs.store("ds1").group("home", "vm", "101")
    assert group is not None
    watch.pbs.store("ds1").remove_group(group)
    assert VM101 in (await watch.after(timedelta(hours=2))).datastores["ds1"].groups
    assert VM101 not in (await watch.after(timedelta(hours=23))).datastores["ds1"].groups


async def test_the_end_of_a_run_is_seen_at_its_job_at_once(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.add_prune_job("p", "ds1", "13:00", {"keep-last": 2})
    facts = await watch.after(timedelta(minutes=45))
    assert [job.status.last_run_upid for job in facts.prune_jobs] == [None]
    await watch.after(timedelta(minutes=12))
    facts = await watch.after(timedelta(minutes=5))
    assert [str(job.status.last_run_state) for job in facts.prune_jobs] == ["OK"]
    assert len(facts.datastores["ds1"].groups[VM100].snapshots) == 2


async def test_a_run_by_hand_is_seen_at_its_job_as_soon_as_it_has_ended(watch: Watch) -> None:
    job = watch.pbs.add_verify_job("v", "ds1")
    await watch.until_quiet()
    job.start()
    facts = await watch.after(timedelta(minutes=10))
    assert [str(entry.status.last_run_state) for entry in facts.verify_jobs] == ["OK"]


async def test_a_job_that_is_due_and_does_not_start_is_looked_at_when_it_ought_to_have(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.add_verify_job("v", "ds1", schedule="13:00")
    await watch.after(timedelta(minutes=45))
    watch.pbs.scheduler.active = False
    watch.asked()
    await watch.after(timedelta(minutes=18))
    assert watch.asked()["verify"] == 1
    await watch.after(timedelta(minutes=10))
    await watch.after(timedelta(minutes=5))
    assert watch.asked()["verify"] <= 1


async def test_a_datastore_that_cannot_be_read_keeps_what_was_known_and_is_not_asked(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.store("ds1").enter_maintenance("offline", "disk swap")
    facts = await watch.after(timedelta(minutes=15))
    watch.asked()
    facts = await watch.after(timedelta(hours=30))
    assert not facts.datastores["ds1"].datastore.readable
    assert len(facts.datastores["ds1"].groups[VM100].snapshots) == 3
    paths = {request.path for request in watch.pbs.requests}
    assert not any(path.startswith("/admin/datastore/ds1/") for path in paths)
    assert facts.troubles == {}


async def test_lost_rights_are_asked_about_in_the_same_look_and_what_was_seen_is_kept(watch: Watch) -> None:
    before = await watch.until_quiet()
    watch.pbs.limit_token({"/system": "Audit"})
    facts = await watch.after(timedelta(minutes=15))
    assert not facts.permissions.has("/datastore", "Datastore.Audit")
    assert {name: store.hidden for name, store in facts.datastores.items()} == dict.fromkeys(before.datastores, True)
    assert facts.datastores["ds1"].groups == before.datastores["ds1"].groups


async def test_many_groups_are_read_a_few_at_a_time_with_their_newest_backup_first(watch: Watch) -> None:
    store = watch.pbs.store("ds3")
    for number in range(150):
        store.add_group("", "host", f"h{number}", "x@pbs").add(int(NOON.timestamp()) - 3_600)
    facts = await watch.look()
    groups = facts.datastores["ds3"].groups
    assert len(groups) == 150
    assert all(entry.group.last_backup for entry in groups.values())
    assert facts.waiting > 100
    assert watch.asked().total() < 60
    assert watch.reader.again_in == timedelta(minutes=1)
    while watch.reader.again_in < QUIET:
        facts = await watch.after()
        assert watch.asked().total() <= MOST_REQUESTS + 10
    assert facts.waiting == 0
    assert all(entry.read_at for entry in facts.datastores["ds3"].groups.values())


async def test_a_clock_that_is_ahead_is_measured(watch: Watch) -> None:
    watch.pbs.skew = 480
    assert (await watch.look()).skew == timedelta(minutes=8)


async def test_a_server_that_is_off_or_refuses_the_token_cannot_be_read(watch: Watch) -> None:
    await watch.until_quiet()
    watch.pbs.power_off()
    with pytest.raises(CannotConnectError):
        await watch.after()
    watch.pbs.power_on()
    assert (await watch.after()).tasks_complete
    watch.pbs.token.enabled = False
    with pytest.raises(AuthenticationError):
        await watch.after()
