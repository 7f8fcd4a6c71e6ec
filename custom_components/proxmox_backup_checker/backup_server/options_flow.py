"""Options of a backup server: what of it is watched, where it stands, and when to warn."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
import probatio

from ..checker.server.assessment import ServerAssessment
from ..const import CONF_DATASTORES, CONF_HIDE_NAMES, CONF_IGNORE, CONF_NAMESPACES, CONF_PLACE
from ..heartbeat_options import HeartbeatOptions
from ..proxmox.backup_server.datastore_models import MountStatus
from ..texts.markdown import inert
from .options import (
    CONF_ASLEEP_LIMIT,
    CONF_AWAKE,
    CONF_DATASTORE,
    CONF_DAYS,
    CONF_GROUP,
    CONF_RHYTHM,
    CONF_ROTATION,
    CONF_WARNINGS_ARE_PROBLEMS,
    NUMBERS,
    content_fields,
    disk_fields,
    entered_content,
    entered_place,
    namespace_key,
    place_fields,
    rhythm_fields,
    settings_fields,
    shown_place,
    with_days,
)
from .servers import server_of


class BackupServerOptionsFlow(HeartbeatOptions):
    """Keeps the decisions for one backup server; what a step does not ask about stays as it was."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be decided."""
        options = ["server_content", "server_place", "server_settings"]
        options += [
            *(["server_rhythm"] if self._groups(()) else []),
            *(["server_disks"] if self._removable() else []),
            "heartbeat",
        ]
        return self.async_show_menu(step_id="init", menu_options=options)

    async def async_step_server_content(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which datastores and namespaces are watched."""
        ignored: list[str] = self.config_entry.options.get(CONF_IGNORE, [])
        stores, namespaces = self._there(ignored)
        if user_input is None:
            chosen = {
                CONF_DATASTORES: [name for name in stores if name not in ignored],
                CONF_NAMESPACES: [
                    key for key in namespaces if key not in ignored and key.partition(":")[0] not in ignored
                ],
            }
            schema = probatio.Schema(content_fields(stores, namespaces))
            return self.async_show_form(
                step_id="server_content", data_schema=self.add_suggested_values_to_schema(schema, chosen)
            )
        # Those of a datastore that is chosen again are watched again too, unless they were left out by themselves.
        kept = [name for name in ignored if name.count(":") > 1]
        return self._save({CONF_IGNORE: [*entered_content(user_input, stores, namespaces), *kept]}, {CONF_IGNORE})

    async def async_step_server_place(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the server stands and when it is on."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return self._save(entered_place(user_input), {CONF_PLACE, CONF_AWAKE})
            except ValueError:
                errors["base"] = "hours_missing"
        shown = user_input or shown_place(self.config_entry.options)
        return self.async_show_form(
            step_id="server_place",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(place_fields()), shown),
            errors=errors,
        )

    async def async_step_server_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which groups are left alone, and how long to wait before something is a problem."""
        ignored: list[str] = self.config_entry.options.get(CONF_IGNORE, [])
        before = [name for name in ignored if name.count(":") > 1]
        if user_input is None:
            fields = settings_fields(self._groups(before))
            shown = {**self.config_entry.options, CONF_IGNORE: before}
            return self.async_show_form(
                step_id="server_settings",
                data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), shown),
            )
        entered = {name: value for name, value in user_input.items() if name not in NUMBERS and value}
        entered |= {name: user_input[name] for name, (usual, *_) in NUMBERS.items() if user_input[name] != usual}
        entered[CONF_IGNORE] = [
            *(name for name in ignored if name.count(":") < 2),
            *user_input.get(CONF_IGNORE, []),
        ]
        return self._save(entered, {CONF_IGNORE, CONF_WARNINGS_ARE_PROBLEMS, CONF_HIDE_NAMES, *NUMBERS})

    async def async_step_server_rhythm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often a group is to be backed up, where that is not to be learned."""
        known: dict[str, float] = self.config_entry.options.get(CONF_RHYTHM, {})
        groups = self._groups(known)
        if user_input is None:
            return self.async_show_form(
                step_id="server_rhythm",
                data_schema=probatio.Schema(rhythm_fields(groups)),
                description_placeholders={"set": _listed(known, groups)},
            )
        changed = with_days(known, user_input[CONF_GROUP], user_input[CONF_DAYS])
        return self._save({CONF_RHYTHM: changed}, {CONF_RHYTHM})

    async def async_step_server_disks(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how long a disk may be away, and which disks take turns."""
        options = self.config_entry.options
        known: dict[str, float] = options.get(CONF_ASLEEP_LIMIT, {})
        if user_input is None:
            turns: list[list[str]] = options.get(CONF_ROTATION, [])
            schema = probatio.Schema(disk_fields(self._removable()))
            return self.async_show_form(
                step_id="server_disks",
                data_schema=self.add_suggested_values_to_schema(schema, {CONF_ROTATION: turns[0] if turns else []}),
                description_placeholders={"set": _listed(known, {})},
            )
        turning = sorted(user_input.get(CONF_ROTATION, []))
        changed = {
            CONF_ASLEEP_LIMIT: with_days(known, user_input.get(CONF_DATASTORE), user_input[CONF_DAYS]),
            CONF_ROTATION: [turning] if len(turning) > 1 else [],
        }
        return self._save(changed, {CONF_ASLEEP_LIMIT, CONF_ROTATION})

    def _save(self, entered: dict[str, Any], asked: set[str]) -> ConfigFlowResult:
        """Put what was entered in the place of what was asked for, without what is empty."""
        kept = {name: value for name, value in self.config_entry.options.items() if name not in asked}
        return self.async_create_entry(
            data=kept | {name: value for name, value in entered.items() if value not in ([], {})}
        )

    def _assessment(self) -> ServerAssessment | None:
        server = server_of(self.config_entry)
        return server.assessment if server is not None else None

    def _there(self, ignored: list[str]) -> tuple[list[str], list[str]]:
        """Return the datastores and namespaces that are there, and those that are ignored though they are gone."""
        assessment = self._assessment()
        facts = assessment.facts.datastores if assessment is not None and assessment.facts is not None else {}
        stores = {*facts, *(name for name in ignored if ":" not in name)}
        namespaces = {namespace_key(store, ns) for store, found in facts.items() for ns in found.namespaces}
        namespaces |= {name for name in ignored if name.count(":") == 1}
        return sorted(stores), sorted(namespaces)

    def _removable(self) -> list[str]:
        """Return the datastores whose disks come and go."""
        assessment = self._assessment()
        views = assessment.datastores.values() if assessment is not None else ()
        fixed = {MountStatus.NONREMOVABLE, MountStatus.UNKNOWN}
        return [view.store for view in views if view.facts.datastore.mount_status not in fixed]

    def _groups(self, chosen: Iterable[str]) -> dict[str, str]:
        """Return the groups that are judged here, and those that were chosen before, by what people call them."""
        assessment = self._assessment()
        views = assessment.groups if assessment is not None else {}
        names = {key: key for key in chosen} | {key: f"{view.name} ({view.store})" for key, view in views.items()}
        return dict(sorted(names.items(), key=lambda item: item[1]))


def _listed(days: Mapping[str, float], names: Mapping[str, str]) -> str:
    """Return limits as people read them."""
    return ", ".join(f"{inert(names.get(key, key))}: {value:g} d" for key, value in days.items()) or "–"
