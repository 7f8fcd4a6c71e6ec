"""What a person has in Home Assistant and must find again after an upgrade, read from its own files."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any, Final

from custom_components.proxmox_backup_checker.const import DOMAIN

_OF_AN_ENTITY: Final = ("entity_id", "id", "device_id", "name", "icon", "disabled_by", "hidden_by")
_OF_HISTORY: Final = ("runs", "guests", "jobs", "acknowledgements")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What the folder of a Home Assistant that was stopped holds of the integration."""

    entry: dict[str, Any]
    entities: dict[str, dict[str, Any]]
    devices: dict[str, list[str]]
    history: dict[str, set[str]]
    automations: str

    @classmethod
    def of(cls, folder: Path) -> Kept:
        """Read the files of a configuration folder."""
        entries = _stored(folder, "core.config_entries")["entries"]
        [entry] = [entry for entry in entries if entry["domain"] == DOMAIN]
        entities = _stored(folder, "core.entity_registry")["entities"]
        devices = _stored(folder, "core.device_registry")["devices"]
        history = _stored(folder, f"{DOMAIN}.{entry['entry_id']}")
        return cls(
            entry={name: entry[name] for name in ("entry_id", "unique_id", "title", "data", "options")},
            entities={
                f"{entity['entity_id'].split('.')[0]} {entity['unique_id']}": {
                    name: entity[name] for name in _OF_AN_ENTITY
                }
                for entity in entities
                if entity["platform"] == DOMAIN
            },
            devices={
                device["id"]: sorted(key for domain, key in device["identifiers"] if domain == DOMAIN)
                for device in devices
                if any(domain == DOMAIN for domain, _ in device["identifiers"])
            },
            history={part: _keys(history[part]) for part in _OF_HISTORY},
            automations=(folder / "automations.yaml").read_text(encoding="utf-8"),
        )

    def lost(self, now: Kept) -> list[str]:
        """Return what of this is gone or another one now; what has come beside it is none of it."""
        found = [f"entry, {name}" for name, value in self.entry.items() if now.entry[name] != value]
        found += [f"entity {key}" for key, value in self.entities.items() if now.entities.get(key) != value]
        found += [f"device {keys}" for key, keys in self.devices.items() if now.devices.get(key) != keys]
        for part, keys in self.history.items():
            found += [f"history, {part}: {key}" for key in sorted(keys - now.history[part])]
        return found + (["automations"] if now.automations != self.automations else [])


def _keys(part: Any) -> set[str]:
    """Return by what the records of a part of the history are known."""
    return set(part) if isinstance(part, dict) else {json.dumps(row, sort_keys=True) for row in part}


def _stored(folder: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / ".storage" / name).read_text(encoding="utf-8"))["data"]
    return data
