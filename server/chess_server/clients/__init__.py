"""Connected clients: admission, the session (pure), and the client that joins a socket to the lobby or a game."""
