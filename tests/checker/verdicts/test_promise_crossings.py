"""What is counted of a promise that was never kept."""

from datetime import timedelta

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.records import History

from ..builders import NOW, facts, guest, job


def test_b29_f07_slots_missed_since_the_cluster_is_watched_are_counted_from_the_first_though_no_run_ever_was() -> None:
    known = facts([guest(100), guest(101, "lxc", node="pve2")], [job("nightly", 100, 101, storage="nas")])
    held = judge(known, History())
    for day in (1, 2, 3):
        later = NOW + timedelta(days=day)
        held = judge(facts(known.guests, known.jobs, now=later, read_at=later), held.history, held)
    for verdict in (held.guests[100].verdict, held.guests[101].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status.value, verdict.failures) == ("overdue", 3)
        assert verdict.since is not None
        assert verdict.since < NOW + timedelta(days=1)
