"""Delete the stacks of an environment, and first what would keep them from being deleted."""
