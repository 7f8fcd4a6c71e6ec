"""How much of what Proxmox's own code answers do we answer alike: `scripts/score`."""
