"""End-to-end tests: a real Home Assistant in a real Chromium, with a virtual Proxmox cluster."""
