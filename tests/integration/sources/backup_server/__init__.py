"""Tests of `sources/backup_server`."""
