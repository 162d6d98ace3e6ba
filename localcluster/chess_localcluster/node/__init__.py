"""The one node of the machine: what it is made of, and how it starts and ends."""
