"""The wall: what became of each day, per guest and per job."""
