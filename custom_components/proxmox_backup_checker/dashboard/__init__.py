"""What the dashboard card asks for, and the files that it is made of."""
