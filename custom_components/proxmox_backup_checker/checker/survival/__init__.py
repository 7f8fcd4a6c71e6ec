"""If a node, a storage or a house died now: which guests and which of their copies would still be there."""
