"""How many replicas should serve: load, limits, HPA's behavior, fallback, and the memory that these need. Pure."""
