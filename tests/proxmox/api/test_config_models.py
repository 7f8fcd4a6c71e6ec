"""Configurations of guests and networks, in the forms in which hosts give them."""

from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.backup_models import StorageConfig
from custom_components.proxmox_backup_checker.proxmox.api.config_models import (
    Addresses,
    GuestConfig,
    node_addresses,
    normalised,
)

CLOUD_DRIVE = "local-lvm:vm-100-cloudinit,media=cdrom,size=4M"


def addresses(**options: Any) -> Addresses:
    """Return the addresses that a guest's options tell."""
    return GuestConfig.from_api(options).addresses


def test_disks_of_a_virtual_machine_lie_on_their_storages() -> None:
    config = GuestConfig.from_api(
        {
            "name": "web",
            "scsi0": "local-zfs:base-9000-disk-0/vm-100-disk-0,iothread=1,size=32G",
            "virtio1": "file=ceph:vm-100-disk-1,size=8G",
            "efidisk0": "nas:100/vm-100-disk-2.qcow2,efitype=4m",
            "ide2": "local:iso/debian.iso,media=cdrom",
            "ide3": CLOUD_DRIVE,
            "sata0": "none,media=cdrom",
            "unused0": "old:vm-100-disk-9",
            "hostpci0": "0000:01:00",
        }
    )
    assert config.storages == {"local-zfs", "ceph", "nas"}
    assert not config.uses_node


def test_a_disk_of_the_node_itself_binds_a_virtual_machine_to_it() -> None:
    config = GuestConfig.from_api({"scsi0": "ceph:vm-100-disk-0", "scsi1": "/dev/disk/by-id/ata-WDC,size=4T"})
    assert (config.storages, config.uses_node) == (frozenset({"ceph"}), True)


def test_mount_points_of_a_container_lie_on_storages_or_on_the_node() -> None:
    config = GuestConfig.from_api(
        {
            "hostname": "files",
            "rootfs": "local-lvm:vm-101-disk-0,size=8G",
            "mp0": "/tank/media,mp=/media",
            "mp1": "volume=nas:101/vm-101-disk-0.raw,mp=/data",
        }
    )
    assert (config.storages, config.uses_node) == (frozenset({"local-lvm", "nas"}), True)


def test_the_address_of_a_container_is_that_of_its_interface() -> None:
    told = addresses(net0="name=eth0,bridge=vmbr0,ip=192.168.1.5/24,ip6=fd00::5/64,gw=192.168.1.1", rootfs="a:b")
    assert told == Addresses(told=frozenset({"192.168.1.5", "fd00::5"}), all_told=frozenset({4, 6}))


@pytest.mark.parametrize("ip", ["ip=dhcp", "ip=manual", "ip6=auto", ""])
def test_an_address_from_elsewhere_is_not_told(ip: str) -> None:
    assert addresses(net0=f"name=eth0,bridge=vmbr0,{ip}") == Addresses()


def test_one_interface_of_two_is_not_all() -> None:
    told = addresses(net0="name=eth0,ip=192.168.1.5/24", net1="name=eth1,ip=dhcp")
    assert (told.told, told.all_told) == (frozenset({"192.168.1.5"}), frozenset())


def test_cloud_init_tells_the_address_of_a_virtual_machine_that_reads_it() -> None:
    options = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1"}
    assert addresses(**options, ide2=CLOUD_DRIVE).told == {"10.0.0.5"}
    assert addresses(**options, ide2=CLOUD_DRIVE).all_told == {4}
    # Without the drive nobody in there reads it.
    assert addresses(**options) == Addresses()


def test_who_has_no_interface_has_no_address() -> None:
    assert addresses(scsi0="a:b") == Addresses(all_told=frozenset({4, 6}))


def test_a_node_has_the_addresses_of_all_its_interfaces() -> None:
    told = node_addresses(
        [
            {"iface": "eno1", "type": "eth", "method": "manual"},
            {
                "iface": "vmbr0",
                "method": "static",
                "address": "192.168.1.2",
                "cidr": "192.168.1.2/24",
                "method6": "auto",
            },
            {"iface": "vmbr1", "method": "static", "cidr": "10.10.10.2/24", "method6": "static", "address6": "FD00::2"},
        ]
    )
    assert told == Addresses(told=frozenset({"192.168.1.2", "10.10.10.2", "fd00::2"}), all_told=frozenset({4}))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.2/24", "192.168.1.2"),
        ("[FD00::0001]", "fd00::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("nas.lan", None),
        ("", None),
    ],
)
def test_an_address_has_one_form(text: str, address: str | None) -> None:
    assert normalised(text) == address


@pytest.mark.parametrize(
    ("row", "hosts", "shared"),
    [
        ({"type": "nfs", "server": "192.168.1.20"}, ("192.168.1.20",), True),
        ({"type": "cifs", "server": "NAS.lan"}, ("nas.lan",), True),
        ({"type": "rbd", "monhost": "10.0.0.1:6789 10.0.0.2;10.0.0.3"}, ("10.0.0.1", "10.0.0.2", "10.0.0.3"), True),
        ({"type": "iscsi", "portal": "[fd00::9]:3260"}, ("fd00::9",), True),
        ({"type": "dir", "path": "/mnt/x", "shared": 1}, (), True),
        ({"type": "dir", "path": "/mnt/x"}, (), False),
        ({"type": "zfspool", "pool": "tank"}, (), False),
    ],
)
def test_a_storage_tells_who_serves_it(row: dict[str, Any], hosts: tuple[str, ...], shared: bool) -> None:
    [config] = StorageConfig.list_from_api([{"storage": "s", "content": "backup", **row}])
    assert (config.hosts, config.shared) == (hosts, shared)
