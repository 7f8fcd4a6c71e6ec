"""Options for the messages that Proxmox sends of its own accord: a secret address, and the lines that tell Proxmox of it."""

from collections.abc import Awaitable, Callable, Iterable
import hashlib
from typing import Any, Final

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.util import dt as dt_util
import probatio

from .checker.model.labels import job_name
from .checker.model.records import RunRecord
from .const import CONF_WEBHOOK_FROM_ANYWHERE
from .proxmox.api.notifications import WebhookTarget, undelivered, unheard_jobs
from .texts.localizer import Localizer
from .texts.markdown import inert
from .texts.shell import in_short_lines

_ENABLED: Final = "enabled"
_RENEW: Final = "renew"
_LONGEST_ERROR: Final = 300
_NO_ADDRESS: Final = "http://HOME-ASSISTANT:8123"


class WebhookOptions(OptionsFlowWithReload):
    """Keeps the secret address at which Proxmox's messages arrive."""

    _webhook: dict[str, Any]

    async def async_step_webhook(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether messages are taken, and from where."""
        known = self.config_entry.options.get(CONF_WEBHOOK_ID)
        from_anywhere = self.config_entry.options.get(CONF_WEBHOOK_FROM_ANYWHERE, False)
        if user_input is None:
            fields: dict[Any, Any] = {
                probatio.Required(_ENABLED, default=True): BooleanSelector(),
                probatio.Required(CONF_WEBHOOK_FROM_ANYWHERE, default=from_anywhere): BooleanSelector(),
            }
            if known:
                fields[probatio.Required(_RENEW, default=False)] = BooleanSelector()
            return self.async_show_form(step_id="webhook", data_schema=probatio.Schema(fields))
        if not user_input[_ENABLED]:
            self._webhook = {}
            return self._save_webhook()
        fresh = user_input.get(_RENEW, False) or not known
        self._webhook = {
            CONF_WEBHOOK_ID: webhook.async_generate_id() if fresh else known,
            CONF_WEBHOOK_FROM_ANYWHERE: user_input[CONF_WEBHOOK_FROM_ANYWHERE],
        }
        return await self.async_step_webhook_lines()

    async def async_step_webhook_lines(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the lines for Proxmox; the address is listened at once they were seen."""
        if user_input is not None:
            return self._save_webhook()
        target = self._target(self._webhook)
        return self.async_show_form(
            step_id="webhook_lines",
            data_schema=probatio.Schema({}),
            description_placeholders={
                "create": in_short_lines(target.creation),
                "test": target.test,
                "renew": in_short_lines([target.renewal]),
                "remove": "\n".join(target.removal),
                "unheard": await self._unheard(),
            },
        )

    async def async_step_webhook_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Tell whether something has arrived, as often as it is asked."""
        return self.async_show_menu(
            step_id="webhook_check",
            menu_options=["webhook_check", "webhook"],
            description_placeholders={"state": await self._state()},
        )

    def _save_webhook(self) -> ConfigFlowResult:
        options = self.config_entry.options.items()
        kept = {name: value for name, value in options if name not in {CONF_WEBHOOK_ID, CONF_WEBHOOK_FROM_ANYWHERE}}
        return self.async_create_entry(data={**kept, **self._webhook})

    def _target(self, chosen: dict[str, Any]) -> WebhookTarget:
        digest = hashlib.sha256(self.config_entry.entry_id.encode()).hexdigest()
        return WebhookTarget(
            name=f"home-assistant-{digest[:6]}",
            origin=self._origin(chosen[CONF_WEBHOOK_FROM_ANYWHERE]),
            path=webhook.async_generate_path("").rstrip("/"),
            secret=chosen[CONF_WEBHOOK_ID],
        )

    def _origin(self, from_anywhere: bool) -> str:
        """Return where Proxmox finds Home Assistant; a word to be replaced where it does not know its own address."""
        try:
            return get_url(
                self.hass, allow_external=from_anywhere, allow_cloud=False, prefer_external=from_anywhere
            ).rstrip("/")
        except NoURLAvailableError:
            return _NO_ADDRESS

    async def _unheard(self) -> str:
        """Return which jobs send no message, and what to do about it."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return ""
        jobs = unheard_jobs(view.job for view in entry.runtime_data.assessment.jobs.values())
        if not jobs:
            return ""
        localizer = await Localizer.load(self.hass)
        return localizer.text("webhook_unheard", jobs=", ".join(inert(job_name(job)) for job in jobs), count=len(jobs))

    async def _state(self) -> str:
        """Return what has arrived, and what to do where nothing has."""
        localizer = await Localizer.load(self.hass)
        entry = self.config_entry
        arrivals = entry.runtime_data.arrivals if entry.state is ConfigEntryState.LOADED else None
        if arrivals is None or arrivals.at is None or arrivals.message is None:
            target = self._target({CONF_WEBHOOK_FROM_ANYWHERE: False, **entry.options})
            error = None
            if arrivals is not None:
                runs = entry.runtime_data.assessment.history.runs.values()
                error = await _refusal(runs, entry.runtime_data.async_task_log, target.name)
            said = (
                localizer.text("webhook_undelivered", error=inert(error)) if error else localizer.text("webhook_silent")
            )
            is_refused = "certificate" in error.lower() if error else target.origin.startswith("https:")
            return f"{said} {localizer.text('webhook_silent_https')}" if is_refused else said
        moment, message = localizer.near_moment(arrivals.at, dt_util.utcnow()), arrivals.message
        if message.node is None:
            return localizer.text("webhook_arrived_test", moment=moment)
        if message.job_id is None:
            return localizer.text("webhook_arrived_no_job", moment=moment, node=inert(message.node))
        return localizer.text("webhook_arrived", moment=moment, node=inert(message.node), job=inert(message.job_id))


async def _refusal(runs: Iterable[RunRecord], read_log: Callable[[str], Awaitable[str]], target: str) -> str | None:
    """Return why the newest run that could not send all its messages could not send ours."""
    failed = [run for run in runs if "notification_failed" in run.notes]
    if not failed:
        return None
    try:
        log = await read_log(max(failed, key=lambda run: run.started).upid)
    except HomeAssistantError:
        return None
    error = undelivered(log, target)
    return error[:_LONGEST_ERROR] if error else None
