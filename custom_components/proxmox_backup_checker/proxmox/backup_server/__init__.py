"""What a Proxmox Backup Server says."""
