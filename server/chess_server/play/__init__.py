"""Games with sockets here: rooms, their clocks, and what reaches whom."""
