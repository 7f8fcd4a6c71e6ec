"""Readers of the logs that the tasks of a backup server leave, down to groups and snapshots."""
