"""What lies on the storages, and which guest and run it came from."""
