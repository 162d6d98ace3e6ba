"""This server as a pod: its heartbeat, its drain, its admin port."""
