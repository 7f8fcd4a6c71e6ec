"""The rules that judge guests, jobs, storages and the cluster."""
