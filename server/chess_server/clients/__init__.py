"""Connected clients: who is admitted, what a message means (pure), and the client between its socket and the game."""
