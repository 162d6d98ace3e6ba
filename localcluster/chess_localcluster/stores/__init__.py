"""Redis and PostgreSQL as managed services would give them: beside the cluster, or private ones for tests."""
