"""Argo CD and a Git server beside the local cluster: programs of the host, like those of the control plane."""
