"""Images in the cache, built from a Dockerfile or without one. Nothing here knows a node."""
