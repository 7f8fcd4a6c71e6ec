"""The API of a virtual backup server: importing the package registers what it answers."""

from . import access, content, datastores, jobs, node

__all__ = ["access", "content", "datastores", "jobs", "node"]
