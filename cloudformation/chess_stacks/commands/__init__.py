"""The verbs of `chess-stacks`: each takes a session and returns a report, and prints nothing itself."""
