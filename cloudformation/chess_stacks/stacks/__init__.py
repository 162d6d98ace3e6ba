"""One module per stack; each ends in `STACK`, or `stack_of`, which the catalog lists."""
