"""Names that several modules share."""

from typing import Final

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
