"""Limits of a server whose players all come from one address, on a machine that may be slow."""

ONE_ADDRESS = {
    "CHESS_ADDRESS_CONNECTIONS": "100000",
    "CHESS_ADDRESS_JOIN_RATE": "100000/1",
    "CHESS_JOIN_RATE": "100000/1",
    "CHESS_SHED_LAG_MS": "0",
}
