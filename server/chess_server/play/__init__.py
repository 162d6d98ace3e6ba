"""Games with sockets on this server: rooms, their clocks, and what each socket is sent."""
