"""How an agent is found and known: the line that it prints for pairing."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.log_agent.models import DEFAULT_PORT, PairingCode

PIN = ":".join(["AB"] * 32)
LINE = "https://pve1.lan:8765/#token=0123456789abcdef0123&fingerprint=" + "ab" * 32


@pytest.mark.parametrize(
    ("line", "url"),
    [
        (LINE, "https://pve1.lan:8765"),
        (f"  {LINE}\n", "https://pve1.lan:8765"),
        (LINE.replace("pve1.lan:8765", "192.0.2.7:443"), "https://192.0.2.7:443"),
        (LINE.replace("pve1.lan:8765", "[2001:db8::1]:8765"), "https://[2001:db8::1]:8765"),
        (LINE.replace("https", "HTTPS").replace("pve1", "PVE1"), "https://pve1.lan:8765"),
        (LINE.replace(":8765", ""), f"https://pve1.lan:{DEFAULT_PORT}"),
        (LINE.replace("8765/", "8765"), "https://pve1.lan:8765"),
        (LINE.replace("https://", ""), "https://pve1.lan:8765"),
        (LINE + "&later=more", "https://pve1.lan:8765"),
    ],
)
def test_the_line_of_pair_is_read(line: str, url: str) -> None:
    assert PairingCode.parse(line) == PairingCode(url=url, token="0123456789abcdef0123", fingerprint=PIN)


def test_a_line_without_a_fingerprint_leaves_the_judgement_to_the_system() -> None:
    assert PairingCode.parse(LINE.partition("&")[0]).fingerprint is None


@pytest.mark.parametrize(
    "line",
    ["", "hello", "https://pve1.lan:8765/", "https://pve1.lan:8765/#fingerprint=" + "ab" * 32,
     LINE.replace("https", "http"), LINE.replace("pve1.lan", ""), LINE.replace(":8765", ":http"),
     LINE.replace(":8765", ":99999"), LINE.replace(":8765", ":0"), LINE.replace("/#", "/path#"), LINE.replace("/#", "/?a=b#"),
     LINE.replace("pve1", "user:secret@pve1"), LINE.replace("pve1", "pve 1"), LINE.replace("pve1", "pve%31"),
     LINE.replace("0123456789abcdef0123", ""), LINE.replace("0123456789abcdef0123", "short"),
     LINE.replace("0123456789abcdef0123", "0123456789%20abcdef0123"), LINE.replace("0123456789abcdef0123", "0123456789%0Aabcdef0123"),
     LINE.replace("0123456789abcdef0123", "ä" * 30), LINE[:-2], LINE[:-1] + "g", "https://[::1/#token=" + "x" * 30],
)  # fmt: skip
def test_what_is_no_such_line_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):
        PairingCode.parse(line)


def test_parts_entered_one_by_one_are_the_same() -> None:
    pin = ":".join(["ab"] * 32)
    assert PairingCode.from_parts(" pve1.lan ", " 0123456789abcdef0123 ", pin) == PairingCode.parse(LINE)
    assert PairingCode.from_parts("pve1.lan", "0123456789abcdef0123", "  ").fingerprint is None
