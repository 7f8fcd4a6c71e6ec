"""Storage replication: whether each replica is renewed as its job says. A replica is no backup."""
