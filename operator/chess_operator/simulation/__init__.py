"""What would the operator do with this load? The same `decide`, over a recorded load instead of a cluster."""
