"""What the configuration of guests and nodes tells: on which storages the disks of a guest lie, and who has which address."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface
import re
from typing import Final, Self

from .fields import Fields

# PVE/QemuServer/Drive.pm and PVE/LXC/Config.pm; a disk that is detached is named unused0.
_DISK: Final = re.compile(r"(?:(?:ide|sata|scsi|virtio|efidisk|tpmstate|mp)[0-9]+|rootfs)")
_NETWORK: Final = re.compile(r"net([0-9]+)")
# A volume is storage:name; everything else is a path on the node.
_VOLUME: Final = re.compile(r"([A-Za-z][\w.-]*):.+")
_NO_MEDIUM: Final = frozenset({"none", "cdrom"})
_FAMILIES: Final = {"ip": 4, "ip6": 6}
# Interfaces of such a kind have their addresses from elsewhere.
_TOLD_ELSEWHERE: Final = frozenset({"dhcp", "auto"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """The addresses that a configuration tells; `all_told` are the families, 4 and 6, in which there can be no other."""

    told: frozenset[str] = frozenset()
    all_told: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestConfig:
    """What a guest's configuration tells of its disks and addresses.

    `storages` are those on which its disks lie; `uses_node` tells that it has a path or a device of its node besides.
    """

    storages: frozenset[str]
    uses_node: bool
    addresses: Addresses

    @classmethod
    def from_api(cls, data: object) -> Self:
        """Parse `/nodes/{node}/qemu/{vmid}/config` or that of `lxc`."""
        fields = Fields.of(data, "/nodes/{node}/{type}/{vmid}/config")
        options = {name: _Option.parse(fields.optional_text(name) or "") for name in fields.values if _is_known(name)}
        disks = [option for name, option in options.items() if _DISK.fullmatch(name) and option.is_disk]
        volumes = [_VOLUME.fullmatch(disk.first) for disk in disks]
        return cls(
            storages=frozenset(volume[1] for volume in volumes if volume is not None),
            uses_node=None in volumes,
            addresses=_addresses_of(options),
        )


@dataclass(frozen=True, slots=True)
class _Option:
    """An option as `first,name=value,name=value`, where the first may have a name too."""

    first: str
    values: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        first, *rest = text.split(",")
        pairs = (part.partition("=") for part in (first, *rest) if "=" in part)
        values = {name.strip(): value.strip() for name, _, value in pairs}
        return cls(values.get("file") or values.get("volume") or first.strip(), values)

    @property
    def is_disk(self) -> bool:
        """Whether it holds data: no drive for media is one."""
        return bool(self.first) and self.first not in _NO_MEDIUM and self.values.get("media") != "cdrom"

    @property
    def is_cloud_init(self) -> bool:
        """Whether it is the drive by which a virtual machine learns what to configure."""
        return "cloudinit" in self.first


def _is_known(name: str) -> bool:
    return _DISK.fullmatch(name) is not None or _NETWORK.fullmatch(name) is not None or name.startswith("ipconfig")


def _addresses_of(options: Mapping[str, _Option]) -> Addresses:
    """Return the addresses of all interfaces: of a container as they are, of a virtual machine as cloud-init makes them."""
    numbers = [match[1] for name in options if (match := _NETWORK.fullmatch(name)) is not None]
    interfaces = []
    for number in numbers:
        option = options[f"net{number}"]
        if "type" not in option.values and "name" not in option.values:
            # A container's interface has a name, a virtual machine's a model in place of it.
            tells = any(disk.is_cloud_init for disk in options.values())
            option = options.get(f"ipconfig{number}", _Option("", {})) if tells else _Option("", {})
        interfaces.append(option.values)
    return addresses_of(interfaces)


def addresses_of(interfaces: Iterable[Mapping[str, str]]) -> Addresses:
    """Return what interfaces tell by `ip` and `ip6`; who has no interface has no address."""
    told: set[str] = set()
    all_told = set(_FAMILIES.values())
    for interface in interfaces:
        for name, family in _FAMILIES.items():
            if (address := normalised(interface.get(name, ""))) is not None:
                told.add(address)
            else:
                all_told.discard(family)
    return Addresses(told=frozenset(told), all_told=frozenset(all_told))


def normalised(text: str) -> str | None:
    """Return an address in its one form, without the length of its network; None where the text is none."""
    try:
        return str(ip_interface(text.strip().strip("[]").partition("%")[0]).ip)
    except ValueError:
        return None


def node_addresses(data: object) -> Addresses:
    """Parse `/nodes/{node}/network`: the addresses that are set, and whether others may come from elsewhere."""
    told: set[str] = set()
    all_told = set(_FAMILIES.values())
    for row in Fields.rows(data, "/nodes/{node}/network"):
        for suffix, family in (("", 4), ("6", 6)):
            found = list(_set_on(row, suffix))
            told.update(found)
            if not found and row.optional_text(f"method{suffix}") in _TOLD_ELSEWHERE:
                all_told.discard(family)
    return Addresses(told=frozenset(told), all_told=frozenset(all_told))


def _set_on(row: Fields, suffix: str) -> Iterator[str]:
    for name in ("address", "cidr"):
        if (address := normalised(row.optional_text(f"{name}{suffix}") or "")) is not None:
            yield address
