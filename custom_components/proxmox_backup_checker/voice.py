"""Answers for those who ask Home Assistant for their backups."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.const import CONF_COMMAND, CONF_ID, CONF_PLATFORM
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.script import ScriptRunResult
from homeassistant.helpers.trigger import async_initialize_triggers, async_validate_trigger_config
from homeassistant.setup import async_when_setup
from homeassistant.util import dt as dt_util

from .actions.report_text import state_of, summary_of
from .actions.spoken import (
    guests_called,
    how_is_server,
    is_backed_up,
    what_has_no_copy_elsewhere,
    what_is_next,
    what_is_not,
)
from .backup_server.servers import server_entries, server_of
from .checker.assessment import Assessment
from .checker.views.report import report
from .checker.views.server_report import standings_of_server
from .clusters import cluster_entries, loaded_cluster
from .const import DOMAIN
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .privacy.sight import Sight
from .texts.localizer import Localizer, full_stop

_LOGGER = logging.getLogger(__name__)

_STATE: Final = (
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
_MISSING: Final = (
    "what is[ not|n't] backed up",
    "(which|what) guests are[ not|n't] backed up",
    "was ist nicht gesichert",
    "(wer|welcher gast|welche gäste) (ist|sind) nicht gesichert",
    "(wovon|von was) gibt es (keine [daten]sicherung|kein backup)",
)
_NEXT: Final = (
    "when is the next backup [(of|for) {guest}]",
    "when (is|will) {guest} [be] backed up [next|again]",
    "wann ist (die nächste [daten]sicherung|das nächste backup) [(von|für) {guest}]",
    "wann wird {guest} [das nächste mal|wieder] gesichert",
)
# "Ist … gesichert" asks for doors and windows too, and whatever is taken here nobody else answers.
_GUEST: Final = (
    "is {guest} backed up",
    "(is there|do (i|we) have) a [good] backup (of|for) {guest}",
    "(gibt es|habe ich|haben wir) (ein[e] [gute[s]]) ([daten]sicherung|backup) (von|für) {guest}",
    "wurde {guest} gesichert",
    "ist (die [daten]sicherung|das backup) von {guest} (in ordnung|ok|okay|gut|da|gelaufen|aktuell)",
)
_SERVER: Final = (
    "(are|is) [all] [of] [my|our|the] backup server[s] (fine|ok|okay|good|all right|alright|up)",
    "how (are|is) (my|our|the) backup server[s] [doing]",
    "what is wrong with (my|our|the) backup server[s]",
    "(sind|ist) [alle] [mein[e]|unser[e]|der|die] (backup[ ]server|sicherungsserver) (in ordnung|ok|okay|gut|erreichbar)",
    "wie (geht es|steht es um) (mein[em|en]|unser[em|en]|dem|den) (backup[ ]server[n]|sicherungsserver[n])",
    "was ist mit (mein[em|en]|unser[em|en]|dem|den) (backup[ ]server[n]|sicherungsserver[n]) [los]",
)
_ELSEWHERE: Final = (
    "(which|what) guests have no (copy|backup) (elsewhere|off[ |-]site|outside [of] (this|the|our|my) house)",
    "(which|what) guests have no off[ |-]site (copy|backup)",
    "(welche gäste haben|welcher gast hat|wer hat) (keine kopie|keine sicherung|kein backup) (außer haus|woanders)",
    "(wovon|von was) gibt es (keine kopie|keine sicherung|kein backup) (außer haus|woanders)",
)
# These are asked for as a whole by other sentences.
_ALL: Final = frozenset({"all", "alles", "alle", "everything"})
_REASONS_TOLD: Final = 3
_NUMBERS_TOLD: Final = 5
_LONGEST_NAME: Final = 60


@callback
def async_setup_voice(hass: HomeAssistant) -> None:
    """Answer as soon as Home Assistant can converse, if it ever can."""
    async_when_setup(hass, "conversation", _listen)


async def _listen(hass: HomeAssistant, _: str) -> None:
    async def answer(variables: dict[str, Any], context: Context | None = None) -> ScriptRunResult:
        said = await _answer(hass, await _sight(hass, context), variables["trigger"])
        return ScriptRunResult(conversation_response=said, service_response=None, variables=variables)

    triggers = {
        "state": _STATE,
        "missing": _MISSING,
        "next": _NEXT,
        "guest": _GUEST,
        "server": _SERVER,
        "elsewhere": _ELSEWHERE,
    }
    config = await async_validate_trigger_config(
        hass,
        [
            {CONF_PLATFORM: "conversation", CONF_ID: kind, CONF_COMMAND: list(sentences)}
            for kind, sentences in triggers.items()
        ],
    )
    await async_initialize_triggers(hass, config, answer, DOMAIN, "voice", _LOGGER.log)


async def _answer(hass: HomeAssistant, sight: Sight, asked: Mapping[str, Any]) -> str | None:
    """Return the answer to a question, None where another kind of question is meant."""
    language: str | None = asked.get("user_input", {}).get("language")
    localizer = await Localizer.load(hass, language)
    name = str(asked.get("slots", {}).get("guest", "")).strip()
    if asked["id"] == "state":
        return await answer_of(hass, sight, language)
    if name.casefold() in _ALL:
        return None if asked["id"] == "guest" else _by_cluster(hass, sight, localizer, what_is_next)
    if asked["id"] == "missing":
        return _by_cluster(hass, sight, localizer, lambda assessment, words, _: what_is_not(assessment, words))
    if asked["id"] == "elsewhere":
        return _by_cluster(
            hass, sight, localizer, lambda assessment, words, _: what_has_no_copy_elsewhere(assessment, words)
        )
    if asked["id"] == "server":
        return " ".join(_of_servers(hass, sight, localizer)) or localizer.text("voice_no_server")
    if asked["id"] == "next" and not name:
        return _by_cluster(hass, sight, localizer, what_is_next)
    return _of_guest(hass, sight, localizer, name[:_LONGEST_NAME], about_next=asked["id"] == "next")


def _by_cluster(
    hass: HomeAssistant, sight: Sight, localizer: Localizer, told: Callable[[Assessment, Localizer, datetime], str]
) -> str:
    """Return what is to be told of each cluster; of one that cannot be read, that."""
    entries = cluster_entries(hass)
    if not entries:
        return localizer.text("voice_nothing")
    said = []
    for entry in entries:
        if (coordinator := _readable(entry)) is None:
            said.append(localizer.text("voice_unreachable", cluster=_title(entry)))
            continue
        text = told(sight.assessment(coordinator), localizer, dt_util.utcnow())
        said.append(f"{_title(entry)}: {text}" if len(entries) > 1 else text)
    return " ".join(said)


def _of_guest(hass: HomeAssistant, sight: Sight, localizer: Localizer, name: str, *, about_next: bool) -> str:
    """Return what is to be told of the guest with a name, of those that may be seen; of all clusters."""
    entries = cluster_entries(hass)
    if not entries:
        return localizer.text("voice_nothing")
    readable = {entry.entry_id: coordinator for entry in entries if (coordinator := _readable(entry)) is not None}
    seen = [sight.assessment(coordinator) for coordinator in readable.values()]
    found = [(assessment, vmid) for assessment in seen for vmid in guests_called(assessment, name)]
    if len(found) > 1:
        numbers = localizer.list_of(sorted({str(vmid) for _, vmid in found}), _NUMBERS_TOLD)
        return localizer.text("voice_guest_several", name=name, numbers=numbers)
    now = dt_util.utcnow()
    for assessment, vmid in found:
        if about_next:
            return what_is_next(assessment, localizer, now, vmid)
        return is_backed_up(assessment, vmid, localizer, now)
    unread = [
        localizer.text("voice_unreachable", cluster=_title(entry))
        for entry in entries
        if entry.entry_id not in readable
    ]
    return " ".join(unread) or localizer.text("voice_guest_nobody", name=name)


def _of_servers(hass: HomeAssistant, sight: Sight, localizer: Localizer, *, only_bad: bool = False) -> Iterator[str]:
    """Yield how each backup server is, or each that is not fine, as far as it may be seen."""
    for entry in server_entries(hass):
        if entry.disabled_by is not None:
            continue
        coordinator = server_of(entry)
        if coordinator is None:
            yield localizer.text("voice_server_unknown", name=entry.title)
            continue
        standings = list(standings_of_server(coordinator.assessment, entry.title))
        standings = [found for found in standings if sight.sees(coordinator, found.subject)]
        if standings and not (only_bad and all(found.verdict.problem is False for found in standings)):
            yield how_is_server(entry.title, standings, localizer)


def _readable(entry: CheckerConfigEntry) -> CheckerCoordinator | None:
    """Return a cluster that can be read now."""
    coordinator = loaded_cluster(entry)
    return coordinator if coordinator is not None and coordinator.last_update_success else None


def _title(entry: CheckerConfigEntry) -> str:
    coordinator = loaded_cluster(entry)
    return coordinator.assessment.cluster.title if coordinator is not None else entry.title


async def _sight(hass: HomeAssistant, context: Context | None) -> Sight:
    """Return what who asks may see; a voice that Home Assistant does not know is that of somebody in the house."""
    user_id = context.user_id if context else None
    return Sight(hass, await hass.auth.async_get_user(user_id) if user_id else None)


async def answer_of(hass: HomeAssistant, sight: Sight, language: str | None = None) -> str:
    """Return how the backups of all clusters are, and which backup server is not fine.

    One that is not loaded cannot be seen, which is not fine either.
    """
    entries = cluster_entries(hass)
    localizer = await Localizer.load(hass, language)
    servers = list(_of_servers(hass, sight, localizer, only_bad=bool(entries)))
    if not entries and not servers:
        return localizer.text("voice_nothing")
    return " ".join([*(_told(entry, localizer, sight, named=len(entries) > 1) for entry in entries), *servers])


def _told(entry: CheckerConfigEntry, localizer: Localizer, sight: Sight, *, named: bool) -> str:
    if (coordinator := _readable(entry)) is None:
        return localizer.text("voice_unreachable", cluster=_title(entry))
    cluster, now = _title(entry), dt_util.utcnow()
    day = report(sight.assessment(coordinator), now - timedelta(days=1), now)
    state = state_of(day, localizer)
    begin = f"{cluster}: {state}" if named else state[:1].upper() + state[1:]
    reasons = [
        f"{found.name}: {full_stop(localizer.sentence(found.verdict.reason))}"
        for found in [found for found in day.problems if not found.acknowledged][:_REASONS_TOLD]
    ]
    return " ".join([f"{begin}: {summary_of(day, localizer)}", *reasons])
