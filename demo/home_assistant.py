"""A Home Assistant of its own: its folder, its user, and the integration set up through its own config flow."""

import asyncio
import json
from pathlib import Path
import time
from typing import Any, Final

import aiohttp

from .processes import DemoError, Process

USER: Final = "demo"
PASSWORD: Final = "demo-demo"
DOMAIN: Final = "proxmox_backup_checker"
DASHBOARD: Final = "proxmox-backups"
_START_TIMEOUT: Final = 120.0  # seconds

_CONFIGURATION: Final = """\
homeassistant:
  name: Demo
  country: DE
  currency: EUR
  language: en
  time_zone: Europe/Berlin
  latitude: 52.52
  longitude: 13.40
frontend:
history:
logbook:
config:
recorder:
  commit_interval: 5
logger:
  default: warning
"""


def prepare_folder(folder: Path, integration: Path, port: int) -> None:
    """Make a configuration folder in which nothing but the user is left to be set up.

    The address of the web server is stored rather than configured: from YAML it would be on trial for five minutes.
    """
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(_CONFIGURATION)
    components = folder / "custom_components"
    components.mkdir(exist_ok=True)
    link = components / DOMAIN
    if not link.is_symlink():
        link.symlink_to(integration, target_is_directory=True)
    if not (storage / "onboarding").exists():
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage, "onboarding", 4, 1, done)
    stable = {
        "server_port": port,
        "server_host": ["127.0.0.1"],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    _store(storage, "http", 3, 1, {"stable": stable, "pending": None, "yaml_migration_done": True})


def _store(storage: Path, key: str, version: int, minor_version: int, data: dict[str, Any]) -> None:
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))


class HomeAssistant:
    """The running Home Assistant, seen through its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, url: str, process: Process) -> None:
        """Speak to the Home Assistant of this process."""
        self._session = session
        self._process = process
        self.url = url
        self._headers: dict[str, str] = {}

    async def wait_until_up(self) -> None:
        """Return as soon as it answers."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            self._process.check()
            try:
                async with self._session.get(f"{self.url}/manifest.json") as response:
                    if response.ok:
                        return
            except aiohttp.ClientError, TimeoutError:
                pass
            await asyncio.sleep(0.2)
        raise DemoError(f"Home Assistant did not answer on {self.url} within {_START_TIMEOUT:.0f} seconds.")

    async def log_in(self) -> None:
        """Create the user where there is none yet, and log in."""
        client = f"{self.url}/"
        try:
            code = (
                await self._post(
                    "/api/onboarding/users",
                    {"client_id": client, "name": "Demo", "username": USER, "password": PASSWORD, "language": "en"},
                )
            )["auth_code"]
        except DemoError:
            form = {"client_id": client, "handler": ["homeassistant", None], "redirect_uri": client}
            flow = (await self._post("/auth/login_flow", form))["flow_id"]
            login = {"client_id": client, "username": USER, "password": PASSWORD}
            code = (await self._post(f"/auth/login_flow/{flow}", login))["result"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
        async with self._session.post(f"{self.url}/auth/token", data=grant) as response:
            token = (await response.json())["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    async def entry(self) -> str | None:
        """Return the id of the integration's config entry, None where it is not set up."""
        path = f"{self.url}/api/config/config_entries/entry?domain={DOMAIN}"
        async with self._session.get(path, headers=self._headers) as response:
            entries: list[dict[str, str]] = await response.json()
        return entries[0]["entry_id"] if entries else None

    async def add_cluster(self, proxmox: dict[str, Any]) -> str:
        """Add the cluster through the config flow, certificate included, and return the entry's id."""
        flows = "/api/config/config_entries/flow"
        step = await self._post(flows, {"handler": DOMAIN})
        data = {key: proxmox[key] for key in ("host", "port", "token_id", "token_secret")}
        step = await self._post(f"{flows}/{step['flow_id']}", data)
        if step.get("step_id") == "certificate":
            if step["description_placeholders"]["fingerprint"] != proxmox["fingerprint"]:
                raise DemoError("The virtual cluster shows a certificate that is not its own.")
            step = await self._post(f"{flows}/{step['flow_id']}", {})
        if step.get("step_id") == "privileges" and "continue_anyway" in step["menu_options"]:
            step = await self._post(f"{flows}/{step['flow_id']}", {"next_step_id": "continue_anyway"})
        if step["type"] != "create_entry":
            raise DemoError(f"The integration could not be set up: {step.get('errors') or step}")
        return str(step["result"]["entry_id"])

    async def add_log_agent(self, entry_id: str, pairing: str) -> None:
        """Add a log agent through the options flow, by its pairing line."""
        flows = "/api/config/config_entries/options/flow"
        step = await self._post(flows, {"handler": entry_id})
        step = await self._post(f"{flows}/{step['flow_id']}", {"next_step_id": "add_log_agent"})
        step = await self._post(f"{flows}/{step['flow_id']}", {"pairing": pairing})
        if step["type"] != "create_entry":
            raise DemoError(f"A log agent could not be added: {step.get('errors') or step}")

    async def make_dashboard(self) -> None:
        """Make a dashboard of built-in cards: what is wrong and why, jobs, guests."""
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._headers["Authorization"].split()[1]})
            await socket.receive_json()
            registry = await _command(socket, 1, {"type": "config/entity_registry/list"})
            ours = [entity for entity in registry if entity["platform"] == DOMAIN]
            dashboard = {
                "type": "lovelace/dashboards/create",
                "url_path": DASHBOARD,
                "title": "Proxmox backups",
                "icon": "mdi:shield-check",
                "mode": "storage",
                "show_in_sidebar": True,
                "require_admin": False,
            }
            made = await _command(socket, 2, {"type": "lovelace/dashboards/list"})
            if DASHBOARD not in [known["url_path"] for known in made]:
                await _command(socket, 4, dashboard)
            config = {"type": "lovelace/config/save", "url_path": DASHBOARD, "config": _dashboard(ours)}
            await _command(socket, 5, config)

    async def _post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(f"{self.url}{path}", json=data, headers=self._headers) as response:
            if not response.ok:
                raise DemoError(f"Home Assistant refused {path}: {response.status} {await response.text()}")
            answer: dict[str, Any] = await response.json()
            return answer


async def _command(socket: aiohttp.ClientWebSocketResponse, number: int, command: dict[str, Any]) -> Any:
    await socket.send_json({"id": number, **command})
    while True:
        answer = await socket.receive_json()
        if answer.get("id") == number and answer.get("type") == "result":
            if not answer["success"]:
                raise DemoError(f"Home Assistant refused {command['type']}: {answer['error']}")
            return answer["result"]


_PROBLEMS: Final = """\
{% set shown = states.binary_sensor | selectattr('attributes.reason_code', 'defined')
   | rejectattr('state', 'eq', 'off') | list %}
{% for sensor in shown %}
- **{{ device_name(sensor.entity_id) or sensor.name }}**{% if sensor.state != 'on' %} ({{ sensor.state }}){% endif %}:
  {{ sensor.attributes.reason }}
{% else %}
Every guest and every job is fine.
{% endfor %}
"""


def _dashboard(entities: list[dict[str, Any]]) -> dict[str, Any]:
    def tiles(kind: str, key: str, columns: int = 6) -> list[dict[str, Any]]:
        chosen = [e for e in entities if f"_{kind}_" in e["unique_id"] and e["unique_id"].endswith(key)]
        return [
            {
                "type": "tile",
                "entity": entity["entity_id"],
                "name": {"type": "device"},
                "grid_options": {"columns": columns},
                "state_content": ["state", "last_changed"] if key == "_problem" else "state",
            }
            for entity in sorted(chosen, key=lambda entity: str(entity["entity_id"]))
        ]

    def section(title: str, cards: list[dict[str, Any]]) -> dict[str, Any]:
        return {"type": "grid", "cards": [{"type": "heading", "heading": title}, *cards]}

    return {
        "views": [
            {
                "title": "Backups",
                "type": "sections",
                "max_columns": 3,
                "sections": [
                    section("What needs attention", [{"type": "markdown", "content": _PROBLEMS}]),
                    section("Backup jobs", tiles("job", "_problem", 12) + tiles("job", "_status", 12)),
                    section("Guests", tiles("guest", "_problem")),
                ],
            }
        ]
    }
