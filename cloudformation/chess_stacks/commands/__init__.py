"""The verbs of `chess-stacks`, a file each: a verb takes a session and returns a report, and prints nothing itself."""
