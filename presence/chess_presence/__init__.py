"""The one contract that server and operator share: live connections per pod, kept in Redis."""
