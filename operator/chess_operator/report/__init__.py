"""What users read of a reconcile: status, conditions, events."""
