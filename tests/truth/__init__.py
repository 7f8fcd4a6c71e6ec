"""The truth machine: random worlds, what really happened in them, and what the checker says of it."""
