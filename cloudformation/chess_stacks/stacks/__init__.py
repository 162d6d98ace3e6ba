"""One module a stack; each ends in `STACK`, which the catalog lists."""
