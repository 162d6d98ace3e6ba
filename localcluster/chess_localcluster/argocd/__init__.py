"""Argo CD beside the local cluster, with a Git server: programs of the host, like those of the control plane."""
