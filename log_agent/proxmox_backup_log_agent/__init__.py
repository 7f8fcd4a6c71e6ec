"""The log agent: shows the vzdump logs and backup job states of one Proxmox host, read-only, over TLS."""

__version__ = "0.2.0"
API_VERSION = 1
