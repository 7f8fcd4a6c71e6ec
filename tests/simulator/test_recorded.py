"""The simulator answers what Proxmox's own code answered in the same situation (tests/data/recorded)."""

from collections.abc import AsyncIterator
import json
from pathlib import Path

import pytest

from simulator import AUDIT, SimulatedCluster

from .client import Client
from .recorded import ANSWERS, FRIDAY, WORLD, Recorded, ask, difference, live

NOT_SIMULATED = ("/replication", "/ha/status/current", "/qemu/")
"""What no client of ours asks for."""
FREE_KEYS = ("/access/permissions",)
"""Objects whose keys are data."""


@pytest.fixture
async def pve(tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """The recorded host after four days: good and bad runs, by schedule and by hand."""
    async with SimulatedCluster.start(WORLD, tmp_path, now=FRIDAY) as cluster:
        live(cluster)
        cluster.add_token("checker@pve!three", {"/": AUDIT.replace(" Pool.Audit", "")})
        cluster.add_token("checker2@pve!sizes", {"/": f"{AUDIT} Datastore.AllocateSpace VM.Backup"})
        cluster.access.add_token("checker@pve!noacl")
        yield cluster


@pytest.fixture
async def client(pve: SimulatedCluster) -> AsyncIterator[Client]:
    """A client of the recorded host."""
    async with Client(pve) as made:
        yield made


def identity(recorded: Recorded) -> str:
    """Name a case."""
    return f"{recorded['rights'].split()[0]} {recorded['request'].removeprefix('GET ')}"


SIMULATED = [entry for entry in ANSWERS if not any(part in entry["request"] for part in NOT_SIMULATED)]


@pytest.mark.parametrize("recorded", SIMULATED, ids=identity)
async def test_every_answer_has_the_recorded_shape(pve: SimulatedCluster, client: Client, recorded: Recorded) -> None:
    """Status, reason and type; errors word by word; fields and JSON types of what is not empty."""
    answer = await ask(pve, client, recorded)
    assert (answer.status, answer.reason) == (recorded["status"], recorded["reason"])
    if "download" in recorded["request"] and answer.status == 200:
        assert answer.text.startswith("INFO: ")
        return
    assert answer.headers.get("Content-Type") == recorded["content-type"]
    assert recorded.get("headers", {}).items() <= answer.headers.items()
    if recorded["body"] == "" or answer.status != 200:
        assert (json.loads(answer.text) if answer.text else "") == recorded["body"]
        return
    assert answer.body.keys() == recorded["body"].keys()
    assert bool(answer.data) == bool(recorded["body"]["data"])
    if not any(part in recorded["request"] for part in FREE_KEYS):
        assert difference(answer.data, recorded["body"]["data"]) == {}
