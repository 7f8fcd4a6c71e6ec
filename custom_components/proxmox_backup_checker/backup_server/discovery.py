"""Offers the backup servers that a cluster writes to, so that nobody has to look up their addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.discovery_flow import async_create_flow

from ..checker.model.facts import StorageFacts
from ..const import CONF_FINGERPRINT, DOMAIN
from .coordinator import ServerCoordinator
from .servers import server_entries, server_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A server as a storage of a cluster names it; `fingerprint` is that of the certificate which Proxmox VE trusts, if it pins one."""

    host: str
    port: int
    fingerprint: str | None

    @classmethod
    def of(cls, storage: StorageFacts) -> Offer | None:
        """Return the server behind a storage, None where there is none."""
        place = storage.backup_server
        return None if place is None else cls(host=place.host, port=place.port, fingerprint=place.fingerprint)

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> Offer:
        """Read what a flow begins with."""
        return cls(**info)

    @property
    def unique_id(self) -> str:
        """What tells it from other offers: the certificate where it is known, else the address."""
        return self.fingerprint or f"{self.host}:{self.port}"

    def is_of(self, entry: ConfigEntry[Any]) -> bool:
        """Tell whether an entry watches this server already, at whatever address."""
        address = (entry.data[CONF_HOST], entry.data[CONF_PORT])
        server = server_of(entry)
        certificates = {entry.unique_id, entry.data[CONF_FINGERPRINT], server.certificate if server else None}
        return address == (self.host, self.port) or (self.fingerprint is not None and self.fingerprint in certificates)


@callback
def offer_servers(hass: HomeAssistant, storages: Iterable[StorageFacts]) -> None:
    """Offer each server once that is neither watched nor ignored."""
    known = server_entries(hass)
    entries = hass.config_entries.async_entries(DOMAIN)
    taken = {entry.unique_id for entry in entries}
    for offer in dict.fromkeys(offer for storage in storages if (offer := Offer.of(storage)) is not None):
        if offer.unique_id not in taken and not any(offer.is_of(entry) for entry in known):
            async_create_flow(hass, DOMAIN, {"source": SOURCE_INTEGRATION_DISCOVERY}, asdict(offer))


@callback
def withdraw_offers(hass: HomeAssistant, server: ServerCoordinator) -> None:
    """Take offers back of a server that is watched now; the one by which it was added ends by itself."""
    entry = server.config_entry
    names = {server.certificate, f"{entry.data[CONF_HOST]}:{entry.data[CONF_PORT]}"} - {entry.unique_id}
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        context = flow["context"]
        if context["source"] == SOURCE_INTEGRATION_DISCOVERY and context.get("unique_id") in names:
            hass.config_entries.flow.async_abort(flow["flow_id"])
