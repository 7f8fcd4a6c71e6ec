"""Reading a Proxmox Backup Server: its facts, at no more requests than it notices."""
