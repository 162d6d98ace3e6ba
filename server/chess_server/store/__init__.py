"""The stores: Redis (games in play, their events, seats, timers, pools) and PostgreSQL (games and moves for good)."""
