"""How many media there are at least, where hosts are told by names and addresses."""

import pytest

from custom_components.proxmox_backup_checker.checker.copies.media import fewest


@pytest.mark.parametrize(
    ("media", "least"),
    [
        ((), 0),
        (("host/nas", "host/nas"), 1),
        (("host/nas", "host/192.168.1.5"), 1),
        (("host/nas", "host/NAS.lan"), 1),
        (("host/nas", "host/vault"), 2),
        (("host/192.168.1.5", "host/192.168.1.6"), 2),
        (("host/192.168.1.5", "host/fd00::5"), 1),
        (("host/192.168.1.5", "host/192.168.1.6", "host/nas"), 2),
        (("host/nas", "host/192.168.1.5@elsewhere"), 2),
        (("host/nas", "node/pve1"), 2),
        (("host/nas", "storage/share"), 2),
        (("host/192.168.1.5", "host/192.168.1.5/disk-1", "host/192.168.1.5/disk-2"), 3),
    ],
)
def test_what_may_be_one_box_counts_once(media: tuple[str, ...], least: int) -> None:
    assert fewest(media) == least
