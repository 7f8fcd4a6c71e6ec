"""What is remembered from one look at the cluster to the next."""
