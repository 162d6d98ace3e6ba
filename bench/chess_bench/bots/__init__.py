"""The player: a pure state machine, the socket that carries out what it wants, and fleets of players."""
