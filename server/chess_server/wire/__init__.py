"""The protocol as typed messages (docs/protocol.md): bytes in, values out, and back. Knows no socket."""
