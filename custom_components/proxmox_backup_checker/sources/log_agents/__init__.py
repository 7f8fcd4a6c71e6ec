"""Reading the log agents on the Proxmox hosts."""
