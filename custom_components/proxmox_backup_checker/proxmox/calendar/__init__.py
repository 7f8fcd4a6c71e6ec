"""Proxmox's schedules: what they say, and when they come next."""
