"""A virtual cluster and the Home Assistant that watches it, with one clock for both."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from tests.integration.conftest import add_entry
from tests.integration.states import device, entity, shown


@dataclass(frozen=True)
class Shown:
    """What a person sees of a guest or job: the problem sensor, the status, and why."""

    problem: str
    status: str
    reason_code: str
    reason: str
    attributes: dict[str, Any] = field(repr=False)

    @property
    def brief(self) -> tuple[str, str]:
        """Return problem and status."""
        return self.problem, self.status


@dataclass
class Home:
    """One cluster in one Home Assistant."""

    hass: HomeAssistant
    pve: SimulatedCluster
    freezer: FrozenDateTimeFactory
    options: dict[str, Any] = field(default_factory=dict)
    entry: MockConfigEntry | None = None

    @property
    def now(self) -> datetime:
        """Return the present of both."""
        return self.pve.clock.now()

    async def look(self) -> None:
        """Let Home Assistant read the cluster now; the first look sets the entry up."""
        self.freezer.move_to(self.now)
        first = self.entry is None
        if self.entry is None:
            self.entry = await add_entry(self.hass, self.pve, options=self.options)
        self._want_status_of_guests(self.entry)
        if first:
            await self.hass.config_entries.async_setup(self.entry.entry_id)
        else:
            await self.entry.runtime_data.async_refresh()
        await self.hass.async_block_till_done()

    def _want_status_of_guests(self, entry: MockConfigEntry) -> None:
        """Enable the status sensors of all guests, as a user can who wants them."""
        registry = er.async_get(self.hass)
        for vmid in self.pve.guests:
            unique_id = f"{entry.unique_id}_guest_{vmid}_status"
            registry.async_get_or_create("sensor", DOMAIN, unique_id, config_entry=entry, disabled_by=None)

    async def restart(self) -> None:
        """Unload the entry and set it up again, as a restart of Home Assistant does."""
        assert self.entry is not None
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        self.freezer.move_to(self.now)
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def until(self, moment: datetime | str) -> None:
        """Let time go by until a moment, an ISO text in UTC or a zone-aware one, and look."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(f"{moment}+00:00")
        self.pve.clock.advance(seconds=(moment - self.now).total_seconds())
        await self.look()

    async def after(self, **duration: float) -> None:
        """Let a duration go by, and look."""
        await self.until(self.now + timedelta(**duration))

    async def live(self, *, step: timedelta = timedelta(hours=1), **duration: float) -> list[str]:
        """Let a duration go by with a look at every step; return every state of any problem sensor on the way."""
        end, seen = self.now + timedelta(**duration), []
        while self.now < end:
            await self.until(min(end, self.now + step))
            seen.append(" ".join(sorted(self.problems())))
        return seen

    def problems(self) -> list[str]:
        """Return the unique ids' endings of all problem sensors that are on."""
        identity = self.entry.unique_id if self.entry else ""
        return [
            entry.unique_id.removeprefix(f"{identity}_").removesuffix("_problem")
            for entry in er.async_get(self.hass).entities.values()
            if entry.unique_id.endswith("_problem")
            and (state := self.hass.states.get(entry.entity_id)) is not None
            and state.state == "on"
        ]

    def guest(self, vmid: int) -> Shown:
        """Return what is shown of a guest."""
        return self._shown(f"guest_{vmid}")

    def job(self, job_id: str = "backup-nightly") -> Shown:
        """Return what is shown of a job."""
        return self._shown(f"job_{job_id}")

    def storage(self, key: str) -> Shown:
        """Return what is shown of a storage; it has no status of its own."""
        return self._shown(f"storage_{key}")

    def cluster(self) -> Shown:
        """Return what is shown of the cluster."""
        return self._shown("cluster")

    def traces(self, key: str) -> list[str]:
        """Return what there is of a guest or job, such as `guest_104`: its entities, and its device."""
        assert self.entry is not None
        entries = er.async_entries_for_config_entry(er.async_get(self.hass), self.entry.entry_id)
        found = [entry.entity_id for entry in entries if f"_{key}_" in entry.unique_id]
        return [*found, key] if device(self.hass, self.entry, key) is not None else found

    @property
    def assessment(self) -> Assessment:
        """The assessment behind the entities."""
        assert self.entry is not None
        assessment: Assessment = self.entry.runtime_data.assessment
        return assessment

    def sensor(self, ending: str) -> State:
        """Return a sensor by the ending of its unique id, such as `guest_101_last_success`."""
        return shown(self.hass, f"_{ending}", "sensor")

    def last_success(self, vmid: int) -> datetime | None:
        """Return when a guest was last backed up, as its sensor says."""
        state = self.sensor(f"guest_{vmid}_last_success").state
        return None if state == "unknown" else datetime.fromisoformat(state)

    def _shown(self, key: str) -> Shown:
        problem = shown(self.hass, f"_{key}_problem")
        status = entity(self.hass, f"_{key}_status", "sensor")
        state = self.hass.states.get(status.entity_id) if status else None
        attributes = dict(problem.attributes)
        return Shown(
            problem=problem.state,
            status=state.state if state else "",
            reason_code=attributes.get("reason_code", ""),
            reason=attributes.get("reason", ""),
            attributes=attributes,
        )
