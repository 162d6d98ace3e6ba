"""The game itself: pure values and rules. Knows no socket, no store and no clock but its arguments."""
