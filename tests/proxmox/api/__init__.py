"""Tests of `proxmox/api`."""
