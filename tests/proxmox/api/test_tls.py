"""Fingerprints of certificates, written by people and shown by servers."""

import hashlib

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import CannotConnectError
from custom_components.proxmox_backup_checker.proxmox.api.tls import (
    fetch_fingerprint,
    fingerprint_of,
    normalise_fingerprint,
    ssl_argument,
)
from simulator import SimulatedCluster

DIGEST = hashlib.sha256(b"certificate").hexdigest()
PAIRS = ":".join(DIGEST[index : index + 2].upper() for index in range(0, 64, 2))


@pytest.mark.parametrize(
    "text",
    [PAIRS, PAIRS.lower(), DIGEST, f"  {PAIRS}\n", PAIRS.replace(":", " ")],
    ids=["proxmox", *["lower", "plain", "edge", "spaced"]],
)
def test_a_fingerprint_is_read_however_it_is_written(text: str) -> None:
    assert normalise_fingerprint(text) == PAIRS


@pytest.mark.parametrize("text", ["", "AB:CD", PAIRS[:-1], PAIRS + ":AB", PAIRS.replace(PAIRS[0], "G", 1), "٣" * 64])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not a SHA-256 fingerprint"):
        normalise_fingerprint(text)


def test_a_certificate_has_the_fingerprint_of_its_bytes() -> None:
    assert fingerprint_of(b"certificate") == PAIRS


def test_without_a_pin_the_system_judges_and_with_one_only_that_certificate_counts() -> None:
    assert ssl_argument(None) is True
    pinned = ssl_argument(PAIRS)
    assert not isinstance(pinned, bool)
    assert pinned.fingerprint == bytes.fromhex(DIGEST)


async def test_the_fingerprint_of_a_node_is_fetched_without_trust(pve: SimulatedCluster) -> None:
    for node, fingerprint in pve.fingerprints.items():
        assert await fetch_fingerprint(*pve.address(node)) == fingerprint


async def test_a_host_that_is_off_has_no_fingerprint(pve: SimulatedCluster) -> None:
    pve.node("pve1").go_offline()
    with pytest.raises(CannotConnectError):
        await fetch_fingerprint(pve.host, pve.port)
