"""Tests of `proxmox/vzdump`."""
