"""An answer for those who ask Home Assistant whether their backups are fine."""

from datetime import timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_COMMAND, CONF_PLATFORM
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.script import ScriptRunResult
from homeassistant.helpers.trigger import async_initialize_triggers, async_validate_trigger_config
from homeassistant.setup import async_when_setup
from homeassistant.util import dt as dt_util

from .actions.report_text import state_of, summary_of
from .checker.views.report import report
from .clusters import cluster_entries
from .const import DOMAIN
from .coordinator import CheckerConfigEntry
from .privacy.sight import Sight
from .texts.localizer import Localizer, full_stop

_LOGGER = logging.getLogger(__name__)

_SENTENCES: Final = (
    "(are|is) [all] [of] [my|our|the] backup[s] (fine|ok|okay|good|all right|alright|there|up to date)",
    "how are (my|our|the) backups [doing]",
    "did [all] [of] [my|our|the] backups (run|work|succeed)",
    "is everything backed up",
    # What Home Assistant does not know from here it takes for a question about people, and answers it "yes".
    "(sind|ist) [alle] [meine|unsere|die] ([daten]sicherung[en]|backup[s]) (in ordnung|ok|okay|gut|da|gelaufen|aktuell)",
    "haben [alle] [meine|unsere|die] ([daten]sicherungen|backups) (geklappt|funktioniert)",
    "wie (geht es|steht es um) [meine[n]|unsere[n]|die|den] ([daten]sicherungen|backups)",
    "(ist alles|sind alle) gesichert",
)
_REASONS_TOLD: Final = 3


@callback
def async_setup_voice(hass: HomeAssistant) -> None:
    """Answer as soon as Home Assistant can converse, if it ever can."""
    async_when_setup(hass, "conversation", _listen)


async def _listen(hass: HomeAssistant, _: str) -> None:
    async def answer(variables: dict[str, Any], context: Context | None = None) -> ScriptRunResult:
        return ScriptRunResult(
            conversation_response=await answer_of(hass, await _sight(hass, context), _language(variables)),
            service_response=None,
            variables=variables,
        )

    config = await async_validate_trigger_config(
        hass, [{CONF_PLATFORM: "conversation", CONF_COMMAND: list(_SENTENCES)}]
    )
    await async_initialize_triggers(hass, config, answer, DOMAIN, "voice", _LOGGER.log)


def _language(variables: dict[str, Any]) -> str | None:
    """Return the language of the question, as Home Assistant's conversation trigger tells it."""
    language: str | None = variables.get("trigger", {}).get("user_input", {}).get("language")
    return language


async def _sight(hass: HomeAssistant, context: Context | None) -> Sight:
    """Return what who asks may see; a voice that Home Assistant does not know is that of somebody in the house."""
    user_id = context.user_id if context else None
    return Sight(hass, await hass.auth.async_get_user(user_id) if user_id else None)


async def answer_of(hass: HomeAssistant, sight: Sight, language: str | None = None) -> str:
    """Return how the backups of all clusters are; one that is not loaded cannot be seen, which is not fine either."""
    entries = cluster_entries(hass)
    localizer = await Localizer.load(hass, language)
    if not entries:
        return localizer.text("voice_nothing")
    return " ".join(_told(entry, localizer, sight, named=len(entries) > 1) for entry in entries)


def _told(entry: CheckerConfigEntry, localizer: Localizer, sight: Sight, *, named: bool) -> str:
    if entry.state is not ConfigEntryState.LOADED:
        return localizer.text("voice_unreachable", cluster=entry.title)
    coordinator = entry.runtime_data
    cluster = coordinator.assessment.cluster.title
    if not coordinator.last_update_success:
        return localizer.text("voice_unreachable", cluster=cluster)
    now = dt_util.utcnow()
    day = report(sight.assessment(coordinator), now - timedelta(days=1), now)
    state = state_of(day, localizer)
    begin = f"{cluster}: {state}" if named else state[:1].upper() + state[1:]
    reasons = [
        f"{found.name}: {full_stop(localizer.sentence(found.verdict.reason))}"
        for found in [found for found in day.problems if not found.acknowledged][:_REASONS_TOLD]
    ]
    return " ".join([f"{begin}: {summary_of(day, localizer)}", *reasons])
