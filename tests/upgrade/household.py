"""A Home Assistant that is started from the files in its folder, as after an update, and what is heard in it.

It knows the integration by its name alone: actions, events, states, registries and files.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.config import async_hass_config_yaml
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    make_certificate,
    server_context,
)
from proxmox_backup_log_agent.pairing import pairing_line
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken
from simulator import SimulatedCluster

DOMAIN: Final = "proxmox_backup_checker"
CONFIGURATION: Final = "automation: !include automations.yaml\n"
AGENT_TOKEN: Final = "c0rrect-h0rse-battery-staple-c0rrect-h0rse"
_A_MOMENT: Final = 0.5  # seconds
_BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """The running log agent of a node, with what Home Assistant has to know of it."""

    url: str
    fingerprint: str
    line: str


@dataclass
class Heard:
    """What was said since somebody began to listen."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    automations: list[str] = field(default_factory=list)


@dataclass
class Household:
    """One Home Assistant with recorder, automations and the Proxmox that it watches; one clock for both."""

    hass: HomeAssistant
    pve: SimulatedCluster
    freezer: FrozenDateTimeFactory
    recorder: Any
    agents_folder: Path
    stack: AsyncExitStack
    recording: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return Path(self.hass.config.config_dir)

    @property
    def entry(self) -> ConfigEntry:
        """The config entry of the installation, beside which there may be those of backup servers."""
        [entry] = [one for one in self.hass.config_entries.async_entries(DOMAIN) if "kind" not in one.data]
        return entry

    async def start_agent(self, node: str, token: str = AGENT_TOKEN) -> Agent:
        """Run the log agent of a node until the end of the test."""
        folder = self.agents_folder / node
        folder.mkdir(parents=True)
        make_certificate(folder, node)
        server = Server(
            config=AgentConfig(
                root=self.pve.files_of(node), node=node, time_zone="Europe/Berlin", token=GivenToken(token)
            ),
            host="127.0.0.1",
            port=0,
            context=server_context(folder / CERTIFICATE_FILE, folder / KEY_FILE),
        )
        port = (await server.start())[0][1]
        self.stack.push_async_callback(server.stop)
        seen = fingerprint(folder / CERTIFICATE_FILE)
        return Agent(
            url=f"https://127.0.0.1:{port}",
            fingerprint=seen,
            line=pairing_line("127.0.0.1", port, token, seen),
        )

    async def load(self, state: CoreState = CoreState.running) -> None:
        """Read the files, and start what Home Assistant has of its own."""
        self.freezer.move_to(self.pve.clock.now())
        self.hass.set_state(state)
        await self.hass.config.async_set_time_zone("Europe/Berlin")
        assert await async_load_base_functionality(self.hass)
        await self.recording.enter_async_context(self.recorder(self.hass))
        self.stack.push_async_callback(self.recording.aclose)
        for component in ("http", "config", "notify", "persistent_notification", "mobile_app"):
            assert await async_setup_component(self.hass, component, {})

    async def set_up_automations(self) -> None:
        """Start the automations that the files hold."""
        config = await async_hass_config_yaml(self.hass)
        assert await async_setup_component(self.hass, "automation", config)
        await self.hass.async_block_till_done()
        self.stack.push_async_callback(self._turn_automations_off)

    async def _turn_automations_off(self) -> None:
        if self.hass.services.has_service("automation", "turn_off"):
            await self.hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)

    async def set_up(self) -> None:
        """Start what is configured in the user interface."""
        assert await async_setup_component(self.hass, DOMAIN, {})
        await self.settle()

    async def finish_start(self) -> None:
        """Tell everybody that the start is over, and let some moments go by."""
        await self.hass.async_start()
        await self.settle()
        await self.let_timers_run(seconds=30)

    async def let_timers_run(self, *, seconds: float) -> None:
        """Let some time go by, and what Home Assistant has put off to then happen."""
        self.pve.clock.advance(seconds=seconds)
        self.freezer.move_to(self.pve.clock.now())
        async_fire_time_changed(self.hass, dt_util.utcnow())
        await self.settle()

    async def look(self) -> None:
        """Let Home Assistant read Proxmox now."""
        self.freezer.move_to(self.pve.clock.now())
        await self.act(DOMAIN, "check_now")

    async def act(self, domain: str, action: str, answers: bool = False, **data: Any) -> Any:
        """Do one of Home Assistant's actions."""
        answer = await self.hass.services.async_call(domain, action, data, blocking=True, return_response=answers)
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Wait until nothing is under way but what goes on for ever, as listening to the log agents does."""
        # What follows from a press or an event waits in an automation's queue until the automation before it is done.
        for _ in range(3):
            await self.hass.async_block_till_done()
            await asyncio.sleep(0)

    def listen(self) -> Heard:
        """Note from now on what is said."""
        heard = Heard()

        def message(event: Event) -> None:
            heard.messages.append(dict(event.data))

        def automation(event: Event) -> None:
            heard.automations.append(event.data["name"])

        _listen(self.hass, f"{DOMAIN}_message", message)
        _listen(self.hass, "automation_triggered", automation)
        return heard

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what the integration's entities show, by entity id."""
        registry = er.async_get(self.hass)
        found = {}
        for entity in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            if (state := self.hass.states.get(entity.entity_id)) is not None:
                attributes = (
                    "reason_code",
                    "verdict",
                    "acknowledged",
                    "acknowledged_until",
                    "event_type",
                    "last_success",
                )
                said = {name: state.attributes[name] for name in attributes if name in state.attributes}
                found[entity.entity_id] = {"state": state.state, **said}
        shown: dict[str, dict[str, Any]] = json.loads(json.dumps(dict(sorted(found.items())), default=str))
        return shown

    async def statistics(self) -> dict[str, dict[str, Any]]:
        """Return the integration's long-term statistics, once nothing is added any more."""
        before: dict[str, dict[str, Any]] = {}
        while True:
            await self.settle()
            # In a thread, since the clock of the event loop stands still.
            await self.hass.async_add_executor_job(time.sleep, _A_MOMENT)
            await async_wait_recording_done(self.hass)
            if (found := await self._statistics()) == before:
                return found
            before = found

    async def _statistics(self) -> dict[str, dict[str, Any]]:
        """Return them by their ids: name, unit, and mean, least and most of each hour."""
        # The recorder must not be imported before the fixtures have prepared it.
        from homeassistant.components.recorder import get_instance  # noqa: PLC0415
        from homeassistant.components.recorder.statistics import list_statistic_ids, statistics_during_period  # noqa: PLC0415

        read = get_instance(self.hass).async_add_executor_job
        listed = [row for row in await read(list_statistic_ids, self.hass) if row["source"] == DOMAIN]
        ids = {str(row["statistic_id"]) for row in listed}
        rows = await read(
            statistics_during_period, self.hass, _BEGINNING, None, ids, "hour", None, {"mean", "min", "max"}
        )
        return {
            str(row["statistic_id"]): {
                "name": row["name"],
                "unit_class": row["unit_class"],
                "unit": row["statistics_unit_of_measurement"],
                "hours": [
                    [dt_util.utc_from_timestamp(hour["start"]).isoformat(), hour["mean"], hour["min"], hour["max"]]
                    for hour in rows.get(str(row["statistic_id"]), [])
                ],
            }
            for row in sorted(listed, key=lambda row: str(row["statistic_id"]))
        }

    async def open_alerts(self) -> list[dict[str, Any]]:
        """Return the problems that people were told of and that last."""
        answer = await self.act(DOMAIN, "open_alerts", answers=True)
        kept = ("tag", "about", "severity", "causes", "failures", "since", "device_id", "guests")
        return [{name: alert[name] for name in kept} for alert in answer["alerts"]]

    async def stop(self) -> None:
        """Stop Home Assistant, which writes its files."""
        await self.recording.aclose()
        await self.hass.async_stop(force=True)

    def read(self, name: str) -> dict[str, Any]:
        """Return one of Home Assistant's files."""
        content: dict[str, Any] = json.loads((self.folder / ".storage" / name).read_text(encoding="utf-8"))
        return content


def _listen(hass: HomeAssistant, event_type: str, heard: Callable[[Event[Any]], None]) -> None:
    hass.bus.async_listen(event_type, callback(heard))
