"""Enforces NetworkPolicies on the local node.

`model` reads what the API says into values, `verdicts` decides who may talk to whom, `rules` writes that as one
table, `__main__` watches and applies. Why this exists: docs/decisions/0031-localcluster-enforces-network-policies.md
"""
