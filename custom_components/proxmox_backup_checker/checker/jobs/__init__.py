"""What was promised: when a job is due and whom it covers."""
