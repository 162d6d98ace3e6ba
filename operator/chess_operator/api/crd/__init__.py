"""The CRD and its reference page, generated from the spec's model."""
