"""What the dashboard card asks for: the wall, and the runs, log, sizes and storages behind it."""

from functools import partial
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.loader import async_get_integration
import probatio

from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import watched_entries, watcher_of
from ..checker.verdicts.night import night_of
from ..const import DOMAIN
from ..privacy.sight import Sight
from ..proxmox.api.answer import run_off_loop_if_large
from ..proxmox.backup_server.logs.excerpt import read_log
from ..proxmox.vzdump.excerpt import excerpt, whole
from ..texts.catalogue import language_of
from ..texts.localizer import Localizer
from ..translated_errors import invalid
from .activity import async_activity
from .causes import causes, urgency
from .clusters import coordinator_of, entries
from .datastores import datastores
from .details import RowId, async_details, async_sizes
from .feed import WallFeed
from .ignoring import ignore
from .message_automations import async_message_setup
from .night import night_data
from .orphans import async_orphans
from .resources import content_hash
from .server_causes import server_causes
from .servers import async_load_errors, servers
from .start import checklists
from .storages import storages
from .survival import async_survival

_DAYS: Final = probatio.All(int, probatio.Range(min=7, max=60))
_LANGUAGE: Final[dict[str | probatio.Marker, Any]] = {
    probatio.Optional("language"): probatio.All(str, probatio.Length(max=35))
}
_MOST_SIZES: Final = 200
_LONGEST_ID: Final = 200
_LONGEST_LINE: Final = 2_000
_MOST_LINES: Final = 5_000


def _language(hass: HomeAssistant, msg: dict[str, Any]) -> str:
    """Return the language of who looks; cards of 0.1.0 do not tell it."""
    return language_of(msg.get("language") or hass.config.language)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register all commands; to be called once."""
    walls, first_days = (ws_info, ws_wall, ws_sizes, ws_runs, ws_log, ws_ignore), (ws_start, ws_messages)
    stores, cards = (ws_storages, ws_datastores), (ws_causes, ws_activity, ws_survival, ws_night)
    for command in (*walls, *stores, *cards, *first_days):
        websocket_api.async_register_command(hass, command)


@websocket_api.websocket_command({probatio.Required("type"): f"{DOMAIN}/info"})
@websocket_api.async_response
async def ws_info(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the version, which bundle is served, and the servers."""
    integration, sight = await async_get_integration(hass, DOMAIN), Sight(hass, connection.user)
    connection.send_result(
        msg["id"],
        {
            "version": str(integration.version),
            "frontend_hash": content_hash(hass),
            "entries": servers(hass, sight, hass.config.language),
            "backup_servers": servers(hass, sight, hass.config.language, group="pbsjob"),
        },
    )


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/wall/subscribe",
        probatio.Optional("entry_id"): str,
        probatio.Required("group"): probatio.Any("guest", "job", "pbsjob", "group"),
        probatio.Required("days"): _DAYS,
        **_LANGUAGE,
    }
)
@callback
def ws_wall(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the wall, and what changes on it until the card is closed."""

    @callback
    def send(event: dict[str, Any]) -> None:
        connection.send_event(msg["id"], event)

    kind = (msg["group"], msg["days"], _language(hass, msg))
    feed = WallFeed(hass, send, Sight(hass, connection.user), msg.get("entry_id"), kind)
    connection.subscriptions[msg["id"]] = feed.stop
    connection.send_result(msg["id"])
    feed.start()


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/sizes",
        probatio.Required("ids"): probatio.All([str], probatio.Length(max=_MOST_SIZES)),
        probatio.Required("days"): _DAYS,
    }
)
@websocket_api.async_response
async def ws_sizes(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the size of every day's backup, for the rows that can be seen."""
    sight = Sight(hass, connection.user)
    connection.send_result(msg["id"], await async_sizes(hass, sight, msg["ids"], msg["days"]))


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/runs",
        # Not "id", which is the message's own.
        probatio.Required("row"): str,
        probatio.Required("days"): _DAYS,
        **_LANGUAGE,
    }
)
@websocket_api.async_response
async def ws_runs(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell all about a row that was opened."""
    found = await async_details(hass, Sight(hass, connection.user), _language(hass, msg), msg["row"], msg["days"])
    if found is None:
        _refuse(connection, msg, websocket_api.ERR_NOT_FOUND, invalid("row_not_found", row=msg["row"][:_LONGEST_ID]))
        return
    connection.send_result(msg["id"], found)


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/ignore",
        probatio.Required("row"): str,
        probatio.Required("ignored"): bool,
    }
)
@websocket_api.require_admin
@callback
def ws_ignore(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Choose in the options that a guest or job is left alone, or no more."""
    row = RowId.parse(msg["row"])
    entry = next(iter(entries(hass, row.entry_id)), None) if row and row.group in {"guest", "job"} else None
    if row is None or entry is None:
        _refuse(connection, msg, websocket_api.ERR_NOT_FOUND, invalid("row_not_found", row=msg["row"][:_LONGEST_ID]))
        return
    ignore(hass, entry, row.group, row.key, ignored=msg["ignored"])
    connection.send_result(msg["id"])


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/log",
        probatio.Required("entry_id"): str,
        probatio.Required("upid"): str,
        probatio.Optional("vmid"): int,
        probatio.Optional("whole", default=False): bool,
    }
)
@websocket_api.require_admin
@websocket_api.async_response
async def ws_log(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Read a run's log from Proxmox: the lines around its first failure, or all of it."""
    entry = next((known for known in watched_entries(hass) if known.entry_id == msg["entry_id"]), None)
    coordinator = watcher_of(entry) if entry else None
    if coordinator is None:
        _refuse(connection, msg, websocket_api.ERR_NOT_FOUND, invalid("cluster_not_loaded"))
        return
    try:
        text = await coordinator.async_task_log(msg["upid"])
    except HomeAssistantError as error:
        _refuse(connection, msg, websocket_api.ERR_HOME_ASSISTANT_ERROR, error)
        return
    of_cluster = partial(whole if msg["whole"] else excerpt, vmid=msg.get("vmid"))
    read = read_log if isinstance(coordinator, ServerCoordinator) else of_cluster
    found = await run_off_loop_if_large(len(text), read, text)
    shown = found.lines[:_MOST_LINES]
    connection.send_result(
        msg["id"],
        {
            "lines": [{"n": line.number, "text": line.text[:_LONGEST_LINE], "level": line.level} for line in shown],
            "first_error": found.failure,
            "total": found.total,
            "truncated": len(shown) < found.total,
        },
    )


@websocket_api.websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/causes", probatio.Optional("entry_id"): str, **_LANGUAGE}
)
@websocket_api.async_response
async def ws_causes(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell what is wrong, cause by cause."""
    sight, entry_id = Sight(hass, connection.user), msg.get("entry_id")
    localizer = await Localizer.load(hass, _language(hass, msg))
    found = [*causes(hass, sight, localizer, entry_id), *server_causes(hass, sight, localizer, entry_id)]
    connection.send_result(msg["id"], {"causes": sorted(found, key=urgency)})


@websocket_api.websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/storages", probatio.Optional("entry_id"): str, **_LANGUAGE}
)
@websocket_api.async_response
async def ws_storages(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how full the storages are, of which servers that can be told, and what deleted guests have left."""
    sight, language, entry_id = Sight(hass, connection.user), _language(hass, msg), msg.get("entry_id")
    localizer = await Localizer.load(hass, language)
    await async_load_errors(hass, language)
    told = {
        "storages": storages(hass, sight, localizer, entry_id),
        "servers": servers(hass, sight, language, entry_id),
        "orphans": await async_orphans(hass, sight, entry_id),
    }
    connection.send_result(msg["id"], told)


@websocket_api.websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/night", probatio.Optional("entry_id"): str, **_LANGUAGE}
)
@websocket_api.async_response
async def ws_night(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how the coming night may go, of one cluster or of each."""
    sight, localizer = Sight(hass, connection.user), await Localizer.load(hass, _language(hass, msg))
    told = []
    for entry in entries(hass, msg.get("entry_id")):
        if (coordinator := coordinator_of(entry)) is not None:
            context = coordinator.assessment.context
            night = await hass.async_add_executor_job(night_of, context, context.facts.now)
            told.append(night_data(night, coordinator, sight, localizer))
    connection.send_result(msg["id"], {"nights": [night for night in told if night is not None]})


@websocket_api.websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/activity", probatio.Optional("entry_id"): str, **_LANGUAGE}
)
@websocket_api.async_response
async def ws_activity(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell what has run lately."""
    sight, localizer = Sight(hass, connection.user), await Localizer.load(hass, _language(hass, msg))
    told = await async_activity(hass, sight, localizer, msg.get("entry_id"))
    connection.send_result(msg["id"], {"activity": told})


@websocket_api.websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/datastores", probatio.Optional("entry_id"): str, **_LANGUAGE}
)
@websocket_api.async_response
async def ws_datastores(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how the backup servers and their datastores are."""
    localizer = await Localizer.load(hass, _language(hass, msg))
    told = datastores(hass, Sight(hass, connection.user), localizer, msg.get("entry_id"))
    connection.send_result(msg["id"], {"servers": told})


@websocket_api.websocket_command({probatio.Required("type"): f"{DOMAIN}/start", probatio.Optional("entry_id"): str})
@callback
def ws_start(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how far each cluster is on the way to its first proof."""
    told = checklists(hass, Sight(hass, connection.user), msg.get("entry_id"))
    connection.send_result(msg["id"], {"clusters": told})


@websocket_api.websocket_command({probatio.Required("type"): f"{DOMAIN}/messages", **_LANGUAGE})
@websocket_api.async_response
async def ws_messages(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell whether problems are told to anybody, and what that would take."""
    told = await async_message_setup(hass, connection.user, _language(hass, msg))
    connection.send_result(msg["id"], told)


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/survival",
        probatio.Optional("entry_id"): str,
        probatio.Optional("died"): probatio.All(str, probatio.Length(max=_LONGEST_ID)),
        **_LANGUAGE,
    }
)
@websocket_api.async_response
async def ws_survival(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell what can die, and what would be left of one of it."""
    sight, localizer = Sight(hass, connection.user), await Localizer.load(hass, _language(hass, msg))
    told = await async_survival(hass, sight, localizer, msg.get("entry_id"), msg.get("died"))
    connection.send_result(msg["id"], told)


def _refuse(connection: ActiveConnection, msg: dict[str, Any], code: str, error: HomeAssistantError) -> None:
    connection.send_error(
        msg["id"],
        code,
        str(error),
        translation_domain=error.translation_domain,
        translation_key=error.translation_key,
        translation_placeholders=error.translation_placeholders,
    )
