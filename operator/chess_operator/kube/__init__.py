"""All access to the Kubernetes API: requests, watches and their mirror, Secrets, the leader's lease."""
