"""What an environment costs: meters read off the templates, prices off a dated snapshot.

All of it is pure, but for two files that `prices` reads and the client that `refresh` is given.
"""
