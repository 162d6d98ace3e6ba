"""Redis: games in play with their events, seats, timers and pools; Lua scripts in lua/."""
