"""Names that several modules share."""

from collections.abc import Mapping
from typing import Any, Final

DOMAIN: Final = "proxmox_backup_checker"

CONF_TOKEN_ID: Final = "token_id"
CONF_TOKEN_SECRET: Final = "token_secret"
CONF_FINGERPRINT: Final = "fingerprint"
CONF_HEARTBEAT_URL: Final = "heartbeat_url"
CONF_HIDE_NAMES: Final = "hide_names"
CONF_LOG_AGENTS: Final = "log_agents"
CONF_NODES: Final = "nodes"
CONF_WEBHOOK_FROM_ANYWHERE: Final = "webhook_from_anywhere"
CONF_PAIRING: Final = "pairing"

DEFAULT_PORT: Final = 8006

CONF_KIND: Final = "kind"
"""What an entry watches; those of version 0.1.0 do not say it, and watch a cluster."""
KIND_BACKUP_SERVER: Final = "backup_server"


def is_backup_server(data: Mapping[str, Any]) -> bool:
    """Tell by an entry's data whether it watches a backup server, not a cluster."""
    return data.get(CONF_KIND) == KIND_BACKUP_SERVER


CONF_IDENTITY: Final = "identity"
"""The first part of the unique ids of a server's entities, which stays what it was when the entry was made."""
CONF_IGNORE: Final = "ignore"
CONF_LINKS: Final = "links"
"""The places of a server to which clusters back up, as cluster's entry, datastore and namespace, so that a start knows them."""
CONF_PLACE: Final = "place"
CONF_DATASTORES: Final = "datastores"
CONF_NAMESPACES: Final = "namespaces"
