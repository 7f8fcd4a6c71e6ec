"""A backup server as an entry of its own: how it is added, read, kept and shown."""
