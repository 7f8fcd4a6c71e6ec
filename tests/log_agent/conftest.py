"""A host with one guest and one job, and its agent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxmox_backup_log_agent.certificate import make_certificate

from .host import LOG, UPID, Agent, Host, running_agent

STATE = {"state": "stopped", "msg": "OK", "upid": UPID}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate that the agent made."""
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "pve1")
    return folder


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with one guest's log and one job."""
    host = Host.at(tmp_path / "host")
    host.write_log("qemu-100.log", LOG)
    host.write_job("nightly", STATE)
    return host


@pytest.fixture
async def agent(host: Host, certificates: Path, real_network: None) -> AsyncIterator[Agent]:
    """The host's agent."""
    async with running_agent(host.root, certificates) as agent:
        yield agent
