"""The control plane: its arguments, certificates and kubeconfigs, the objects it starts with, and its API."""
