"""The demonstration: a virtual Proxmox cluster, real log agents on its files, and a real Home Assistant that watches it."""
