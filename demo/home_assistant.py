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
# What a house has: automations and scripts from the editor, Assist, phones.
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
conversation:
mobile_app:
"""
_LISTS: Final = {"automations.yaml": "[]\n", "scripts.yaml": "{}\n", "scenes.yaml": "[]\n"}


def prepare_folder(folder: Path, integration: Path, port: int) -> None:
    """Make a configuration folder in which nothing but the user is left to be set up.

    The address of the web server is stored rather than configured: from YAML it would be on trial for five minutes.
    """
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(_CONFIGURATION)
    for name, empty in _LISTS.items():
        if not (folder / name).exists():
            (folder / name).write_text(empty)
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
        self.tokens: dict[str, Any] = {}
        self._client = f"{url}/"
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
        user = {"client_id": self._client, "name": "Demo", "username": USER, "password": PASSWORD, "language": "en"}
        try:
            code = (await self._post("/api/onboarding/users", user))["auth_code"]
        except DemoError:
            code = await self._code_of(USER, PASSWORD)
        self.tokens = await self._tokens(code)
        self._headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def tokens_of(self, user: str, password: str) -> dict[str, Any]:
        """Return the tokens that a user gets who logs in."""
        return await self._tokens(await self._code_of(user, password))

    async def _code_of(self, user: str, password: str) -> str:
        form = {"client_id": self._client, "handler": ["homeassistant", None], "redirect_uri": self._client}
        flow = (await self._post("/auth/login_flow", form))["flow_id"]
        login = {"client_id": self._client, "username": user, "password": password}
        return str((await self._post(f"/auth/login_flow/{flow}", login))["result"])

    async def _tokens(self, code: str) -> dict[str, Any]:
        grant = {"grant_type": "authorization_code", "code": code, "client_id": self._client}
        async with self._session.post(f"{self.url}/auth/token", data=grant) as response:
            tokens: dict[str, Any] = await response.json()
            return tokens

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
        if step["type"] == "menu":
            # Version 0.1.0 begins with the form of a cluster.
            step = await self._post(f"{flows}/{step['flow_id']}", {"next_step_id": "cluster"})
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

    async def add_backup_server(self, server: dict[str, Any]) -> str:
        """Add a backup server through the config flow, certificate included, and return the entry's id."""
        flows = "/api/config/config_entries/flow"
        step = await self._post(flows, {"handler": DOMAIN})
        entered = {key: server[key] for key in ("host", "port", "token_id", "token_secret")}
        answers: dict[str, dict[str, Any]] = {"backup_server": entered, "place": {"place": server["place"]}}
        answers["user"] = {"next_step_id": "backup_server"}
        while step["type"] in {"menu", "form"} and not step.get("errors"):
            step = await self._post(f"{flows}/{step['flow_id']}", answers.get(step["step_id"], {}))
        if step["type"] != "create_entry":
            raise DemoError(f"The backup server could not be added: {step.get('errors') or step}")
        return str(step["result"]["entry_id"])

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry."""
        path = f"{self.url}/api/config/config_entries/entry/{entry_id}"
        async with self._session.delete(path, headers=self._headers) as response:
            if not response.ok:
                raise DemoError(f"Home Assistant refused to remove the cluster: {response.status}")

    async def add_log_agent(self, entry_id: str, pairing: str) -> None:
        """Add a log agent through the options flow, by its pairing line."""
        flows = "/api/config/config_entries/options/flow"
        step = await self._post(flows, {"handler": entry_id})
        step = await self._post(f"{flows}/{step['flow_id']}", {"next_step_id": "add_log_agent"})
        step = await self._post(f"{flows}/{step['flow_id']}", {"pairing": pairing})
        if step["type"] != "create_entry":
            raise DemoError(f"A log agent could not be added: {step.get('errors') or step}")

    async def say_places(self, entry_id: str, places: dict[str, str]) -> None:
        """Say through the options flow where storages stand, those that there are."""
        await self._wait_until_loaded(entry_id)
        flows = "/api/config/config_entries/options/flow"
        step = await self._post(flows, {"handler": entry_id})
        step = await self._post(f"{flows}/{step['flow_id']}", {"next_step_id": "places"})
        there = {field["name"] for field in step["data_schema"]}
        said = {name: where for name, where in places.items() if name in there}
        step = await self._post(f"{flows}/{step['flow_id']}", said)
        if step["type"] != "create_entry":
            raise DemoError(f"Where the storages stand could not be said: {step.get('errors') or step}")

    async def _wait_until_loaded(self, entry_id: str) -> None:
        """Wait until an entry is set up again with its new options."""
        for _ in range(120):
            entries = await self.command({"type": "config_entries/get", "domain": DOMAIN})
            if any(entry["entry_id"] == entry_id and entry["state"] == "loaded" for entry in entries):
                return
            await asyncio.sleep(0.5)
        raise DemoError("The cluster was not loaded in time.")

    async def make_dashboard(self) -> None:
        """Add the dashboard as a person does who picks it among the community dashboards."""
        made = await self.command({"type": "lovelace/dashboards/list"})
        if DASHBOARD not in [known["url_path"] for known in made]:
            await self.command(
                {
                    "type": "lovelace/dashboards/create",
                    "url_path": DASHBOARD,
                    "title": "Proxmox backups",
                    "icon": "mdi:shield-check",
                    "mode": "storage",
                    "show_in_sidebar": True,
                    "require_admin": False,
                }
            )
        await self.save_dashboard(DASHBOARD, {"strategy": {"type": "custom:proxmox-backups"}})

    async def save_dashboard(self, url_path: str, config: dict[str, Any]) -> None:
        """Let a dashboard show this."""
        await self.command({"type": "lovelace/config/save", "url_path": url_path, "config": config})

    async def command(self, command: dict[str, Any]) -> Any:
        """Send one command over a websocket of its own, and return the result."""
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
            await socket.receive_json()
            return await _command(socket, 1, command)

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
