"""Writes down what the runs of a world did, once it is over."""

from typing import TYPE_CHECKING

from .ledger import FOREVER, ArchiveFact, Ledger, Part, RunFact

if TYPE_CHECKING:
    from .playing import World


def written_down(world: World) -> Ledger:
    """Return the ledger of a world with its runs and archives."""
    facts: dict[int, ArchiveFact] = {}
    for run in world.cluster.dispatch.ever:
        life = world.ledger.nodes[run.node.name]
        ended = FOREVER if run.ended is None else run.ended
        noticed = ended
        if run.ended is not None and life.is_off(run.ended):
            noticed = next(end for start, end in life.off if start <= run.ended < end)
        parts = {}
        for vmid in run.vmids:
            turn = run.turns.get(vmid)
            number = None
            if turn is not None and turn.archive is not None:
                archive = turn.archive
                number = id(archive)
                fate = world.fates.get(number, {})
                facts[number] = ArchiveFact(
                    number=number,
                    vmid=vmid,
                    storage=str(run.options["storage"]),
                    node=archive.node,
                    written=turn.began,
                    deleted=fate.get("deleted", FOREVER),
                    corrupt=fate.get("corrupt", FOREVER),
                )
            parts[vmid] = Part(
                vmid=vmid,
                began=turn.began if turn else None,
                ended=turn.ended if turn else None,
                error=turn.error if turn else None,
                archive=number,
            )
        world.ledger.runs.append(
            RunFact(
                node=run.node.name,
                job=run.job.id if run.job else None,
                by_hand=not run.scheduled,
                storage=str(run.options["storage"]),
                started=run.started,
                stamp=float(run.task.starttime),
                locked=run.locked,
                ended=ended,
                noticed=noticed,
                status=run.status if noticed < FOREVER else None,
                parts=parts,
                prunes="prune-backups" in run.options,
            )
        )
    world.ledger.archives = sorted(facts.values(), key=lambda archive: archive.written)
    world.ledger.runs.sort(key=lambda run: run.started)
    return world.ledger
