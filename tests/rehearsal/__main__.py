"""`python -m tests.rehearsal NEW.zip [OLD.zip]`: install the first by hand, and put it in the place of the second."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
import re
from shutil import rmtree
import sys
import tempfile
import time
from typing import Any, Final
import zipfile

import aiohttp

from custom_components.proxmox_backup_checker.const import DOMAIN
from demo.home_assistant import prepare_folder
from simulator import SimulatedCluster
from tests.e2e.stage import Stage

from .kept import Kept

_SETTINGS: Final = {
    "ignored_guests": ["112"],
    "longest_age_days": 60,
    "warnings_are_problems": False,
    "hide_names": False,
    "limits": {
        "start_grace_minutes": 45,
        "new_guest_grace_hours": 12,
        "pause_limit_days": 7,
        "blind_limit_hours": 24,
        "remind_after_days": 3,
    },
}
_AUTOMATION: Final = "rehearsal"
_RECORD: Final = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)


class Rehearsal(Stage):
    """A stage whose Home Assistant has the integration from a zip, as somebody has who unpacks it by hand."""

    def install(self, archive: Path) -> None:
        """Unpack a release where Home Assistant looks for it, in the place of what was there."""
        folder = self.config / "custom_components" / DOMAIN
        rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # As a package the folder goes before the checkout that this runs in.
        (folder.parent / "__init__.py").touch()
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder)

    def begin(self, archive: Path) -> None:
        """Start a Home Assistant that has nothing but a release, and add the homelab with its log agents."""
        self.run(self._begin(archive))

    async def _begin(self, archive: Path) -> None:
        proxmox: SimulatedCluster = await self.start_cluster("homelab")
        prepare_folder(self.config, Path("nowhere"), self.port)
        (self.config / "custom_components" / DOMAIN).unlink()
        configuration = self.config / "configuration.yaml"
        if "automations.yaml" not in configuration.read_text():
            configuration.write_text(f"{configuration.read_text()}automation: !include automations.yaml\n")
        (self.config / "automations.yaml").write_text("[]\n")
        self.install(archive)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._session = await self._stack.enter_async_context(session)
        await self.start_home_assistant()
        await self.add_cluster(proxmox)

    def stop(self) -> None:
        """Stop Home Assistant, which writes its files."""
        self.run(self.process.stop())

    def start(self) -> None:
        """Start Home Assistant again."""
        self.run(self.start_home_assistant())

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what is shown of the cluster, once there is nothing that was only remembered."""
        mine = self._entity_ids()
        deadline = time.monotonic() + 60
        while True:
            shown = {state["entity_id"]: state for state in self.command({"type": "get_states"})}
            found = {entity_id: shown[entity_id] for entity_id in mine if entity_id in shown}
            if len(found) == len(mine) and not any(state["attributes"].get("restored") for state in found.values()):
                return found
            if time.monotonic() > deadline:
                missing = sorted(mine - {key for key, one in found.items() if not one["attributes"].get("restored")})
                raise RehearsalError(f"not provided: {', '.join(missing[:10])}")
            time.sleep(0.5)

    def _entity_ids(self) -> set[str]:
        listed = self.command({"type": "config/entity_registry/list"})
        return {one["entity_id"] for one in listed if one["platform"] == DOMAIN and one["disabled_by"] is None}

    def act(self, domain: str, action: str, target: dict[str, Any] | None = None, **data: Any) -> None:
        """Do one of Home Assistant's actions."""
        message = {"type": "call_service", "domain": domain, "service": action, "service_data": data}
        self.command(message | ({"target": target} if target else {}))

    def version(self) -> str:
        """Return the version of the integration that runs, as Home Assistant tells it."""
        manifest = self.command({"type": "manifest/get", "integration": DOMAIN})
        return str(manifest["version"])

    def complaints(self) -> list[str]:
        """Return what Home Assistant's log says of the integration that it should not say."""
        records = [record for record in _RECORD.split(self.process.output) if DOMAIN in record]
        return [record for record in records if "which has not been tested by Home Assistant" not in record]


class RehearsalError(Exception):
    """The release is not fit to be published."""


def first_installation(archive: Path) -> None:
    """Install a release in an empty Home Assistant; the homelab's failed guest has to be seen, and nothing complained of."""
    with _stage() as stage:
        stage.begin(archive)
        shown = stage.states()
        problems = [key for key, state in shown.items() if key.startswith("binary_sensor.") and state["state"] == "on"]
        _demand(problems, "no problem is shown of a cluster that has some")
        _demand(not stage.complaints(), f"Home Assistant's log: {stage.complaints()[:5]}")
        print(f"  {stage.version()}: {len(shown)} entities, {len(problems)} problems, nothing in the log")


def upgrade(old: Path, new: Path) -> None:
    """Put a release in the place of an earlier one that somebody has arranged for themselves."""
    with _stage() as stage:
        stage.begin(old)
        _arrange(stage)
        problems = _problems(stage)
        was = stage.version()
        stage.stop()
        before = Kept.of(stage.config)
        _demand(before.history["runs"], "the earlier release has kept no history")
        _demand(before.history["acknowledgements"], "the earlier release has kept no acknowledgement")
        stage.install(new)
        stage.start()
        after = _problems(stage)
        now = stage.version()
        automation = {state["entity_id"]: state for state in stage.command({"type": "get_states"})}[
            f"automation.{_AUTOMATION}"
        ]
        stage.stop()
        lost = before.lost(Kept.of(stage.config))
        _demand(was != now, f"both are {was}")
        _demand(not lost, f"lost from {was} to {now}: {lost[:10]}")
        _demand(after == problems, f"other problems than before: {set(after.items()) ^ set(problems.items())}")
        _demand(automation["state"] == "on", "the automation is not on")
        _demand(not automation["attributes"]["last_triggered"], "the automation was triggered by the upgrade")
        _demand(not stage.complaints(), f"Home Assistant's log: {stage.complaints()[:5]}")
        print(
            f"  {was} → {now}: {len(before.entities)} entities, {len(before.devices)} devices, "
            f"{len(before.history['runs'])} runs, options, acknowledgement and automation kept, nothing told again"
        )


def _arrange(stage: Rehearsal) -> None:
    """Set options, name an entity, acknowledge a problem and make an automation."""
    [entry_id] = stage.entries.values()
    stage.states()
    stage.run(_choose_settings(stage, entry_id))
    first = next(key for key, on in sorted(_problems(stage).items()) if on)
    stage.act(DOMAIN, "acknowledge", {"entity_id": first}, note="A new disk is ordered")
    named = next(key for key, on in sorted(_problems(stage).items()) if key != first and on)
    stage.command({"type": "config/entity_registry/update", "entity_id": named, "name": "Mine", "icon": "mdi:dns"})
    automation = {
        "alias": _AUTOMATION,
        "triggers": [{"trigger": "event", "event_type": f"{DOMAIN}_message"}],
        "actions": [{"event": "heard"}],
    }
    stage.run(stage.home._post(f"/api/config/automation/config/{_AUTOMATION}", automation))


async def _choose_settings(stage: Rehearsal, entry_id: str) -> None:
    flows = "/api/config/config_entries/options/flow"
    step = await stage.home._post(flows, {"handler": entry_id})
    step = await stage.home._post(f"{flows}/{step['flow_id']}", {"next_step_id": "settings"})
    step = await stage.home._post(f"{flows}/{step['flow_id']}", _SETTINGS)
    _demand(step["type"] == "create_entry", f"the settings are refused: {step}")


def _problems(stage: Rehearsal) -> dict[str, bool]:
    """Return which problem sensors are on, and whether somebody has to be told."""
    return {
        key: not state["attributes"].get("acknowledged")
        for key, state in stage.states().items()
        if key.startswith("binary_sensor.") and state["state"] == "on"
    }


@contextmanager
def _stage() -> Iterator[Rehearsal]:
    stage = Rehearsal(Path(tempfile.mkdtemp(prefix="pbc-rehearsal-")))
    try:
        yield stage
    finally:
        stage.close()


def _demand(holds: object, otherwise: str) -> None:
    if not holds:
        raise RehearsalError(otherwise)


def main() -> int:
    """Rehearse; 1 where something is not as it has to be."""
    parser = argparse.ArgumentParser(prog="scripts/rehearse-release", description=__doc__)
    parser.add_argument("new", type=Path, help="the zip of the release to be published")
    parser.add_argument("old", type=Path, nargs="*", help="zips of earlier releases")
    given = parser.parse_args()
    rehearsed: list[tuple[str, Callable[[], None]]] = [("Install", partial(first_installation, given.new))]
    rehearsed += [("Upgrade", partial(upgrade, old, given.new)) for old in given.old]
    for name, rehearse in rehearsed:
        print(name, flush=True)
        try:
            rehearse()
        except RehearsalError as error:
            print(f"  {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
