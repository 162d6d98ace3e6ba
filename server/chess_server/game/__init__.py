"""The game: values and rules. Pure: no socket, no store; the time is an argument."""
