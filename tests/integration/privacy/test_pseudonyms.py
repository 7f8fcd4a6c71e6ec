"""Pseudonyms: the same name has the same one, and no name is left."""

import pytest

from custom_components.proxmox_backup_checker.privacy.pseudonyms import Pseudonyms

NAMES = {
    "node": ["pve1", "pve10"],
    "storage": ["nas"],
    "job": ["backup-1a2b", "02:00 → nas"],
    "guest": ["web", "web-shop"],
}
HIDDEN = Pseudonyms(NAMES, "entry")


def _of(name: str) -> str:
    return HIDDEN.hide(name)


def test_a_name_says_what_it_names_and_nothing_else() -> None:
    assert _of("pve1").startswith("node_")
    assert _of("nas").startswith("storage_")
    assert _of("web") != _of("web-shop")
    assert Pseudonyms(NAMES, "entry").hide("web") == _of("web")
    assert Pseudonyms(NAMES, "another entry").hide("web") != _of("web")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node pve10 is off", "node {pve10} is off"),
        ("storage 'NAS' is not online", "storage '{nas}' is not online"),
        ("nas:backup/vzdump-qemu-101-x.vma.zst", "{nas}:backup/vzdump-qemu-101-x.vma.zst"),
        ("/mnt/pve/nas/dump", "/mnt/pve/{nas}/dump"),
        ("the website of web-shop and web_data", "the website of {web-shop} and {web}_data"),
        ("By the job 02:00 → nas on pve1", "By the job {02:00 → nas} on {pve1}"),
        (
            "UPID:pve1:0012AB34:0123ABCD:68B73EB0:vzdump:101:anna@pve!phone:",
            "UPID:{pve1}:0012AB34:0123ABCD:68B73EB0:vzdump:101:user:",
        ),
        ("pbs: error - Can't connect to 10.1.2.3:8007", "pbs: error - Can't connect to address:8007"),
        ("version 9.2.11", "version 9.2.11"),
    ],
)
def test_in_a_text_only_names_addresses_and_users_are_replaced(text: str, expected: str) -> None:
    for name in (name for names in NAMES.values() for name in names):
        expected = expected.replace(f"{{{name}}}", _of(name))
    assert HIDDEN.hide(text) == expected


def test_without_names_there_is_nothing_to_replace() -> None:
    assert Pseudonyms({}, "entry").hide("web on pve1") == "web on pve1"
