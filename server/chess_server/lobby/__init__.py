"""The lobby: who waits on this server (seeks), games made of pairs (pairing), and the pools that both go through."""
