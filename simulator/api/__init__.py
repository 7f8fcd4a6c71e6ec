"""The API of a virtual node."""
