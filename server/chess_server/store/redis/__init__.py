"""Redis: games in play with their events, seats, timers and pools; the Lua scripts are in lua/."""
