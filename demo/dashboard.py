"""The demo's dashboard, made of Home Assistant's own cards."""

from typing import Any

from .api import Api
from .integration import DOMAIN

PATH = "backups-demo"
_WHAT_IS_WRONG = """\
{% set found = namespace(any=false) -%}
{%- for entity in ENTITIES if is_state(entity, 'on') -%}
{%- set found.any = true %}
- **{{ device_attr(entity, 'name_by_user') or device_attr(entity, 'name') }}**: {{ state_attr(entity, 'reason') }}
{%- endfor %}
{%- if not found.any %}No problem is known.{% endif %}
"""


async def add_dashboard(api: Api) -> None:
    """Add the dashboard and make it the first page, unless it is there already."""
    if PATH in {board["url_path"] for board in await api.command("lovelace/dashboards/list")}:
        return
    config = _describe(*await _problem_sensors(api))
    about = {"title": "Backups", "icon": "mdi:backup-restore", "show_in_sidebar": True, "require_admin": False}
    await api.command("lovelace/dashboards/create", url_path=PATH, mode="storage", **about)
    await api.command("lovelace/config/save", url_path=PATH, config=config)
    await api.command("frontend/set_system_data", key="core", value={"default_panel": PATH})


async def _problem_sensors(api: Api) -> tuple[dict[str, str], dict[str, str]]:
    """Return the problem sensors of guests and of jobs: names of devices by entity id, in the order of the names."""
    names = {
        device["id"]: device["name_by_user"] or device["name"]
        for device in await api.command("config/device_registry/list")
    }
    entities = [
        entity
        for entity in await api.command("config/entity_registry/list")
        if entity["platform"] == DOMAIN and entity["entity_id"].startswith("binary_sensor.")
    ]
    entities.sort(key=lambda entity: names[entity["device_id"]])

    def of(kind: str) -> dict[str, str]:
        wanted = [entity for entity in entities if entity["translation_key"] == f"{kind}_problem"]
        return {entity["entity_id"]: names[entity["device_id"]] for entity in wanted}

    return of("guest"), of("job")


def _describe(guests: dict[str, str], jobs: dict[str, str]) -> dict[str, Any]:
    def rows(sensors: dict[str, str]) -> list[dict[str, str]]:
        return [{"entity": entity, "name": name} for entity, name in sensors.items()]

    problems = _WHAT_IS_WRONG.replace("ENTITIES", repr([*jobs, *guests]))
    sections = [
        [
            {"type": "markdown", "title": "What is wrong", "content": problems},
            {"type": "entities", "title": "Backup jobs", "show_header_toggle": False, "entities": rows(jobs)},
        ],
        [{"type": "entities", "title": "Guests", "show_header_toggle": False, "entities": rows(guests)}],
    ]
    view = {
        "title": "Backups",
        "type": "sections",
        "max_columns": 2,
        "sections": [{"type": "grid", "cards": cards} for cards in sections],
    }
    return {"views": [view]}
