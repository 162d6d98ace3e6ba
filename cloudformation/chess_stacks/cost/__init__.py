"""What an environment costs: meters read off the templates, prices off a dated snapshot.

`meters` and `estimate` are pure; `prices` reads the shipped table, `refresh` asks AWS's Pricing API.
"""
