"""What a move costs the game server: CPU, latency and memory, beside its peers and the version before; and chaos."""
