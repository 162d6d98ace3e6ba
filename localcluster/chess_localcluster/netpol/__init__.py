"""Enforces NetworkPolicies on the local node.

`model` reads the API's objects into values, `verdicts` decides which pods may connect, `rules` writes that as one
table (all three are pure), `__main__` watches and applies.

Why this exists: docs/decisions/0031-localcluster-enforces-network-policies.md
"""
