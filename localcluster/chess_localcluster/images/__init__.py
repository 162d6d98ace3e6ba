"""From a Dockerfile, or from nothing, to images in the cache. Nothing here knows a node."""
