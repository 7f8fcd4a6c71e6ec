"""/nodes/{node}: what the configuration of its network and of its guests says."""

import hashlib

from simulator.guests import Guest

from .routes import ApiError, Call, Json, get


@get("/nodes/{node}/network", type=str)
def network(call: Call) -> Json:
    """Return the interfaces of /etc/network/interfaces, which every login may see: bridges with fixed addresses."""
    rows: list[Json] = [
        {
            "iface": "eno1",
            "type": "eth",
            "method": "manual",
            "method6": "manual",
            "families": ["inet"],
            "priority": 3,
            "active": 1,
            "exists": 1,
        }
    ]
    for number, address in enumerate((call.node.ip, *call.node.other_addresses)):
        rows.append(
            {
                "iface": f"vmbr{number}",
                "type": "bridge",
                "families": ["inet"],
                "priority": 4 + number,
                "active": 1,
                "autostart": 1,
                "bridge_ports": "eno1" if number == 0 else "",
                "bridge_stp": "off",
                "bridge_fd": "0",
            }
            | _address(address)
        )
    return call.in_any_order(rows)


def _address(address: str) -> dict[str, Json]:
    if address == "dhcp":
        return {"method": "dhcp", "method6": "manual"}
    if ":" in address:
        return {"method": "manual", "method6": "static", "address6": address, "netmask6": 64, "cidr6": f"{address}/64"}
    return {
        "method": "static",
        "method6": "manual",
        "address": address,
        "netmask": "255.255.255.0",
        "cidr": f"{address}/24",
    }


@get("/nodes/{node}/qemu/{vmid}/config", check=("/vms/{vmid}", "VM.Audit"), current=bool)
def virtual_machine_config(call: Call) -> Json:
    """Return the configuration of a virtual machine; cloud-init tells its address where that is fixed."""
    guest = _guest(call, "qemu")
    row = _common(guest) | {
        "name": guest.name,
        "ostype": "l26",
        "sockets": 1,
        "boot": "order=scsi0;ide2",
        "scsihw": "virtio-scsi-single",
        "smbios1": f"uuid=3fa85f64-5717-4562-b3fc-{guest.vmid:012d}",
        "net0": f"virtio=BC:24:11:00:{guest.vmid // 100:02X}:{guest.vmid % 100:02X},bridge=vmbr0,firewall=1",
        "ide2": "none,media=cdrom",
        "agent": None if guest.agent is None else "1",
    }
    row |= {disk.key: f"{disk.volume},size={disk.size_label}" for disk in guest.disks}
    if guest.address is not None:
        storage = guest.disks[0].volume.partition(":")[0] if guest.disks else "local-lvm"
        row["ide2"] = f"{storage}:vm-{guest.vmid}-cloudinit,media=cdrom"
        row["ipconfig0"] = f"ip={guest.address}/24,gw=192.168.1.1,ip6=auto"
    return {name: value for name, value in row.items() if value is not None}


@get("/nodes/{node}/lxc/{vmid}/config", check=("/vms/{vmid}", "VM.Audit"), current=bool, snapshot=str)
def container_config(call: Call) -> Json:
    """Return the configuration of a container."""
    guest = _guest(call, "lxc")
    address = "dhcp" if guest.address is None else f"{guest.address}/24,gw=192.168.1.1"
    row = _common(guest) | {
        "hostname": guest.name,
        "ostype": "debian",
        "arch": "amd64",
        "swap": 512,
        "unprivileged": 1,
        "net0": f"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:01:00:{guest.vmid % 100:02X},ip={address},type=veth",
    }
    for disk in guest.disks:
        mount = "" if disk.key == "rootfs" else f",mp={disk.mount}"
        row[disk.key] = f"{disk.volume}{mount},size={disk.size_label}"
    return row


def _common(guest: Guest) -> dict[str, Json]:
    row: dict[str, Json] = {
        "cores": 2,
        "memory": "4096" if guest.type == "qemu" else 4096,
        "onboot": 1,
        "digest": hashlib.sha1(f"{guest.vmid} {guest.name} {guest.disks}".encode()).hexdigest(),
    }
    optional = {"tags": guest.tags, "lock": guest.lock, "template": 1 if guest.template else None}
    return row | {name: value for name, value in optional.items() if value is not None}


def _guest(call: Call, kind: str) -> Guest:
    vmid, node = int(call.parameters["vmid"]), call.node.name
    guest = call.cluster.guests.get(vmid)
    if guest is None or guest.node != node or guest.type != kind:
        folder = "qemu-server" if kind == "qemu" else "lxc"
        raise ApiError(500, f"Configuration file 'nodes/{node}/{folder}/{vmid}.conf' does not exist")
    return guest
