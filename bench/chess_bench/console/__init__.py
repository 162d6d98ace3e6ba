"""What every run shows its user: the screen, its timed stages, and an exit code at its end."""
