"""Tests of `proxmox/backup_server`."""
