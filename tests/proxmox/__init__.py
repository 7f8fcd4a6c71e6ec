"""Tests of what Proxmox says."""
