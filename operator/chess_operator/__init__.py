"""The kopf operator that reconciles ChessClusters."""
