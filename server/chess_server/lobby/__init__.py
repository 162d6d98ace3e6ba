"""The lobby: who waits in which pool, and games made of pairs."""
