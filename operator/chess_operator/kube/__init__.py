"""The way to the Kubernetes API: access, requests, a mirror of what is watched, the leader's lease."""
