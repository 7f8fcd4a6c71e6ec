"""Tests of `proxmox/log_agent`."""
