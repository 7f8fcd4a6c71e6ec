"""The log agent on a Proxmox host, seen from its client."""
