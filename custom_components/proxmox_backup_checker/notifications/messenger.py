"""Messages on Home Assistant's event bus: what automations, and the blueprints among them, pass on to people."""

from collections.abc import Iterable
from datetime import datetime, timedelta
import hashlib
from typing import Any, Final

from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..backup_server.coordinator import ServerCoordinator
from ..backup_server.watched import Watcher
from ..checker.alerts import announcements
from ..checker.alerts.alerts import Alert, AlertGuest, Severity
from ..checker.alerts.announcements import Message, MessageKind
from ..checker.alerts.tags import about_of
from ..checker.assessment import Assessment
from ..checker.model.reason_codes import AlertKind
from ..checker.model.records import AlertRecord
from ..checker.model.subject import CLUSTER, SERVER, Subject
from ..checker.server.assessment import ServerAssessment
from ..const import DOMAIN
from ..devices import device_key
from ..texts.server_wording import ServerWording
from ..texts.wording import ClusterWording, Wording
from .audience import audience_of
from .message_text import body_of, title_of

EVENT_MESSAGE: Final = f"{DOMAIN}_message"

_TEST_LASTS: Final = timedelta(minutes=1)
# The recorder takes no event of more than 32 KiB.
_MOST_GUESTS: Final = 100
# Apple allows no longer ones.
_LONGEST_TAG: Final = 64


class Messenger:
    """Fires the messages of one cluster or backup server, each once; while nobody can hear them, there are none."""

    def __init__(self, hass: HomeAssistant, coordinator: Watcher) -> None:
        """Speak for what this coordinator watches."""
        self._hass = hass
        self._coordinator = coordinator
        self._seen: object = None
        if not (audience := audience_of(hass)).listens():
            coordinator.config_entry.async_on_unload(audience.when_it_listens(self._tell))

    @callback
    def update(self) -> None:
        """Fire what the newest assessment has to tell."""
        assessment = self._coordinator.assessment
        if assessment is self._seen:
            return
        self._seen = assessment
        for message in assessment.messages:
            self._hass.bus.async_fire(EVENT_MESSAGE, message_data(self._hass, self._coordinator, message))

    @callback
    def _tell(self) -> None:
        """Have told what was left untold."""
        self._coordinator.config_entry.async_create_task(self._hass, self._coordinator.async_tell())


def tag_of(coordinator: Watcher, tag: str) -> str:
    """Return the tag of an alert among those of all that is watched, as phones know it."""
    full = f"{group_of(coordinator)}-{tag}"
    if len(full) <= _LONGEST_TAG:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:12]
    return f"{full[: _LONGEST_TAG - len(digest) - 1]}-{digest}"


def group_of(coordinator: Watcher) -> str:
    """Return what the messages of one cluster or server have in common."""
    return f"backups-{coordinator.config_entry.entry_id[-8:].lower()}"


def wording_of(coordinator: Watcher) -> Wording:
    """Return the wording of messages about the present assessment."""
    localizer, title, now = coordinator.localizer, coordinator.config_entry.title, dt_util.utcnow()
    assessment = coordinator.assessment
    if isinstance(assessment, ServerAssessment):
        return ServerWording(assessment=assessment, localizer=localizer, cluster=title, now=now)
    return ClusterWording(assessment=assessment, localizer=localizer, cluster=title, now=now)


def message_data(hass: HomeAssistant, coordinator: Watcher, message: Message) -> dict[str, Any]:
    """Return a message as automations get it."""
    wording = wording_of(coordinator)
    alert, record = message.alert, message.record
    guests = alert.guests if alert is not None else wording.guests_of(record)
    quiet = message.kind is MessageKind.CLOSED
    return {
        **_envelope(hass, coordinator, record, guests),
        "kind": message.kind.value,
        "tag": tag_of(coordinator, record.tag),
        "severity": record.severity if alert is not None else Severity.NORMAL.value,
        "title": "" if quiet else title_of(message, wording),
        "message": "" if quiet else body_of(message, wording),
        "about": record.kind.value,
        "guests": [{"vmid": guest.vmid, "name": guest.name, "node": guest.node} for guest in guests[:_MOST_GUESTS]],
        "guest_count": len(guests),
        "causes": list(record.causes),
        "failures": record.failures,
        "since": record.since.isoformat() if record.since else None,
        "next_due": alert.next_due.isoformat() if alert is not None and alert.next_due else None,
    }


def open_messages(
    hass: HomeAssistant,
    coordinator: Watcher,
    assessment: Assessment | ServerAssessment,
    *,
    since: datetime | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is open and what is over in an assessment as messages, told of after `since`, if given."""
    there, over = announcements.open_messages(
        assessment.alerts, assessment.verdicts, assessment.history, dt_util.utcnow(), since
    )
    return (
        [message_data(hass, coordinator, message) for message in there],
        [message_data(hass, coordinator, message) for message in over],
    )


@callback
def fire_closed(hass: HomeAssistant, coordinator: Watcher, alerts: Iterable[Alert]) -> None:
    """Take back the messages about alerts that somebody has acknowledged."""
    for alert in alerts:
        if (record := coordinator.assessment.history.alerts.get(alert.tag)) is not None:
            message = Message(kind=MessageKind.CLOSED, record=record, alert=alert)
            hass.bus.async_fire(EVENT_MESSAGE, message_data(hass, coordinator, message))


@callback
def fire_test(hass: HomeAssistant, coordinator: Watcher, severity: str) -> None:
    """Fire a message that says that it is a test, and take it back after a minute."""
    wording = wording_of(coordinator)
    localizer = coordinator.localizer
    record = AlertRecord(
        key="test", tag="test", kind=AlertKind.JOB, opened=wording.now, since=wording.now, severity=severity
    )
    data = {
        **message_data(hass, coordinator, Message(kind=MessageKind.CLOSED, record=record)),
        "kind": "test",
        "severity": severity,
        "title": localizer.text("test_title", job=wording.example()),
        "message": localizer.text("test_body", cluster=wording.cluster),
    }
    hass.bus.async_fire(EVENT_MESSAGE, data)

    @callback
    def take_back(_now: datetime) -> None:
        hass.bus.async_fire(EVENT_MESSAGE, {**data, "kind": MessageKind.CLOSED.value, "title": "", "message": ""})

    async_call_later(hass, _TEST_LASTS, HassJob(take_back, cancel_on_shutdown=True))


def _envelope(
    hass: HomeAssistant, coordinator: Watcher, record: AlertRecord, guests: tuple[AlertGuest, ...]
) -> dict[str, Any]:
    """Return what every message has: whose it is, where it leads, and the words of the buttons."""
    device = _device(hass, coordinator, record, guests)
    word = coordinator.localizer.text
    return {
        "entry_id": coordinator.config_entry.entry_id,
        "cluster": coordinator.config_entry.title,
        "group": group_of(coordinator),
        "device_id": device.id if device else None,
        "url": f"/config/devices/device/{device.id}" if device else "/config/integrations",
        "proxmox_url": device.configuration_url if device else None,
        "open_alerts": sum(
            known.announced is not None and known.ended is None
            for known in coordinator.assessment.history.alerts.values()
        ),
        "words": {key: word(key) for key in ("open", "acknowledge", "snooze")},
    }


def _device(
    hass: HomeAssistant, coordinator: Watcher, record: AlertRecord, guests: tuple[AlertGuest, ...]
) -> dr.DeviceEntry | None:
    """Return the device of what an alert is about: a part or the only guest, else the cluster or server."""
    about = about_of(record.kind, record.tag)
    subjects = [SERVER if isinstance(coordinator, ServerCoordinator) else CLUSTER]
    if about is not None:
        subjects.insert(0, about)
    elif len(guests) == 1:
        subjects.insert(0, Subject.guest(guests[0].vmid))
    registry = dr.async_get(hass)
    entry_id = coordinator.config_entry.entry_id
    keys = (device_key(coordinator.identity, subject) for subject in subjects)
    devices = (registry.async_get_device_by_identifier((DOMAIN, key), entry_id) for key in keys)
    return next((device for device in devices if device is not None), None)
