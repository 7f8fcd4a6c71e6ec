"""Reading a Proxmox VE cluster."""
