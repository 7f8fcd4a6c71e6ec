"""What the administrator says: the configuration file, the options of the command, and what the host itself says."""

import configparser
from dataclasses import dataclass
import os
from pathlib import Path
import socket

DEFAULT_FILE = Path("/etc/proxmox-backup-log-agent.conf")
DEFAULT_STATE = Path("/var/lib/proxmox-backup-log-agent")
DEFAULT_PORT = 8765
_SECTION = "agent"


class SettingsError(Exception):
    """The configuration cannot be used; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; None where the host's own value counts."""

    root: Path = Path("/")
    state_dir: Path = DEFAULT_STATE
    listen: str = f"[::]:{DEFAULT_PORT}"
    node: str | None = None
    time_zone: str | None = None
    address: str | None = None

    @classmethod
    def read(cls, path: Path | None) -> "Settings":
        """Return the settings of a configuration file; without `path` the default one's, which may be missing.

        Raises SettingsError.
        """
        parser = configparser.ConfigParser(interpolation=None)
        try:
            with (path or DEFAULT_FILE).open(encoding="utf-8") as file:
                parser.read_file(file)
        except FileNotFoundError as error:
            if path is not None:
                raise SettingsError(f"{path} does not exist") from error
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            raise SettingsError(f"{path or DEFAULT_FILE} cannot be read: {error}") from error
        section = dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
        if unknown := section.keys() - {"listen", "node", "time-zone", "address"}:
            raise SettingsError(f"Unknown setting: {', '.join(sorted(unknown))}")
        return cls(
            listen=section.get("listen") or cls.listen,
            node=section.get("node") or None,
            time_zone=section.get("time-zone") or None,
            address=section.get("address") or None,
        )

    def endpoint(self) -> tuple[str, int]:
        """Return host and port to listen on; an empty host means every address.

        Raises SettingsError.
        """
        host, separator, port = self.listen.rpartition(":")
        if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise SettingsError(f"listen is not HOST:PORT: {self.listen}")
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise SettingsError(f"An IPv6 address needs brackets: {self.listen}")
        return host.removeprefix("[").removesuffix("]"), int(port)

    def node_name(self) -> str:
        """Return the node's name as Proxmox forms it: the host's name up to the first dot (PVE::INotify)."""
        return self.node or socket.gethostname().partition(".")[0]

    def zone_name(self) -> str:
        """Return the IANA name of the node's time zone."""
        return self.time_zone or system_zone()


def system_zone() -> str:
    """Return the name of the zone that the C library uses, else what /etc/timezone says, else UTC."""
    target = os.path.realpath("/etc/localtime")
    _, separator, name = target.partition("/zoneinfo/")
    if separator and name not in ("", "localtime"):
        return name.removeprefix("posix/").removeprefix("right/")
    try:
        return Path("/etc/timezone").read_text("utf-8", "replace").strip() or "UTC"
    except OSError:
        return "UTC"
