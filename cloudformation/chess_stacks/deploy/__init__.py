"""Taking synthesised stacks to an account and back.

Pure: `states`, `changes`, `grading`, `templates`, `timeline`, `weights`, `policy`. Shells: `clients`, `cloud`, `watch`,
`schedule`. `engine` and `destroy` compose them.
"""
