"""The ChessCluster as users write it and the API server keeps it. Everything else in the operator stands on this."""
