"""Tests of `proxmox/calendar`."""
