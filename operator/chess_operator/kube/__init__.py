"""All access to the Kubernetes API: what the operator reads and watches, what it writes, and whether it may."""
