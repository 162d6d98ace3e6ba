"""How many players there are: the heartbeats in Redis, read for each ChessCluster."""
