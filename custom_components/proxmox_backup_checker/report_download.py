"""The report for download: files that hold what their reader may see, under addresses that are valid for a while.

The dashboard asks for the digest of all that is watched, with the addresses of the files of each cluster.
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import hdrs, web
from homeassistant.auth.models import User
from homeassistant.components import websocket_api
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.util import dt as dt_util
import probatio

from .actions.calls import cluster_of, user_of
from .actions.report_chapters import Chapter, async_chapters
from .actions.report_files import as_csv, as_html
from .actions.report_text import PERIODS, Period
from .checker.views.report import report
from .clusters import loaded_cluster
from .const import DOMAIN
from .coordinator import CheckerCoordinator
from .privacy.sight import Sight
from .texts.catalogue import language_of
from .texts.localizer import Localizer, iso
from .translated_errors import invalid

ATTR_PERIOD: Final = "period"
ATTR_VALID_HOURS: Final = "valid_hours"
_URL: Final = f"/api/{DOMAIN}/report/{{entry_id}}/{{period}}.{{kind}}"
_LANGUAGE: Final = "language"
_PERIOD: Final[Period] = "week"
_VALID: Final = timedelta(hours=24)
_KINDS: Final[Mapping[str, str]] = {"csv": "text/csv", "html": "text/html"}
_HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

DOWNLOAD_REPORT_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_CONFIG_ENTRY_ID): str,
        probatio.Optional(ATTR_PERIOD, default="week"): probatio.In(list(PERIODS)),
        probatio.Optional(ATTR_VALID_HOURS, default=24): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=168)
        ),
    }
)


@callback
def async_setup_download(hass: HomeAssistant) -> None:
    """Offer the files, and the action that gives their addresses."""
    hass.http.register_view(ReportView)
    websocket_api.async_register_command(hass, ws_digest)
    hass.services.async_register(
        DOMAIN, "download_report", _download, DOWNLOAD_REPORT_SCHEMA, supports_response=SupportsResponse.ONLY
    )


@websocket_api.websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/digest",
        probatio.Optional("entry_id"): str,
        probatio.Optional(_LANGUAGE): probatio.All(str, probatio.Length(max=35)),
    }
)
@websocket_api.async_response
async def ws_digest(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the week of each cluster and backup server in one sentence, and where its report is."""
    language = language_of(msg.get(_LANGUAGE) or hass.config.language)
    localizer = await Localizer.load(hass, language)
    chapters = await async_chapters(hass, Sight(hass, connection.user), _PERIOD, localizer)
    told = [
        _told(chapter, hass, connection.refresh_token_id, language)
        for chapter in chapters
        if msg.get("entry_id") in {None, chapter.entry_id}
    ]
    connection.send_result(msg["id"], {"digests": told})


def _told(chapter: Chapter, hass: HomeAssistant, token_id: str | None, language: str) -> dict[str, Any]:
    def path(kind: str) -> str | None:
        if not chapter.report or token_id is None:
            return None
        url = f"{_URL.format(entry_id=chapter.entry_id, period=_PERIOD, kind=kind)}?{_LANGUAGE}={language}"
        return async_sign_path(hass, url, _VALID, refresh_token_id=token_id)

    return {
        "id": chapter.entry_id,
        "name": chapter.name,
        "summary": chapter.summary,
        "problems": chapter.problems,
        "unknown": chapter.unknown,
        "warning": chapter.warning,
        **{kind: path(kind) for kind in _KINDS},
    }


async def _download(call: ServiceCall) -> ServiceResponse:
    """Return the addresses of the files; they show what the caller may see, those of an automation everything."""
    coordinator, hours = cluster_of(call), call.data[ATTR_VALID_HOURS]
    valid = timedelta(hours=hours)
    token = _token_of(await user_of(call))
    paths = {
        kind: async_sign_path(
            call.hass,
            _URL.format(entry_id=coordinator.config_entry.entry_id, period=call.data[ATTR_PERIOD], kind=kind),
            valid,
            refresh_token_id=token,
            use_content_user=token is None,
        )
        for kind in _KINDS
    }
    return {**paths, "valid_until": iso(dt_util.utcnow() + valid)}


def _token_of(user: User | None) -> str | None:
    """Return the token by which the files are shown as to a person; nobody has none, and sees what Home Assistant's reader sees."""
    if user is None:
        return None
    for token in user.refresh_tokens.values():
        return token.id
    raise invalid("no_way_to_log_in")


class ReportView(HomeAssistantView):
    """Shows the report as a file."""

    url = _URL
    name = f"api:{DOMAIN}:report"

    async def get(self, request: web.Request, entry_id: str, period: str, kind: str) -> web.Response:
        """Return the report of a cluster, as far as the user may see it."""
        hass = request.app[KEY_HASS]
        coordinator = loaded_cluster(hass.config_entries.async_get_entry(entry_id))
        if coordinator is None or period not in PERIODS or kind not in _KINDS:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        sight = Sight(hass, request[KEY_HASS_USER])
        language = request.query.get(_LANGUAGE)
        localizer = await Localizer.load(hass, language) if language else coordinator.localizer
        text = await hass.async_add_executor_job(_text, coordinator, sight, cast(Period, period), kind, localizer)
        name = f"proxmox-backups-{dt_util.now():%Y-%m-%d}.{kind}"
        disposition = "attachment" if kind == "csv" else "inline"
        headers = {**_HEADERS, hdrs.CONTENT_DISPOSITION: f'{disposition}; filename="{name}"'}
        return web.Response(text=text, content_type=_KINDS[kind], charset="utf-8", headers=headers)


def _text(coordinator: CheckerCoordinator, sight: Sight, period: Period, kind: str, localizer: Localizer) -> str:
    assessment, now = sight.assessment(coordinator), dt_util.utcnow()
    told = report(assessment, now - PERIODS[period], now)
    if kind == "csv":
        return as_csv(told, assessment, localizer)
    return as_html(told, period, assessment, localizer)
