"""What vzdump writes: logs, command lines and the causes of its failures."""
