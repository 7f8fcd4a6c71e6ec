"""Storage replication, of which every login sees what is of the guests that it may see."""

from simulator.replication import config_of, jobs_on, state_of

from .routes import Call, Json, get


@get("/cluster/replication")
def jobs(call: Call) -> Json:
    """Return all jobs, without their state."""
    return [
        config_of(job)
        for job in call.cluster.replications.values()
        if job.vmid in call.cluster.guests and call.may(f"/vms/{job.vmid}", "VM.Audit")
    ]


@get("/nodes/{node}/replication", guest=int)
def states(call: Call) -> Json:
    """Return the jobs of the guests that are on a node now, with their state."""
    return [state_of(job) for job in jobs_on(call.cluster, call.node.name) if call.may(f"/vms/{job.vmid}", "VM.Audit")]
