"""The WebSocket chess server."""
