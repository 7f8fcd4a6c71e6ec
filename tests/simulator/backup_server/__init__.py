"""Tests of `simulator/backup_server`."""
