"""Checks that the finished games in PostgreSQL are the games that were played."""
