"""Three months of ordinary sizes, and what is not ordinary."""
