"""The protocol as typed messages (docs/protocol.md): bytes to values and back. Pure."""
