"""The Proxmox VE API: connection, client and the models that JSON ends in."""
