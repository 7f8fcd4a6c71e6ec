"""The homelab on a good day."""

from simulator.cluster import Cluster
from simulator.scenario import Scenario

from .homelab import HISTORY_DAYS, build_guests, build_hardware


def build(cluster: Cluster) -> None:
    """Build the homelab with two jobs that leave nobody out and have never failed."""
    build_hardware(cluster)
    build_guests(cluster)
    cluster.add_job(
        "backup-3f1a7c52-91de",
        "02:30",
        "nas",
        all=1,
        compress="zstd",
        comment="Nightly to the NAS",
        notes_template="{{guestname}}",
    )
    cluster.add_job(
        "backup-c94d1e0b-5a3f",
        "sun 05:00",
        "pbs",
        all=1,
        comment="Everything on Sundays",
        prune_backups={"keep-weekly": "6"},
    )


ALL_FINE = Scenario(
    name="all-fine",
    title="The homelab on a good day: every guest in a job, every run a success",
    build=build,
    history_days=HISTORY_DAYS,
)
