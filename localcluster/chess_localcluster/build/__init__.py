"""Programs of the cluster: compiled from Go modules or installed from Debian, once per machine."""
