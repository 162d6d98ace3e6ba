"""Linux, without any idea of a cluster: commands, files, locks, mounts, ports, waiting."""
