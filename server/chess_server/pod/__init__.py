"""This pod among the others: its heartbeat, its drain, its admin port."""
