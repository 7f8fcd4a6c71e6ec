"""The virtual cluster answers and writes as a real one does."""
