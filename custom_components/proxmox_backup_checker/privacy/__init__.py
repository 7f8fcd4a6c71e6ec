"""What is left out or renamed before anything leaves Home Assistant."""
