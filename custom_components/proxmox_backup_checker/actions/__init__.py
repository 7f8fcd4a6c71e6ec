"""Parts of the actions that answer questions: targets, calls and responses."""
