"""The virtual backup servers of the acceptance tests, read and judged without Home Assistant: a look costs milliseconds."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Verdict
from custom_components.proxmox_backup_checker.checker.server.assessment import ServerAssessment
from custom_components.proxmox_backup_checker.checker.server.links import LinkedPlace, Links
from custom_components.proxmox_backup_checker.checker.server.views import DatastoreView, GroupView, ServerJobView
from simulator.backup_server.content import Datastore, Group
from simulator.backup_server.jobs import Job, PruneJob, SyncJob, VerifyJob
from simulator.backup_server.server import BackupServer
from simulator.clock import Clock
from tests.server_watch import NOON, ServerWatch, Site

from .lab import Held

DAY = 86_400
BERLIN = ZoneInfo("Europe/Berlin")


class ServerLab:
    """Two servers, `pbs` that is watched and `vault` that it knows as a remote; it is Monday noon in Berlin."""

    def __init__(self, start: datetime = NOON, *, version: str = "4.2.3") -> None:
        """Build them with an empty datastore each."""
        self.site = Site(Clock(start))
        self.pbs = BackupServer(self.site, "pbs", version=version, ip="192.168.1.50")
        self.vault = BackupServer(self.site, "vault", version=version, ip="10.8.0.2")
        self.vault.fingerprint = ":".join(["0F"] * 32)
        self.ds1 = self.pbs.add_datastore("ds1", gc_schedule="daily")
        self.tank = self.vault.add_datastore("tank")
        self.watch = ServerWatch(self.pbs, self.site.clock)

    def __enter__(self) -> Self:
        """Watch until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loop."""
        self.watch.__exit__()

    @property
    def now(self) -> datetime:
        """The present."""
        return self.site.clock.now()

    def look(self) -> ServerAssessment:
        """Look until nothing is left to be read."""
        return self.watch.later()

    def after(self, **duration: float) -> ServerAssessment:
        """Let a duration go by without a look, and look."""
        return self.watch.later(**duration)

    def live(self, *, step: timedelta | None = None, **duration: float) -> set[str]:
        """Let a duration go by with the usual looks, or one at every step; return what was a problem at any of them."""
        end = self.now + timedelta(**duration)
        self.watch.look()
        seen = set(self.watch.problems())
        while self.now < end:
            wait = min(end - self.now, step or self.watch.reader.again_in)
            self.site.clock.advance(seconds=wait.total_seconds())
            self.watch.look()
            seen |= self.watch.problems()
        return seen

    def at(self, clock: str, days: int = 0) -> ServerAssessment:
        """Let time go by until a time of day in Berlin, of today or a later day, and look."""
        hour, minute = map(int, clock.split(":"))
        local = self.now.astimezone(BERLIN).replace(hour=hour, minute=minute, second=0, microsecond=0)
        moment = local + timedelta(days=days)
        if moment <= self.now:
            moment += timedelta(days=1)
        return self.after(seconds=(moment - self.now).total_seconds())

    def decide(self, **options: Any) -> None:
        """Let the user decide."""
        self.watch.options = replace(self.watch.options, **options)

    def link(self, store: str = "ds1", ns: str = "", *vmids: int, complete: bool = True) -> None:
        """Link a cluster with these guests."""
        place = LinkedPlace(store=store, ns=ns, cluster="home", vmids=frozenset(vmids), complete=complete)
        self.watch.links = Links((*self.watch.links.places, place))

    def filled(self, name: str, *days: float, ns: str = "", store: Datastore | None = None, **options: Any) -> Group:
        """Add a group with snapshots of some days ago."""
        type_, _, id_ = name.partition("/")
        owner = options.pop("owner", "root@pam")
        group = (store or self.ds1).add_group(ns, type_, id_, owner)  # type: ignore[arg-type]
        for ago in sorted(days, reverse=True):
            group.add(int(self.now.timestamp() - ago * DAY), **options)
        return group

    def remote(self, *groups: str, user: str = "sync@pbs", **options: Any) -> None:
        """Know the vault as a remote whose user may write there and read these groups."""
        self.pbs.add_remote("vault", self.vault, user, **options)
        self.vault.access.grant("/datastore", "DatastoreAdmin", user)
        for name in groups:
            self.filled(name, 3, 2, 1, store=self.tank)

    def pull(self, schedule: str | None = "03:30", **options: Any) -> SyncJob:
        """Add a job that pulls from the vault into ds1."""
        return self.pbs.add_sync_job("pull", "ds1", schedule=schedule, remote="vault", remote_store="tank", **options)

    def push(self, schedule: str | None = "03:30", **options: Any) -> SyncJob:
        """Add a job that pushes from ds1 to the vault."""
        return self.pbs.add_sync_job(
            "push", "ds1", schedule=schedule, direction="push", remote="vault", remote_store="tank", **options
        )

    def verify(self, schedule: str | None = "sun 05:00", **options: Any) -> VerifyJob:
        """Add a job that checks ds1."""
        return self.pbs.add_verify_job("check", "ds1", schedule=schedule, **options)

    def prune(self, schedule: str = "02:00", keep: dict[str, int] | None = None, **options: Any) -> PruneJob:
        """Add a job that prunes ds1."""
        rules = {"keep-last": 3} if keep is None else keep
        return self.pbs.add_prune_job("tidy", "ds1", schedule, rules, **options)

    def run(self, job: Job, **duration: float) -> ServerAssessment:
        """Run a job by hand, and look when it is over."""
        job.start()
        return self.after(**(duration or {"hours": 1}))

    @property
    def server(self) -> Held:
        """What is held of the server."""
        return Held(self.watch.held.verdict)

    def store(self, name: str = "ds1") -> Held:
        """Return what is held of a datastore."""
        return Held(self.store_view(name).verdict)

    def store_view(self, name: str = "ds1") -> DatastoreView:
        """Return what is shown of a datastore."""
        return self.watch.held.datastores[name]

    def job(self, job_id: str) -> Held:
        """Return what is held of a job, such as sync_pull."""
        return Held(self.watch.held.verdicts[Subject("pbsjob", job_id)])

    def job_view(self, job_id: str) -> ServerJobView:
        """Return what is shown of a job."""
        return self.watch.held.jobs[job_id]

    def group(self, name: str, ns: str = "", store: str = "ds1") -> Held:
        """Return what is held of a group."""
        return Held(self.group_view(name, ns, store).verdict)

    def group_view(self, name: str, ns: str = "", store: str = "ds1") -> GroupView:
        """Return what is shown of a group."""
        return self.watch.held.groups[f"{store}:{ns}:{name}"]

    def happened(self) -> list[str]:
        """Take what has happened: the kind of each event."""
        kinds = [event.kind for event in self.watch.events]
        self.watch.events.clear()
        return kinds

    def told(self) -> list[tuple[str, str]]:
        """Take the messages: the kind and the tag of each."""
        told = [(message.kind.value, message.record.tag) for message in self.watch.messages]
        self.watch.messages.clear()
        return told

    def silence(self, *keys: str) -> None:
        """Let the user acknowledge the problems of these subjects."""
        verdicts, subjects = self.watch.held.verdicts, [Subject.parse(key) for key in keys]
        self.watch.history = acknowledge(self.watch.history, verdicts, subjects, self.now)


def values(verdict: Verdict) -> dict[str, str]:
    """Return the texts in a verdict's reason."""
    return {name: str(value) for name, value in verdict.reason.values.items()}


def codes(findings: Iterable[Any]) -> set[str]:
    """Return the codes of reasons."""
    return {finding.code.value for finding in findings}
