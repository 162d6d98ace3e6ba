"""Redis (games in play, events, presence of players, timers, pools) and PostgreSQL (what lasts)."""
