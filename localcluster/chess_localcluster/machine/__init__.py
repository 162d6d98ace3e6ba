"""What any Linux program needs: commands, files, locks, mounts, ports. It knows nothing of a cluster."""
