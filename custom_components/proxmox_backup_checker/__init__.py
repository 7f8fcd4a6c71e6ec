"""Proxmox Backup Checker for Home Assistant."""
