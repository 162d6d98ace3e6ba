"""PostgreSQL: games and moves, group commit, and the schema with its migrations."""
