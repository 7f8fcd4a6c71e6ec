"""The Home Assistant of the demo: its configuration folder and its process."""

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import sys

from .ports import HOST

REPOSITORY = Path(__file__).resolve().parent.parent
_STOPPING = 30.0  # seconds until a Home Assistant that does not stop is killed
_WANTS_RESTART = 100  # exit status, homeassistant.const.RESTART_EXIT_CODE
_CONFIGURATION = """\
homeassistant:
  name: Demo
  latitude: 52.52
  longitude: 13.405
  elevation: 34
  unit_system: metric
  currency: EUR
  country: DE
  language: en
  time_zone: Europe/Berlin
frontend:
history:
logbook:
logger:
  default: warning
recorder:
  commit_interval: 1
automation: !include automations.yaml
"""


def prepare_folder(folder: Path, port: int) -> None:
    """Write the configuration: this repository's integration, one address, and nothing left to ask at the beginning."""
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(_CONFIGURATION, encoding="ascii")
    automations = folder / "automations.yaml"
    if not automations.exists():
        automations.write_text("[]\n", encoding="ascii")
    link = folder / "custom_components"
    link.unlink(missing_ok=True)
    link.symlink_to(REPOSITORY / "custom_components")
    if not (storage / "onboarding").exists():
        # The other steps would set up integrations that need the internet.
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage / "onboarding", version=4, data=done)
    _store(storage / "http", version=3, data=_http(port))


def _http(port: int) -> dict[str, object]:
    """Return the settings of the server as Home Assistant keeps them; those in YAML it takes on trial only."""
    stable = {
        "server_port": port,
        "server_host": [HOST],
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _store(path: Path, *, version: int, data: dict[str, object]) -> None:
    content = {"version": version, "minor_version": 1, "key": path.name, "data": data}
    path.write_text(json.dumps(content, indent=2), encoding="ascii")


class HomeAssistant:
    """The process, started again whenever Home Assistant asks for it."""

    def __init__(self, folder: Path, output: Path) -> None:
        """Run in a configuration folder; what the process prints goes to a file."""
        self._folder = folder
        self._output = output
        self._process: Process | None = None

    async def run(self) -> int:
        """Run until Home Assistant ends for good and return its exit status; stop it where we are cancelled."""
        command = [sys.executable, "-m", "demo.run_home_assistant", "-c", str(self._folder)]
        with self._output.open("wb") as output:
            while True:
                # A session of its own: Ctrl-C reaches only us, and we stop it in our own order.
                self._process = await asyncio.create_subprocess_exec(
                    *command, "--skip-pip", "--log-no-color",
                    cwd=REPOSITORY, env=_environment(), stdin=DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
                try:
                    status = await self._process.wait()
                finally:
                    await self._stop(self._process)
                if status != _WANTS_RESTART:
                    return status

    async def _stop(self, process: Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOPPING)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def running(folder: Path, output: Path) -> AsyncIterator[asyncio.Task[int]]:
    """Run Home Assistant; the task ends with its exit status."""
    task = asyncio.get_running_loop().create_task(HomeAssistant(folder, output).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def _environment() -> dict[str, str]:
    """Return our environment, with compiled modules kept: without them every start takes five seconds longer."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
