"""What would be left if something died."""
