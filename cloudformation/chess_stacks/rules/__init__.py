"""What a template must satisfy beyond being valid: our own rules, cfn-lint's, and the dated list of what is waived.

`own.inspect` and `cfn.lint` return findings and decide nothing; `waivers.settle` splits them into what stands and what
is waived. A waiver that nothing needs any more is stale, and the tests refuse it.
"""
