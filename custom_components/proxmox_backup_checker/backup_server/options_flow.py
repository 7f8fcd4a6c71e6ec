"""Options of a backup server: what of it is watched, where it stands, and when to warn."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
import probatio

from ..checker.server.assessment import ServerAssessment
from ..const import CONF_DATASTORES, CONF_HIDE_NAMES, CONF_IGNORE, CONF_NAMESPACES, CONF_PLACE
from .options import (
    CONF_AWAKE,
    CONF_WARNINGS_ARE_PROBLEMS,
    NUMBERS,
    content_fields,
    entered_content,
    entered_place,
    namespace_key,
    place_fields,
    settings_fields,
    shown_place,
)
from .servers import server_of


class BackupServerOptionsFlow(OptionsFlowWithReload):
    """Keeps the decisions for one backup server; what a step does not ask about stays as it was."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be decided."""
        return self.async_show_menu(step_id="init", menu_options=["server_content", "server_place", "server_settings"])

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

    def _save(self, entered: dict[str, Any], asked: set[str]) -> ConfigFlowResult:
        """Put what was entered in the place of what was asked for, without what is empty."""
        kept = {name: value for name, value in self.config_entry.options.items() if name not in asked}
        return self.async_create_entry(data=kept | {name: value for name, value in entered.items() if value != []})

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

    def _groups(self, ignored: list[str]) -> dict[str, str]:
        """Return the groups that can be ignored, by what people call them."""
        assessment = self._assessment()
        views = assessment.groups if assessment is not None else {}
        names = {key: key for key in ignored} | {key: f"{view.name} ({view.store})" for key, view in views.items()}
        return dict(sorted(names.items(), key=lambda item: item[1]))
