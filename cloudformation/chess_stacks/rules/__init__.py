"""What a template must satisfy beyond being valid: our own rules, cfn-lint's, and the dated list of what is waived.

A rule returns findings and decides nothing; they are then split into what stands and what is waived. A waiver that
nothing needs any more is stale, and the tests refuse it.
"""
