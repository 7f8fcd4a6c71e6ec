"""The API of a virtual node: importing the package registers what the nodes answer."""

from . import access, backup, certificates, cluster, configs, node, replication, storage

__all__ = ["access", "backup", "certificates", "cluster", "configs", "node", "replication", "storage"]
