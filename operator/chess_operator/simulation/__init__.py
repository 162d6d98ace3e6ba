"""What the operator would do with a recorded load: the same `decide`, without a cluster."""
