"""What Proxmox says: the API, the log agent, logs, schedules and retention. Knows nothing of Home Assistant."""
